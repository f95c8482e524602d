// Mean and covariance of a cube's spectra in one pass, and what follows from them: principal
// components, minimum noise fraction.
#pragma once

#include "hyperspectral/project.h"

#include <span>
#include <vector>

namespace sensorium::hyper {

// Over all pixels whose bands are finite and not the ignore value. Products are summed in single
// precision within a tile, about the first tile's mean, and in double precision over the tiles.
struct Statistics {
  std::vector<int> bands;
  std::uint64_t pixels = 0;
  std::vector<double> mean;       // one a band
  std::vector<double> covariance; // bands x bands, divided by pixels - 1
  // Of the differences between neighbouring samples, halved: the covariance of the noise, where
  // the scene is smooth (Green et al. 1988). Empty when not asked for.
  std::vector<double> noise;
  std::uint64_t differences = 0;
};
// bands empty: all good ones; calibration: null, or of this cube. Throws Error BadInput with fewer
// than two pixels, Cancelled.
Statistics statistics(const Cube& cube, std::span<const int> bands, bool with_noise,
                      const Context& context, const Calibration* calibration = nullptr);

// Directions in the order of falling variance (of falling signal to noise). The component of the
// greatest magnitude of each is positive.
struct Components {
  std::vector<double> values;                  // variances; of MNF: variance over noise variance
  std::vector<std::vector<double>> directions; // [component][band]; of PCA: of length 1
};
// count: at most so many. Throws Error BadInput when the noise of a band is none (MNF).
Components principal_components(const Statistics& statistics, int count);
Components minimum_noise_fraction(const Statistics& statistics, int count);

// The first three as red, green, blue, about the mean; fewer are repeated.
Projection projection_on(const Statistics& statistics, const Components& components);

}
