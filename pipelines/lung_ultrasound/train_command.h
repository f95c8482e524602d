// `sensorium train lung_ultrasound labels.csv -o DIR`: the frame network.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::lung_ultrasound {

// Empty without LibTorch.
std::vector<PipelineCommand> train_commands();

}
