#include "pipelines/cube_analysis/parameters.h"

namespace sensorium::cube_analysis {

void describe(ParameterVisitor& v, CubeParameters& p) {
  v.choice("method", p.method, {"kmeans", "sam", "sid", "rx", "unmix"},
           {.help =
                "Classes without examples (kmeans); the nearest known spectrum by spectral angle "
                "(sam) or information divergence (sid); pixels unlike the rest (rx); shares of "
                "pure spectra in each pixel (unmix)"});
  v.integer("count", p.count,
            {.help =
                 "How many classes (kmeans), or how many pure spectra are looked for in the cube "
                 "(sam, sid, unmix without library and places)",
             .min = 2,
             .max = 64});
  v.text("library", p.library,
         {.help = "Known spectra: an ENVI spectral library (its .hdr or .sli); methods sam, sid, "
                  "unmix"});
  v.text("only", p.only,
         {.help = "Of the library, only spectra whose name contains one of these words, parted by "
                  "commas"});
  v.text("places", p.places,
         {.help =
              "Known spectra: places of this cube, \"x,y\" or \"x,y,width,height\" (sample and "
              "line from 0), parted by semicolons; each gives its mean; methods sam, sid, unmix"});
  v.choice("preparation", p.preparation,
           {"none", "continuum", "smooth", "derivative1", "derivative2"},
           {.help = "Done to every spectrum before it is compared: nothing, continuum removal, "
                    "Savitzky-Golay smoothing, or its first or second derivative; methods kmeans, "
                    "sam, sid"});
  v.integer(
      "window", p.window,
      {.help = "Width of the Savitzky-Golay window (odd)", .unit = "bands", .min = 3, .max = 201});
  v.number("limit", p.limit,
           {.help = "Pixels farther from every known spectrum than this stay unclassified (sam: "
                    "radians); 0: no limit; methods sam, sid",
            .min = 0,
            .max = 1000});
  v.number("percent", p.percent,
           {.help = "Share of the pixels that is marked as anomalous; method rx",
            .unit = "%",
            .min = 0,
            .max = 50});
  v.integer("passes", p.passes,
            {.help = "Passes over the cube after which kmeans stops, settled or not",
             .min = 1,
             .max = 1000,
             .expert = true});
  v.integer("least_pixels", p.least_pixels,
            {.help = "Smallest region of a class that is listed for review; smaller ones stay in "
                     "the class map as they are",
             .unit = "px",
             .min = 1,
             .max = 1000000,
             .live = true});
  describe(v, p.files);
}

}
