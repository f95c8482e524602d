// What the trainings of tissue networks have in common: options, and what their cards say. Only
// with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_map.h"
#include "hyperspectral/tissue_network.h"
#include "modules/core/parameters.h"
#include "modules/learn/model_card.h"
#include "modules/learn/training.h"

#include <string>
#include <vector>

namespace sensorium::hyper {

struct TissueTraining {
  int patients = 2, validation_patients = 1, test_patients = 1;
  int channels = 12;
  std::string widths;
  int steps = 1, batch_size = 8;
  double learning_rate = 3e-3;
  int seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, TissueTraining& p);

// Cross-entropy and Dice; validated and saved every 200 steps.
TrainingOptions training_options(const TissueTraining& p);

// All but name, task, architecture, limits and metrics. more: further options of the command, each
// with a space before it.
ModelCard tissue_card(const TissueTraining& p, const std::string& pipeline,
                      const std::vector<std::string>& classes, const Likeness& like,
                      const std::string& more = {});

}

#endif
