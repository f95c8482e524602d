#include "pipelines/oct_hrf/surfaces.h"

#include "modules/core/parallel.h"
#include "modules/imaging/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

namespace sensorium::oct_hrf {

namespace {

constexpr float nan_depth = std::numeric_limits<float>::quiet_NaN();
constexpr int most_step = 2;        // rows from one column to the next
constexpr float step_price = 0.04f; // per row of step
// The search for BM prefers rows with nothing bright below and so ends below the fall itself, by
// this many rows of 496: the bias on phantom seeds 30001 to 30010, whose truth is known.
constexpr double bm_lag = 2.8;

struct Grid {
  int width, height;
  std::vector<float> v;
  float& at(int x, int y) { return v[static_cast<std::size_t>(y) * width + x]; }
  float at(int x, int y) const { return v[static_cast<std::size_t>(y) * width + x]; }
};

Grid empty_like(const Grid& g) { return {g.width, g.height, std::vector<float>(g.v.size(), 0.0f)}; }

// Mean of rows y .. y+k-1 less mean of rows y-k .. y-1: positive where it gets brighter downwards
// at row y.
Grid rise(const Grid& picture, int k) {
  Grid out = empty_like(picture);
  for (int x = 0; x < picture.width; ++x) {
    std::vector<double> sum(picture.height + 1, 0.0);
    for (int y = 0; y < picture.height; ++y) sum[y + 1] = sum[y] + picture.at(x, y);
    for (int y = k; y + k <= picture.height; ++y)
      out.at(x, y) = static_cast<float>((sum[y + k] - 2 * sum[y] + sum[y - k]) / k);
  }
  return out;
}

// The path of most total value; value is within 0 .. 1. Rows outside [first[x], last[x]] are
// barred.
std::vector<int> best_path(const Grid& value, const std::vector<int>& first,
                           const std::vector<int>& last) {
  const int w = value.width, h = value.height;
  constexpr float barred = -1e6f;
  std::vector<float> score(h), next(h);
  std::vector<std::int8_t> step(static_cast<std::size_t>(w) * h, 0);
  const auto gain = [&](int x, int y) {
    return y >= first[x] && y <= last[x] ? value.at(x, y) : barred;
  };
  for (int y = 0; y < h; ++y) score[y] = gain(0, y);
  for (int x = 1; x < w; ++x) {
    for (int y = 0; y < h; ++y) {
      float best = std::numeric_limits<float>::lowest();
      int from = 0;
      for (int d = -most_step; d <= most_step; ++d) {
        if (y + d < 0 || y + d >= h) continue;
        const float s = score[y + d] - step_price * static_cast<float>(std::abs(d));
        if (s > best || (s == best && d == 0)) {
          best = s;
          from = d;
        }
      }
      next[y] = best + gain(x, y);
      step[static_cast<std::size_t>(x) * h + y] = static_cast<std::int8_t>(from);
    }
    score.swap(next);
  }
  std::vector<int> path(w);
  path[w - 1] = static_cast<int>(std::max_element(score.begin(), score.end()) - score.begin());
  for (int x = w - 1; x > 0; --x)
    path[x - 1] = path[x] + step[static_cast<std::size_t>(x) * h + path[x]];
  return path;
}

std::vector<int> best_path(const Grid& value) {
  return best_path(value, std::vector<int>(value.width, 0),
                   std::vector<int>(value.width, value.height - 1));
}

void scale_to_unit(Grid& g) {
  std::vector<float> positive;
  for (float& v : g.v) {
    v = std::max(v, 0.0f);
    if (v > 0) positive.push_back(v);
  }
  if (positive.empty()) return;
  const auto at = positive.begin() + static_cast<std::ptrdiff_t>(positive.size() * 0.98);
  std::nth_element(positive.begin(), at, positive.end());
  const float top = std::max(*at, 1e-6f);
  for (float& v : g.v) v = std::min(v / top, 1.0f);
}

float median_of(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Edge strength times how little brightness lies above: 1 in the vitreous, small inside the retina.
Grid ilm_value(const Grid& smooth, const Grid& edges, float scale) {
  Grid value = edges;
  std::vector<float> sorted = smooth.v;
  const auto dark = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 4);
  std::nth_element(sorted.begin(), dark, sorted.end());
  const auto bright = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 97 / 100);
  std::nth_element(sorted.begin(), bright, sorted.end());
  const float ground = *dark + 0.2f * (*bright - *dark);
  const float range = std::max(*bright - *dark, 1e-6f);
  scale_to_unit(value);
  for (int x = 0; x < smooth.width; ++x) {
    float above = 0;
    for (int y = 0; y < smooth.height; ++y) {
      const float full_rows = above / (range * 6.0f * scale);
      value.at(x, y) /= 1.0f + full_rows * full_rows;
      above += std::max(0.0f, smooth.at(x, y) - ground);
    }
  }
  return value;
}

// Brighter than both the rows above and the rows below.
Grid ridge_value(const Grid& smooth, const std::vector<int>& ilm, float scale) {
  const int core = std::max(2, static_cast<int>(3 * scale));
  const int far = std::max(4, static_cast<int>(12 * scale));
  Grid value = empty_like(smooth);
  for (int x = 0; x < smooth.width; ++x) {
    std::vector<double> sum(smooth.height + 1, 0.0);
    for (int y = 0; y < smooth.height; ++y) sum[y + 1] = sum[y] + smooth.at(x, y);
    const auto mean = [&](int a, int b) {
      a = std::clamp(a, 0, smooth.height);
      b = std::clamp(b, 0, smooth.height);
      return b > a ? (sum[b] - sum[a]) / (b - a) : 0.0;
    };
    for (int y = 0; y < smooth.height; ++y) {
      const double here = mean(y - core, y + core + 1);
      const double above = mean(y - core - far, y - core);
      const double below = mean(y + core + 1, y + core + 1 + far);
      const double thickness = (y - ilm[x]) / (32.0 * scale);
      const double depth_weight = thickness <= 0 ? 0 : 1 / (1 + std::pow(thickness, -6.0));
      const double ridge = here - 0.5 * (above + below);
      value.at(x, y) = static_cast<float>(std::max(0.0, ridge + 0.35 * here) * depth_weight);
    }
  }
  scale_to_unit(value);
  return value;
}

// Falling edges, weighted down by all that is nearly as bright as the ridge within the rows below:
// the ellipsoid zone has the epithelium below it, Bruch's membrane has only the choroid.
Grid bm_value(const Grid& smooth, const Grid& edges, const std::vector<int>& ridge, float scale) {
  const int reach = static_cast<int>(34 * scale);
  std::vector<float> bright(smooth.width);
  for (int x = 0; x < smooth.width; ++x) bright[x] = smooth.at(x, ridge[x]);
  const float level = 0.7f * median_of(bright);
  Grid value = edges;
  for (float& v : value.v) v = -v;
  scale_to_unit(value);
  for (int x = 0; x < smooth.width; ++x) {
    const int end = std::min(smooth.height - 1, ridge[x] + reach);
    float below = 0;
    for (int y = end; y >= 0; --y) {
      const float full_rows = below / std::max(1e-6f, level * 4.0f * scale);
      value.at(x, y) /= 1.0f + full_rows * full_rows;
      below += std::max(0.0f, smooth.at(x, y) - level);
    }
  }
  return value;
}

// Running median, then running mean: no wiggles of single columns.
std::vector<float> smoothed(const std::vector<int>& path, int half_median, int half_mean) {
  const int w = static_cast<int>(path.size());
  std::vector<float> median(w), out(w);
  for (int x = 0; x < w; ++x)
    median[x] = median_of({path.begin() + std::max(0, x - half_median),
                           path.begin() + std::min(w, x + half_median + 1)});
  for (int x = 0; x < w; ++x) {
    const int a = std::max(0, x - half_mean), b = std::min(w, x + half_mean + 1);
    out[x] =
        std::accumulate(median.begin() + a, median.begin() + b, 0.0f) / static_cast<float>(b - a);
  }
  return out;
}

double mean_along(const Grid& g, const std::vector<int>& path, double sign) {
  double sum = 0;
  for (int x = 0; x < g.width; ++x) sum += sign * g.at(x, path[x]);
  return sum / g.width;
}

std::string check(const BscanLines& lines, double ilm_edge, double bm_edge, double noise,
                  int height) {
  const auto w = static_cast<double>(lines.ilm.size());
  double thickness = 0, thin = 0, rim = 0;
  for (std::size_t x = 0; x < lines.ilm.size(); ++x) {
    const double t = lines.bm[x] - lines.ilm[x];
    thickness += t / w;
    thin += t < 0.03 * height;
    rim += lines.ilm[x] < 2 || lines.bm[x] > height - 3;
  }
  if (ilm_edge < 2.0 * noise) return "no edge between vitreous and retina";
  if (bm_edge < 1.5 * noise) return "no edge below the pigment epithelium";
  if (thin > 0.02 * w) return "the lines cross or touch";
  if (thickness < 0.05 * height || thickness > 0.75 * height)
    return fmt::format("a mean thickness of {:.0f} pixels is not plausible", thickness);
  if (rim > 0.1 * w) return "a line follows the rim of the picture";
  return {};
}

}

