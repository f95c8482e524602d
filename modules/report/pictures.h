// Pictures of a recording with its findings. Private to modules/report.
#pragma once

#include "modules/core/dataset.h"
#include "modules/review/fold.h"

#include <QImage>
#include <QPainterPath>
#include <QPen>

#include <optional>

namespace sensorium {

// The slices of a volume, or the frames of a video.
class Slices {
public:
  explicit Slices(const Dataset& dataset);
  bool empty() const { return count_ == 0; } // no samples
  int width() const { return width_; }
  int height() const { return height_; }
  int count() const { return count_; }
  // Height of a pixel over its width; 1 where the scale is unknown.
  double aspect() const { return aspect_; }
  bool scale_known() const { return scale_known_; }
  double pixel_micrometres() const { return pixel_micrometres_; } // along x
  std::vector<float> values(int slice) const;
  // Grey, from the 0.5th to the 99.8th percentile of the slice.
  QImage picture(int slice) const;

private:
  const Dataset& dataset_;
  int width_ = 0, height_ = 0, count_ = 0;
  double aspect_ = 1, pixel_micrometres_ = 0;
  bool scale_known_ = false;
};

// Mean over depth: one row a slice.
QImage en_face(const Slices& slices);
// The outline of the part of a footprint that lies in a slice, in pixels.
QPainterPath outline(const std::vector<Run>& runs, int slice);
// The slice in which a footprint has most pixels.
int main_slice(const Finding& finding);
// The line of each state, as in the window (Okabe-Ito colours, five line styles). width in the
// painter's units.
QPen pen_of(FindingState state, double width);
QColor color_of(FindingState state);
// The same in the colour of the finding's kind, where its label has one (mark_kinds.h).
QPen pen_of(const ReviewedFinding& finding, double width);

}
