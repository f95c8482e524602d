// Synthetic clips of lung ultrasound whose signs are known.
//
// Model: complex scatterers of unit variance times the root of an echogenicity, blurred by a point
// spread, give an envelope with fully developed speckle (Wagner et al. 1983, IEEE Trans Sonics
// Ultrason 30:156); mirror-like structures add a constant part. Signs are drawn as Volpicelli et
// al. 2012 (Intensive Care Med 38:577) define them: A-lines repeat the pleural line at multiples of
// its depth; B-lines start at it, reach the bottom without fading, move with it and erase A-lines;
// consolidation is tissue-like under the pleura with a ragged far border. It is a drawing with the
// right statistics, not a wave simulation.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/parameters.h"

#include <array>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

struct PhantomOptions {
  int seed = 1;
  int frames = 48;
  double frame_rate = 20; // per second
  int width = 320, height = 288;
  std::string probe = "convex";
  std::string pattern = "random";
  int b_lines = 4;         // of the pattern b_lines
  double effusion_mm = 0;  // fluid between the pleural layers
  double breathing_mm = 5; // how far the lung slides to either side
  double depth_mm = 100;
  double gain_db = 0, dynamic_range_db = 55;
  bool ribs = true, banner = false;
  double variety = 1; // 0: exactly these values; 1: each seed varies anatomy and settings
};
void describe(ParameterVisitor& v, PhantomOptions& p);

// One frame's signs. Places across the beam are fractions 0 .. 1 from its left edge.
struct PhantomFrame {
  std::vector<std::array<double, 2>> b_lines; // first and last place of each
  double covered = 0;                         // share of the beam under B-lines
  bool a_lines = false, consolidation = false;
  int score = 0; // Rouby et al. 2018: 0, 1 from three B-lines, 2 coalescent, 3 consolidation
};

struct LungPhantom {
  Video video; // RGB, scale known
  std::vector<PhantomFrame> frames;
  std::string pattern;           // after "random" was drawn
  double pleura_mm = 0;          // depth of the pleural line in the middle of the beam
  double mm_per_px = 0;          // of the picture
  double apex_x = 0, apex_y = 0; // pixels; convex only
  double opening_deg = 0;        // of the sector; 0: linear
};

// Equal bits for equal options on any number of threads. Throws Error Usage when the picture would
// hold more than 512 MB.
LungPhantom make_phantom(const PhantomOptions& options, int threads = 1);

}
