// From signs per frame to a score per clip. The score of a frame follows the lung ultrasound score
// as it is used for zones (Rouby et al. 2018, Am J Respir Crit Care Med 197:790): 0: A-lines or
// fewer than three B-lines; 1: three or more separate B-lines; 2: coalescent B-lines. 3,
// consolidation, is not among the signs measured here and is never given.
#pragma once

#include "pipelines/lung_ultrasound/signs.h"

#include <optional>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

struct ScoreOptions {
  double b_line_level = 0.35; // rays_of's least
  double a_line_level = 2;    // Signs::a_line from which A-lines are said to be there
  double coalescent = 0.5;    // share of the lines from which B-lines are coalescent
  int separate = 3;           // B-lines from which the score is 1
  double top = 0.25;          // share of the frames that the rule "top" takes
};

struct FrameScore {
  int frame = 0; // of the clip, from 0
  bool readable = false;
  int b_lines = 0;
  double covered = 0;
  bool a_lines = false;
  int score = 0;
};
FrameScore score_frame(const Signs& signs, int frame, const ScoreOptions& options);

// Verdicts over the readable frames: the most frequent score (of equals the worse), the mean, the
// worst, the mean of the worst `top` share; rounded half up where a whole number is asked.
struct ClipScore {
  int frames = 0, readable = 0;
  std::optional<int> majority, mean, max, top; // nothing: no frame was readable
  std::optional<int> attention;                // the mean weighted by the clip network's attention
  double mean_value = 0;
  bool agree = false; // all that are there
  double a_line_share = 0, b_line_share = 0, mean_covered = 0, mean_a_line = 0;
};
// attention: a weight for each frame, or empty.
ClipScore score_clip(const std::vector<FrameScore>& frames, const ScoreOptions& options,
                     const std::vector<double>& attention = {});
std::optional<int> verdict(const ClipScore& clip, const std::string& rule); // "majority" ...

}
