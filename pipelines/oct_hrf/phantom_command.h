// `sensorium phantom oct_hrf --seed N -o DIR`: a synthetic volume with its truth.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::oct_hrf {

PipelineCommand phantom_command();

}
