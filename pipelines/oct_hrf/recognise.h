// Is this picture something in which foci can be counted? Asked before anything is.
#pragma once

#include "modules/core/dataset.h"

#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

struct Recognition {
  bool refused = false;           // nothing may be counted
  std::vector<std::string> notes; // one sentence for each reason or doubt
};

// Looks at up to nine B-scans spread over the volume; a reason holds when it holds for more than
// half of them:
//   a modality of the file that is another (CT, MR, US, ...); coloured pixels (drawings, false
//   colours); white rims or much pure white (a report page or plot); empty or constant; saturated
//   (more than 15 % at the greatest value); no retina (trace_bscan fails); upside-down (the tissue
//   that fades out lies above the sharp edge); cut off (the retina meets the upper or lower rim, or
//   what ends it below is darker than itself, so that the pigment epithelium is missing).
// The bounds and how they were tried: docs/pipelines/oct_hrf.md. `normalised`: normalise_volume of
// the same volume. has_lines: the file brought usable ILM and RPE or BM, so that the retina needs
// no proof from the picture.
Recognition recognise(const Volume& volume, std::span<const float> normalised,
                      bool has_lines = false);

}
