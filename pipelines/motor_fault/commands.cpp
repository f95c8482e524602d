#include "pipelines/motor_fault/commands.h"

namespace sensorium::motor_fault {

std::vector<PipelineCommand> commands() { return {}; }

}
