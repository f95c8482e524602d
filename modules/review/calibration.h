// Where lengths on a recording are known. The frames of an ultrasound clip hold regions, each with
// its own scale or none: a length lies within one of them, or it is not measured.
#pragma once

#include "modules/review/fold.h"

namespace sensorium {

struct ScaleAt {
  Spacing x, y;
  std::string reason; // empty, or why there is no scale, a part of a sentence
  bool known() const { return x.known() && y.known(); }
};

class Calibration {
public:
  Calibration() = default; // no scale anywhere
  explicit Calibration(const Dataset& dataset);

  // Of what lies between two places, in pixels; pixel i spans i to i + 1. Where regions overlap the
  // smallest one counts.
  ScaleAt between(std::array<double, 2> from, std::array<double, 2> to) const;
  // Of a clip in mm; throws Error Unsupported with the reason where the scale is unknown. Of any
  // other recording in um, or in px where it is unknown.
  Measure distance(std::array<double, 2> from, std::array<double, 2> to) const;
  bool is_clip() const { return clip_; }
  bool is_cube() const { return cube_; }
  const std::vector<Region>& regions() const { return regions_; }

private:
  std::array<Spacing, 2> spacing_;
  std::vector<Region> regions_;
  bool clip_ = false, cube_ = false;
};

// What was drawn or painted on a clip is measured by the region that it lies in: "section area" in
// mm2 and "equivalent diameter" in mm, or in pixels where the scale there is unknown. On a cube it
// has its area in pixels, as every region there. Findings of other recordings are left as they are.
void measure_by_region(ReviewState& state, const Calibration& calibration);

}
