// dataset, promote, rollback, follow-up: what reviewed cases lead to.
#include "app/cli/case_layers.h"
#include "app/cli/commands.h"
#include "app/cli/dataset.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/promoted_models.h"
#include "modules/review/follow_up.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct DatasetWords {
  std::vector<fs::path> cases;
  std::string output;
  DatasetOptions options;
};

int from_reviews(Session& session, const DatasetWords& words) {
  const json index = dataset_from_reviews(session.registry, words.cases, words.options,
                                          words.output, session.console.context());
  session.console.end_progress();
  session.console.print(index);
  std::string text = fmt::format("{} cases in {}", index.at("items").size(), words.output);
  for (const auto& [part, count] : index.at("counts").items())
    text += fmt::format("\n  {:<12} {}", part, count.get<int>());
  session.console.print(text);
  return 0;
}

std::string interval_text(const json& i) {
  if (i.at("value").is_null()) return "not defined";
  if (i.at("lower").is_null()) return fmt::format("{:.3f}", i.at("value").get<double>());
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", i.at("value").get<double>(),
                     i.at("lower").get<double>(), i.at("upper").get<double>());
}

struct CompareSetWords {
  std::string dataset, part = "held_out";
  std::vector<std::string> models;
};

int compare_set(Session& session, const CompareSetWords& words) {
  if (words.models.empty() || words.models.size() > 2)
    throw Error(ErrorCode::Usage, "a comparison needs one or two models",
                "--model NEW compares it with the current one; --model OLD --model NEW names both");
  const std::array<std::string, 2> models =
      words.models.size() == 2 ? std::array<std::string, 2>{words.models[0], words.models[1]}
                               : std::array<std::string, 2>{"", words.models[0]};
  const json result = compare_on_dataset(session.registry, words.dataset, words.part, models,
                                         session.console.device, session.console.context());
  session.console.end_progress();
  session.console.print(result);
  std::string text =
      fmt::format("{} cases of '{}', label {}; 95 % intervals over patients\n{:<14}"
                  "{:<28}{:<28}{}",
                  result.at("cases").get<int>(), words.part, result.at("label").get<std::string>(),
                  "", "A " + result.at("model_a").get<std::string>().substr(0, 12),
                  "B " + result.at("model_b").get<std::string>().substr(0, 12), "B - A");
  for (const char* name : {"sensitivity", "precision", "f1"})
    text += fmt::format("\n{:<14}{:<28}{:<28}{}", name, interval_text(result[name]["a"]),
                        interval_text(result[name]["b"]), interval_text(result[name]["change"]));
  session.console.print(text);
  return 0;
}

struct PromoteWords {
  std::string pipeline, model, by, reason;
};

json json_of(const Promotion& p) {
  return {{"path", p.path},     {"sha256", p.sha256}, {"by", p.by},
          {"reason", p.reason}, {"time", p.time_utc}, {"rollback", p.rollback}};
}

std::string text_of(const Promotion& p) {
  return fmt::format("{}  {} by {}: {}{}", p.time_utc, p.rollback ? "back" : "promoted", p.by,
                     p.path.empty() ? "the pipeline's own model" : p.path,
                     p.reason.empty() ? "" : " (" + p.reason + ")");
}

int promote(Session& session, const PromoteWords& words, bool back) {
  (void)session.registry.pipeline(words.pipeline);
  PromotedModels models;
  if (back) {
    models.rollback(words.pipeline, words.by, words.reason);
  } else if (!words.model.empty()) {
    models.promote(words.pipeline, words.model, words.by, words.reason);
  }
  const auto current = models.current(words.pipeline);
  json history = json::array();
  std::string text;
  for (const Promotion& p : models.history(words.pipeline)) {
    history.push_back(json_of(p));
    text += text_of(p) + "\n";
  }
  text += fmt::format("in use: {}", current ? current->path : "the pipeline's own model");
  session.console.print(json{{"pipeline", words.pipeline},
                             {"current", current ? json_of(*current) : json()},
                             {"history", history}});
  session.console.print(text);
  return 0;
}

struct FollowWords {
  std::string first, second, reader, csv;
};

