// From counts to reflectance by a white and a dark reference, and which pixels of the sensor cannot
// be trusted.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// value = (stored - offset) * gain, for each element of a line scanner's sensor: a sample and a
// band.
struct Calibration {
  int samples = 0, bands = 0;
  std::vector<float> offset, gain; // [sample][band]; gain NaN where there is no measurement
  std::uint64_t bad = 0;           // so many
  bool reflectance = false;        // a white reference was given: 1 is the perfect white
};

struct References {
  const Cube* white = nullptr;
  const Cube* dark = nullptr;
  double panel = 1;      // reflectance of the white panel, 0 to 1
  int first_sample = -1; // of a wider reference, from 0; -1: its width must be the cube's
};

// Reflectance = panel * (stored - dark) / (white - dark); without white: stored - dark. References
// are averaged over their lines, pixel by pixel without what is no measurement; one of a single
// sample holds for all. An element is bad where white - dark is not above a hundredth of its band's
// median over the samples (a guard, empirical). Throws Error Usage where width or bands differ
// (both numbers; first_sample as the way out), BadInput where every element is bad.
Calibration calibrate(const Cube& cube, const References& references, const Context& context);

// A reference, or any other cube that a parameter names: ENVI or npy. Throws Error NotFound, and
// what the readers throw.
Cube load_reference(const std::string& path);

// As read_tile (modules/core/cube.h), calibrated when there is a calibration: the ignore value and
// bad elements then come as NaN.
template<class T>
void read_values(const Cube& cube, const Calibration* calibration, const TileRange& tile,
                 std::span<const int> bands, TileOrder order, std::span<T> out);

// Saturated: pixels with a stored value of level or more in any of the bands. Without a level it is
// the greatest value found, where that is a full count of 8, 10, 12, 14, 15 or 16 bits of an
// integer cube and at least two pixels reach it; else none is known. Dead: elements (sample and
// band) with the same value in every line, of at least 16 lines.
struct PixelCheck {
  std::optional<double> level;
  std::uint64_t saturated = 0, dead = 0;
  std::uint64_t elements = 0; // of samples and bands that were looked at
  double greatest = 0;
};
// One pass over the bands. Throws Error Cancelled.
PixelCheck check_pixels(const Cube& cube, std::span<const int> bands, std::optional<double> level,
                        const Context& context);

}
