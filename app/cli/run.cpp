// run: a pipeline over files, or a recipe.
#include "app/cli/batch.h"
#include "app/cli/commands.h"
#include "app/cli/engine.h"
#include "app/cli/follow.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <optional>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct RunWords {
  std::vector<std::string> files;
  std::string output, model;
  std::optional<std::uint64_t> seed;
  std::string zones;
  bool no_report = false, follow = false;
  double idle_s = 0;
};

void show_result(const Session& session, const CaseRun& run) {
  std::string text =
      fmt::format("{} findings in {}", run.findings.items.size(), run.recipe.inputs.front().path);
  if (run.pipeline->info.labels.empty() && run.findings.items.empty() &&
      !run.analysis->files.empty()) { // it makes pictures and tables, and looks for nothing
    text.clear();
    for (const ResultFile& file : run.analysis->files)
      text += (text.empty() ? "" : ", ") + file.name;
    text += fmt::format(" made of {}", run.recipe.inputs.front().path);
  }
  if (run.findings.nothing_counted)
    text = fmt::format("nothing was counted in {}", run.recipe.inputs.front().path);
  for (const Measure& m : run.findings.summary)
    text += fmt::format("\n  {:<28} {:.6g}{}", m.name, m.value, m.unit == "1" ? "" : " " + m.unit);
  for (const std::string& note : run.findings.notes) text += "\n  note: " + note;
  session.console.print(fmt::format("{}\nresult: {}", text, run.folder.string()));
}

json result_json(const CaseRun& run) {
  json summary = json::array();
  for (const Measure& m : run.findings.summary)
    summary.push_back({{"name", m.name}, {"value", m.value}, {"unit", m.unit}});
  return {{"input", run.recipe.inputs.front().path},
          {"folder", run.folder.string()},
          {"findings", run.findings.items.size()},
          {"nothing_counted", run.findings.nothing_counted},
          {"notes", run.findings.notes},
          {"summary", summary},
          {"command", run.provenance.value("command", "")}};
}

CaseRun run_one(Session& session, const Recipe& recipe, const fs::path& folder, bool with_report,
                const Context& context) {
  CaseRun run = run_recipe(session.registry, recipe, folder, context.part(0, 0.9));
  context.step(0.92, "writing the result");
  save_case(session.registry, run);
  if (with_report) report_case(session.registry, run, folder / "report.pdf", json::object());
  context.step(1, "done");
  session.console.end_progress();
  return run;
}

int run_all(Session& session, const Recipe& recipe, const fs::path& output, bool with_report) {
  if (recipe.inputs.size() == 1) {
    const CaseRun run = run_one(session, recipe, output, with_report, session.console.context());
    show_result(session, run);
    session.console.print(result_json(run));
    return 0;
  }
  Batch batch(output);
  const Context console = session.console.context();
  for (const RecipeInput& input : recipe.inputs) {
    Recipe single = recipe;
    single.inputs = {input};
    Context context = console;
    context.progress = [&](double fraction, std::string_view what) {
      return console.progress(
          fraction, fmt::format("{} of {}: {}", batch.total() + 1, recipe.inputs.size(), what));
    };
    batch.item(input.path, [&](const fs::path& folder) {
      const CaseRun run = run_one(session, single, folder, with_report, context);
      show_result(session, run);
      return result_json(run);
    });
    if (batch.last_failure()) {
      if (batch.last_failure()->code() == ErrorCode::Cancelled)
        throw Error(ErrorCode::Cancelled, batch.last_failure()->what(),
                    fmt::format("{} of {} were done; they stay in '{}'", batch.done(),
                                recipe.inputs.size(), output.string()));
      if (!session.console.json) session.console.print_error(*batch.last_failure());
    }
  }
  session.console.print(fmt::format("{} of {} done, {} failed; see {}", batch.done(), batch.total(),
                                    batch.total() - batch.done(), (output / "batch.csv").string()));
  session.console.print(batch.document());
  return batch.done() == batch.total() ? 0 : static_cast<int>(ErrorCode::PartialBatch);
}

