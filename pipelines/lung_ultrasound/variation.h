// Pictures as they could have been, and which pictures a training sees how often.
#pragma once

#include "modules/core/random.h"
#include "pipelines/lung_ultrasound/pictures.h"

#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

// Greys 0 .. 1.
std::vector<float> plain(const Picture& picture);
// Another gain, contrast, depth, width and side of the same picture, with noise. strength 0 .. 1.
std::vector<float> varied(const Picture& picture, int side, double strength, Random random);
// By a quarter turn: up is left then.
Picture turned(const Picture& picture, int side);

// How a picture looks that shows nothing: no contact, no gain, too much gain, or smeared.
inline constexpr int ways_to_spoil = 4;
Picture spoiled(const Picture& picture, int side, int way, Random random);

// Lists of items of one class and one group: classes come nearly equally often, in each its groups
// equally often.
std::vector<std::vector<std::size_t>> balanced_lists(const std::vector<int>& label,
                                                     const std::vector<std::string>& group);

}
