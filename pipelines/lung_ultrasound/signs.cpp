#include "pipelines/lung_ultrasound/signs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace sensorium::lung_ultrasound {
namespace {

constexpr double first_depth = 0.04, last_depth = 0.55;
constexpr double least_contrast = 0.06, wall_over_lung = 0.6;
constexpr double erases = 0.35; // a ray from which a line counts as covered by a B-line

// The upper one of two. Of values that are not empty.
template<class T> T median_of(std::vector<T> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double value(const Lines& f, int line, int depth) {
  return std::max(0.0f, f.value[static_cast<std::size_t>(line) * f.depths + depth]);
}

double mean(const Lines& f, int line, int from, int to) {
  from = std::clamp(from, 0, f.depths);
  to = std::clamp(to, from, f.depths);
  double sum = 0;
  for (int d = from; d < to; ++d) sum += value(f, line, d);
  return to > from ? sum / (to - from) : 0;
}

// Bright here, darker a little above and below; and the wall above brighter than the lung below,
// which tells the pleural line from a fascia within the wall.
std::vector<double> steps(const Lines& f, int from, int to) {
  const int band = std::max(2, f.depths / 64), below = std::max(4, f.depths / 20);
  const int far = std::max(8, f.depths / 8);
  std::vector<double> out(static_cast<std::size_t>(f.lines) * f.depths, -1e9);
  for (int a = 0; a < f.lines; ++a)
    for (int d = from; d < to; ++d)
      out[static_cast<std::size_t>(a) * f.depths + d] =
          mean(f, a, d, d + band) - 0.5 * mean(f, a, d + band + 1, d + band + below) -
          0.5 * mean(f, a, d - below, d - 1) +
          wall_over_lung * (mean(f, a, d - far, d - 1) - mean(f, a, d + band + 1, d + band + far));
  return out;
}

// The path of greatest sum, by dynamic programming.
std::vector<int> best_path(const std::vector<double>& score, int lines, int depths, int from,
                           int to) {
  std::vector<double> sum = score;
  std::vector<int> came(score.size(), 0);
  for (int a = 1; a < lines; ++a)
    for (int d = from; d < to; ++d) {
      int best = d;
      for (int p = std::max(from, d - 1); p <= std::min(to - 1, d + 1); ++p)
        if (sum[static_cast<std::size_t>(a - 1) * depths + p] >
            sum[static_cast<std::size_t>(a - 1) * depths + best])
          best = p;
      const std::size_t i = static_cast<std::size_t>(a) * depths + d;
      sum[i] += sum[static_cast<std::size_t>(a - 1) * depths + best];
      came[i] = best;
    }
  std::vector<int> path(static_cast<std::size_t>(lines));
  const auto last = sum.begin() + static_cast<std::ptrdiff_t>(lines - 1) * depths;
  int d = static_cast<int>(std::max_element(last + from, last + to) - last);
  for (int a = lines - 1; a >= 0; --a) {
    path[static_cast<std::size_t>(a)] = d;
    d = came[static_cast<std::size_t>(a) * depths + d];
  }
  return path;
}

struct Path {
  std::vector<int> depth; // of each line
  double contrast = 0;    // mean step
};

Path path_between(const Lines& f, const std::vector<double>& score, int from, int to) {
  Path path{best_path(score, f.lines, f.depths, from, to)};
  for (int a = 0; a < f.lines; ++a)
    path.contrast +=
        score[static_cast<std::size_t>(a) * f.depths + path.depth[static_cast<std::size_t>(a)]];
  path.contrast /= f.lines;
  return path;
}

// An A-line on dark lung stands out more than the pleural line below the bright chest wall. So a
// path may be the second or third of equally spaced lines: there is a line at this part of its
// depth, and what lies between the two is darker than the wall above. Empty: it is not.
Path repeated_from(const Lines& f, const std::vector<double>& score, const Path& path, int part,
                   int first) {
  const int deep = median_of(path.depth), expected = deep / part;
  const int from = std::max(first, static_cast<int>(0.85 * expected)),
            to = static_cast<int>(1.15 * expected) + 1;
  if (expected < 2 * first || to <= from) return {};
  Path shallow = path_between(f, score, from, to);
  const int margin = std::max(2, f.depths / 40);
  double wall = 0, between = 0;
  for (int a = 0; a < f.lines; ++a) {
    const int d = shallow.depth[static_cast<std::size_t>(a)];
    wall += mean(f, a, first, d - margin);
    between += mean(f, a, d + margin, d + expected - margin);
  }
  const bool repeats = shallow.contrast >= 0.25 * path.contrast && between < 0.7 * wall;
  return repeats ? shallow : Path{};
}

// The grey at each distance below each line's own pleural depth, over the lines that no B-line
// covers: there A-lines are erased. Rib shadows hide them too, so the upper third speaks. Empty
// when B-lines cover all.
std::vector<double> profile_below(const Lines& f, const Signs& s, int length) {
  const Rays erased = rays_of(s, erases);
  std::vector<char> clear(static_cast<std::size_t>(f.lines), 1);
  for (const auto& [first, last] : erased.spans)
    std::fill(clear.begin() + first, clear.begin() + last + 1, 0);
  if (erased.covered > 0.9) return {};
  std::vector<double> out(static_cast<std::size_t>(length));
  for (int k = 0; k < length; ++k) {
    std::vector<double> all;
    for (int a = 0; a < f.lines; ++a) {
      const int d = s.pleura[static_cast<std::size_t>(a)] + k;
      if (d < f.depths && clear[static_cast<std::size_t>(a)] != 0) all.push_back(value(f, a, d));
    }
    if (all.empty()) continue;
    const auto at = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 2 / 3);
    std::nth_element(all.begin(), at, all.end());
    out[static_cast<std::size_t>(k)] = *at;
  }
  return out;
}

double a_line_of(const std::vector<double>& profile, int pleura, int depths) {
  const int n = static_cast<int>(profile.size()), window = std::max(4, depths / 12);
  if (pleura < 6 || pleura + window >= n) return 0;
  std::vector<double> rest(profile.size());
  for (int k = 0; k < n; ++k) {
    const int from = std::max(0, k - window), to = std::min(n, k + window + 1);
    rest[static_cast<std::size_t>(k)] =
        profile[static_cast<std::size_t>(k)] -
        std::accumulate(profile.begin() + from, profile.begin() + to, 0.0) / (to - from);
  }
  const int start = std::max(4, pleura / 3);
  double square = 0;
  for (int k = start; k < n; ++k)
    square += rest[static_cast<std::size_t>(k)] * rest[static_cast<std::size_t>(k)];
  const double deviation = std::sqrt(square / std::max(1, n - start));
  if (deviation < 1e-6) return 0;
  const int reach = std::max(2, depths / 40);
  double best = 0;
  for (int k = pleura - reach; k <= std::min(n - 1, pleura + reach); ++k)
    best = std::max(best, rest[static_cast<std::size_t>(k)]);
  return best / deviation;
}

}

