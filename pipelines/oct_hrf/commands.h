// What the pipeline offers beside running: phantom, evaluate, training data.
#pragma once

#include "modules/core/extension.h"

#include <vector>

namespace sensorium::oct_hrf {

std::vector<PipelineCommand> commands();

}
