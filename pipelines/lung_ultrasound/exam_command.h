// `sensorium run lung_ultrasound FOLDER --zones 12 -o DIR`: clips of one exam together.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::lung_ultrasound {

PipelineCommand exam_command(const PipelineInfo& info);

}
