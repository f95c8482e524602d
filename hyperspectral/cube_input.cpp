#include "hyperspectral/cube_input.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"

#include <optional>

namespace sensorium::hyper {

const Cube& cube_of(const Dataset& dataset) {
  if (const auto* cube = std::get_if<Cube>(&dataset)) return *cube;
  throw Error(ErrorCode::Unsupported, "'" + origin_of(dataset).path + "' is no hyperspectral cube",
              "give a cube");
}

void describe(ParameterVisitor& v, ReferenceFiles& p) {
  v.text("white", p.white,
         {.help =
              "White reference: a cube (ENVI or npy) of a white panel, averaged over its lines; "
              "values become reflectance"});
  v.text("dark", p.dark,
         {.help =
              "Dark reference: a cube (ENVI or npy) taken with the shutter closed, averaged over "
              "its lines and subtracted"});
  v.number("panel_reflectance", p.panel_reflectance,
           {.help = "Reflectance of the white panel", .unit = "1", .min = 0.01, .max = 1});
  v.integer("reference_first_sample", p.reference_first_sample,
            {.help = "Of references wider than the cube: their sample, from 1, that is the cube's "
                     "first; 0: the widths must agree",
             .min = 0,
             .max = 1000000});
}

FileCalibration calibration_from(const Cube& cube, const ReferenceFiles& files,
                                 const Context& context) {
  if (files.white.empty() && files.dark.empty()) return {};
  std::optional<Cube> white, dark;
  if (!files.white.empty()) white = load_reference(files.white);
  if (!files.dark.empty()) dark = load_reference(files.dark);
  const References references{.white = white ? &*white : nullptr,
                              .dark = dark ? &*dark : nullptr,
                              .panel = files.panel_reflectance,
                              .first_sample = files.reference_first_sample - 1};
  FileCalibration out;
  out.calibration = std::make_shared<const Calibration>(calibrate(cube, references, context));
  const auto entry = [](const std::optional<Cube>& reference,
                        const std::string& path) -> nlohmann::json {
    if (!reference) return {};
    return {{"path", path},
            {"lines", reference->lines},
            {"sha256", sha256_of_path(reference->data_path)}};
  };
  out.record = {{"white", entry(white, files.white)},
                {"dark", entry(dark, files.dark)},
                {"panel_reflectance", files.panel_reflectance},
                {"reference_first_sample", files.reference_first_sample},
                {"elements_without_reference", out.calibration->bad},
                {"elements", out.calibration->gain.size()}};
  return out;
}

}
