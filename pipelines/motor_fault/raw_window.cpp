#include "pipelines/motor_fault/features.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::motor_fault {
namespace {

constexpr double per_period = 16, lobes = 8, turn = 2 * std::numbers::pi;

double sinc(double x) {
  return std::abs(x) < 1e-9 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

// The value between samples; stretch > 1 also keeps out what the new rate cannot hold.
double interpolated(std::span<const double> x, double at, double stretch) {
  const double reach = lobes * stretch;
  const auto first = static_cast<std::ptrdiff_t>(std::ceil(at - reach)),
             last = static_cast<std::ptrdiff_t>(std::floor(at + reach));
  double sum = 0, weights = 0;
  for (std::ptrdiff_t k = first; k <= last; ++k) {
    const double away = (at - static_cast<double>(k)) / stretch;
    const double w = sinc(away) * sinc(away / lobes);
    const auto inside = std::clamp<std::ptrdiff_t>(k, 0, static_cast<std::ptrdiff_t>(x.size()) - 1);
    sum += w * x[static_cast<std::size_t>(inside)];
    weights += w;
  }
  return weights != 0 ? sum / weights : 0;
}

}

std::vector<float> raw_window(const ThreePhase& w, double rate, double hz,
                              std::optional<Complex> reference) {
  std::vector<float> out(raw_channels * raw_samples);
  const Sequence s = sequence_at(w, rate, hz);
  const double size = std::abs(s.positive);
  if (!(size > 0)) return out;
  const double period = rate / hz, stretch = std::max(1.0, period / per_period);
  const double angle = std::arg(s.positive) / turn; // turns
  const double begin =
      (std::ceil(lobes * stretch / period + angle) - angle) * period; // of phase a's angle zero
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < raw_samples; ++i) {
      const double along = static_cast<double>(i) / per_period;
      const double v = interpolated(w[k], begin + along * period, stretch) / size;
      out[k * raw_samples + i] = static_cast<float>(v);
      if (!reference) continue;
      const Complex own = *reference * std::polar(1.0, turn * (along + static_cast<double>(k) / 3));
      out[(k + 3) * raw_samples + i] = static_cast<float>(v - own.real());
    }
  return out;
}

Window window_of(const ThreePhase& w, double rate, double hz, std::optional<Complex> reference) {
  return {window_features(w, rate, hz, reference), raw_window(w, rate, hz, reference)};
}

}
