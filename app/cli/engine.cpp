#include "app/cli/engine.h"

#include "modules/core/devices.h"
#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/report/report.h"
#include "modules/report/result_folder.h"
#include "modules/review/review_log.h"

#include <fmt/format.h>

#include <chrono>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* program_version = "0.1.0";

// The recipe's model, or the pipeline's own when it is installed. Empty when there is none.
fs::path model_of(const Recipe& recipe, const PipelineInfo& info) {
  if (!recipe.model.empty()) {
    if (!fs::exists(recipe.model)) throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", recipe.model), "check the path given with --model");
    return recipe.model;
  }
  const fs::path own = resources_folder() / "models" / info.model;
  return !info.model.empty() && fs::exists(own) ? own : fs::path();
}

void check_hash(const std::string& what, const std::string& wanted, const std::string& found) {
  if (!wanted.empty() && wanted != found)
    throw Error(ErrorCode::Conflict, fmt::format("{} has changed since the recipe was written (SHA-256 {}…, the recipe says {}…)", what, found.substr(0, 12), wanted.substr(0, 12)),
                "find the original file, or remove the hash from the recipe to run on this one");
}

json scale_of(const Dataset& dataset) {
  const json description = describe(dataset);
  return description.value("spacing", json::array());
}

json model_json(const fs::path& model, const std::string& hash, const Analysis& analysis) {
  json card;
  if (!analysis.model_card.empty()) card = json::parse(analysis.model_card, nullptr, false);
  return {{"path", model.string()}, {"sha256", hash}, {"card", card.is_discarded() ? json() : card}};
}

Volume mask_of(const CaseRun& run) {
  const auto* source = std::get_if<Volume>(run.dataset.get());
  if (source == nullptr) throw Error(ErrorCode::Unsupported, "masks are written for volumes only");
  std::vector<std::uint8_t> mask(source->voxels());
  for (const Finding& finding : run.findings.items) paint_runs(finding.footprint, source->width, source->height, source->depth, mask);
  Volume volume;
  volume.width = source->width;
  volume.height = source->height;
  volume.depth = source->depth;
  volume.pixels = Buffer::of(std::move(mask));
  volume.spacing = source->spacing;
  volume.orientation = source->orientation;
  volume.modality = source->modality;
  volume.laterality = source->laterality;
  return volume;
}

}

CaseRun run_recipe(Registry& registry, const Recipe& wanted, const fs::path& folder, const Context& context) {
  const auto started = std::chrono::steady_clock::now();
  CaseRun run;
  run.folder = folder;
  run.pipeline = &registry.pipeline(wanted.pipeline);
  const PipelineInfo& info = run.pipeline->info;
  run.recipe = wanted;
  run.recipe.pipeline_version = info.version;
  run.recipe.parameters = complete(info.parameters, wanted.parameters);

  context.step(0, "reading");
  const RecipeInput& input = wanted.inputs.front();
  run.dataset = std::make_shared<const Dataset>(registry.open(input.path, context.part(0, 0.15)));
  const Origin& origin = origin_of(*run.dataset);
  check_hash(fmt::format("'{}'", input.path), input.sha256, origin.sha256);
  if (info.input != kind_of(*run.dataset))
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is a {}; the pipeline {} reads a {}", input.path, kind_of(*run.dataset), info.id, info.input), "see 'sensorium pipelines'");
  run.recipe.inputs = {{fs::absolute(input.path).lexically_normal().string(), origin.sha256}};

  const fs::path model = model_of(wanted, info);
  const std::string model_hash = model.empty() ? std::string() : sha256_of_path(model);
  check_hash(fmt::format("the model '{}'", model.string()), wanted.model_sha256, model_hash);
  run.recipe.model_sha256 = model_hash;

  Context inner = context.part(0.15, 0.95);
  inner.device = resolve_device(wanted.device);
  run.analysis = run.pipeline->analyse({.dataset = *run.dataset, .parameters = run.recipe.parameters, .model = model, .seed = wanted.seed}, inner);
  context.step(0.96, "counting");
  conclude_case(run, run.recipe.parameters);

  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  run.provenance = {{"format", "sensorium-provenance"}, {"version", 1},         {"program", program_version},
                    {"pipeline", {{"id", info.id}, {"version", info.version}, {"title", info.title}, {"maturity", info.maturity}, {"intended_use", info.intended_use}, {"limits", info.limits}, {"citation", info.citation}}},
                    {"input", {{"path", run.recipe.inputs.front().path}, {"sha256", origin.sha256}, {"format", origin.format}}},
                    {"scale", scale_of(*run.dataset)},     {"device", inner.device}, {"finished", utc_now()},
                    {"seconds", seconds.count()},          {"model", model_json(model, model_hash, *run.analysis)},
                    {"notes", run.analysis->notes},        {"command", command_of(run.recipe, folder.string())}};
  return run;
}

void conclude_case(CaseRun& run, const json& parameters) {
  const json all = complete(run.pipeline->info.parameters, parameters);
  run.findings = run.pipeline->conclude(*run.dataset, *run.analysis, all);
  run.findings.pipeline = run.pipeline->info.id;
  run.findings.version = run.pipeline->info.version;
  run.findings.input_sha256 = origin_of(*run.dataset).sha256;
  run.findings.parameters_text = all.dump();
  run.recipe.parameters = all;
  if (run.provenance.is_object()) run.provenance["command"] = command_of(run.recipe, run.folder.string());
}

}
