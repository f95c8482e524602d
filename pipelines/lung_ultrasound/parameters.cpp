#include "pipelines/lung_ultrasound/parameters.h"

namespace sensorium::lung_ultrasound {

void describe(ParameterVisitor& v, LungParameters& p) {
  ScoreOptions& s = p.score;
  v.choice("rule", p.rule, {"majority", "mean", "max", "top", "attention"},
           {.help = "How frames become the clip's score and class; all verdicts are in the table. "
                    "attention: the clip network, where the model has one.",
            .live = true});
  v.number("b_line_level", s.b_line_level,
           {.help = "A line of the beam is a B-line when its lower half is this bright, as a share "
                    "of the pleural line. Empirical.",
            .min = 0.05,
            .max = 2,
            .live = true});
  v.number("a_line_level", s.a_line_level,
           {.help = "Height of a repeat of the pleural line, in deviations of the depth profile, "
                    "from which A-lines are there. Empirical.",
            .min = 0.5,
            .max = 10,
            .live = true});
  v.integer(
      "separate", s.separate,
      {.help = "B-lines in a frame from which its score is 1.", .min = 1, .max = 20, .live = true});
  v.number("coalescent", s.coalescent,
           {.help = "Share of the beam covered by B-lines from which the score is 2.",
            .min = 0.05,
            .max = 1,
            .live = true});
  v.number("top", s.top,
           {.help = "Share of the frames that the rule 'top' takes.",
            .min = 0.02,
            .max = 1,
            .live = true});
  v.flag("use_network", p.use_network, {.help = "Let the network name a class for each frame."});
  v.integer(
      "frames", p.frames,
      {.help = "Frames that are looked at, evenly spread over the clip.", .min = 1, .max = 2000});
}

}
