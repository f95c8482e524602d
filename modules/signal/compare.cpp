#include "modules/signal/compare.h"

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

// The greatest amplitude between two frequencies; where none lies between, the straight line
// between the neighbours of the middle.
double greatest(const FrequencySpectrum& s, double from, double to) {
  const auto last = static_cast<double>(s.values.size() - 1);
  const double first = std::ceil(from / s.step - 1e-9), end = std::floor(to / s.step + 1e-9);
  double out = 0;
  bool any = false;
  for (double k = std::max(0.0, first); k <= std::min(last, end); ++k) {
    out = std::max(out, s.values[static_cast<std::size_t>(k)]);
    any = true;
  }
  if (any) return out;
  const double at = std::clamp((from + to) / 2 / s.step, 0.0, last);
  const auto below = static_cast<std::size_t>(at);
  const double part = at - static_cast<double>(below);
  return s.values[below] * (1 - part) + s.values[std::min(below + 1, s.values.size() - 1)] * part;
}

}

FrequencySpectrum spectrum_difference(const RelativeSpectrum& a, const RelativeSpectrum& b,
                                      double floor_db) {
  FrequencySpectrum out;
  if (!(a.fundamental > 0) || !(b.fundamental > 0) || !(a.reference > 0) || !(b.reference > 0) ||
      a.amplitudes.values.empty() || b.amplitudes.values.empty())
    return out;
  const double stretch = b.fundamental / a.fundamental;
  out.step = std::max(a.amplitudes.step, b.amplitudes.step / stretch);
  const double end =
      std::min(static_cast<double>(a.amplitudes.values.size() - 1) * a.amplitudes.step,
               static_cast<double>(b.amplitudes.values.size() - 1) * b.amplitudes.step / stretch);
  for (double k = 0; k * out.step <= end * (1 + 1e-9); ++k) {
    const double from = (k - 0.5) * out.step, to = (k + 0.5) * out.step;
    const double level_a = decibels(greatest(a.amplitudes, from, to), a.reference),
                 level_b =
                     decibels(greatest(b.amplitudes, from * stretch, to * stretch), b.reference);
    out.values.push_back(std::max(level_a, floor_db) - std::max(level_b, floor_db));
  }
  return out;
}

}
