#include "pipelines/oct_hrf/second_look.h"

#include "pipelines/oct_hrf/second_look_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::oct_hrf {

namespace {

struct Box {
  int x0, x1, y0, y1;
};

// One B-scan with distances in micrometres turned into pixels.
struct Look {
  const Scene& scene;
  int z;
  double dx, dy;

  int across(double um) const { return std::max(1, static_cast<int>(std::lround(um / dx))); }
  int down(double um) const { return std::max(1, static_cast<int>(std::lround(um / dy))); }
  const std::uint8_t* row(int y) const {
    return &scene.grey[(static_cast<std::size_t>(z) * scene.height + y) * scene.width];
  }
  // 0 .. 1, cut at the rim; empty when nothing is left.
  std::optional<double> mean(Box b) const {
    const int x0 = std::max(0, b.x0), x1 = std::min(scene.width - 1, b.x1);
    const int y0 = std::max(0, b.y0), y1 = std::min(scene.height - 1, b.y1);
    if (x1 < x0 || y1 < y0) return std::nullopt;
    std::uint64_t sum = 0;
    for (int y = y0; y <= y1; ++y) {
      const std::uint8_t* values = row(y);
      for (int x = x0; x <= x1; ++x) sum += values[x];
    }
    return static_cast<double>(sum) / (255.0 * (x1 - x0 + 1) * (y1 - y0 + 1));
  }
  double over(double inside, Box b) const { return inside - mean(b).value_or(inside); }
  std::optional<double> both(Box a, Box b) const {
    const auto left = mean(a), right = mean(b);
    if (left && right) return (*left + *right) / 2;
    return left ? left : right;
  }
  // Brightness of these columns and rows over that of `wide` columns on both sides, `gap` apart.
  double shadow(Box b, int gap, int wide) const {
    const auto below = mean(b);
    const auto beside = both({b.x0 - gap - wide, b.x0 - gap - 1, b.y0, b.y1},
                             {b.x1 + gap + 1, b.x1 + gap + wide, b.y0, b.y1});
    if (!below || !beside || *beside <= 0.02) return 1;
    return std::min(2.0, *below / *beside);
  }
};

struct Inside {
  Box box{std::numeric_limits<int>::max(), -1, std::numeric_limits<int>::max(), -1};
  double x = 0, y = 0, mean = 0;
  int pixels = 0;
};

Inside inside_of(const Component& component, const Look& look) {
  Inside in;
  std::uint64_t sum = 0;
  for (const Run& r : component.runs) {
    if (r.z != look.z) continue;
    const int last = r.x + r.length - 1;
    in.box = {std::min(in.box.x0, r.x), std::max(in.box.x1, last), std::min(in.box.y0, r.y),
              std::max(in.box.y1, r.y)};
    in.pixels += r.length;
    in.x += r.length * (r.x + last) / 2.0;
    in.y += static_cast<double>(r.length) * r.y;
    const std::uint8_t* values = look.row(r.y);
    for (int x = r.x; x <= last; ++x) sum += values[x];
  }
  if (in.pixels == 0) return in;
  in.x /= in.pixels;
  in.y /= in.pixels;
  in.mean = static_cast<double>(sum) / (255.0 * in.pixels);
  return in;
}

}

std::optional<Cues> cues_of(const Component& component, int bscan, const Scene& scene, double dx_um,
                            double dy_um) {
  if (!scene.ilm || !scene.bm || !(dx_um > 0) || !(dy_um > 0)) return std::nullopt;
  const Look l{scene, bscan, dx_um, dy_um};
  const Inside in = inside_of(component, l);
  if (in.pixels == 0) return std::nullopt;
  const int middle = std::clamp(static_cast<int>(std::lround(in.x)), 0, scene.width - 1);
  const std::size_t at = static_cast<std::size_t>(bscan) * scene.width + middle;
  const double ilm = scene.ilm->depth[at], bm = scene.bm->depth[at];
  if (!(std::abs(ilm) < 1e6) || !(std::abs(bm) < 1e6)) return std::nullopt;

  const Box& b = in.box;
  const int wide = b.x1 - b.x0 + 1, high = b.y1 - b.y0 + 1,
            line = static_cast<int>(std::lround(bm));
  const int gap = l.across(34), flank = l.across(68), below = b.y1 + l.down(12);
  const double left = l.over(in.mean, {b.x0 - l.across(56), b.x0 - l.across(22), b.y0, b.y1});
  const double right = l.over(in.mean, {b.x1 + l.across(22), b.x1 + l.across(56), b.y0, b.y1});
  const int choroid = std::max(line + l.down(8), below);
  const auto core = [&](int y0, int y1) {
    return l.shadow({middle - 1, middle + 1, y0, y1}, gap, flank);
  };
  return Cues{std::log(high * dy_um),
              std::log(wide * dx_um),
              static_cast<double>(in.pixels) / (wide * high),
              component.sum / 255.0 / static_cast<double>(component.voxels),
              component.peak / 255.0,
              l.over(in.mean, {b.x0 - l.across(45), b.x1 + l.across(45), b.y0 - l.down(15),
                               b.y1 + l.down(15)}),
              std::min(left, right),
              std::max(left, right),
              l.over(in.mean, {b.x0, b.x1, b.y0 - l.down(20), b.y0 - l.down(8)}),
              l.over(in.mean, {b.x0, b.x1, b.y1 + l.down(8), b.y1 + l.down(20)}),
              l.shadow({b.x0, b.x1, below, std::max(line + l.down(60), b.y1 + l.down(45))}, gap,
                       std::max(2, wide)),
              core(below, b.y1 + l.down(70)),
              b.y1 < line - l.down(54) ? core(line - l.down(46), line) : 1,
              core(choroid, choroid + l.down(160)),
              (in.y - ilm) / std::max(bm - ilm, 5.0),
              in.y > bm + 1 ? 1.0 : 0.0};
}

double lesion_probability(const Cues& cues) {
  Cues c;
  for (std::size_t i = 0; i < c.size(); ++i)
    c[i] = std::clamp((cues[i] - cue_means[i]) / cue_deviations[i], -3.0, 3.0);
  double odds = cue_bias;
  std::size_t k = c.size();
  for (std::size_t i = 0; i < c.size(); ++i) {
    odds += cue_weights[i] * c[i];
    for (std::size_t j = i; j < c.size(); ++j) odds += cue_weights[k++] * c[i] * c[j];
  }
  return 1 / (1 + std::exp(-odds));
}

}
