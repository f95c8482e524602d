// Speckle, noise and display of the phantom and of inserted lesions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

struct SpeckleOptions {
  int looks = 1;                         // independent patterns averaged, >= 1
  double sigma_x_px = 0, sigma_y_px = 0; // of the Gaussian point spread of the field
};

// Intensity with mean 1 ([y][x]): |f|^2 of a circular complex Gaussian field f, averaged over
// looks. Its contrast (deviation over mean) is 1/sqrt(looks); that of its square root with one look
// is sqrt(4/pi - 1) = 0.5227.
std::vector<float> speckle(int width, int height, const SpeckleOptions& options, std::uint64_t key);

// Intensity to grey, 0 .. 255, rounded and cut. fourth_root: 255 * I^(1/4). log: linear in decibels
// from -50 dB (0) to 0 dB (255).
std::vector<std::uint8_t> to_grey(std::span<const float> intensity, const std::string& display);
double grey_to_intensity(double grey, const std::string& display);

}
