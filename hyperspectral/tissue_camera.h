// A line scanner that looks at tissue: bands, noise, smile and dead elements.
#pragma once

#include "hyperspectral/tissue_optics.h"
#include "modules/core/cube.h"
#include "modules/core/parameters.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium::hyper {

// What the camera is pointed at, with the truth: a class number a pixel.
struct TissueScene {
  int lines = 0, samples = 0;
  std::vector<Surface> surfaces;    // [line][sample]
  std::vector<std::uint8_t> labels; // the same
};

struct CameraOptions {
  double first_nm = 400, last_nm = 1000;
  int bands = 121;
  double fwhm_nm = 6;
  // 10 log10 of mean squared signal over mean squared noise, over all bands. The noise of a band is
  // greater towards both ends (three times at the ends: light and sensor fade), half of its
  // variance grows with the signal.
  double snr_db = 30;
  double smile_nm = 0.8; // by which the first and last sample see longer waves than the middle
  int dead_lines = 1;    // samples of the sensor that give nothing: a line of zeros in the cube
};
void describe(ParameterVisitor& v, CameraOptions& p);

// The bands' centres, at the middle of the sensor. Throws Error Usage: a range outside 400 to
// 1000 nm or turned round.
std::vector<double> camera_bands(const CameraOptions& camera);
// The noise of a band over that of the middle one: 1 to 3.
double noise_shape(double nm, const CameraOptions& camera);
// Reflectance before the noise, [line][sample][band].
std::vector<float> exposed(const TissueScene& scene, const CameraOptions& camera, int threads);
// Adds noise and dead lines; the same key gives the same noise.
void add_noise(std::vector<float>& values, const TissueScene& scene, const CameraOptions& camera,
               std::uint64_t key);
// Both, as Int16, line-interleaved, reflectance times 10000.
Cube photographed(const TissueScene& scene, const CameraOptions& camera, std::uint64_t key,
                  int threads);

// truth.hdr of a phantom: the class numbers as a cube of one band.
Cube truth_cube(const TissueScene& scene, const std::string& names);

}
