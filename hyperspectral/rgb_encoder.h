// A small encoder from spectra to three channels that sees each pixel and the means around it.
//
// Bands -> weighted sums ("mixes") -> each with its means over two squares -> hidden units, by
// softmax shares that sum to 1 -> the mean of the units' colours, weighted by these shares. The
// colours are 0 to 1, so the picture is.
#pragma once

#include "hyperspectral/calibration.h"
#include "hyperspectral/raster.h"
#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <memory>
#include <vector>

namespace sensorium::hyper {

struct RgbEncoder {
  int mixes = 0, hidden = 0;
  int near_side = 5, far_side = 9;      // px, odd: squares of means, and of the means of those
  std::vector<double> mix, offset;      // [mix][band], [mix]: offset + sum of weight times value
  std::vector<float> blank;             // [mix]: of a pixel that is no measurement
  std::vector<float> first, first_bias; // [hidden][mixes, near means, far means], [hidden]
  std::vector<float> colours;           // [3][hidden]
};

// The encoder for the stored (or calibrated) values of one cube.
struct RgbEncoding {
  RgbEncoder encoder;     // mix: [mix][bands of this list]
  std::vector<int> bands; // of the cube
  std::shared_ptr<const Calibration> calibration = {};
};

// The whole picture, by tiles and on several threads. A pixel with the ignore value, a bad element
// or a value that is no number in any of the bands is NaN in all three channels; its neighbours see
// `blank` there. Throws Error Cancelled, Resources, Internal.
void encode(const Cube& cube, const RgbEncoding& encoding, const Context& context, Raster& out);

}
