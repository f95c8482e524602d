// Regions of a picture.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sensorium {

// Numbers the four-connected regions of what is not 0, from 1, in no stated order; 0 elsewhere.
// mask: [y][x]; count: how many there are. Throws Error Internal when the length is not
// width * height.
std::vector<int> label_regions(std::span<const std::uint8_t> mask, int width, int height,
                               int& count);

}
