// A recipe becomes a result folder. The command line and the worker run through this one path.
#pragma once

#include "modules/core/recipe.h"
#include "modules/core/registry.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace sensorium {

// One analysed recording: everything that counting again, reporting and saving need.
struct CaseRun {
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const Analysis> analysis;
  const PipelineDefinition* pipeline = nullptr;
  Recipe recipe; // with hashes and complete parameters
  Findings findings;
  nlohmann::json provenance;
  std::filesystem::path folder;
  nlohmann::json lasting_files; // lasting_files() as this run wrote or found them, or null
};

// The model that was asked for, or the one a person promoted, or the pipeline's own when it is
// installed; empty when there is none. Throws Error NotFound.
std::filesystem::path model_for(const PipelineInfo& info, const std::string& wanted);

// Opens the recipe's first input, analyses it and counts. Writes nothing. Throws Error: Conflict
// when an input or the model is not the one that the recipe's hash names.
CaseRun run_recipe(Registry& registry, const Recipe& recipe, const std::filesystem::path& folder,
                   const Context& context);

// The same from a result folder's stored maps, without the network. recording: where it is now;
// empty: where the recipe says. Throws Error; Conflict when its content is not what was analysed.
CaseRun restore_case(Registry& registry, const std::filesystem::path& folder,
                     const Context& context, const std::filesystem::path& recording = {});

// Counts again with other live parameters.
void conclude_case(CaseRun& run, const nlohmann::json& parameters);

// Writes the result folder (docs/WORKER.md lists its files).
void save_case(Registry& registry, CaseRun& run);

// Stores a recount; what is returned does the rest and may run on another thread while the case is
// counted again. Files that do not depend on live parameters are not written again, unless the
// folder holds another result by now.
std::function<void()> save_recount(Registry& registry, CaseRun& run);

// report.pdf of a result folder: findings as reviewed so far. options: "reader", "deidentify".
// Returns the file.
std::filesystem::path report_case(Registry& registry, const CaseRun& run,
                                  const std::filesystem::path& file, const nlohmann::json& options);

}
