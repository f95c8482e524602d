// The three stator currents of a recording, ready for analysis.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"
#include "modules/signal/machine.h"
#include "modules/signal/three_phase.h"
#include "pipelines/motor_fault/parameters.h"

namespace sensorium::motor_fault {

struct Currents {
  std::array<std::vector<double>, 3> values; // phases a, b, c; missing samples bridged
  std::array<std::string, 3> names;
  std::string unit; // empty: unknown
  SampleRate rate;
  double start_s = 0;
  double supply_hz = 0;
  std::vector<std::string> notes;
  ThreePhase phases() const { return {values[0], values[1], values[2]}; }
  std::size_t size() const { return values[0].size(); }
};

// Which channels are the three phases, and the rate. Throws Error as currents_of.
struct Source {
  std::array<std::size_t, 3> index{};
  SampleRate rate;
  std::vector<std::string> notes;
};
Source source_of(const Recording& recording, const MotorParameters& parameters);

// At most longest_samples of each phase are kept; a note says so. supply_hz is measured between 0.8
// and 1.2 of the nameplate's, or 10 and 400 Hz. Throws Error Unsupported with what is missing: no
// three channels, unknown rate, fewer than twelve periods, no alternating current.
inline constexpr std::size_t longest_samples = std::size_t{1} << 22;
Currents currents_of(const Recording& recording, const MotorParameters& parameters,
                     const Nameplate& nameplate);

}
