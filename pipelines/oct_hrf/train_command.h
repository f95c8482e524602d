// `sensorium train oct_hrf -o DIR`: the shipped network, made again from phantoms alone.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::oct_hrf {

PipelineCommand train_command();

}
