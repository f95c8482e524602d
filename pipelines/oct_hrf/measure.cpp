#include "pipelines/oct_hrf/measure.h"

#include "modules/core/parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sensorium::oct_hrf {

namespace {

constexpr double shadow_limit = 0.8;

std::size_t index(const Scene& s, int x, int y, int z) {
  return (static_cast<std::size_t>(z) * s.height + y) * s.width + x;
}

double depth_at(const Surface* line, const Scene& s, int x, int z) {
  if (!line) return std::numeric_limits<double>::quiet_NaN();
  return line->depth[static_cast<std::size_t>(z) * s.width + x];
}

float median_of(std::vector<float>& values) {
  if (values.empty()) return std::numeric_limits<float>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of grey levels 0 to 255; the mean is from 0 to 1.
struct MeanOf {
  std::uint64_t sum = 0;
  std::size_t n = 0;
  void add(const std::uint8_t* values, int count) {
    std::uint32_t part = 0;
    for (int k = 0; k < count; ++k) part += values[k];
    sum += part;
    n += static_cast<std::size_t>(count);
  }
  double mean() const { return n ? static_cast<double>(sum) / 255.0 / static_cast<double>(n) : 0; }
};

// Columns [x0, x1], rows [y0, y1] of slice z, cut at the rim.
MeanOf box_mean(const Scene& s, int z, int x0, int x1, int y0, int y1) {
  MeanOf m;
  const int from = std::max(0, x0), to = std::min(s.width - 1, x1);
  if (to < from) return m;
  for (int y = std::max(0, y0); y <= std::min(s.height - 1, y1); ++y)
    m.add(&s.grey[index(s, from, y, z)], to - from + 1);
  return m;
}

struct SectionBox {
  int x0, y0, x1, y1;
};

SectionBox section_box(const Component& c, int z) {
  SectionBox b{std::numeric_limits<int>::max(), std::numeric_limits<int>::max(), -1, -1};
  for (const Run& r : c.runs) {
    if (r.z != z) continue;
    b.x0 = std::min(b.x0, r.x);
    b.x1 = std::max(b.x1, r.x + r.length - 1);
    b.y0 = std::min(b.y0, r.y);
    b.y1 = std::max(b.y1, r.y);
  }
  return b;
}

}

void measure_layers(Scene& s, int threads) {
  s.rpe_grey.assign(s.depth, std::numeric_limits<float>::quiet_NaN());
  s.rnfl_grey = s.rpe_grey;
  if (!s.ilm || !s.rpe) return;
  parallel_for(s.depth, threads, [&](int z) {
    std::vector<float> rpe, rnfl;
    for (int x = 0; x < s.width; ++x) {
      const double a = depth_at(s.ilm, s, x, z), b = depth_at(s.rpe, s, x, z);
      if (!std::isfinite(a) || !std::isfinite(b) || a < 0 || b + 3 > s.height || b - a < 12)
        continue;
      std::uint8_t brightest = 0;
      const int row = static_cast<int>(std::lround(b));
      for (int y = std::max(0, row - 2); y <= std::min(s.height - 1, row + 2); ++y)
        brightest = std::max(brightest, s.grey[index(s, x, y, z)]);
      rpe.push_back(brightest / 255.0f);
      const int top = static_cast<int>(std::lround(a));
      rnfl.push_back(static_cast<float>(box_mean(s, z, x, x, top + 3, top + 8).mean()));
    }
    s.rpe_grey[z] = median_of(rpe);
    s.rnfl_grey[z] = median_of(rnfl);
  });
}

std::string name_of(Slab slab) {
  switch (slab) {
  case Slab::Vitreous:
    return "vitreous";
  case Slab::InnerRetina:
    return "inner retina";
  case Slab::OuterRetina:
    return "outer retina";
  case Slab::NearRpe:
    return "near RPE";
  case Slab::Choroid:
    return "choroid";
  case Slab::Unknown:
    break;
  }
  return "unknown";
}

Slab slab_at(const Scene& s, double x, double y, int z) {
  const int column = std::clamp(static_cast<int>(std::lround(x)), 0, s.width - 1);
  const double ilm = depth_at(s.ilm, s, column, z), rpe = depth_at(s.rpe, s, column, z);
  const double bm = depth_at(s.bm, s, column, z), opl = depth_at(s.opl, s, column, z);
  if (!std::isfinite(ilm) || !std::isfinite(rpe) || rpe <= ilm) return Slab::Unknown;
  const double r = (y - ilm) / (rpe - ilm);
  if (r < 0) return Slab::Vitreous;
  if (y > (std::isfinite(bm) ? std::max(bm, rpe) : rpe) + 1) return Slab::Choroid;
  if (r >= 0.9) return Slab::NearRpe;
  const bool inner = std::isfinite(opl) ? y < opl : r < 0.5;
  return inner ? Slab::InnerRetina : Slab::OuterRetina;
}

Shape shape_of(const Component& c, double dx, double dy) {
  Shape shape{.voxels = c.voxels};
  std::vector<std::pair<int, int>> columns; // first x and one past the last, of one slice
  for (std::size_t i = 0; i < c.runs.size();) {
    const int z = c.runs[i].z;
    std::int64_t n = 0;
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    columns.clear();
    for (; i < c.runs.size() && c.runs[i].z == z; ++i) {
      const Run& r = c.runs[i];
      columns.emplace_back(r.x, r.x + r.length);
      n += r.length;
      // Sums over the run's pixels x = r.x .. r.x + l - 1, in closed form.
      const double l = r.length, a = r.x, y = r.y * dy;
      const double row = l * a + l * (l - 1) / 2;
      sx += row * dx;
      sy += l * y;
      sxx += (l * a * a + a * l * (l - 1) + (l - 1) * l * (2 * l - 1) / 6) * dx * dx;
      syy += l * y * y;
      sxy += row * dx * y;
    }
    ++shape.bscans;
    std::sort(columns.begin(), columns.end());
    int reached = -1;
    for (const auto& [from, to] : columns) {
      shape.face_pixels += std::max(0, to - std::max(from, reached));
      reached = std::max(reached, to);
    }
    if (n <= shape.section_pixels) continue;
    shape.section_pixels = n;
    shape.bscan = z;
    const double m = static_cast<double>(n);
    const double vxx = sxx / m - sx / m * sx / m + dx * dx / 12;
    const double vyy = syy / m - sy / m * sy / m + dy * dy / 12;
    const double vxy = sxy / m - sx / m * sy / m;
    const double greater = (vxx + vyy) / 2 + std::sqrt((vxx - vyy) * (vxx - vyy) / 4 + vxy * vxy);
    shape.long_axis = 4 * std::sqrt(std::max(0.0, greater));
    shape.equivalent_diameter = 2 * std::sqrt(m * dx * dy / std::numbers::pi);
  }
  return shape;
}

Brightness brightness_of(const Component& c, const Shape& shape, const Scene& s) {
  Brightness out;
  MeanOf inside, section;
  for (const Run& r : c.runs) {
    const std::uint8_t* values = &s.grey[index(s, r.x, r.y, r.z)];
    inside.add(values, r.length);
    if (r.z == shape.bscan) section.add(values, r.length);
  }
  out.mean = inside.mean();

  const int z = shape.bscan;
  const SectionBox b = section_box(c, z);
  const MeanOf around = box_mean(s, z, b.x0 - 4, b.x1 + 4, b.y0 - 4, b.y1 + 4);
  const auto ring_n = static_cast<double>(around.n - section.n);
  const double ring =
      ring_n > 0 ? static_cast<double>(around.sum - section.sum) / 255.0 / ring_n : 0;
  const double total = section.mean() + ring;
  out.contrast = total > 0 ? (section.mean() - ring) / total : 0;

  const int middle = (b.x0 + b.x1) / 2;
  const double bm = depth_at(s.bm, s, middle, z);
  const int from = b.y1 + 3;
  const int to = std::min(s.height - 1,
                          std::isfinite(bm) ? static_cast<int>(std::lround(bm)) + 15 : b.y1 + 40);
  const int wide = b.x1 - b.x0 + 1;
  if (to - from < 8 || b.x0 - 3 - wide < 0 || b.x1 + 3 + wide >= s.width) return out;
  const double below = box_mean(s, z, b.x0, b.x1, from, to).mean();
  const double left = box_mean(s, z, b.x0 - 3 - wide, b.x0 - 4, from, to).mean();
  const double right = box_mean(s, z, b.x1 + 4, b.x1 + 3 + wide, from, to).mean();
  const double beside = (left + right) / 2;
  if (beside <= 0.02) return out;
  out.shadow_ratio = below / beside;
  out.shadow = out.shadow_ratio < shadow_limit;
  return out;
}

}
