#include "pipelines/oct_hrf/commands.h"

#include "pipelines/oct_hrf/evaluate.h"
#include "pipelines/oct_hrf/phantom_command.h"
#include "pipelines/oct_hrf/prepare_command.h"
#include "pipelines/oct_hrf/train_command.h"

namespace sensorium::oct_hrf {

std::vector<PipelineCommand> commands() {
  return {phantom_command(), prepare_command(), train_command(), evaluate_command()};
}

}
