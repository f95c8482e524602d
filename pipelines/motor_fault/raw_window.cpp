#include "pipelines/motor_fault/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace sensorium::motor_fault {
namespace {

constexpr double per_period = 16, lobes = 8, full_turn = 2 * std::numbers::pi;

// Lanczos kernel from its middle to its end, 512 values a lobe.
class Kernel {
public:
  Kernel() {
    const auto sinc = [](double x) {
      return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
    };
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const double x = static_cast<double>(i) / steps;
      values_[i] = x < lobes ? sinc(x) * sinc(x / lobes) : 0;
    }
  }
  double at(double x) const { // |x| <= lobes
    const double place = std::abs(x) * steps;
    const auto k = static_cast<std::size_t>(place);
    const double part = place - static_cast<double>(k);
    return values_[k] + part * (values_[k + 1] - values_[k]);
  }

private:
  static constexpr double steps = 512;
  std::array<double, static_cast<std::size_t>(lobes* steps) + 2> values_;
};

// The value between samples; stretch > 1 also keeps out what the new rate cannot hold.
double interpolated(std::span<const double> x, double at, double stretch) {
  static const Kernel kernel;
  const double reach = lobes * stretch;
  const auto last = static_cast<std::ptrdiff_t>(x.size()) - 1;
  double sum = 0, weights = 0;
  for (auto k = static_cast<std::ptrdiff_t>(std::ceil(at - reach));
       k <= static_cast<std::ptrdiff_t>(std::floor(at + reach)); ++k) {
    const double w = kernel.at((at - static_cast<double>(k)) / stretch);
    sum += w * x[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(k, 0, last))];
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
  const double angle = std::arg(s.positive) / full_turn; // turns
  const double begin =
      (std::ceil(lobes * stretch / period + angle) - angle) * period; // of phase a's angle zero
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < raw_samples; ++i) {
      const double along = static_cast<double>(i) / per_period;
      const double v = interpolated(w[k], begin + along * period, stretch) / size;
      out[k * raw_samples + i] = static_cast<float>(v);
      if (!reference) continue;
      const Complex own =
          *reference * std::polar(1.0, full_turn * (along + static_cast<double>(k) / 3));
      out[(k + 3) * raw_samples + i] = static_cast<float>(v - own.real());
    }
  return out;
}

Window window_of(const ThreePhase& w, double rate, double hz, std::optional<Complex> reference) {
  return {window_features(w, rate, hz, reference), raw_window(w, rate, hz, reference)};
}

}
