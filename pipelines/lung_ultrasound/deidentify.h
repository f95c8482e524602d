// A clip without what a device burnt into its pixels and without the file's header.
#pragma once

#include "modules/core/extension.h"
#include "pipelines/lung_ultrasound/beam.h"

namespace sensorium::lung_ultrasound {

struct Cleaned {
  Video video;             // same size and frames, made one by one; no origin, no header fields
  double outside = 0;      // share of the picture that was made black
  std::size_t written = 0; // pixels within the beam that were taken for writing and painted over
};

// Black outside the geometric beam (the region's own outline may have text hanging on to it); what
// stands still inside it, in strokes much brighter than their surroundings, is filled from the
// surroundings in every frame. Throws Error Unsupported when no beam is found: then nothing tells
// text from tissue.
Cleaned without_writing(const Video& video);

PipelineCommand deidentify_command();

}
