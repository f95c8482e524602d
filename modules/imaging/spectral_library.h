// Known spectra, and how near another one comes to each.
#pragma once

#include "modules/core/cube.h"

#include <span>
#include <string>
#include <vector>

namespace sensorium {

struct SpectralLibrary {
  std::string source;
  std::vector<double> nm; // one a band, in stored order, or empty
  std::vector<std::string> names;
  std::vector<std::vector<double>> values; // [spectrum][band]; NaN: no measurement
};

// Each pixel is a spectrum (of an ENVI library: each line), divided by the file's reflectance
// scale; names from the file's "spectra names", else "spectrum 1" ... Throws Error Unsupported
// above 10,000 spectra or 64 million values: that is an image, no library.
SpectralLibrary library_of(const Cube& cube);

// One of its spectra on other bands: linear between its own (stated or guessed) wavelengths, NaN
// where they do not reach or the nearer of two neighbours is no measurement. Without wavelengths on
// either side the bands are taken as they are. Throws Error Unsupported where only one side knows
// its wavelengths, or neither does and the numbers of bands differ.
std::vector<double> on_bands(const SpectralLibrary& library, std::size_t spectrum,
                             std::span<const double> nm, std::size_t bands);

// In radians, 0 to pi (Kruse et al. 1993, Remote Sens. Environ. 44:145), over the bands where both
// are finite; NaN where there is none, or one is all zeros.
double spectral_angle(std::span<const double> a, std::span<const double> b);
// The symmetric divergence of the two spectra taken as distributions (Chang 2000, IEEE Trans. Inf.
// Theory 46:1927), over the bands where both are finite. Shares below 1e-9 count as 1e-9. NaN where
// a sum is not positive.
double information_divergence(std::span<const double> a, std::span<const double> b);

struct LibraryMatch {
  std::size_t spectrum = 0;
  double angle = 0;      // radians
  std::size_t bands = 0; // compared
};
// The nearest by spectral angle first, at most `most` of them. bad: bands left out, or empty. A
// spectrum that shares fewer than three bands is left out. Throws as on_bands.
std::vector<LibraryMatch> best_matches(const SpectralLibrary& library,
                                       std::span<const double> values, std::span<const double> nm,
                                       std::span<const std::uint8_t> bad, std::size_t most);

}
