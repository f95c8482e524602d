// What the network sees of one window of the three currents. The same code serves training,
// evaluation and use; nothing depends on the scale of the currents.
#pragma once

#include "pipelines/motor_fault/currents.h"

#include <optional>

namespace sensorium::motor_fault {

inline constexpr std::size_t feature_count = 18;
using Features = std::array<float, feature_count>;
const std::array<const char*, feature_count>& feature_names();
// Those that need a part without the fault.
inline constexpr std::array<std::size_t, 4> of_reference{3, 4, 5, 6};

// Windows of twenty-four periods.
std::size_t window_length(double rate, double supply_hz);

// ratio: I2/I1 (real, imaginary, size); change: ratio less the reference (the same recording's mean
// ratio without the fault; zeros and a flag where there is none); rms of each phase over their
// mean; harmonics 3, 5, 7 over the fundamental; I0/I1; THD to harmonic 15; crest factor; kurtosis;
// the 2f part of Park's modulus over its mean.
Features window_features(const ThreePhase& window, double rate, double supply_hz,
                         std::optional<Complex> reference);

// The samples of a window for a network that learns its own features: six channels of 192 samples,
// [channel][sample]. Twelve periods at sixteen samples a period (band-limited interpolation,
// Lanczos kernel of eight lobes), divided by the positive sequence and begun where its angle in
// phase a is zero, so that neither rate, scale nor begin matter. Channels 0 to 2: phases a, b, c.
// Channels 3 to 5: the same without the reference's negative sequence; zeros where there is no
// reference.
inline constexpr std::size_t raw_channels = 6, raw_samples = 192;
std::vector<float> raw_window(const ThreePhase& window, double rate, double supply_hz,
                              std::optional<Complex> reference);

// What a network may take of a window: it takes one of the two, by its input's shape.
struct Window {
  Features features{};
  std::vector<float> raw; // raw_window()
};
Window window_of(const ThreePhase& window, double rate, double supply_hz,
                 std::optional<Complex> reference);

// Classes of the network: 0 healthy, then phases A, B, C, each with severities 10, 20, 30, 40 % of
// shorted turns, as in the ITSC set.
inline constexpr int class_count = 13;
std::string class_name(int index);          // "healthy", "A 10 %" ...
int class_of(int phase, int severity_step); // phase 0..2, step 1..4
inline int phase_of(int index) { return index == 0 ? -1 : (index - 1) / 4; }
inline int step_of(int index) { return index == 0 ? 0 : (index - 1) % 4 + 1; }

}
