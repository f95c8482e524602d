// A cube becomes three values a pixel and the tone that shows them.
#pragma once

#include "hyperspectral/calibration.h"
#include "hyperspectral/colour.h"
#include "hyperspectral/learned_rgb.h"
#include "hyperspectral/picture.h"
#include "hyperspectral/project.h"
#include "pipelines/hs2rgb/parameters.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>

namespace sensorium::hs2rgb {

struct Converted {
  std::shared_ptr<const hyper::Raster> raster;
  hyper::Tone tone;
  hyper::PictureCounts counts;
  std::optional<hyper::Coverage> coverage; // route cie
  std::optional<hyper::PixelCheck> pixels; // when asked for
  std::shared_ptr<const hyper::Calibration> calibration;
  double exposure = 1;   // route cie: stored reflectance is multiplied by it
  nlohmann::json record; // how it was made
  std::vector<std::string> notes;
};

// Linear sRGB from stored values: route cie. Throws Error Unsupported without wavelengths or
// visible bands, BadInput for a measured illuminant that is none.
hyper::Projection cie_projection(const Cube& cube, const Hs2rgbParameters& p,
                                 hyper::Coverage* coverage);

// model: of the route learned, else null.
Converted convert(const Cube& cube, const Hs2rgbParameters& p, const Context& context,
                  const hyper::RgbModel* model = nullptr);

}
