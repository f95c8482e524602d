// A synthetic cube of a ColorChecker: 24 patches whose reflectance is tabulated
// (resources/cie/SOURCE.md), for a first look, for tests and for teaching.
#pragma once

#include "modules/core/cube.h"
#include "modules/core/extension.h"

#include <string>
#include <vector>

namespace sensorium::hs2rgb {

struct ChartOptions {
  int seed = 1;
  int patch = 28, gap = 4; // pixels
  double first_nm = 400, last_nm = 780, step_nm = 10;
  double noise = 0.004; // standard deviation, in reflectance
};
void describe(ParameterVisitor& v, ChartOptions& p);

struct ChartPatch {
  std::string name;
  int line = 0, sample = 0; // of its first pixel; patch x patch pixels
};

struct Chart {
  Cube cube; // UInt16, BIL, reflectance x 10000; 4 rows of 6 patches on a dark board
  std::vector<ChartPatch> patches; // row by row
};

// Throws Error Usage for bands outside 380 to 780 nm, where the table ends, or fewer than two.
Chart make_chart(const ChartOptions& options);

// `sensorium phantom hs2rgb -o DIR`: chart.hdr, chart.img, patches.csv.
PipelineCommand chart_command();

}
