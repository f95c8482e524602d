#include "pipelines/oct_hrf/top_hat.h"

#include "modules/imaging/filters.h"

#include <algorithm>
#include <cmath>

namespace sensorium::oct_hrf {

std::vector<float> top_hat_map(std::span<const float> bscan, int width, int height, int diameter_x,
                               int diameter_y, float full) {
  std::vector<float> across = white_top_hat(bscan, width, height, diameter_x, 1);
  const std::vector<float> down = white_top_hat(bscan, width, height, 1, diameter_y);
  for (std::size_t i = 0; i < across.size(); ++i)
    across[i] = std::clamp(std::min(across[i], down[i]) / full, 0.0f, 1.0f);
  return across;
}

int odd_pixels(double micrometres, double spacing_um, int fallback) {
  if (spacing_um <= 0) return fallback;
  const int pixels = static_cast<int>(std::lround(micrometres / spacing_um)) | 1;
  return std::clamp(pixels, 5, 41);
}

}
