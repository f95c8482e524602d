#include "modules/signal/orders.h"

#include "modules/core/error.h"
#include "modules/signal/filter.h"
#include "modules/signal/three_phase.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sensorium {
namespace {

constexpr double most_resampled = 1 << 22;

// Second derivatives of the natural spline at the knots (Thomas' algorithm).
std::vector<double> curvatures(std::span<const double> y) {
  const std::size_t n = y.size();
  std::vector<double> m(n), upper(n);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double right = 6 * (y[i - 1] - 2 * y[i] + y[i + 1]), pivot = 4 - upper[i - 1];
    upper[i] = 1 / pivot;
    m[i] = (right - m[i - 1]) / pivot;
  }
  for (std::size_t i = n - 2; n > 2 && i > 0; --i) m[i] -= upper[i] * m[i + 1];
  return m;
}

std::vector<Complex> turning(std::span<const std::span<const double>> signals, double rate,
                             double low, double high) {
  const Sections band = butterworth(Pass::Band, 2, low, high, rate);
  if (signals.size() != 3) return analytic_signal(filter_both_ways(band, signals.front()));
  std::array<std::vector<double>, 3> passed;
  for (std::size_t k = 0; k < 3; ++k) passed[k] = filter_both_ways(band, signals[k]);
  const ParkVector p = park({passed[0], passed[1], passed[2]});
  std::vector<Complex> out(p.d.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = {p.d[i], p.q[i]};
  return out;
}

}

std::vector<double> spline_values(std::span<const double> y, std::span<const double> places) {
  if (y.size() < 2) throw Error(ErrorCode::Usage, "a spline needs at least two values");
  const std::vector<double> m = curvatures(y);
  std::vector<double> out;
  out.reserve(places.size());
  for (const double place : places) {
    const auto i = std::min(static_cast<std::size_t>(std::max(0.0, place)), y.size() - 2);
    const double b = place - static_cast<double>(i), a = 1 - b;
    out.push_back(a * y[i] + b * y[i + 1] +
                  ((a * a * a - a) * m[i] + (b * b * b - b) * m[i + 1]) / 6);
  }
  return out;
}

FrequencyRange fundamental_range(std::span<const std::span<const double>> signals, double rate,
                                 double low, double high) {
  FrequencyRange out;
  if (signals.empty() || !(low > 0)) return out;
  const std::size_t size = signals.front().size(),
                    periods = static_cast<std::size_t>(8 * rate / low) + 8,
                    length = std::min(size, std::max(periods, size / 48));
  if (length < 16) return out;
  out.least = std::numeric_limits<double>::infinity();
  for (std::size_t at = 0; at + length <= size; at += length) {
    std::vector<std::span<const double>> part;
    for (const auto& x : signals) part.push_back(x.subspan(at, length));
    const auto sine = strongest_sine(part, rate, low, high);
    if (!sine) continue;
    out.least = std::min(out.least, sine->frequency);
    out.greatest = std::max(out.greatest, sine->frequency);
  }
  return out.greatest > 0 ? out : FrequencyRange{};
}

std::vector<double> fundamental_turns(std::span<const std::span<const double>> signals, double rate,
                                      double low, double high) {
  const std::vector<Complex> z = turning(signals, rate, low, high);
  std::vector<double> out(z.size());
  for (std::size_t i = 1; i < z.size(); ++i)
    out[i] = out[i - 1] + std::arg(z[i] * std::conj(z[i - 1])) / (2 * std::numbers::pi);
  if (out.back() < 0)
    for (double& v : out) v = -v;
  std::size_t back = 0;
  for (std::size_t i = 1; i < out.size(); ++i)
    if (!(out[i] > out[i - 1])) {
      ++back;
      out[i] = out[i - 1] + 1e-9;
    }
  return back * 100 > out.size() ? std::vector<double>{} : out;
}

FrequencySpectrum order_spectrum(std::span<const double> x, std::span<const double> turns,
                                 double rate, std::string_view window_name) {
  if (turns.size() != x.size() || x.size() < 64 || turns.back() - turns.front() < 8) return {};
  // Speed over pieces of about a turn, so that noise of single steps does not count.
  const double whole = turns.back() - turns.front();
  const std::size_t piece =
      std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(x.size()) / whole));
  double slowest = std::numeric_limits<double>::infinity(), fastest = 0;
  for (std::size_t i = piece; i < turns.size(); i += piece) {
    const double hz = (turns[i] - turns[i - piece]) * rate / static_cast<double>(piece);
    slowest = std::min(slowest, hz);
    fastest = std::max(fastest, hz);
  }
  if (!(slowest > 0) || whole * rate / slowest > most_resampled) return {};
  const double per_turn = std::ceil(rate / slowest);
  const auto count = static_cast<std::size_t>(whole * per_turn);
  std::vector<double> places;
  places.reserve(count);
  std::size_t i = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double angle = turns.front() + static_cast<double>(k) / per_turn;
    while (i + 2 < turns.size() && turns[i + 1] <= angle) ++i;
    places.push_back(
        std::clamp(static_cast<double>(i) + (angle - turns[i]) / (turns[i + 1] - turns[i]), 0.0,
                   static_cast<double>(x.size() - 1)));
  }
  FrequencySpectrum out = amplitude_spectrum(spline_values(x, places), per_turn, window_name);
  const auto held = static_cast<std::size_t>(rate / 2 / fastest / out.step);
  if (held + 1 < out.values.size()) out.values.resize(held + 1);
  return out;
}

}
