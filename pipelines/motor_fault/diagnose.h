// From currents to measured evidence, and from evidence to findings.
#pragma once

#include "modules/core/extension.h"
#include "modules/signal/audit.h"
#include "pipelines/motor_fault/classifier.h"
#include "pipelines/motor_fault/timeline.h"

namespace sensorium::motor_fault {

// Kept for conclude(): everything the live parameters need.
struct Evidence {
  Currents currents;
  Nameplate nameplate;
  Audit audit;
  Timeline timeline;
  Course course;
  // Amplitudes, rms over the three phases, between two samples: the whole record, or the faulty
  // part of one that changes.
  FrequencySpectrum spectrum;
  std::size_t spectrum_from = 0, spectrum_to = 0;
  Slip slip;
  std::vector<BandLevel> bands;
  std::vector<std::array<float, class_count>> windows; // of the section with the larger I2/I1
  bool network = false;
  std::array<double, 3> level{}; // rms of each phase
  double distortion = 0;         // THD, mean of the phases
};

// Everything but the network.
Evidence measure(const Recording& recording, const MotorParameters& parameters,
                 const Nameplate& nameplate, const Context& context);
// Spectrum, slip and fault bands between two samples of evidence.currents.
void measure_spectrum(Evidence& evidence, std::size_t from, std::size_t to,
                      const MotorParameters& parameters);
// The bands judged by the parameters' levels.
std::vector<BandLevel> judged_bands(const std::vector<BandLevel>& bands,
                                    const MotorParameters& parameters);
// The windows (hop: a quarter) between two samples.
std::vector<Window> section_windows(const Currents& currents, std::size_t from, std::size_t to,
                                    std::optional<Complex> reference);
// The section the network judges, and its reference: the larger part of a course that changes by
// more than least_change, else the whole recording without a reference.
struct Section {
  std::size_t from = 0, to = 0;
  std::optional<Complex> reference;
  bool changes = false;
};
Section judged_section(const Evidence& evidence, double least_change);

// Phase and severity of an inter-turn short: of the windows' probabilities, or, without any, by
// size and angle of the change of I2/I1.
struct TurnVerdict {
  std::string label; // "inter-turn short" or "unsure"
  int phase = 0, step = 1;
  double score = 0;
  bool healthy = false; // the network says so
  std::string by;       // "network", or the rules
};
TurnVerdict judge_turns(Complex change, const std::vector<std::array<float, class_count>>& windows,
                        const MotorParameters& parameters);

Findings diagnose(const Evidence& evidence, const MotorParameters& parameters);

}
