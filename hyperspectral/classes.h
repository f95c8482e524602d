// Maps of classes: by likeness to known spectra, by clusters, and what the classes are like.
#pragma once

#include "hyperspectral/raster.h"
#include "hyperspectral/spectrum_reader.h"

#include <cstdint>
#include <vector>

namespace sensorium::hyper {

using Spectra = std::vector<std::vector<double>>; // [spectrum][band], on a reader's bands

enum class Likeness { Angle, Divergence };

// out (two channels): the number of the nearest spectrum from 1, and the distance to it (radians,
// or divergence). 0 where the distance is above `limit` (0: no limit). NaN in both where there is
// no measurement, or none of the spectra can be compared. Formulas:
// modules/imaging/spectral_library.h.
void match(const SpectrumReader& reader, const Spectra& spectra, Likeness likeness, double limit,
           const Context& context, Raster& out);

struct Clusters {
  Spectra centres;
  int iterations = 0;
  bool settled = false; // no pixel changed its cluster in the last one
};
// Lloyd's k-means, Euclidean, from these starts; a cluster that nothing belongs to keeps its
// centre. out (two channels): cluster from 1, and distance to its centre; NaN without measurement.
// The same for any number of threads.
Clusters k_means(const SpectrumReader& reader, Spectra starts, int most_iterations,
                 const Context& context, Raster& out);
// Starts by k-means++ (Arthur and Vassilvitskii 2007, SODA) on at most 4,096 pixels drawn by seed.
// Throws Error BadInput where the cube has fewer different spectra.
Spectra spread_starts(const SpectrumReader& reader, int count, std::uint64_t seed,
                      const Context& context);

struct ClassStatistics {
  std::uint64_t pixels = 0;
  std::vector<double> mean, sd; // sd over n - 1; NaN with fewer than two
  double mean_score = 0;        // of the map's second channel
};
// Of the classes 1 .. count of a map's first channel, on the reader's bands. The same for any
// number of threads.
std::vector<ClassStatistics> class_statistics(const SpectrumReader& reader, const Raster& map,
                                              int count, const Context& context);

}
