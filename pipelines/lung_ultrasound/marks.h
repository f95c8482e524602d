// What is shown of a clip: marks in its most telling frame, tables, summary.
#pragma once

#include "modules/core/findings.h"
#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/score.h"

#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

// "sector of 61 degrees" ..., one sentence.
std::string beam_text(const Beam& beam);
// Line and depth of a pixel, both as fractions; outside 0 .. 1 when it is outside the beam.
std::array<double, 2> place_of(const Beam& beam, int x, int y);

// Pleural line and B-lines of the readable frame that is covered most by B-lines (of equals the
// first). z is the clip's frame. signs and frames go together.
std::vector<Finding> marks_of(const Beam& beam, const std::vector<Signs>& signs,
                              const std::vector<FrameScore>& frames, double b_line_level);

// The clip as a whole by the rule: label "score N" or "uninterpretable", no footprint. Its id names
// the verdict, so that what a reader decided about one verdict is not taken for another.
Finding verdict_of(const Dataset& dataset, const Beam& beam, const ClipScore& clip,
                   const std::vector<FrameScore>& frames, const std::string& rule);

// The class by the rule, no footprint: label is the class's name. Nothing without an answer.
std::optional<Finding> class_finding(const Dataset& dataset, const ClassVerdicts& classes,
                                     const std::string& rule);

std::vector<Measure> summary_of(const ClipScore& clip, const ClassVerdicts& classes,
                                const std::string& rule);
// With a column "class" where the network answered.
Table verdict_table(const ClipScore& clip, const ClassVerdicts& classes, const std::string& rule);
// probabilities: one a frame, or none; each class is then a column in per cent.
// answers, attention: of each frame, or empty.
Table frame_table(const std::vector<FrameScore>& frames, const std::vector<FrameAnswer>& answers,
                  const std::vector<double>& attention);
// What the signs network says of the clip; empty without one.
std::vector<Measure> network_signs(const std::vector<FrameScore>& frames,
                                   const std::vector<FrameAnswer>& answers);

}
