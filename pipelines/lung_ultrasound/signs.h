// The signs of lung ultrasound that a classical detector can measure: pleural line, A-lines,
// B-lines.
//
// Definitions: Volpicelli et al. 2012, Intensive Care Med 38:577 (statements 1 to 4): A-lines are
// horizontal repeats of the pleural line at multiples of its depth; B-lines start at the pleural
// line, reach the bottom of the screen without fading, and erase A-lines. Thresholds below are
// empirical and were fixed before any labelled clip was looked at.
#pragma once

#include "pipelines/lung_ultrasound/beam.h"

#include <vector>

namespace sensorium::lung_ultrasound {

struct Signs {
  bool pleura_found = false;
  std::vector<int> pleura;    // depth index of the pleural line on each line
  double pleura_depth = 0;    // median, fraction of the beam's depth
  double pleura_contrast = 0; // mean grey step across it, 0 .. 1
  // Height of the brightest repeat near twice the pleural depth over its surroundings, in
  // deviations of the depth profile below the pleura.
  double a_line = 0;
  // Of each line: mean grey of the lower part below the pleura over that of the pleural line. 1:
  // not faded at all.
  std::vector<float> ray;
};

// frame along the beam. The pleural line is the path of greatest step from bright to dark over all
// lines, at most one depth up or down from line to line, between 4 and 55 % of the depth; when that
// is a repeat of a line at half or a third of its depth, with darker lung between, that line.
Signs signs_of(const Lines& frame);

struct Rays {
  std::vector<std::array<int, 2>> spans; // first and last line of each B-line
  double covered = 0;                    // share of the lines
};
// Neighbouring lines whose ray is at least `least`, two or more together.
Rays rays_of(const Signs& signs, double least);

}
