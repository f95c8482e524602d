// Small filters over single pictures in float, row by row ([y][x]).
#pragma once

#include <span>
#include <vector>

namespace sensorium {

// Gaussian blur with borders mirrored; a sigma of 0 leaves that axis as it is. Judge:
// scipy.ndimage.gaussian_filter.
std::vector<float> gaussian_blur(std::span<const float> picture, int width, int height,
                                 double sigma_x, double sigma_y);

// White top-hat: the picture less its opening with an ellipse of these diameters (odd, in pixels).
// What is brighter than its surroundings and narrower than the ellipse stays. Serra 1982, Image
// Analysis and Mathematical Morphology, ch. XII.
std::vector<float> white_top_hat(std::span<const float> picture, int width, int height,
                                 int diameter_x, int diameter_y);

// Median over an odd square window of 3 or 5 pixels.
std::vector<float> median_filter(std::span<const float> picture, int width, int height, int window);

}
