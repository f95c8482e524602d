#include "pipelines/oct_hrf/lesions.h"

#include "modules/core/error.h"
#include "modules/imaging/filters.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/surfaces.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace sensorium::oct_hrf {

namespace {

struct Disc {
  double x, y, r; // micrometres from the centre
};

double uniform(std::mt19937_64& engine, double low, double high) {
  return low + (high - low) * (static_cast<double>(engine() >> 11) * 0x1.0p-53);
}

std::vector<Disc> random_discs(std::mt19937_64& engine, double um) {
  const int count = 3 + static_cast<int>(engine() % 4);
  std::vector<Disc> discs;
  for (int i = 0; i < count; ++i)
    discs.push_back({uniform(engine, -0.22, 0.22) * um, uniform(engine, -0.22, 0.22) * um,
                     uniform(engine, 0.28, 0.42) * um});
  return discs;
}

// Sum of smooth discs, 1 well inside.
double coverage(const std::vector<Disc>& discs, double x, double y) {
  double sum = 0;
  for (const Disc& d : discs) {
    const double rho = std::hypot(x - d.x, y - d.y) / d.r;
    sum += 1 / (1 + std::exp(6 * (rho - 1)));
  }
  return std::min(1.0, sum);
}

struct Plane {
  int width, height, scan;
  double x_um, y_um;
  std::vector<float> grey;
  std::vector<float> around; // blurred original
  std::vector<std::uint16_t> instances;
};

double bright_level(const Plane& p, const BscanLines& lines) {
  std::vector<float> values;
  for (int x = 0; x < p.width; ++x)
    for (int y = std::max(0, static_cast<int>(lines.ilm[x]));
         y < std::min<int>(p.height, static_cast<int>(lines.rpe[x])); ++y)
      values.push_back(p.around[static_cast<std::size_t>(y) * p.width + x]);
  if (values.empty()) return 0.6;
  std::nth_element(values.begin(), values.begin() + values.size() * 9 / 10, values.end());
  return std::max<double>(0.35, values[values.size() * 9 / 10]);
}

bool place(Plane& p, const BscanLines& lines, double bright, const InsertOptions& o, int instance,
           std::mt19937_64& engine, Section& out) {
  const double um = uniform(engine, o.min_um, o.max_um);
  const int cx = static_cast<int>(uniform(engine, 8, p.width - 9));
  const double thick = lines.rpe[cx] - lines.ilm[cx];
  if (!(thick > 20)) return false;
  const int cy = static_cast<int>(lines.ilm[cx] + uniform(engine, 0.2, 0.75) * thick);
  const int rx = static_cast<int>(um / p.x_um) + 1, ry = static_cast<int>(um / p.y_um) + 1;
  if (cx < rx || cx >= p.width - rx || cy < ry || cy >= p.height - ry) return false;
  for (int y = cy - ry; y <= cy + ry; ++y)
    for (int x = cx - rx; x <= cx + rx; ++x)
      if (p.instances[static_cast<std::size_t>(y) * p.width + x] != 0) return false;
  const std::vector<Disc> discs = random_discs(engine, um);
  const double level =
      std::max(bright * uniform(engine, 0.85, 1.2),
               p.around[static_cast<std::size_t>(cy) * p.width + cx] + o.least_contrast);
  double sx = 0, sy = 0, n = 0;
  for (int y = cy - ry; y <= cy + ry; ++y) {
    for (int x = cx - rx; x <= cx + rx; ++x) {
      const double w = coverage(discs, (x - cx) * p.x_um, (y - cy) * p.y_um);
      if (w < 0.02) continue;
      const std::size_t i = static_cast<std::size_t>(y) * p.width + x;
      const double local = std::clamp(p.grey[i] / std::max(0.02f, p.around[i]), 0.5f, 1.6f);
      p.grey[i] = static_cast<float>(std::clamp(p.grey[i] * (1 - w) + w * level * local, 0.0, 1.0));
      if (w < 0.5) continue;
      p.instances[i] = static_cast<std::uint16_t>(instance);
      sx += x, sy += y, ++n;
    }
  }
  if (n == 0) return false;
  out = {.scan = p.scan,
         .x = sx / n,
         .y = sy / n,
         .diameter_um = 2 * std::sqrt(n * p.x_um * p.y_um / std::numbers::pi),
         .instance = instance};
  return true;
}

}

InsertedCase insert_lesions(const Volume& volume, const InsertOptions& o, bool enhance,
                            std::uint64_t seed, int threads) {
  const std::size_t plane = static_cast<std::size_t>(volume.width) * volume.height;
  std::vector<float> grey = to_float(volume);
  for (float& v : grey)
    if (!std::isfinite(v) || std::abs(v) > 1e30f) v = 0;
  const std::vector<float> all = normalise_volume(grey, plane, threads);
  InsertedCase out;
  EvaluationCase& one = out.inserted;
  Surface ilm{"ILM", {}, "computed", {}}, bm{"BM", {}, "computed", {}};
  one.name = "inserted";
  one.width = volume.width;
  one.height = volume.height;
  const auto& sx = volume.spacing[0];
  const auto& sy = volume.spacing[1];
  one.scale = {.spacing_x_um = sx.known() ? sx.micrometres : o.assumed_x_um,
               .spacing_y_um = sy.known() ? sy.micrometres : o.assumed_y_um};
  std::mt19937_64 engine(seed);
  const auto shown = [&](const std::vector<float>& v) {
    if (!enhance) return v;
    std::vector<float> clean = enhance_bscan(v, volume.width, volume.height);
    for (float& f : clean) f = std::clamp(f, 0.0f, 1.0f);
    return clean;
  };
  for (int z = 0; z < volume.depth; ++z) {
    const std::span<const float> scan = std::span(all).subspan(z * plane, plane);
    const BscanLines lines =
        trace_bscan(enhance_bscan(scan, volume.width, volume.height), volume.width, volume.height);
    if (!lines.failure.empty()) continue;
    Plane p{volume.width,
            volume.height,
            one.depth,
            one.scale.spacing_x_um,
            one.scale.spacing_y_um,
            {scan.begin(), scan.end()},
            gaussian_blur(scan, volume.width, volume.height, 2, 3),
            std::vector<std::uint16_t>(plane)};
    const double bright = bright_level(p, lines);
    for (int tries = 0, placed = 0; tries < 20 * o.per_bscan && placed < o.per_bscan; ++tries) {
      Section truth;
      const int instance = static_cast<int>(one.truths.size()) + 1;
      if (!place(p, lines, bright, o, instance, engine, truth)) continue;
      one.truths.push_back(truth);
      ++placed;
    }
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    const auto append_grey = [](std::vector<std::uint8_t>& to, std::span<const float> from) {
      for (const float v : from)
        to.push_back(static_cast<std::uint8_t>(255 * std::clamp(v, 0.0f, 1.0f) + 0.5f));
    };
    append(one.prepared, shown(p.grey));
    append_grey(one.grey, p.grey);
    append_grey(out.untouched_grey, scan);
    append(ilm.depth, lines.ilm);
    append(bm.depth, lines.bm);
    append(out.untouched, shown({scan.begin(), scan.end()}));
    append(one.instances, p.instances);
    ++one.depth;
  }
  one.lines = {std::move(ilm), std::move(bm)};
  if (one.depth == 0)
    throw Error(ErrorCode::BadInput,
                "no retina was found in '" + volume.origin.path + "', nothing was inserted",
                "choose a macular OCT scan");
  return out;
}

}
