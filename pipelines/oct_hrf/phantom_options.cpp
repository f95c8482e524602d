#include "pipelines/oct_hrf/phantom.h"

namespace sensorium::oct_hrf {

void describe(ParameterVisitor& v, PhantomOptions& p) {
  const auto mean = [&](const char* name, double& value, const char* help) {
    v.number(name, value, {.help = help, .unit = "per B-scan", .min = 0, .max = 40});
  };
  const auto length = [&](const char* name, double& value, const char* help, double low,
                          double high) {
    v.number(name, value, {.help = help, .unit = "um", .min = low, .max = high, .expert = true});
  };
  v.integer("seed", p.seed, {.help = "Everything random follows from it.", .min = 0});
  v.integer("phantom_version", p.phantom_version,
            {.help = "1: each B-scan by itself; 2: vessels run through the volume.",
             .min = 1,
             .max = latest_phantom_version,
             .before = "1"});
  v.integer("width", p.width,
            {.help = "A-scans of a B-scan.", .unit = "px", .min = 32, .max = 2048});
  v.integer("height", p.height, {.help = "Depth samples.", .unit = "px", .min = 32, .max = 2048});
  v.integer("scans", p.scans, {.help = "Number of B-scans.", .min = 1, .max = 255});
  length("spacing_x_um", p.spacing_x_um, "Distance between A-scans.", 1, 100);
  length("spacing_y_um", p.spacing_y_um, "Distance between depth samples.", 0.5, 20);
  length("spacing_z_um", p.spacing_z_um, "Distance between B-scans.", 1, 1000);
  mean("foci", p.foci, "Mean number of retinal foci.");
  mean("exudates", p.exudates, "Mean number of exudates.");
  mean("choroidal_foci", p.choroidal_foci, "Mean number of choroidal foci.");
  mean("vessels", p.vessels, "Mean number of large vessels with shadow.");
  mean("capillaries", p.capillaries, "Mean number of small vessels cut across.");
  mean("fragments", p.fragments, "Mean number of bright layer fragments.");
  mean("grains", p.grains, "Mean number of bright grains smaller than a focus.");
  mean("drusen", p.drusen, "Mean number of drusen.");
  mean("cysts", p.cysts, "Mean number of cysts.");
  length("focus_min_um", p.focus_min_um, "Least diameter of a focus.", 4, 100);
  length("focus_max_um", p.focus_max_um, "Greatest diameter of a focus.", 4, 100);
  length("exudate_min_um", p.exudate_min_um, "Least diameter of an exudate.", 10, 300);
  length("exudate_max_um", p.exudate_max_um, "Greatest diameter of an exudate.", 10, 300);
  v.number("focus_contrast", p.focus_contrast,
           {.help = "Least grey levels of a focus above its layer.", .min = 0, .max = 200});
  v.integer("looks", p.looks,
            {.help = "Independent speckle patterns averaged.", .min = 1, .max = 64});
  v.number("speckle_x_px", p.speckle_x_px,
           {.help = "Sigma of the point spread along the scan.", .unit = "px", .min = 0, .max = 5});
  v.number("speckle_y_px", p.speckle_y_px,
           {.help = "Sigma of the point spread in depth.", .unit = "px", .min = 0, .max = 5});
  v.number("noise_grey", p.noise_grey,
           {.help = "Grey level of the detector noise.", .min = 0, .max = 120});
  v.number("texture", p.texture,
           {.help = "Deviation of the log-intensity within layers.", .min = 0, .max = 2});
  v.number("gain", p.gain,
           {.help = "Factor on the intensity; above 1 layers saturate.", .min = 0.01, .max = 100});
  v.choice("display", p.display, {"fourth_root", "log"}, {.help = "From intensity to grey."});
  v.number("tilt_deg", p.tilt_deg,
           {.help = "Slope of the retina.", .unit = "deg", .min = -8, .max = 8});
  v.number("curvature_um_per_mm2", p.curvature_um_per_mm2,
           {.help = "Bending of the retina.", .unit = "um/mm2", .min = -60, .max = 60});
  v.number("pit", p.pit, {.help = "Depth of the foveal pit, 1: usual.", .min = 0, .max = 1});
  v.number("thickness", p.thickness, {.help = "Factor on the inner layers.", .min = 0.5, .max = 2});
  v.choice("eye", p.eye, {"right", "left"}, {.help = "Laterality."});
  v.number("variety", p.variety,
           {.help = "How much a seed varies all of this.", .min = 0, .max = 1});
}

}
