// Training a learned RGB and comparing it with others: what the pipeline offers where the program
// was built with LibTorch.
#pragma once

#include "modules/core/extension.h"

#include <vector>

namespace sensorium::hs2rgb {

std::vector<PipelineCommand> learning_commands(); // empty without LibTorch

}
