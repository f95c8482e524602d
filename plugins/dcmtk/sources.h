// The DICOM images behind a recording, as our own objects refer to them.
#pragma once

#include "plugins/dcmtk/geometry.h"

#include <memory>

namespace sensorium::dicom {

// What one slice of the recording is.
struct Source {
  std::string sop_class, instance;
  long frame = 0; // 1-based; 0: the instance has one frame
  Plane plane;
};

struct Sources {
  std::vector<std::unique_ptr<File>> files;
  std::vector<Source> slices; // one a slice of the volume
  std::array<Spacing, 2> spacing;
  std::optional<double> distance_mm, thickness_mm;
  bool framed = false; // they have a frame of reference
  bool placed = true;  // every slice has a position and an orientation
};

struct SourcesOrReason {
  Sources sources;
  std::string absence; // empty, or why there are none: "the recording is not DICOM"
};
// The recording's files, opened; its grid must be the volume's. Throws Error NotFound when the
// recording's files are gone.
SourcesOrReason sources_of(const Dataset* recording, const Volume& volume);

// A decimal string of at most 16 characters (PS3.5 6.2, VR DS).
std::string decimal(double value);
// At most 64 characters of ASCII (PS3.5 6.2, VR LO), without the separator of values.
std::string long_string(std::string text);

}
