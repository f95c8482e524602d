// Where the ultrasound is in a clip: the sector of a curved or phased probe, or the rectangle of a
// linear one. What lies outside (patient banner, texts, scales, logos) never reaches a detector.
#pragma once

#include "modules/core/dataset.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

// Frames of a clip as grey levels 0 .. 1, evenly spread over it.
struct Frames {
  int width = 0, height = 0;
  std::vector<std::vector<float>> grey; // [frame][y * width + x]
  std::vector<int> number;              // of the clip's frame, from 0
  int of = 0;                           // frames of the clip
};
// At most `most` frames. A volume of depth 1 is one frame. Throws Error Unsupported for other
// kinds.
Frames frames_of(const Dataset& dataset, int most);

enum class BeamShape { Unknown, Sector, Rectangle };

struct Beam {
  BeamShape shape = BeamShape::Unknown;
  int width = 0, height = 0;
  std::vector<std::uint8_t> mask; // 1 inside
  // Sector: lines from the apex (pixels, may lie above the picture) between these angles (radians
  // from straight down, positive to the right) and radii.
  double apex_x = 0, apex_y = 0, first_angle = 0, last_angle = 0, near = 0, far = 0;
  // Rectangle: inclusive corners.
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  std::string failure; // empty, or why no beam was found

  bool found() const { return failure.empty(); }
};

// Tissue moves and is never wholly black; banners and scales stand still. The largest region of
// pixels that change over the clip (or, of a single frame, that are not black), with what is not
// black and hangs together with it (a chest wall that stands still), is the beam; its
// left and right edges, each a line through the median of slopes (Theil 1950, Sen 1968), meet in
// the apex when they open downwards by more than 6 degrees each, else the beam is a rectangle.
Beam find_beam(const Frames& frames);

// A frame along the beam's own lines: value[line][depth], 0 .. 1; depth 0 is the probe's side.
struct Lines {
  int lines = 0, depths = 0;
  std::vector<float> value; // [line * depths + depth]; -1 outside the picture
};
Lines along_beam(const std::vector<float>& grey, const Beam& beam, int lines = 96,
                 int depths = 192);
// The pixel (x, y) of a place along the beam, both in fractions 0 .. 1.
std::array<double, 2> pixel_at(const Beam& beam, double line, double depth);

}
