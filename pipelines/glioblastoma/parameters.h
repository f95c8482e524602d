// What a user can choose.
#pragma once

#include "modules/core/parameters.h"

#include <string>

namespace sensorium::glioblastoma {

struct GlioblastomaParameters {
  double threshold = 0.5;  // tumour probability from which a pixel belongs to a region
  int least_pixels = 12;   // of a region that is listed
  std::string white, dark; // files of reference cubes
};
void describe(ParameterVisitor& v, GlioblastomaParameters& p);

}
