// What the pipeline offers beside running: phantoms, training, evaluation.
#pragma once

#include "modules/core/extension.h"

#include <vector>

namespace sensorium::melanoma {

std::vector<PipelineCommand> commands(); // training and evaluation only with LibTorch
PipelineCommand train_command();
PipelineCommand evaluate_command();

}
