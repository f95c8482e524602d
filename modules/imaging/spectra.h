// Spectra of places in a cube: of one pixel, or the mean of a rectangle.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <string>
#include <vector>

namespace sensorium {

// Stored values; divided by the file's reflectance scale where it states one.
struct Spectrum {
  std::vector<double> mean;         // one a band; NaN: no measurement
  std::vector<double> sd;           // of the pixels, over n - 1; NaN with fewer than two
  std::vector<std::uint64_t> count; // pixels with a measurement, one a band
};

// Over the rectangle, by tiles in bounded memory. The ignore value and what is not finite are no
// measurements. Of complex samples the magnitude. Throws Error Cancelled, Internal for a rectangle
// outside the cube.
Spectrum spectrum_of(const Cube& cube, const TileRange& place, const Context& context = {});

struct NamedSpectrum {
  std::string name;
  TileRange place;
  Spectrum values;
};
// RFC 4180, one row a band: band (from 1), wavelength where known, bad (1 or 0), then the mean of
// each spectrum and, of a rectangle, its standard deviation and its number of pixels.
std::string spectra_csv(const Cube& cube, const std::vector<NamedSpectrum>& spectra);

}
