#include "pipelines/oct_hrf/parameters.h"

#include "pipelines/oct_hrf/profile.h"

namespace sensorium::oct_hrf {

void describe(ParameterVisitor& v, HrfParameters& p) {
  CountOptions& c = p.count;
  v.number("threshold", c.threshold,
           {.help = "Probability from which a voxel belongs to a focus.",
            .min = 0.05,
            .max = 1,
            .live = true});
  v.choice("profile", c.profile, profile_ids(),
           {.help = "Which definition of a focus is applied.", .live = true});
  v.number("min_size", c.min_size_um,
           {.help = "Least long axis in a B-scan.",
            .unit = "um",
            .min = 0,
            .max = 1000,
            .live = true,
            .at_least_value = "no limit"});
  v.number("max_size", c.max_size_um,
           {.help = "Greatest long axis in a B-scan; 0 takes the profile's limit.",
            .unit = "um",
            .min = 0,
            .max = 1000,
            .live = true,
            .at_least_value = "by profile"});
  v.integer("min_pixels", c.min_pixels,
            {.help = "Least area in the B-scan that shows most of it.",
             .unit = "px2",
             .min = 1,
             .max = 10000,
             .live = true});
  v.choice("items", p.items, {"objects", "sections"},
           {.help = "List 3-D objects, or their sections in single B-scans.", .live = true});
  v.number("fovea_x", c.fovea_x,
           {.help = "Column of the fovea, counted from 0; -1 takes the middle.",
            .unit = "px",
            .min = -1,
            .max = 100000,
            .live = true,
            .at_least_value = "middle"});
  v.number("fovea_z", c.fovea_z,
           {.help = "B-scan of the fovea, counted from 0; -1 takes the middle.",
            .unit = "px",
            .min = -1,
            .max = 100000,
            .live = true,
            .at_least_value = "middle"});
  v.number("second_look", c.second_look,
           {.help = "Candidates of the network that a second look takes for a lesion with less "
                    "than this are not counted: small vessels cut across, layer fragments.",
            .min = 0,
            .max = 1,
            .live = true,
            .at_least_value = "off"});
  v.flag("list_look_alikes", c.list_look_alikes,
         {.help = "List what the second look refuses, as 'vessel or shadow'.", .live = true});
  v.flag("enhance", p.enhance, {.help = "Reduce noise in the frequency domain first."});
  v.choice("detector", p.detector, {"network", "top_hat"},
           {.help = "The trained network, or the classical top-hat candidate detector."});
  v.choice("surfaces", p.surfaces, {"file", "computed"},
           {.help = "Layer lines of the file where it has them, or always computed."});
  v.flag("check_input", p.check_input,
         {.help = "Count nothing when the picture is no upright, complete, grey OCT scan.",
          .expert = true});
  v.integer("tile", p.tile,
            {.help = "Greatest side of a piece that goes through the network at once.",
             .unit = "px",
             .min = 64,
             .max = 4096,
             .expert = true});
}

CountOptions count_options(const HrfParameters& p) {
  CountOptions c = p.count;
  c.per_bscan = p.items == "sections";
  return c;
}

}
