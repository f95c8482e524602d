// What is known about a motor, and where its faults show in the spectrum of the stator current.
#pragma once

#include "modules/signal/spectrum.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace sensorium {

// Lengths in any one unit. Rolling-element bearing with a fixed outer ring.
struct Bearing {
  std::string name;   // "6205" ...
  std::string source; // where the geometry is from
  int elements = 0;
  double element_diameter = 0, pitch_diameter = 0;
  double contact_angle_degrees = 0;
};

// A name of common_bearings(), or an object with keys as the members (name, source, contact angle
// may be left out). Throws Error BadInput naming the key and the source.
Bearing bearing_from_json(const nlohmann::json& json, const std::string& source);
nlohmann::json to_json(const Bearing& bearing);

// Frequencies of a damaged bearing on a shaft of that speed. With r = d / D cos(beta):
// BPFO = N/2 f (1 - r), BPFI = N/2 f (1 + r), BSF = D / (2 d) f (1 - r^2), FTF = f/2 (1 - r).
struct BearingFrequencies {
  double outer = 0, inner = 0, ball = 0, cage = 0; // Hz
};
BearingFrequencies bearing_frequencies(const Bearing& bearing, double shaft_hz);

struct Nameplate {
  double supply_hz = 0;      // 0: not given, measured from the current
  double rated_rpm = 0;      // 0: not given
  int pole_pairs = 0;        // 0: not given, derived from rated_rpm and supply_hz
  double measured_rpm = 0;   // 0: not measured
  double rated_current = 0;  // A rms, 0: not given
  double rated_power_kw = 0; // 0: not given
  int rotor_bars = 0;        // 0: not given
  std::string name;          // of the machine
  std::vector<Bearing> bearings;
};
// Keys as the members. Throws Error BadInput naming the key and the source: unknown key, wrong
// type, not positive, more than the numbers of a motor.
Nameplate nameplate_from_json(const nlohmann::json& json, const std::string& source);
Nameplate read_nameplate(const std::filesystem::path& path);
nlohmann::json to_json(const Nameplate& nameplate);

// Pole pairs as given, or the most for which the synchronous speed lies above the rated one; 0 when
// neither is known.
int pole_pairs_of(const Nameplate& nameplate, double supply_hz);

enum class SlipSource { Unknown, Measured, Spectrum, Nameplate };
struct Slip {
  double value = 0;    // (ns - n) / ns, ns = 60 f / pole pairs
  double shaft_hz = 0; // (1 - s) f / pole pairs
  SlipSource source = SlipSource::Unknown;
  std::string text; // one sentence for the reader
};
// From the measured speed, else from the pair of lines f +- f_r of the spectrum where both stand 10
// dB above their surroundings, else from the rated speed (then the true slip is smaller at less
// than full load).
Slip slip_of(const Nameplate& nameplate, double supply_hz, const FrequencySpectrum& amplitudes);

// One line or narrow band that a fault raises. Levels are in dB relative to the fundamental.
// thresholds: from where it counts as incipient, moderate, severe. They are empirical.
struct FaultBand {
  std::string fault;                 // "broken bar", "eccentricity", "bearing" ...
  std::string label;                 // "(1 - 2s) f" ...
  double centre = 0, half_width = 0; // Hz
  std::array<double, 3> thresholds{};
  std::string source; // of formula and thresholds
};
// Bands below rate / 2. Needs a known slip; without it an empty list.
std::vector<FaultBand> fault_bands(const Nameplate& nameplate, double supply_hz, const Slip& slip,
                                   double rate, double resolution_hz);

struct BandLevel {
  FaultBand band;
  double peak_hz = 0, level_db = 0; // highest value of the band
  double floor_db =
      0; // median of the surroundings: ten half widths on each side, the band left out
  // false: too near to the fundamental, or to a harmonic of it (odd ones up to the 41st also where
  // sampling folds them back), for this record
  bool resolved = true;
  int severity = 0; // 0 none, 1 incipient, 2 moderate, 3 severe; 0 where it is not 6 dB above floor
};
// Shifts the band's thresholds so that incipient begins at that level, and judges it anew.
void judge_band(BandLevel& band, double incipient_from);
// bin_width: of the window's main lobe, in bins (hann: 2).
std::vector<BandLevel> measure_bands(const std::vector<FaultBand>& bands,
                                     const FrequencySpectrum& amplitudes, double supply_hz,
                                     double main_lobe_bins = 2);

// A small list of common bearings; each names where its geometry is from.
const std::vector<Bearing>& common_bearings();

}