Recipe recipe_of(Session& session, const std::string& pipeline, const RunWords& words,
                 const json& parameters) {
  Recipe recipe;
  recipe.pipeline = pipeline;
  recipe.model = words.model;
  recipe.seed = words.seed.value_or(0);
  recipe.device = session.console.device;
  recipe.parameters = parameters;
  for (const std::string& file : words.files) recipe.inputs.push_back({file, ""});
  return recipe;
}

// An exam answers with its findings and the card of the model; they become a report, and are not
// printed.
void write_exam_report(const PipelineInfo& info, const std::string& first_file, json& result,
                       const fs::path& output) {
  Video none;
  none.origin.path = first_file;
  const Dataset dataset(std::move(none));
  const Findings findings = findings_from_json(result.at("findings"));
  const ReviewState review = fold(findings, {});
  ReportInput report{.dataset = dataset, .findings = findings, .review = review};
  report.pipeline = info;
  if (result.value("model_card", json()).is_object()) report.model_card = result["model_card"];
  report.statement = "as proposed by the program; nobody has reviewed it";
  write_pdf(report, output / "report.pdf");
  result.erase("findings");
  result.erase("model_card");
  result["report"] = (output / "report.pdf").string();
}

// Several recordings that belong together: a command "exam" of the pipeline.
int run_exam(Session& session, const std::string& pipeline, const RunWords& words, json parameters,
             const fs::path& output) {
  for (const PipelineCommand& command : session.registry.pipeline(pipeline).commands) {
    if (command.verb != "exam") continue;
    if (!words.model.empty()) parameters["model"] = words.model;
    parameters["zones"] = words.zones;
    parameters = complete(command.parameters, parameters);
    make_folder(output);
    json result = command.run(words.files, parameters, output, session.console.context());
    if (!words.no_report && result.contains("findings"))
      write_exam_report(session.registry.pipeline(pipeline).info, words.files.front(), result,
                        output);
    session.console.end_progress();
    session.console.print(result);
    session.console.print(result.value("text", fmt::format("result: {}", output.string())));
    return 0;
  }
  throw Error(ErrorCode::Usage,
              fmt::format("the pipeline {} takes no exams of several recordings", pipeline),
              "leave --zones out");
}

int run_recipe_file(Session& session, const std::string& file, const RunWords& words) {
  if (words.follow)
    throw Error(ErrorCode::Usage, "a recipe names finished recordings; there is nothing to follow",
                "sensorium run PIPELINE FILE --follow");
  if (fs::path(file).extension() != ".json" && !fs::exists(file))
    session.registry.pipeline(file); // throws, with the nearest name
  if (!words.files.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' is a recipe and names its own recordings; '{}' has no place here",
                            file, words.files.front()),
                "run a pipeline over files, 'sensorium run PIPELINE FILE...', or the recipe alone");
  Recipe recipe = read_recipe(file);
  if (!words.model.empty()) {
    recipe.model = words.model;
    recipe.model_sha256.clear();
  }
  if (words.seed) recipe.seed = *words.seed;
  if (session.console.device != "auto") recipe.device = session.console.device;
  const fs::path output = words.output.empty()
                              ? fs::path(fs::path(file).stem().string() + "_result")
                              : fs::path(words.output);
  return run_all(session, recipe, output, !words.no_report);
}

}

std::string named_pipeline(const Session& session) {
  const auto pipelines = session.registry.pipelines();
  for (std::size_t i = 1; i < session.words.size(); ++i)
    for (const PipelineInfo& info : pipelines)
      if (session.words[i] == info.id) return info.id;
  return {};
}

