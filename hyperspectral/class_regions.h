// Connected regions of a map of classes, to be looked at one by one.
#pragma once

#include "hyperspectral/raster.h"
#include "modules/core/context.h"
#include "modules/core/findings.h"

#include <cstdint>
#include <vector>

namespace sensorium::hyper {

struct ClassRegion {
  int number = 0;        // the class, from 1
  std::vector<Run> runs; // z 0; in raster order
  std::int64_t pixels = 0;
  double mean_score = 0; // of the map's second channel, where that is a number
};

struct ClassRegions {
  std::vector<ClassRegion> regions; // the largest, in raster order of their first pixels
  std::int64_t found = 0;           // regions of any size
  std::int64_t covered = 0;         // pixels of those listed
  bool complete = true;             // false: the map was too uneven, and nothing is listed
};

// Four-connected pixels of one class; of the regions of at least `least` pixels the `most` largest
// (of equal ones the first). map: two channels, the class from 1 (0 or NaN: none) and its score.
// Line by line; memory grows with the runs of equal classes, and above 4 million of them nothing
// is listed.
ClassRegions class_regions(const Raster& map, std::int64_t least, std::size_t most,
                           const Context& context);

}
