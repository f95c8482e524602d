// A tile's three sums on an accelerator.
#pragma once

#include "hyperspectral/project.h"

namespace sensorium::hyper {

// As project_tile. The stored numbers that the bands need are copied out of the cube, in the order
// in which they lie, and sent as they are; complex ones and columns-first arrays as doubles.
void project_tile_on(Accelerator& accelerator, const Cube& cube, const TileRange& tile,
                     const Projection& projection, std::span<double> out);

}
