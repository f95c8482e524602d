#include "modules/signal/filter.h"

#include "modules/core/error.h"
#include "modules/signal/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
namespace {

// Poles of the analogue prototype, moved to the wanted band; edges already warped.
std::vector<Complex> analogue_poles(Pass pass, int order, double low, double high) {
  std::vector<Complex> poles;
  for (int k = -order + 1; k < order; k += 2) {
    const Complex p = -std::polar(1.0, std::numbers::pi * k / (2.0 * order));
    if (pass == Pass::Low) poles.push_back(p * high);
    if (pass == Pass::High) poles.push_back(low / p);
    if (pass != Pass::Band) continue;
    const Complex middle = p * (high - low) / 2.0, away = std::sqrt(middle * middle - low * high);
    poles.push_back(middle + away);
    poles.push_back(middle - away);
  }
  return poles;
}

Sections paired(Pass pass, const std::vector<Complex>& poles) {
  Sections out;
  std::vector<double> real;
  for (const Complex& p : poles) {
    if (std::abs(p.imag()) <= 1e-12 * std::abs(p))
      real.push_back(p.real());
    else if (p.imag() > 0)
      out.push_back({1, 0, 0, -2 * p.real(), std::norm(p)});
  }
  std::sort(real.begin(), real.end());
  for (std::size_t i = 0; i + 1 < real.size(); i += 2)
    out.push_back({1, 0, 0, -real[i] - real[i + 1], real[i] * real[i + 1]});
  const double sign = pass == Pass::Low ? 1 : -1;
  for (auto& s : out) {
    s[1] = pass == Pass::Band ? 0 : 2 * sign;
    s[2] = pass == Pass::Band ? -1 : 1;
  }
  if (real.size() % 2 == 1) out.push_back({1, sign, 0, -real.back(), 0});
  return out;
}

struct State {
  double one = 0, two = 0;
};

void run(const std::array<double, 5>& s, State state, std::span<double> x) {
  for (double& v : x) {
    const double in = v;
    v = s[0] * in + state.one;
    state.one = s[1] * in - s[3] * v + state.two;
    state.two = s[2] * in - s[4] * v;
  }
}

// From the state in which a constant first value would be at rest (Gustafsson 1996 as SciPy does
// it).
void run_settled(const Sections& sections, std::span<double> x) {
  const double first = x[0];
  double gain = 1;
  for (const auto& s : sections) {
    const double sum = 1 + s[3] + s[4], b1 = s[1] - s[3] * s[0], b2 = s[2] - s[4] * s[0];
    const double scale = gain * first;
    run(s, {(b1 + b2) / sum * scale, ((1 + s[3]) * b2 - s[4] * b1) / sum * scale}, x);
    gain *= (s[0] + s[1] + s[2]) / sum;
  }
}

}

Sections butterworth(Pass pass, int order, double low, double high, double rate) {
  const double least = pass == Pass::Low ? high : low, most = pass == Pass::High ? low : high;
  if (order < 1 || order > 20 || !(least > 0) || !(most < rate / 2) ||
      (pass == Pass::Band && !(low < high)))
    throw Error(
        ErrorCode::Usage,
        fmt::format("no filter of order {} passes {} to {} Hz at {} Hz", order, low, high, rate),
        "edges lie above 0 and below half the sample rate");
  const auto warped = [&](double hz) { return 4 * std::tan(std::numbers::pi * hz / rate); };
  const double from = pass == Pass::Low ? 0 : warped(low),
               to = pass == Pass::High ? 0 : warped(high);
  const std::vector<Complex> analogue = analogue_poles(pass, order, from, to);
  Complex gain = pass == Pass::Low    ? std::pow(to, order)
                 : pass == Pass::Band ? std::pow(to - from, order) * std::pow(4.0, order)
                                      : std::pow(4.0, order);
  std::vector<Complex> poles;
  for (const Complex& p : analogue) {
    gain /= 4.0 - p;
    poles.push_back((4.0 + p) / (4.0 - p));
  }
  Sections out = paired(pass, poles);
  for (std::size_t i = 0; i < 3; ++i) out.front()[i] *= gain.real();
  return out;
}

std::vector<double> filter(const Sections& sections, std::span<const double> x) {
  std::vector<double> out(x.begin(), x.end());
  for (const auto& s : sections) run(s, {}, out);
  return out;
}

std::vector<double> filter_both_ways(const Sections& sections, std::span<const double> x) {
  const bool odd = std::any_of(sections.begin(), sections.end(),
                               [](const auto& s) { return s[2] == 0 && s[4] == 0; });
  const std::size_t edge = 3 * (2 * sections.size() + (odd ? 0 : 1));
  if (x.size() <= edge)
    throw Error(ErrorCode::Usage, fmt::format("{} samples are too few for this filter", x.size()),
                fmt::format("it needs more than {}", edge));
  std::vector<double> out;
  out.reserve(x.size() + 2 * edge);
  for (std::size_t i = edge; i > 0; --i) out.push_back(2 * x[0] - x[i]);
  out.insert(out.end(), x.begin(), x.end());
  for (std::size_t i = 1; i <= edge; ++i) out.push_back(2 * x.back() - x[x.size() - 1 - i]);
  for (int way = 0; way < 2; ++way) {
    run_settled(sections, out);
    std::reverse(out.begin(), out.end());
  }
  return {out.begin() + static_cast<std::ptrdiff_t>(edge),
          out.end() - static_cast<std::ptrdiff_t>(edge)};
}

std::vector<double> band_envelope(std::span<const double> x, double rate, double low, double high) {
  const auto passed = filter_both_ways(butterworth(Pass::Band, 4, low, high, rate), x);
  std::vector<double> out;
  out.reserve(x.size());
  for (const Complex& v : analytic_signal(passed)) out.push_back(std::abs(v));
  return out;
}

}
