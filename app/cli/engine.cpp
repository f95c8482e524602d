#include "app/cli/engine.h"

#include "app/cli/reviewed_case.h"
#include "modules/core/devices.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/core/json_text.h"
#include "modules/core/map_guard.h"
#include "modules/core/promoted_models.h"
#include "modules/report/report.h"
#include "modules/report/result_folder.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* program_version = "0.1.0";

fs::path own_model(const PipelineInfo& info) {
  return info.model.empty() ? fs::path() : resources_folder() / "models" / info.model;
}

fs::path existing_own_model(const PipelineInfo& info) {
  const fs::path own = own_model(info);
  return !own.empty() && fs::exists(own) ? own : fs::path();
}

void check_hash(const std::string& what, const std::string& wanted, const std::string& found) {
  if (!wanted.empty() && wanted != found)
    throw Error(
        ErrorCode::Conflict,
        fmt::format(
            "{} has changed since the recipe was written (SHA-256 {}…, the recipe says {}…)", what,
            found.substr(0, 12), wanted.substr(0, 12)),
        "find the original file, or remove the hash from the recipe to run on this one");
}

// A review belongs to the recording it was made on.
void refuse_foreign_review(const fs::path& folder, const std::string& input_sha256) {
  if (!fs::exists(folder / "review.sqlite") || !fs::exists(folder / "recipe.json")) return;
  const Recipe before = read_recipe(folder / "recipe.json");
  const std::string& sha256 = before.inputs.front().sha256;
  if (sha256.empty() || sha256 == input_sha256) return;
  throw Error(ErrorCode::Conflict,
              fmt::format("the folder '{}' holds the review of another recording ('{}')",
                          folder.string(), before.inputs.front().path),
              "choose another folder with -o");
}

// Recipes are JSON, which holds UTF-8 only; said before the work, not after it.
void check_name(const fs::path& path) {
  try {
    (void)json(path.string()).dump();
  } catch (const json::type_error&) {
    throw Error(
        ErrorCode::BadInput,
        fmt::format("the name '{}' is not UTF-8, so that no recipe can hold it", path.string()),
        "give the file or folder another name");
  }
}

// Waits for a large recording's hash, with progress.
void settle_hash(Origin& origin, const Context& context) {
  if (!origin.pending_hash) return;
  origin.pending_hash->start();
  while (!origin.pending_hash->ready()) {
    context.step(origin.pending_hash->fraction(), "hash of the recording");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  origin.sha256 = origin.pending_hash->wait();
  origin.pending_hash.reset();
}

json scale_of(const Dataset& dataset) {
  const json description = describe(dataset);
  return description.value("spacing", json::array());
}

json model_json(const fs::path& model, const std::string& hash, const Analysis& analysis) {
  json card;
  if (!analysis.model_card.empty()) card = json::parse(analysis.model_card, nullptr, false);
  return {
      {"path", model.string()}, {"sha256", hash}, {"card", card.is_discarded() ? json() : card}};
}

}

fs::path model_for(const PipelineInfo& info, const std::string& wanted) {
  if (!wanted.empty()) {
    if (!fs::exists(wanted))
      throw Error(ErrorCode::NotFound, fmt::format("there is no model '{}'", wanted),
                  "check the path given with --model");
    return wanted;
  }
  if (!info.model.empty())
    if (const fs::path promoted = promoted_model(info.id); !promoted.empty()) return promoted;
  return existing_own_model(info);
}