std::shared_ptr<std::map<std::string, std::string>> add_parameters(CLI::App& command,
                                                                   const ParameterSpecs& specs) {
  auto values = std::make_shared<std::map<std::string, std::string>>();
  for (const ParameterSpec& spec : specs) {
    std::string help = spec.about.help;
    if (!spec.about.unit.empty()) help += " [" + spec.about.unit + "]";
    for (std::size_t i = 0; i < spec.choices.size(); ++i)
      help += (i == 0 ? " {" : ", ") + spec.choices[i] + (i + 1 == spec.choices.size() ? "}" : "");
    help += " (default " +
            (spec.default_value.is_string() ? spec.default_value.get<std::string>()
                                            : spec.default_value.dump()) +
            ")";
    command
        .add_option_function<std::string>(
            "--" + spec.name,
            [values, name = spec.name](const std::string& text) { (*values)[name] = text; }, help)
        ->group("Parameters")
        ->type_name(std::string(name_of(spec.type)));
  }
  return values;
}

json parameters_given(const ParameterSpecs& specs,
                      const std::map<std::string, std::string>& values) {
  json out = json::object();
  for (const ParameterSpec& spec : specs)
    if (const auto found = values.find(spec.name); found != values.end())
      out[spec.name] = parse_value(spec, found->second);
  return out;
}

void add_run(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("run", "Run a pipeline over files, or a recipe: run PIPELINE "
                                            "FILE... -o DIR, or run recipe.json -o DIR");
  const auto words = std::make_shared<RunWords>();
  const auto first = std::make_shared<std::string>();
  command
      ->add_option("PIPELINE|RECIPE", *first,
                   "A pipeline's name ('sensorium pipelines' lists them), or a recipe.json")
      ->required();
  command->add_option("FILE", words->files, "Recordings: files or folders");
  command->add_option("-o,--output", words->output,
                      "Folder for the result (made when it is not there)");
  command->add_option("--model", words->model, "An .onnx model instead of the pipeline's own");
  command->add_option("--seed", words->seed, "Seed of everything random");
  command->add_flag("--no-report", words->no_report, "Write no report.pdf");
  command->add_flag("--follow", words->follow,
                    "FILE is still being written (a growing file, a named pipe, or -): answer "
                    "while it is; Ctrl-C ends");
  command
      ->add_option("--idle", words->idle_s,
                   "With --follow: end after so many seconds without new samples (0: never)")
      ->check(CLI::Range(0.0, 1e9));

  command->add_option("--zones", words->zones,
                      "Take the recordings (a folder, a table with the columns file and zone, or "
                      "several files) as one exam under this zone scheme");

  const std::string pipeline =
      session.words.empty() || session.words.front() == "run" || session.words.size() > 1
          ? named_pipeline(session)
          : std::string();
  ParameterSpecs specs;
  if (!pipeline.empty())
    for (const PipelineInfo& info : session.registry.pipelines())
      if (info.id == pipeline) specs = info.parameters;
  const auto values = add_parameters(*command, specs);

  command->callback([&session, words, first, pipeline, specs, values] {
    session.chosen = [&session, words, first, pipeline, specs, values] {
      if (pipeline.empty() || *first != pipeline) return run_recipe_file(session, *first, *words);
      if (words->files.empty())
        throw Error(ErrorCode::Usage, fmt::format("run {} needs at least one file", pipeline),
                    fmt::format("sensorium run {} FILE -o DIR", pipeline));
      if (words->follow)
        return follow_file(session, {.pipeline = pipeline,
                                     .files = words->files,
                                     .output = words->output,
                                     .model = words->model,
                                     .idle_s = words->idle_s,
                                     .parameters = parameters_given(specs, *values)});
      const fs::path stem = fs::path(words->files.front()).lexically_normal();
      const fs::path output =
          words->output.empty()
              ? fs::path((stem.has_stem() ? stem.stem().string() : "result") + "_" + pipeline)
              : fs::path(words->output);
      json parameters = parameters_given(specs, *values);
      if (!words->zones.empty())
        return run_exam(session, pipeline, *words, std::move(parameters), output);
      return run_all(session, recipe_of(session, pipeline, *words, parameters), output,
                     !words->no_report);
    };
  });
}

}
