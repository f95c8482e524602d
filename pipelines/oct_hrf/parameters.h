// The pipeline's parameters: defaults here, meaning in describe().
#pragma once

#include "modules/core/parameters.h"
#include "pipelines/oct_hrf/count.h"

#include <string>

namespace sensorium::oct_hrf {

inline constexpr double usual_second_look = 0.4;

struct HrfParameters {
  HrfParameters() { count.second_look = usual_second_look; }
  CountOptions count;
  std::string items = "objects";
  bool enhance = true;
  std::string detector = "network";
  std::string surfaces = "file";
  bool check_input = true;
  int tile = 512;
};

void describe(ParameterVisitor& v, HrfParameters& p);

// The counting part, as count_foci takes it.
CountOptions count_options(const HrfParameters& p);

}
