#include "pipelines/lung_ultrasound/phantom.h"

namespace sensorium::lung_ultrasound {

void describe(ParameterVisitor& v, PhantomOptions& p) {
  v.integer("seed", p.seed, {.help = "Everything random follows from it.", .min = 0});
  v.choice("pattern", p.pattern, {"random", "a_lines", "b_lines", "coalescent", "consolidation"},
           {.help = "What the clip shows."});
  v.integer("b_lines", p.b_lines, {.help = "B-lines of the pattern b_lines.", .min = 1, .max = 8});
  v.number("effusion_mm", p.effusion_mm,
           {.help = "Fluid between the pleural layers.", .unit = "mm", .min = 0, .max = 40});
  v.choice("probe", p.probe, {"convex", "linear"}, {.help = "Shape of the beam."});
  v.integer("frames", p.frames, {.help = "Frames of the clip.", .min = 1, .max = 2000});
  v.number("frame_rate", p.frame_rate, {.help = "Frames a second.", .min = 1, .max = 120});
  v.integer("width", p.width, {.help = "Of the picture.", .unit = "px", .min = 64, .max = 1024});
  v.integer("height", p.height, {.help = "Of the picture.", .unit = "px", .min = 64, .max = 1024});
  v.number("depth_mm", p.depth_mm, {.help = "Depth shown.", .unit = "mm", .min = 40, .max = 200});
  v.number("breathing_mm", p.breathing_mm,
           {.help = "How far the lung slides to either side; 0: no sliding.",
            .unit = "mm",
            .min = 0,
            .max = 20});
  v.number("gain_db", p.gain_db, {.help = "Overall gain.", .unit = "dB", .min = -30, .max = 30});
  v.number("dynamic_range_db", p.dynamic_range_db,
           {.help = "From black to white.", .unit = "dB", .min = 20, .max = 100});
  v.flag("ribs", p.ribs, {.help = "Two ribs with their shadows at the sides."});
  v.flag("banner", p.banner, {.help = "A made-up text above the beam, as devices burn it in."});
  v.number("variety", p.variety,
           {.help = "How much a seed varies anatomy and settings.", .min = 0, .max = 1});
}

}
