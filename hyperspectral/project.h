// Cubes walked by tiles, on several threads, in bounded memory; and three weighted sums of bands.
#pragma once

#include "hyperspectral/calibration.h"
#include "hyperspectral/raster.h"
#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sensorium::hyper {

// Calls work(tile, worker) for each tile, worker 0 .. threads-1 (one call at a time for each), and
// gives the mapped samples' memory back on the way. Reports progress as what; throws Error
// Cancelled.
void for_each_tile(const Cube& cube, const std::vector<TileRange>& tiles, std::size_t bands_read,
                   const Context& context, std::string_view what,
                   const std::function<void(const TileRange&, int worker)>& work);

// out[c] = offset[c] + sum over bands of weight * value; values are stored ones, or calibrated.
struct Projection {
  std::vector<int> bands;
  std::vector<std::array<double, 3>> weights; // one a band
  std::array<double, 3> offset{};
  std::shared_ptr<const Calibration> calibration = {};
};

// [pixel][3] in double precision. A pixel with the ignore value (calibrated: or a bad element) in
// any of the bands is NaN in all three.
void project_tile(const Cube& cube, const TileRange& tile, const Projection& projection,
                  std::span<double> out);
// The whole picture. Throws Error Cancelled, Resources.
void project(const Cube& cube, const Projection& projection, const Context& context, Raster& out);

}
