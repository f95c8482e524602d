#include "pipelines/oct_hrf/commands.h"

namespace sensorium::oct_hrf {

std::vector<PipelineCommand> commands() { return {}; }

}
