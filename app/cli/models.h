// Shared by the parts of `sensorium models`.
#pragma once

#include "app/cli/commands.h"
#include "modules/learn/graph.h"

#include <filesystem>

namespace sensorium {

// A path, or the id of a model that is shipped or installed. Throws Error NotFound.
std::filesystem::path find_model(const std::string& word);
// Ids of the models that find_model knows.
std::vector<std::string> model_ids();
// "[batch, 1, height, width]"
std::string shape_of(const ValueInfo& value);

// Runs the model once on made-up numbers: an open batch is 1, other open sizes 64. Empty when it
// ran, else why not. Throws Error Cancelled; Unsupported in a build without LibTorch.
std::string trial_failure(Session& session, const std::filesystem::path& file);

void add_models_build(CLI::App& models, Session& session);
void add_models_compare(CLI::App& models, Session& session);

}
