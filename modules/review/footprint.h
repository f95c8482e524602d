// Arithmetic on footprints (lists of runs).
#pragma once

#include "modules/core/findings.h"

#include <cstdint>

namespace sensorium {

// Sorted by z, y, x; no two runs touch or overlap; empty and overlong runs are gone.
std::vector<Run> normalised(std::vector<Run> runs);
std::vector<Run> united(const std::vector<Run>& a, const std::vector<Run>& b);
std::vector<Run> subtracted(const std::vector<Run>& a, const std::vector<Run>& b);
std::int64_t voxel_count(const std::vector<Run>& runs); // of a normalised list
std::int64_t overlap(const std::vector<Run>& a,
                     const std::vector<Run>& b); // of two normalised lists, in voxels

// The border of the part in slice z, along pixel edges: closed lines of corners x, y (a pixel
// covers x to x + 1 and y to y + 1), the inside on the right, holes as lines of their own. Pixels
// that meet at a corner alone are not joined. Grows with the number of runs, not of pixels.
std::vector<std::vector<std::array<int, 2>>> border(const std::vector<Run>& runs, int z);

// Sets box and centroid from the footprint.
void place(Finding& finding);
// Replaces the measures by those that a footprint alone gives: "area" (largest section in one
// slice), "diameter" (of the circle of that area) and, when there is more than one slice, "volume";
// micrometres where the spacing is known, else pixels.
void remeasure(Finding& finding, const std::array<Spacing, 3>& spacing);

}