CaseRun run_recipe(Registry& registry, const Recipe& wanted, const fs::path& folder,
                   const Context& context) {
  const auto started = std::chrono::steady_clock::now();
  CaseRun run;
  run.folder = folder;
  run.pipeline = &registry.pipeline(wanted.pipeline);
  const PipelineInfo& info = run.pipeline->info;
  run.recipe = wanted;
  run.recipe.pipeline_version = info.version;
  run.recipe.parameters = complete(info.parameters, wanted.parameters);

  const RecipeInput& input = wanted.inputs.front();
  check_name(input.path);
  check_name(folder);
  if (!folder.empty()) check_writable(folder);
  context.step(0, "reading");
  const std::uint64_t lost_before = lost_maps();
  const auto dataset = std::make_shared<Dataset>(registry.open(input.path, context.part(0, 0.15)));
  run.dataset = dataset;
  Origin& origin = origin_of(*dataset);
  const auto check_input = [&] {
    check_hash(fmt::format("'{}'", input.path), input.sha256, origin.sha256);
    if (!folder.empty()) refuse_foreign_review(folder, origin.sha256);
  };
  if (origin.pending_hash)
    origin.pending_hash->start(); // beside the analysis; checked before anything is written
  else
    check_input();
  if (info.input != kind_of(*run.dataset))
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is a {}; the pipeline {} reads a {}", input.path,
                            kind_of(*run.dataset), info.id, info.input),
                "see 'sensorium pipelines'");
  const fs::path model = model_for(info, wanted.model);
  const std::string model_hash = model.empty() ? std::string() : sha256_of_path(model);
  check_hash(fmt::format("the model '{}'", model.string()), wanted.model_sha256, model_hash);
  run.recipe.model_sha256 = model_hash;
  // A promoted model is named, so that the recipe means the same after the next promotion.
  if (!model.empty() && model != own_model(info)) run.recipe.model = model.string();

  Context inner = context.part(0.15, 0.95);
  inner.device = resolve_device(wanted.device);
  run.analysis = run.pipeline->analyse({.dataset = *run.dataset,
                                        .parameters = run.recipe.parameters,
                                        .model = model,
                                        .seed = wanted.seed},
                                       inner);
  if (origin.pending_hash) {
    settle_hash(origin, context.part(0.95, 0.96));
    check_input();
  }
  run.recipe.inputs = {{fs::absolute(input.path).lexically_normal().string(), origin.sha256,
                        registry.companions(input.path)}};
  if (lost_maps() != lost_before)
    throw Error(ErrorCode::Conflict, fmt::format("'{}' changed while it was analysed", input.path),
                "wait until it is copied or exported whole, then try again");
  context.step(0.96, "counting");
  conclude_case(run, run.recipe.parameters);

  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  run.provenance = {{"format", "sensorium-provenance"},
                    {"version", 1},
                    {"program", program_version},
                    {"pipeline",
                     {{"id", info.id},
                      {"version", info.version},
                      {"title", info.title},
                      {"maturity", info.maturity},
                      {"intended_use", info.intended_use},
                      {"limits", info.limits},
                      {"citation", info.citation}}},
                    {"input",
                     {{"path", run.recipe.inputs.front().path},
                      {"sha256", origin.sha256},
                      {"format", origin.format}}},
                    {"scale", scale_of(*run.dataset)},
                    {"device", inner.device},
                    {"finished", utc_now()},
                    {"seconds", seconds.count()},
                    {"model", model_json(model, model_hash, *run.analysis)},
                    {"notes", run.analysis->notes},
                    {"command", command_of(run.recipe, folder.string())}};
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
  if (run.provenance.is_object())
    run.provenance["command"] = command_of(run.recipe, run.folder.string());
}

namespace {

const WriterDefinition& nrrd(Registry& registry) { return registry.writer("nrrd"); }

VolumeWriter volume_writer(const WriterDefinition& writer, std::shared_ptr<const Dataset> source) {
  return [&writer, source = std::move(source)](const Volume& volume, const std::string& role,
                                               const fs::path& path) {
    writer.write({.volume = volume, .role = role, .source = source.get()}, path);
  };
}

CaseResult result_of(const CaseRun& run) {
  CaseResult result;
  result.dataset = describe(*run.dataset);
  result.recipe = run.recipe;
  result.findings = run.findings;
  result.provenance = run.provenance;
  result.input = origin_of(*run.dataset);
  return result;
}

void add_mask(CaseResult& result, const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset))
    result.mask = mask_of(result.findings, *volume);
}

Volume read_volume(Registry& registry, const fs::path& path) {
  Dataset dataset = registry.open(path);
  if (auto* volume = std::get_if<Volume>(&dataset)) return std::move(*volume);
  throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a volume", path.string()),
              "run the analysis again");
}

}

