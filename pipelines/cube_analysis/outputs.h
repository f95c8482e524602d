// The files of a result.
#pragma once

#include "modules/core/extension.h"
#include "pipelines/cube_analysis/analyse.h"

namespace sensorium::cube_analysis {

// classes.png (a palette picture: the pixel's value is the class, 0 is none), score.png or
// abundance_N.png, maps.hdr and maps.img (ENVI, float32), spectra.csv, spectra.hdr and spectra.sli
// (ENVI library), analysis.json. They keep the result alive.
std::vector<ResultFile> files_of(std::shared_ptr<const Result> result, const Cube& cube,
                                 const nlohmann::json& parameters, const std::string& made_by);

// The colours of the classes 0 (black) to count.
std::vector<std::array<std::uint8_t, 3>> class_colours(int count);

}
