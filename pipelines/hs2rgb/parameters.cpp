#include "pipelines/hs2rgb/parameters.h"

namespace sensorium::hs2rgb {

void describe(ParameterVisitor& v, Hs2rgbParameters& p) {
  v.choice("route", p.route, {"cie", "bands", "pca", "mnf", "learned"},
           {.help = "How three channels are made: the colour a person sees (cie), three bands by "
                    "wavelength, principal components, minimum noise fractions, or what a network "
                    "learned to see best (learned)"});
  v.text("rgb_model", p.rgb_model,
         {.help = "Route learned: the ONNX file that 'sensorium train hs2rgb' made; --model names "
                  "it too"});
  v.choice("observer", p.observer, {"1931", "1964"},
           {.help = "CIE observer: 1931 (2 degrees) or 1964 (10 degrees); route cie"});
  v.choice("illuminant", p.illuminant, {"A", "C", "D50", "D55", "D65", "D75", "E", "measured"},
           {.help = "The light that the scene is shown in; route cie"});
  v.text("illuminant_file", p.illuminant_file,
         {.help = "File of a measured illuminant: wavelength in nm and power, one pair a line"});
  v.choice("sum", p.sum, {"astm_e308", "sensor"},
           {.help = "Tristimulus sum at 1 nm after linear interpolation (ASTM E308), or over the "
                    "sensor's own bands; route cie"});
  v.flag("hold_edges", p.hold_edges,
         {.help = "The first and last band stand for visible light that the sensor does not see; "
                  "route cie"});
  v.choice("exposure", p.exposure, {"auto", "as_stored"},
           {.help = "auto: where the file states no reflectance scale, the brightness is set from "
                    "the picture; as_stored: 1 is white; route cie (learned: as_stored alone "
                    "matters)"});
  v.number("red_nm", p.red_nm,
           {.help = "Wavelength shown red; route bands", .unit = "nm", .min = 100, .max = 30000});
  v.number("green_nm", p.green_nm,
           {.help = "Wavelength shown green; route bands", .unit = "nm", .min = 100, .max = 30000});
  v.number("blue_nm", p.blue_nm,
           {.help = "Wavelength shown blue; route bands", .unit = "nm", .min = 100, .max = 30000});
  v.number("low_percent", p.low_percent,
           {.help = "Share of the pixels that become black; routes bands, pca, mnf",
            .unit = "%",
            .min = 0,
            .max = 49});
  v.number("high_percent", p.high_percent,
           {.help = "Share of the pixels below full brightness; routes bands, pca, mnf",
            .unit = "%",
            .min = 51,
            .max = 100});
  v.flag("common_stretch", p.common_stretch,
         {.help = "One range for all three channels; routes bands, pca, mnf"});
  describe(v, p.references);
  v.flag("check_pixels", p.check_pixels,
         {.help = "Count saturated pixels and dead elements of the sensor, in the bands used"});
  v.number("saturation", p.saturation,
           {.help = "Stored value from which on a pixel is saturated; 0: found where many pixels "
                    "share a full count",
            .min = 0,
            .max = 1e12});
}

}
