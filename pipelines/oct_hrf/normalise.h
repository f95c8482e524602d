// The one intensity normalisation of the pipeline: training and use of the network both call it.
#pragma once

#include <span>
#include <vector>

namespace sensorium::oct_hrf {

// Grey values that the normalisation maps to 0 and 1.
struct GreyRange {
  float low = 0, high = 1;
};

// The 1st and 99.7th percentile of the valid samples: finite, below 1e30 and not exactly 0 (0 is
// what devices write where no A-scan was taken). low == high for a constant or empty picture.
// Accuracy: 1/4096 of the valid samples' extent.
GreyRange grey_range(std::span<const float> bscan);

// One B-scan ([y][x], any grey scale) to [0, 1], linear between the two values of grey_range and
// cut at both ends. Invalid samples become 0. A constant picture becomes 0. Nothing is resampled.
std::vector<float> normalise_bscan(std::span<const float> bscan);

// Each B-scan ([z][y][x]) by itself. plane = width * height; the length is a multiple of it (else
// Error Internal).
std::vector<float> normalise_volume(std::span<const float> volume, std::size_t plane,
                                    int threads = 1);

}
