// The classical candidate detector: what stands out along the row and along the column alike. A
// baseline, and the fallback where there is no network.
#pragma once

#include <span>
#include <vector>

namespace sensorium::oct_hrf {

// bscan: [y][x], 0 .. 1. The smaller of two line top-hats (along x with `diameter_x`, along y with
// `diameter_y`, odd, pixels), so that neither layers nor columns between shadows answer; divided by
// `full` and cut at 1. Output 0 .. 1. Line openings: Soille 2003, Morphological Image Analysis,
// ch. 4.
std::vector<float> top_hat_map(std::span<const float> bscan, int width, int height, int diameter_x,
                               int diameter_y, float full = 0.6f);

// The odd number of pixels that spans `micrometres` at this spacing; `fallback` when the spacing is
// unknown (<= 0). Between 5 and 41.
int odd_pixels(double micrometres, double spacing_um, int fallback);

}
