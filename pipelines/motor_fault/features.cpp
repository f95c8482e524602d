#include "pipelines/motor_fault/features.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium::motor_fault {
namespace {

double harmonic_share(const ThreePhase& w, double rate, double hz, int order, double fundamental) {
  if (order * hz >= 0.5 * rate || !(fundamental > 0)) return 0;
  double sum = 0;
  for (const auto& x : w) sum += std::abs(phasor(x, rate, order * hz));
  return sum / 3 / fundamental;
}

}

const std::array<const char*, feature_count>& feature_names() {
  static const std::array<const char*, feature_count> names = {
      "ratio real",  "ratio imaginary", "ratio size", "change real",   "change imaginary",
      "change size", "has reference",   "rms a",      "rms b",         "rms c",
      "harmonic 3",  "harmonic 5",      "harmonic 7", "zero sequence", "THD",
      "crest",       "kurtosis",        "Park 2f"};
  return names;
}

std::size_t window_length(double rate, double supply_hz) {
  return static_cast<std::size_t>(std::lround(24 * rate / supply_hz));
}

Features window_features(const ThreePhase& w, double rate, double hz,
                         std::optional<Complex> reference) {
  Features out{};
  const Sequence s = sequence_at(w, rate, hz);
  const double size = std::norm(s.positive);
  const Complex ratio = size > 0 ? s.negative * std::conj(s.positive) / size : Complex();
  const Complex change = reference ? ratio - *reference : Complex();
  std::array<double, 3> level{rms(w[0]), rms(w[1]), rms(w[2])};
  const double mean = (level[0] + level[1] + level[2]) / 3;
  const double fundamental = (std::abs(phasor(w[0], rate, hz)) + std::abs(phasor(w[1], rate, hz)) +
                              std::abs(phasor(w[2], rate, hz))) /
                             3;
  double thd = 0, crest = 0, peaked = 0;
  for (const auto& x : w) {
    thd += total_harmonic_distortion(x, rate, hz, 15) / 3;
    crest += crest_factor(x) / 3;
    peaked += kurtosis(x) / 3;
  }
  const std::vector<double> modulus = park(w).modulus();
  const double middle = mean_of(modulus);
  const std::array<double, feature_count> values = {
      ratio.real(),
      ratio.imag(),
      std::abs(ratio),
      change.real(),
      change.imag(),
      std::abs(change),
      reference ? 1.0 : 0.0,
      mean > 0 ? level[0] / mean : 0,
      mean > 0 ? level[1] / mean : 0,
      mean > 0 ? level[2] / mean : 0,
      harmonic_share(w, rate, hz, 3, fundamental),
      harmonic_share(w, rate, hz, 5, fundamental),
      harmonic_share(w, rate, hz, 7, fundamental),
      size > 0 ? std::abs(s.zero) / std::sqrt(size) : 0,
      thd,
      crest,
      peaked,
      middle > 0 ? std::abs(phasor(modulus, rate, 2 * hz)) / middle : 0};
  for (std::size_t i = 0; i < feature_count; ++i) out[i] = static_cast<float>(values[i]);
  return out;
}

std::string class_name(int index) {
  return index == 0 ? "healthy"
                    : fmt::format("{} {} %", "ABC"[phase_of(index)], 10 * step_of(index));
}

int class_of(int phase, int step) { return step == 0 ? 0 : 1 + 4 * phase + step - 1; }

}
