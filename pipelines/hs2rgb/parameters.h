// What a user can choose about the picture of a cube.
#pragma once

#include "hyperspectral/cube_input.h"

#include <string>

namespace sensorium::hs2rgb {

struct Hs2rgbParameters {
  std::string route = "cie";
  std::string observer = "1931";
  std::string illuminant = "D65";
  std::string illuminant_file;
  std::string sum = "astm_e308";
  bool hold_edges = true;
  std::string rgb_model;
  std::string exposure = "auto";
  double red_nm = 640, green_nm = 550, blue_nm = 460;
  double low_percent = 2, high_percent = 98;
  bool common_stretch = false;
  hyper::ReferenceFiles references;
  bool check_pixels = true;
  double saturation = 0; // stored value; 0: found
};

void describe(ParameterVisitor& v, Hs2rgbParameters& p);

}
