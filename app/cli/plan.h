// A plan of a pipeline's command (train, evaluate ...): JSON from declared parameters.
//   {"pipeline": "oct_hrf", "verb": "train", "parameters": {...}, "files": [...], "output": "DIR"}
#pragma once

#include "modules/core/parameters.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sensorium {

struct Plan {
  std::string pipeline, verb, output; // verb and output may be empty
  std::vector<std::string> files;
  nlohmann::json parameters = nlohmann::json::object(); // as written, not yet checked
};

bool is_plan(const std::string& word); // ends in .json
// Throws Error NotFound, BadInput (not JSON, an unknown key, a wrong type; naming file, key and
// value).
Plan read_plan(const std::filesystem::path& path);
// The plan's parameters, completed. Throws Error BadInput naming the file, the parameter and its
// value.
nlohmann::json checked_parameters(const Plan& plan, const ParameterSpecs& specs,
                                  const std::filesystem::path& path);
// Throws Error Usage when the command takes no recordings (PipelineCommand::without_files) and the
// plan names one.
void refuse_files(const Plan& plan, const std::string& without_files);
// Throws Error Resources.
void write_plan(const Plan& plan, const std::filesystem::path& path);

}
