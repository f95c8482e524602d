// Footprints as the closed lines of DICOM spatial coordinates, and back, without loss.
#pragma once

#include "modules/core/findings.h"

#include <array>
#include <vector>

namespace sensorium::dicom {

// (column, row) in the image's continuous coordinates: 0, 0 is the upper left corner of the first
// pixel (PS3.3 C.18.6.1.2).
using Point2 = std::array<double, 2>;

struct Outline {
  int z = 0;
  std::vector<Point2> points; // closed: the last is the first
};

// Each slice of a footprint falls into pieces that have one run in each row, so that none has a
// hole; each is one line along pixel edges.
std::vector<Outline> outlines_of(const std::vector<Run>& footprint);

// The pixels whose centres lie inside (even-odd), cut at the image's border.
std::vector<Run> filled(const std::vector<Point2>& points, int z, int width, int height);

}
