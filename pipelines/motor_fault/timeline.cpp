#include "pipelines/motor_fault/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::motor_fault {
namespace {

constexpr std::size_t least_part = 10, most_points = 1500;

// Sums of values and of squared sizes of the first k points.
struct Sums {
  std::vector<Complex> value;
  double squares = 0;
  explicit Sums(const std::vector<Complex>& x) : value(1) {
    for (const Complex& v : x) {
      value.push_back(value.back() + v);
      squares += std::norm(v);
    }
  }
};

std::vector<Complex> averaged(const std::vector<Complex>& x, std::size_t by) {
  std::vector<Complex> out;
  for (std::size_t i = 0; i + by <= x.size(); i += by) {
    Complex sum = 0;
    for (std::size_t k = i; k < i + by; ++k) sum += x[k];
    out.push_back(sum / static_cast<double>(by));
  }
  return out;
}

}

std::vector<Complex> Timeline::ratio() const {
  std::vector<Complex> out;
  for (const Sequence& s : sequence) {
    const double size = std::norm(s.positive);
    out.push_back(size > 0 ? s.negative * std::conj(s.positive) / size : Complex());
  }
  return out;
}

Timeline timeline_of(const Currents& c) {
  Timeline out;
  out.length = static_cast<std::size_t>(std::lround(6 * c.rate.hertz / c.supply_hz));
  out.hop = std::max<std::size_t>(1, out.length / 5);
  out.sequence = sliding_sequence(c.phases(), c.rate.hertz, c.supply_hz, out.length, out.hop);
  return out;
}

Course course_of(const std::vector<Complex>& ratio) {
  Course out;
  const std::size_t by = ratio.size() / most_points + 1;
  const std::vector<Complex> x = averaged(ratio, by);
  const std::size_t n = x.size(), least = std::min(least_part, std::max<std::size_t>(1, n / 4));
  if (n == 0) return out;
  const Sums sums(x);
  double best = std::numeric_limits<double>::infinity();
  std::size_t begin = 0, end = n;
  for (std::size_t i = 0; i + least <= n; ++i)
    for (std::size_t j = i + least; j <= n; ++j) {
      const std::size_t inside = j - i, outside = n - inside;
      if (outside < least) continue;
      const Complex in = sums.value[j] - sums.value[i], rest = sums.value[n] - in;
      const double left = sums.squares - std::norm(in) / static_cast<double>(inside) -
                          std::norm(rest) / static_cast<double>(outside);
      if (left < best) {
        best = left;
        begin = i;
        end = j;
      }
    }
  if (!std::isfinite(best)) return out;
  const Complex in = (sums.value[end] - sums.value[begin]) / static_cast<double>(end - begin);
  const Complex rest = (sums.value[n] - (sums.value[end] - sums.value[begin])) /
                       static_cast<double>(n - (end - begin));
  out.wraps = std::abs(rest) > std::abs(in);
  out.faulty = out.wraps ? rest : in;
  out.reference = out.wraps ? in : rest;
  out.begin = begin * by;
  out.end = end * by;
  out.spread = std::sqrt(std::max(0.0, best) / static_cast<double>(n));
  return out;
}

std::pair<std::size_t, std::size_t> faulty_samples(const Course& c, const Timeline& t,
                                                   std::size_t size) {
  const std::size_t in_from = c.begin * t.hop,
                    in_to = c.end >= t.sequence.size() ? size : (c.end - 1) * t.hop + t.length;
  if (!c.wraps) return {c.begin == 0 ? 0 : in_from, std::min(size, in_to)};
  if (in_from >= size - std::min(size, in_to)) return {0, in_from};
  return {in_to, size};
}

}
