// `sensorium evaluate lung_ultrasound labels.csv -o DIR`: how well the pipeline agrees with labels.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::lung_ultrasound {

PipelineCommand evaluate_command();

}
