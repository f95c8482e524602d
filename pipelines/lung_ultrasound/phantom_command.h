// `sensorium phantom lung_ultrasound -o DIR`.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::lung_ultrasound {

PipelineCommand phantom_command();

}
