// What a user can choose about the analysis of a cube.
#pragma once

#include "hyperspectral/cube_input.h"

#include <string>

namespace sensorium::cube_analysis {

struct CubeParameters {
  std::string method = "kmeans";
  int count = 5;
  std::string library, only, places; // spectra to compare with; all empty: found in the cube
  std::string preparation = "none";
  int window = 11;
  double limit = 0;
  double percent = 0.1;
  int passes = 50;
  int least_pixels = 20;
  hyper::ReferenceFiles files;
};

void describe(ParameterVisitor& v, CubeParameters& p);

}
