// Where one scan of an eye lies on another: a shift along each axis, no rotation, no warp. From the
// view from above (the mean over depth, which shows vessels and their shadows), then along depth.
#pragma once

#include "modules/core/dataset.h"

namespace sensorium {

// A voxel p of the first scan lies at p * scale + shift in the second, per axis (x, y, z), in
// voxels.
struct Registration {
  bool found = false;
  std::string text; // in words: the shift, or why there is none
  std::array<double, 3> scale{1, 1, 1}, shift{0, 0, 0};
  // Pearson correlation of the two views from above where they overlap, at the shift and at the
  // best other place.
  double correlation = 0, runner_up = 0;
};

// The scans may differ in size; where their spacings along x or z differ, or one is unknown while
// sizes differ, the spacings must be known; rows are compared only where all spacings are equal.
// Shifts up to half of each side are tried, whole voxels.
// Not found (with the reason in text): fewer than 32 columns or 4 B-scans, unknown scale with other
// sizes, or a correlation that is not clearly better than elsewhere. Takes about a second; call it
// in a thread. Never throws for valid volumes.
Registration register_shift(const Volume& first, const Volume& second);

}
