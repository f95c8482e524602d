#include "pipelines/oct_hrf/normalise.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace sensorium::oct_hrf {

namespace {

constexpr int bins = 4096;
constexpr double low_fraction = 0.01, high_fraction = 0.997;

bool valid(float v) { return std::isfinite(v) && std::abs(v) < 1e30f && v != 0.0f; }

float quantile(const std::array<std::uint64_t, bins>& histogram, std::uint64_t total,
               double fraction, float least, float extent) {
  const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total - 1));
  std::uint64_t seen = 0;
  for (int b = 0; b < bins; ++b) {
    seen += histogram[b];
    if (seen > wanted) return least + extent * (static_cast<float>(b) / (bins - 1));
  }
  return least + extent;
}

void normalise_into(std::span<const float> bscan, float* out) {
  const GreyRange range = grey_range(bscan);
  const float extent = range.high - range.low;
  const float scale = extent > 0 ? 1.0f / extent : 0.0f;
  for (std::size_t i = 0; i < bscan.size(); ++i) {
    const float v = bscan[i];
    out[i] = valid(v) ? std::clamp((v - range.low) * scale, 0.0f, 1.0f) : 0.0f;
  }
}

}

GreyRange grey_range(std::span<const float> bscan) {
  float least = std::numeric_limits<float>::max(), most = std::numeric_limits<float>::lowest();
  std::uint64_t total = 0;
  for (float v : bscan) {
    if (!valid(v)) continue;
    least = std::min(least, v);
    most = std::max(most, v);
    ++total;
  }
  if (total == 0) return {0, 0};
  const float extent = most - least;
  if (!(extent > 0)) return {least, least};
  std::array<std::uint64_t, bins> histogram{};
  const float scale = (bins - 1) / extent;
  for (float v : bscan)
    if (valid(v)) ++histogram[static_cast<int>((v - least) * scale + 0.5f)];
  return {quantile(histogram, total, low_fraction, least, extent),
          quantile(histogram, total, high_fraction, least, extent)};
}

std::vector<float> normalise_bscan(std::span<const float> bscan) {
  std::vector<float> out(bscan.size());
  normalise_into(bscan, out.data());
  return out;
}

std::vector<float> normalise_volume(std::span<const float> volume, std::size_t plane, int threads) {
  if (plane == 0 || volume.size() % plane != 0)
    throw Error(ErrorCode::Internal, "normalise_volume: the length is no multiple of the plane");
  std::vector<float> out(volume.size());
  parallel_for(static_cast<int>(volume.size() / plane), threads, [&](int z) {
    normalise_into(volume.subspan(z * plane, plane), out.data() + z * plane);
  });
  return out;
}

}
