// What the pipeline offers beside running: synthetic recordings, training, evaluation.
#pragma once

#include "modules/core/extension.h"

#include <vector>

namespace sensorium::motor_fault {

std::vector<PipelineCommand> commands();
std::vector<PipelineCommand> training_commands(); // empty without LibTorch

}