BscanLines trace_bscan(std::span<const float> bscan, int width, int height) {
  BscanLines lines;
  lines.ilm.assign(width, nan_depth);
  lines.rpe = lines.bm = lines.ilm;
  if (width < 16 || height < 64) {
    lines.failure = fmt::format("a picture of {} x {} pixels is too small", width, height);
    return lines;
  }
  const float scale = std::clamp(static_cast<float>(height) / 496.0f, 0.5f, 2.0f);
  const Grid smooth{width, height, gaussian_blur(bscan, width, height, 3 * scale, 1.2 * scale)};
  const int k = std::max(2, static_cast<int>(std::lround(4 * scale)));
  const Grid edges = rise(smooth, k);

  const std::vector<int> ilm = best_path(ilm_value(smooth, edges, scale));
  const std::vector<int> ridge = best_path(ridge_value(smooth, ilm, scale));
  const auto band = [&](const std::vector<int>& line, double from, double to) {
    std::pair<std::vector<int>, std::vector<int>> rows;
    for (int y : line) {
      rows.first.push_back(std::clamp(y + static_cast<int>(from * scale), 0, height - 1));
      rows.second.push_back(std::clamp(y + static_cast<int>(to * scale), 0, height - 1));
    }
    return rows;
  };
  const auto [first, last] = band(ridge, 1, 30);
  const std::vector<int> bm = best_path(bm_value(smooth, edges, ridge, scale), first, last);
  const auto [top, bottom] = band(bm, -12 - bm_lag, -1 - bm_lag);
  Grid bright = smooth;
  scale_to_unit(bright);
  const std::vector<int> rpe = best_path(bright, top, bottom);

  double noise = 0;
  for (float v : edges.v) noise += std::abs(v);
  noise /= static_cast<double>(edges.v.size());
  const int half = std::max(2, static_cast<int>(4 * scale));
  lines.ilm = smoothed(ilm, 2, 1);
  lines.rpe = smoothed(rpe, half, half);
  lines.bm = smoothed(bm, half, half);
  for (float& y : lines.bm) y -= static_cast<float>(bm_lag * scale);
  lines.failure = check(lines, mean_along(edges, ilm, 1), mean_along(edges, bm, -1), noise, height);
  return lines;
}

