#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/patches.h"

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/imaging/filters.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::oct_hrf {

namespace {

std::vector<std::uint8_t> bytes_of(std::span<const float> values) {
  std::vector<std::uint8_t> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(values[i], 0.0f, 1.0f)));
  return out;
}

float bilinear(const std::vector<std::uint8_t>& picture, int width, int height, double x,
               double y) {
  x = std::clamp(x, 0.0, width - 1.001);
  y = std::clamp(y, 0.0, height - 1.001);
  const int ix = static_cast<int>(x), iy = static_cast<int>(y);
  const double u = x - ix, v = y - iy;
  const std::uint8_t* p = picture.data() + static_cast<std::size_t>(iy) * width + ix;
  return static_cast<float>(
      ((p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[width] * (1 - u) + p[width + 1] * u) * v) / 255);
}

void disturb(std::vector<float>& values, int side, Random& random) {
  const auto gamma = static_cast<float>(std::exp(0.2 * random.normal()));
  const auto gain = static_cast<float>(random.uniform(0.85, 1.15));
  const auto offset = static_cast<float>(random.uniform(-0.04, 0.04));
  const double noise = random.chance(0.4) ? random.uniform(0, 0.05) : 0;
  if (random.chance(0.2))
    values = gaussian_blur(values, side, side, random.uniform(0.2, 0.7), random.uniform(0.2, 0.7));
  for (float& v : values) {
    v = gain * std::pow(std::clamp(v, 0.0f, 1.0f), gamma) + offset;
    if (noise > 0) v += static_cast<float>(noise * random.normal());
    v = std::clamp(v, 0.0f, 1.0f);
  }
}

}

void describe(ParameterVisitor& v, SampleOptions& o) {
  v.integer("first_seed", o.first_seed, {.help = "First phantom seed.", .min = 0});
  v.integer("seeds", o.seeds, {.help = "Number of phantom seeds.", .min = 1, .max = 5000});
  v.integer("sample_scans", o.scans,
            {.help = "B-scans of each seed or recording.", .min = 1, .max = 1024});
  v.integer("patches", o.patches, {.help = "Patches of each B-scan and epoch.", .min = 1});
  v.integer("side", o.side, {.help = "Side of a patch.", .unit = "px", .min = 32, .max = 480});
  v.number("on_lesions", o.on_lesions,
           {.help = "Part of the patches that hold a lesion.", .min = 0, .max = 1});
  v.choice("input", o.input, {"both", "raw", "enhanced"},
           {.help = "What the network is shown: raw or enhanced B-scans, or either."});
  v.flag("augment", o.augment, {.help = "Flip, scale, gamma, gain, noise and blur."});
}

void check(const SampleOptions& options) {
  if (options.side % 8 != 0)
    throw Error(ErrorCode::Usage, fmt::format("side {} is no multiple of 8", options.side));
}

void prepare(TrainingBscan& b, std::span<const float> grey, const SampleOptions& options) {
  const std::vector<float> raw = normalise_bscan(grey);
  b.raw = bytes_of(raw);
  if (options.input != "raw") b.enhanced = bytes_of(enhance_bscan(raw, b.width, b.height));
}

Sample patch_of(const TrainingBscan& b, const SampleOptions& options, std::size_t index,
                std::uint64_t seed) {
  Random random(random_key({seed, index, 0x5a}));
  const int side = options.side;
  double cx = random.uniform(side * 0.4, b.width - side * 0.4);
  double cy = random.uniform(b.retina_top - 30, b.retina_bottom + 30);
  if (!b.lesions.empty() && random.chance(options.on_lesions)) {
    const auto& at = b.lesions[random.below(static_cast<int>(b.lesions.size()))];
    cx = at[0] + random.uniform(-0.4, 0.4) * side;
    cy = at[1] + random.uniform(-0.4, 0.4) * side;
  }
  const bool augment = options.augment && seed != 0;
  const double flip = augment && random.chance(0.5) ? -1 : 1;
  const double scale_x = flip * (augment ? std::exp(0.15 * random.normal()) : 1);
  const double scale_y = augment ? std::exp(0.12 * random.normal()) : 1;
  if (!augment) cx = std::floor(cx), cy = std::floor(cy);
  const bool enhanced =
      options.input == "enhanced" || (options.input == "both" && random.chance(0.5));
  const std::vector<std::uint8_t>& source = enhanced ? b.enhanced : b.raw;
  const std::size_t area = static_cast<std::size_t>(side) * side;
  Sample out{
      {{1, side, side}, std::vector<float>(area)}, {{1, side, side}, std::vector<float>(area)}, {}};
  if (!b.undecided.empty()) out.weight = {{1, side, side}, std::vector<float>(area, 1.0f)};
  // A patch that would leave the picture is moved back in, so that no border is invented.
  const double half_x = std::abs(scale_x) * side / 2, half_y = scale_y * side / 2;
  cx = std::clamp(cx, half_x, std::max(half_x, b.width - 1 - half_x));
  cy = std::clamp(cy, half_y, std::max(half_y, b.height - 1 - half_y));
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double fx = cx + (x - side / 2) * scale_x, fy = cy + (y - side / 2) * scale_y;
      const std::size_t i = static_cast<std::size_t>(y) * side + x;
      out.input.values[i] = bilinear(source, b.width, b.height, fx, fy);
      out.target.values[i] = bilinear(b.target, b.width, b.height, fx, fy) >= 0.5f ? 1.0f : 0.0f;
      if (!b.undecided.empty() && bilinear(b.undecided, b.width, b.height, fx, fy) > 0)
        out.weight.values[i] = 0;
    }
  }
  if (augment) disturb(out.input.values, side, random);
  return out;
}

}

#endif
