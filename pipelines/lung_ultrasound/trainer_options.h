// What a training of the networks takes.
#pragma once

#include "modules/core/parameters.h"

#include <string>

namespace sensorium::lung_ultrasound {

struct TrainerOptions {
  std::string network = "residual", clip_network = "none";
  int side = 64;     // of the pictures
  int pictures = 10; // of each clip
  std::string widths = "8,16,32";
  int blocks = 1;
  std::string norm = "batch";
  int patch = 8, vit_width = 32, vit_depth = 2;
  int steps = 150, clip_steps = 200;
  double learning_rate = 4e-3, weight_decay = 0.02;
  int batch_size = 16;
  double augmentation = 1; // 0: none
  int phantoms = 0;        // clips of the pipeline's own phantom to begin with
  int phantom_steps = 150, self_steps = 0;
};
void describe(ParameterVisitor& v, TrainerOptions& o);

}
