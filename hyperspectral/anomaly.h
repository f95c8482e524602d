// Pixels that are unlike the rest of the cube.
#pragma once

#include "hyperspectral/classes.h"

namespace sensorium::hyper {

struct AnomalySpace {
  std::size_t dimensions = 0; // directions with variance, of the bands
  std::uint64_t pixels = 0;
};
// The global detector of Reed and Yu (1990, IEEE Trans. ASSP 38:1760): the squared Mahalanobis
// distance from the mean of all pixels. out (two channels): the second is the score, the first is
// 0; NaN in both without measurement. Directions whose variance is below 1e-10 of the greatest are
// left out. reader: nothing prepared. Throws Error BadInput (statistics, no variance).
AnomalySpace rx_anomaly(const SpectrumReader& reader, const Context& context, Raster& out);
// Marks (first channel 1) the pixels above a score; returns how many.
std::uint64_t mark_above(Raster& map, double score);
// The score below which percent of the measured pixels lie, to 1/65536 of the range.
double score_at(const Raster& map, double percent);

}
