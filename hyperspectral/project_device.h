// The three sums of project.h on an accelerator.
#pragma once

#include "hyperspectral/project.h"
#include "modules/core/accelerator.h"

namespace sensorium::hyper {

// As project_tile. The stored numbers that the bands need are copied out of the cube, in the order
// in which they lie, and sent as they are; complex ones and columns-first arrays as doubles.
void project_tile_on(Accelerator& accelerator, const Cube& cube, const TileRange& tile,
                     const Projection& projection, std::span<double> out);
// As project, to the last digits of a double. Throws what the accelerator throws, too.
void project_on(Accelerator& accelerator, const Cube& cube, const Projection& projection,
                const Context& context, Raster& out);

}
