// What a pipeline for cubes is given: the cube, and references as a user names them.
#pragma once

#include "hyperspectral/calibration.h"
#include "modules/core/dataset.h"
#include "modules/core/parameters.h"

#include <memory>
#include <string>

namespace sensorium::hyper {

// Throws Error Unsupported when the data set is no cube.
const Cube& cube_of(const Dataset& dataset);

struct ReferenceFiles {
  std::string white, dark; // ENVI or npy; empty: none
  double panel_reflectance = 1;
  int reference_first_sample = 0; // from 1; 0: the widths must agree
};
void describe(ParameterVisitor& v, ReferenceFiles& p);

struct FileCalibration {
  std::shared_ptr<const Calibration> calibration; // null: no file is named
  nlohmann::json record;                          // files with their hashes, and what was bad
};
// Throws what load_reference() and calibrate() throw.
FileCalibration calibration_from(const Cube& cube, const ReferenceFiles& files,
                                 const Context& context);

}
