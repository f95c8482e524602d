// What the pipeline offers beside running: synthetic recordings, training, evaluation.
#pragma once

#include "modules/core/extension.h"

#include <vector>

namespace sensorium::motor_fault {

std::vector<PipelineCommand> commands();
std::vector<PipelineCommand> training_commands(); // empty without LibTorch

// Leave-one-repetition-out on labelled recordings; writes evaluation.json and features.csv. Only
// with LibTorch.
ParameterSpecs evaluate_parameters();
nlohmann::json evaluate_command(const std::vector<std::string>& paths,
                                const nlohmann::json& parameters,
                                const std::filesystem::path& output, const Context& context);

}
