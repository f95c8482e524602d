// Means over squares of pixels, as a network's average pooling makes them.
#pragma once

#include <span>

namespace sensorium::hyper {

// Each value becomes the mean over side x side (odd) around it; at the edges over what lies inside.
// plane: [line][sample].
void to_square_means(std::span<float> plane, int lines, int samples, int side);

}