Signs signs_of(const Lines& f) {
  Signs s;
  const int from = std::max(2, static_cast<int>(first_depth * f.depths)),
            to = static_cast<int>(last_depth * f.depths);
  const std::vector<double> score = steps(f, from, to);
  Path path = path_between(f, score, from, to);
  for (const int part : {3, 2})
    if (const Path shallow = repeated_from(f, score, path, part, from); !shallow.depth.empty()) {
      path = shallow;
      break;
    }
  s.pleura_contrast = path.contrast;
  s.pleura_found = s.pleura_contrast >= least_contrast;
  s.pleura = path.depth;
  const int pleura = median_of(s.pleura);
  s.pleura_depth = static_cast<double>(pleura) / f.depths;
  s.ray.assign(static_cast<std::size_t>(f.lines), 0);
  if (!s.pleura_found) return s;
  std::vector<double> bright;
  for (int a = 0; a < f.lines; ++a) {
    const int p = s.pleura[static_cast<std::size_t>(a)];
    bright.push_back(mean(f, a, p, p + std::max(2, f.depths / 64)));
  }
  const double reference = std::max(1e-3, median_of(bright));
  for (int a = 0; a < f.lines; ++a) {
    const int p = s.pleura[static_cast<std::size_t>(a)];
    const int begin = p + (f.depths - p) / 2, end = static_cast<int>(0.97 * f.depths);
    s.ray[static_cast<std::size_t>(a)] = static_cast<float>(mean(f, a, begin, end) / reference);
  }
  s.a_line = a_line_of(profile_below(f, s, f.depths - pleura), pleura, f.depths);
  return s;
}

Rays rays_of(const Signs& s, double least) {
  Rays out;
  const int n = static_cast<int>(s.ray.size());
  int covered = 0;
  for (int a = 0; a < n;) {
    int end = a;
    while (end < n && s.ray[static_cast<std::size_t>(end)] >= least) ++end;
    if (end - a >= 2) {
      out.spans.push_back({a, end - 1});
      covered += end - a;
    }
    a = std::max(end, a + 1);
  }
  out.covered = n > 0 ? static_cast<double>(covered) / n : 0;
  return out;
}

}
