// `sensorium prepare oct_hrf -o SET`: B-scans for training, made once and written to shards, for
// sets that are larger than memory.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::oct_hrf {

PipelineCommand prepare_command();

}
