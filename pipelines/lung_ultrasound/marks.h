// What is shown of a clip: marks in its most telling frame, tables, summary.
#pragma once

#include "modules/core/findings.h"
#include "pipelines/lung_ultrasound/score.h"

#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

// "sector of 61 degrees" ..., one sentence.
std::string beam_text(const Beam& beam);

// Pleural line and B-lines of the readable frame that is covered most by B-lines (of equals the
// first). z is the clip's frame. signs and frames go together.
std::vector<Finding> marks_of(const Beam& beam, const std::vector<Signs>& signs,
                              const std::vector<FrameScore>& frames, double b_line_level);

// The clip as a whole by the rule: label "score N" or "uninterpretable", no footprint. Its id names
// the verdict, so that what a reader decided about one verdict is not taken for another.
Finding verdict_of(const Dataset& dataset, const Beam& beam, const ClipScore& clip,
                   const std::vector<FrameScore>& frames, const std::string& rule);

std::vector<Measure> summary_of(const ClipScore& clip, const std::string& rule);
Table verdict_table(const ClipScore& clip, const std::string& rule);
Table frame_table(const std::vector<FrameScore>& frames);

}
