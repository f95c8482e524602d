#include "modules/signal/three_phase.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
namespace {

double central_moment(std::span<const double> x, int order) {
  const double mean = mean_of(x);
  double sum = 0;
  for (const double v : x) sum += std::pow(v - mean, order);
  return x.empty() ? 0 : sum / static_cast<double>(x.size());
}

}

std::vector<double> ParkVector::modulus() const {
  std::vector<double> out(d.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::hypot(d[i], q[i]);
  return out;
}

ParkVector park(const ThreePhase& i) {
  ParkVector out;
  const std::size_t n = i[0].size();
  out.d.resize(n);
  out.q.resize(n);
  const double two_thirds = std::sqrt(2.0 / 3), sixth = 1 / std::sqrt(6.0),
               half = 1 / std::sqrt(2.0);
  for (std::size_t k = 0; k < n; ++k) {
    out.d[k] = two_thirds * i[0][k] - sixth * i[1][k] - sixth * i[2][k];
    out.q[k] = half * (i[1][k] - i[2][k]);
  }
  return out;
}

double Sequence::ratio() const {
  const double p = std::abs(positive);
  return p > 0 ? std::abs(negative) / p : 0;
}

double Sequence::angle() const {
  return std::arg(negative * std::conj(positive)) * 180 / std::numbers::pi;
}

Sequence sequence_of(const std::array<Complex, 3>& p) {
  const Complex a = std::polar(1.0, 2 * std::numbers::pi / 3), a2 = std::conj(a);
  return {(p[0] + p[1] + p[2]) / 3.0, (p[0] + a * p[1] + a2 * p[2]) / 3.0,
          (p[0] + a2 * p[1] + a * p[2]) / 3.0};
}

Sequence sequence_at(const ThreePhase& currents, double rate, double frequency) {
  return sequence_of({phasor(currents[0], rate, frequency), phasor(currents[1], rate, frequency),
                      phasor(currents[2], rate, frequency)});
}

std::vector<Sequence> sliding_sequence(const ThreePhase& currents, double rate, double frequency,
                                       std::size_t length, std::size_t hop) {
  std::vector<Sequence> out;
  for (std::size_t at = 0; length > 0 && hop > 0 && at + length <= currents[0].size(); at += hop)
    out.push_back(sequence_at({currents[0].subspan(at, length), currents[1].subspan(at, length),
                               currents[2].subspan(at, length)},
                              rate, frequency));
  return out;
}

double mean_of(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return x.empty() ? 0 : sum / static_cast<double>(x.size());
}

double rms(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return x.empty() ? 0 : std::sqrt(sum / static_cast<double>(x.size()));
}

double crest_factor(std::span<const double> x) {
  const double mean = mean_of(x);
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v - mean));
  const double spread = std::sqrt(central_moment(x, 2));
  return spread > 0 ? most / spread : 0;
}

double skewness(std::span<const double> x) {
  const double variance = central_moment(x, 2);
  return variance > 0 ? central_moment(x, 3) / std::pow(variance, 1.5) : 0;
}

double kurtosis(std::span<const double> x) {
  const double variance = central_moment(x, 2);
  return variance > 0 ? central_moment(x, 4) / (variance * variance) : 0;
}

double total_harmonic_distortion(std::span<const double> x, double rate, double fundamental,
                                 int last) {
  const double first = std::abs(phasor(x, rate, fundamental));
  double sum = 0;
  for (int h = 2; h <= last && h * fundamental < rate / 2; ++h)
    sum += std::norm(phasor(x, rate, h * fundamental));
  return first > 0 ? std::sqrt(sum) / first : 0;
}

double unbalance(const std::array<double, 3>& values) {
  const double mean = (values[0] + values[1] + values[2]) / 3;
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v - mean));
  return mean > 0 ? most / mean : 0;
}

}