// The recording is opened for its patient only; without it the patient is unknown.
Visit visit_of(Session& session, const std::string& folder, const std::string& reader) {
  CaseLayers layers(session.registry, folder, session.console.context());
  if (reader.empty()) require_open(layers.events(), "readers cannot be merged");
  const CaseReading reading = layers.reading(reader);
  Visit out;
  out.name = layers.name();
  const json& dataset = layers.result().dataset;
  const std::string eye = dataset.value("laterality", "unknown");
  out.laterality = eye == "right"  ? Laterality::Right
                   : eye == "left" ? Laterality::Left
                                   : Laterality::Unknown;
  const Recipe& recipe = layers.result().recipe;
  try {
    const Dataset header = session.registry.header(recipe.inputs.front().path);
    const Patient& p = origin_of(header).patient;
    out.patient = !p.id.empty() ? p.id : p.name.empty() ? "" : p.name + "\n" + p.birth_date;
  } catch (const Error& e) {
    session.console.context().warn(fmt::format("'{}': {}", layers.name(), e.what()));
  }
  out.pipeline = recipe.pipeline;
  out.version = recipe.pipeline_version;
  out.model_sha256 = recipe.model_sha256;
  out.parameters = reading.base.parameters();
  out.signed_case = reading.review.is_signed();
  out.scale_known = layers.spacing()[0].known() && layers.spacing()[1].known();
  out.findings = layer_of(reading.review, true);
  return out;
}

int follow(Session& session, const FollowWords& words) {
  const FollowUp result = follow_up(visit_of(session, words.first, words.reader),
                                    visit_of(session, words.second, words.reader));
  if (!words.csv.empty()) write_atomically(words.csv, to_csv(result));
  session.console.end_progress();
  session.console.print(to_json(result));
  session.console.print(text_of(result));
  return 0;
}

}

void add_dataset(CLI::App& app, Session& session) {
  auto* group = app.add_subcommand(
      "dataset", "Training sets: made from reviewed cases (from-reviews), and two models compared "
                 "on their held-out part (compare)");
  group->require_subcommand(1);
  auto* make = group->add_subcommand(
      "from-reviews", "Signed cases become a training set: images, label masks, index.json, parts "
                      "split by patient");
  const auto words = std::make_shared<DatasetWords>();
  make->add_option("CASE", words->cases, "Result folders")->required();
  make->add_option("-o,--output", words->output, "A new folder")->required();
  make->add_option("--fractions", words->options.fractions, "Parts: training, validation, held out")
      ->delimiter(',');
  make->add_option("--seed", words->options.seed, "Seed of the split");
  make->add_flag("--unsigned", words->options.unsigned_too, "Take cases that are not signed, too");
  make->add_option("--undecided", words->options.undecided,
                   "Proposals nobody decided on: ignore (value 255), keep or drop");
  make->add_option("--reader", words->options.reader, "Only this reader's layer");
  make->add_flag("--unknown-patients", words->options.unknown_patients,
                 "A recording that names no patient is a patient of its own");
  make->add_option("--like", words->options.like,
                   "An earlier index.json: its patients stay in their parts");
  make->callback([&session, words] {
    session.chosen = [&session, words] { return from_reviews(session, *words); };
  });
  auto* set = group->add_subcommand(
      "compare", "Two models on the held-out cases: sensitivity, precision and F1 of lesions with "
                 "paired intervals");
  const auto compare = std::make_shared<CompareSetWords>();
  set->add_option("DIR", compare->dataset, "A training set")->required();
  set->add_option("--model", compare->models,
                  "The new model, compared with the current one; or twice: old and new");
  set->add_option("--part", compare->part, "training, validation or held_out");
  set->callback([&session, compare] {
    session.chosen = [&session, compare] { return compare_set(session, *compare); };
  });
}

void add_promote(CLI::App& app, Session& session) {
  for (const bool back : {false, true}) {
    auto* command = app.add_subcommand(
        back ? "rollback" : "promote",
        back ? "Go back to the model that a pipeline used before the last promotion"
             : "Choose the model that a pipeline uses on this computer, or show the history");
    const auto words = std::make_shared<PromoteWords>();
    command->add_option("PIPELINE", words->pipeline, "A pipeline's name")->required();
    if (!back) command->add_option("MODEL", words->model, "An .onnx file; none: show the history");
    command->add_option("--by", words->by, "Your name: it is kept in the history");
    command->add_option("--reason", words->reason, "Why, in a few words");
    command->callback([&session, words, back] {
      session.chosen = [&session, words, back] { return promote(session, *words, back); };
    });
  }
}

void add_follow_up(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "follow-up", "Two visits of one eye: counts and changes by layer and region");
  const auto words = std::make_shared<FollowWords>();
  command->add_option("FIRST", words->first, "Result folder of the earlier visit")->required();
  command->add_option("SECOND", words->second, "Result folder of the later visit")->required();
  command->add_option("--reader", words->reader, "Only this reader's decisions");
  command->add_option("--csv", words->csv, "Write the rows to this file");
  command->callback([&session, words] {
    session.chosen = [&session, words] { return follow(session, *words); };
  });
}

}