CaseRun restore_case(Registry& registry, const fs::path& folder, const Context& context,
                     const fs::path& recording) {
  context.step(0, "opening the case");
  StoredResult stored =
      read_result_folder(folder, [&](const fs::path& path) { return read_volume(registry, path); });
  for (const std::string& file : stored.changed_files)
    context.warn(fmt::format("{} of the case is not what was written", file));
  CaseRun run;
  run.folder = folder;
  run.recipe = stored.result.recipe;
  run.provenance = stored.result.provenance;
  run.pipeline = &registry.pipeline(run.recipe.pipeline);
  RecipeInput& input = run.recipe.inputs.front();
  if (!recording.empty()) input.path = fs::absolute(recording).lexically_normal().string();
  context.step(0.3, "opening the recording");
  if (std::error_code code; !fs::exists(input.path, code))
    throw Error(ErrorCode::NotFound,
                fmt::format("the recording of the case '{}' is no longer at '{}'", folder.string(),
                            input.path),
                "put it back, or correct the path in the case's recipe.json; its content is "
                "checked by its hash");
  const auto dataset = std::make_shared<Dataset>(registry.open(input.path, context.part(0.3, 0.6)));
  settle_hash(origin_of(*dataset), context.part(0.6, 0.7));
  run.dataset = dataset;
  check_hash(fmt::format("'{}'", input.path), input.sha256, origin_of(*run.dataset).sha256);
  context.step(0.7, "restoring the analysis");
  // A recipe names every model but the pipeline's own.
  const fs::path model = run.recipe.model.empty() ? existing_own_model(run.pipeline->info)
                                                  : fs::path(run.recipe.model);
  run.analysis = run.pipeline->restore({.dataset = *run.dataset,
                                        .parameters = run.recipe.parameters,
                                        .model = model,
                                        .seed = run.recipe.seed},
                                       std::move(stored.result.artifacts),
                                       std::move(stored.result.surfaces), context.part(0.7, 1));
  conclude_case(run, run.recipe.parameters);
  run.lasting_files = lasting_files(run.provenance);
  return run;
}

void save_case(Registry& registry, CaseRun& run) {
  CaseResult result = result_of(run);
  result.surfaces = run.analysis->surfaces;
  result.artifacts = run.analysis->artifacts;
  result.files = run.analysis->files;
  add_mask(result, *run.dataset);
  write_result_folder(run.folder, result, volume_writer(nrrd(registry), run.dataset));
  run.lasting_files = lasting_files(stored_provenance(run.folder));
}

std::function<void()> save_recount(Registry& registry, CaseRun& run) {
  json before = stored_provenance(run.folder);
  if (run.lasting_files.is_null() || lasting_files(before) != run.lasting_files) {
    save_case(registry, run);
    return [] {};
  }
  return [folder = run.folder, before = std::move(before), dataset = run.dataset,
          result = result_of(run), writer = volume_writer(nrrd(registry), run.dataset)]() mutable {
    add_mask(result, *dataset);
    rewrite_findings(folder, before, result, writer);
  };
}

fs::path report_case(Registry&, const CaseRun& run, const fs::path& file, const json& options) {
  const ExportChoice choice = export_choice_of(options);
  ReviewedCase c = reviewed_case(run, choice);
  ReportInput input{
      .dataset = *run.dataset, .findings = c.reading.base, .review = c.reading.review};
  input.provenance = run.provenance;
  if (const json card = run.provenance.value("model", json::object()).value("card", json());
      card.is_object())
    input.model_card = card;
  input.pipeline = run.pipeline->info;
  input.command = run.provenance.value("command", "");
  input.reader = choice.reader;
  input.statement = c.statement;
  input.log_hash = c.log.head_hash;
  input.log_text = c.log.events.empty() ? std::string() : c.log.verification.text;
  input.surfaces = run.analysis->surfaces;
  for (const ResultFile& made : run.analysis->files)
    if (made.name.ends_with(".png"))
      input.pictures.emplace_back(run.folder / made.name, made.caption);
  if (const fs::path plots = run.folder / "plots.json"; fs::exists(plots))
    input.plots = plots_from_json(
        parse_json(read_text(plots), plots.string(), "run the analysis again"), plots.string());
  input.options.deidentified = choice.deidentified;
  input.options.proposed_count = choice.undecided;
  write_pdf(input, file);
  return file;
}

}
