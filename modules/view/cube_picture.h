// What a view draws of a cube: the values of one or three bands on a grid of places, and their
// tones. For display only; nothing here is a result.
#pragma once

#include "modules/core/cube.h"

#include <QImage>
#include <QRectF>
#include <QSize>

#include <array>
#include <functional>
#include <vector>

namespace sensorium {

struct CubeRaster {
  int width = 0, height = 0, channels = 1;
  QRectF place;              // what the grid covers, in samples (x) and lines (y)
  std::vector<float> values; // [y][x][channel]; NaN: no measurement, or outside the cube
  bool empty() const { return values.empty(); }
};
// Each cell is the pixel in its middle. bands: one or three. Reads only what is shown and gives the
// memory back on the way. stopped is asked often; the raster is then empty.
CubeRaster read_raster(const Cube& cube, const std::vector<int>& bands, const QRectF& place,
                       QSize cells, const std::function<bool()>& stopped);

// The values shown darkest and brightest, one a channel.
struct CubeTone {
  std::array<double, 3> low{0, 0, 0}, high{1, 1, 1};
};
// Percentiles of each channel's finite values.
CubeTone stretch_of(const CubeRaster& raster, double low_percent, double high_percent);
// RGB32; what is no measurement is black.
QImage toned(const CubeRaster& raster, const CubeTone& tone);

}
