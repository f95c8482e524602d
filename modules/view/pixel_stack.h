// What the views draw: slices as 8-bit pictures, outlines of findings, the en-face projection. For
// display only; nothing here is a result.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/findings.h"

#include <QImage>
#include <QPainterPath>

#include <optional>
#include <vector>

namespace sensorium {

// A volume's or a video's samples, [z][y][x][channel]; z is the B-scan or the frame.
struct PixelStack {
  int width = 0, height = 0, depth = 0, channels = 1;
  PixelType type = PixelType::UInt8;
  Buffer pixels;
  std::shared_ptr<const FrameSource> source = {}; // of a clip that is decoded frame by frame
  bool empty() const { return width == 0; }
  // [y][x][channel] of slice z. Throws Error where a frame cannot be decoded any more.
  Buffer slice(int z) const;
};
PixelStack stack_of(const Dataset& dataset);
PixelStack stack_of(const Volume& volume);
PixelStack stack_of(const Image& image);

// The sample values shown as black and as white.
struct GreyWindow {
  double low = 0, high = 255;
};
// 0.5 to 99.7 percentile of about 100,000 samples. UInt8: 0 to 255 unless the picture uses less
// than half of that.
GreyWindow auto_window(const PixelStack& stack);

// Slice z as RGB32 (the format that Qt scales fastest). NaN is black. z is clamped. A frame that
// cannot be decoded any more is black with the reason written on it.
QImage slice_image(const PixelStack& stack, int z, const GreyWindow& window);

// Border of the voxels of slice z, along pixel edges, in pixel coordinates (a voxel covers [x, x+1]
// x [y, y+1]).
QPainterPath outline_of(const std::vector<Run>& runs, int z);

// Mean over y for each (z, x), or between two surfaces where both are there; width x depth,
// stretched to 0..255 between its 1 and 99.5 percentile. The surfaces may be null.
QImage en_face_projection(const PixelStack& stack, const Surface* from, const Surface* to);

// Means of blocks so that no axis exceeds limit; UInt8 [z][y][x].
struct SmallVolume {
  int width = 0, height = 0, depth = 0;
  double step_x = 1, step_y = 1, step_z = 1;
  std::vector<std::uint8_t> values;
};
SmallVolume shrink(const PixelStack& stack, const GreyWindow& window, int limit);

}
