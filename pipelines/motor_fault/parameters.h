// The pipeline's parameters: defaults here, meaning in describe().
#pragma once

#include "modules/core/parameters.h"

#include <string>

namespace sensorium::motor_fault {

struct MotorParameters {
  std::string nameplate;
  double rate = 0;
  std::string phases;
  std::string window = "hann";
  double least_change = 0.02;
  double least_ratio = 0.06;
  double sure_above = 0.7;
  double broken_bar_from = -50, eccentricity_from = -50, bearing_from = -60;
  bool use_network = true;
};

void describe(ParameterVisitor& v, MotorParameters& p);

}
