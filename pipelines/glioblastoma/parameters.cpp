#include "pipelines/glioblastoma/parameters.h"

namespace sensorium::glioblastoma {

void describe(ParameterVisitor& v, GlioblastomaParameters& p) {
  v.number("threshold", p.threshold,
           {.help =
                "Tumour probability from which a pixel belongs to a listed region; the class map "
                "shows the likeliest class and does not depend on it.",
            .min = 0.1,
            .max = 0.99,
            .live = true});
  v.integer("least_pixels", p.least_pixels,
            {.help = "Smallest region that is listed.",
             .unit = "px",
             .min = 1,
             .max = 100000,
             .live = true});
  v.text(
      "white", p.white,
      {.help = "White reference: a cube (ENVI or npy) of a white panel, averaged over its lines."});
  v.text("dark", p.dark,
         {.help = "Dark reference: a cube (ENVI or npy) taken with the shutter closed."});
}

}
