// The pipeline's parameters: defaults here, meaning in describe().
#pragma once

#include "modules/core/parameters.h"
#include "pipelines/lung_ultrasound/score.h"

namespace sensorium::lung_ultrasound {

struct LungParameters {
  ScoreOptions score;
  std::string rule = "top";
  int frames = 64;
  bool use_network = true;
};
void describe(ParameterVisitor& v, LungParameters& p);

}
