// Where DICOM pixels lie and how large they are: from tags only, each with its source.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include <array>
#include <optional>
#include <vector>

namespace sensorium::dicom {

using Vector3 = std::array<double, 3>;

struct Plane {
  std::optional<Vector3> position;                  // of the first pixel's centre, patient LPS, mm
  std::optional<std::array<double, 6>> orientation; // direction of rows, then of columns
};

// Of a frame: its functional groups, else the top level.
Plane plane_of(DcmItem& data, std::size_t frame);
// x and y. PixelSpacing of the frame's PixelMeasures or of the top level; ImagerPixelSpacing with a
// warning; else unknown.
std::array<Spacing, 2> plane_spacing(DcmItem& data, std::size_t frame,
                                     std::vector<std::string>& warnings);

struct Stack {
  Spacing spacing;
  std::optional<Orientation> orientation;
};
// From the places of consecutive planes. Known when they are parallel and evenly spaced within 1 %.
// distance: the header's SpacingBetweenSlices, used where there are no positions. Adds a warning
// where planes are uneven.
Stack stack_of(const std::vector<Plane>& planes, std::optional<double> distance,
               const std::string& distance_field, std::vector<std::string>& warnings);
// The distance of a plane from the origin along its normal, mm.
std::optional<double> distance_along_normal(const Plane& plane, const Plane& reference);

// R or L of the frame's anatomy, the image or the series.
Laterality laterality_of(DcmItem& data);
// Ophthalmic frame locations: the end points of each frame's line on its reference image; empty
// when one has none.
std::vector<ScanLine> scan_lines_of(DcmItem& data, std::size_t frames);

// Ultrasound: calibrated regions, and the scale of the image when exactly one scale holds for its
// 2-D regions.
std::vector<Region> regions_of(DcmItem& data, int width, int height,
                               std::vector<std::string>& warnings);
std::array<Spacing, 2> spacing_of_regions(const std::vector<Region>& regions,
                                          const std::array<Spacing, 2>& otherwise);

struct FrameTime {
  std::optional<double> milliseconds;
  std::string source;
};
FrameTime frame_time_of(DcmItem& data, int frames);

}
