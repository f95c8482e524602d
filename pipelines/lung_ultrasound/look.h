// What is seen in a clip before any live parameter, and the verdict that live parameters make of
// it. The pipeline, the exam and the streaming mode share it.
#pragma once

#include "modules/core/extension.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/parameters.h"

namespace sensorium::lung_ultrasound {

struct Look {
  Beam beam;
  std::vector<int> number; // frames of the clip that were looked at
  std::vector<Signs> signs;
  std::vector<FrameAnswer> answers; // one a frame, or empty without a network
  std::optional<ClipAnswer> clip;   // with a clip network and a readable frame
  std::vector<double> attention;    // of each frame, 0 where it was not looked at; with clip
  std::vector<std::string> notes;
};

// model: empty for none. Throws what frames_of and Classifier throw.
Look look_at(const Dataset& dataset, const LungParameters& parameters,
             const std::filesystem::path& model, Classifier& classifier, const Context& context);

struct Judgement {
  std::vector<FrameScore> frames;
  ClipScore score;
  ClassVerdicts classes; // over the readable frames
};
// Throws Error Usage: the rule "attention" and readable frames, but no clip network.
Judgement judge(const Look& look, const LungParameters& parameters);

// One map a class over the clip's picture, [frame looked at][y][x] at a quarter of its width and
// height. One scale for the whole clip and all classes: 255 is the greatest evidence anywhere; what
// speaks against a class is 0. Empty without a network.
std::vector<Artifact> activation_maps(const Look& look);

}
