// Spectra of one sensor at the wavelengths of another grid.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// Which bands of a sensor make one band of the grid, and how much of each; the shares sum to 1.
struct BandMix {
  std::vector<int> bands;
  std::vector<double> shares;
};
// Where three bands of the sensor or more lie between a wavelength's neighbours on the grid: their
// mean, weighted by a triangle that falls to 0 at these neighbours (at most at twice the grid's
// median step) and the sensor reaches as far on both sides. Else linear between the two bands
// around it, so that the grid's own bands come back as they are. The sensor's first and last band
// hold for 10 nm beyond it. given: in any order, NaN for a band that must not be used; wanted
// rises. Throws Error Unsupported, naming the range, where the sensor misses more than that, or has
// no band within 10 nm of a wavelength that lies in a gap of more than 40 nm.
std::vector<BandMix> resampled_bands(std::span<const double> given_nm,
                                     std::span<const double> wanted_nm, const std::string& name);

}