std::vector<Surface> trace_surfaces(std::span<const float> volume, int width, int height, int depth,
                                    int threads) {
  const std::size_t plane = static_cast<std::size_t>(width) * height;
  const std::size_t area = static_cast<std::size_t>(width) * depth;
  std::vector<Surface> out(3);
  const char* names[] = {"ILM", "RPE", "BM"};
  for (int i = 0; i < 3; ++i)
    out[i] = {names[i], std::vector<float>(area, nan_depth), "computed", {}};
  std::vector<std::string> failures(depth);
  parallel_for(depth, threads, [&](int z) {
    BscanLines lines = trace_bscan(volume.subspan(z * plane, plane), width, height);
    failures[z] = lines.failure;
    if (!lines.failure.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(z) * width;
    std::copy(lines.ilm.begin(), lines.ilm.end(), out[0].depth.begin() + at);
    std::copy(lines.rpe.begin(), lines.rpe.end(), out[1].depth.begin() + at);
    std::copy(lines.bm.begin(), lines.bm.end(), out[2].depth.begin() + at);
  });
  const auto failed = std::count_if(failures.begin(), failures.end(),
                                    [](const std::string& f) { return !f.empty(); });
  if (2 * failed > depth) {
    const auto one = std::find_if(failures.begin(), failures.end(),
                                  [](const std::string& f) { return !f.empty(); });
    for (Surface& s : out)
      s.failure = fmt::format("failed its checks in {} of {} B-scans ({})", failed, depth, *one);
  }
  return out;
}

const Surface* usable(const std::vector<Surface>& surfaces, const std::string& name) {
  for (const Surface& s : surfaces)
    if (s.name == name && s.failure.empty()) return &s;
  return nullptr;
}

namespace {

// Why two lines of the file cannot be a retina's borders, or empty.
std::string contradiction(const Surface& upper, const Surface& lower, int height) {
  std::size_t both = 0, crossed = 0, outside = 0;
  for (std::size_t i = 0; i < std::min(upper.depth.size(), lower.depth.size()); ++i) {
    const float a = upper.depth[i], b = lower.depth[i];
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    ++both;
    crossed += b <= a;
    outside += a < 0 || b > static_cast<float>(height);
  }
  if (both == 0) return "it has no values together with the other line";
  if (crossed * 50 > both) return fmt::format("it crosses the other line in {} columns", crossed);
  if (outside * 50 > both) return fmt::format("it leaves the picture in {} columns", outside);
  return {};
}

}

std::vector<Surface> choose_surfaces(const Volume& volume, std::span<const float> normalised,
                                     const std::string& prefer, int threads) {
  std::vector<Surface> out;
  const auto named = [&](const std::string& name) {
    return std::find_if(out.begin(), out.end(), [&](const Surface& s) { return s.name == name; });
  };
  if (prefer != "computed") {
    out = volume.surfaces;
    const auto ilm = named("ILM");
    auto lower = named("BM");
    if (lower == out.end()) lower = named("RPE");
    if (ilm != out.end() && lower != out.end() && ilm->failure.empty() && lower->failure.empty())
      ilm->failure = lower->failure = contradiction(*ilm, *lower, volume.height);
    const bool complete =
        ilm != out.end() && lower != out.end() && ilm->failure.empty() && lower->failure.empty();
    if (complete) return out;
  }
  for (Surface& computed :
       trace_surfaces(normalised, volume.width, volume.height, volume.depth, threads)) {
    const auto there = named(computed.name);
    if (there == out.end())
      out.push_back(std::move(computed));
    else if (!there->failure.empty())
      *there = std::move(computed);
  }
  return out;
}

}
