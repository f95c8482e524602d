// phantom, train, evaluate and whatever else pipelines offer beside running: VERB PIPELINE
// [FILE...] -o DIR --param value.
#include "app/cli/commands.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string pipeline, output;
  std::vector<std::string> files;
};

// From the manifests: verb -> pipeline -> parameters.
std::map<std::string, std::map<std::string, std::pair<std::string, ParameterSpecs>>>
offered(Session& session) {
  std::map<std::string, std::map<std::string, std::pair<std::string, ParameterSpecs>>> out;
  for (const auto& [pipeline, command] : session.registry.commands())
    out[command.at("verb").get<std::string>()][pipeline] = {
        command.at("title").get<std::string>(), specs_from_json(command.at("parameters"))};
  return out;
}

const PipelineCommand& command_of(Session& session, const std::string& pipeline,
                                  const std::string& verb) {
  for (const PipelineCommand& command : session.registry.pipeline(pipeline).commands)
    if (command.verb == verb) return command;
  throw Error(ErrorCode::Unsupported,
              fmt::format("the pipeline '{}' offers no '{}'", pipeline, verb),
              fmt::format("see 'sensorium {} --help'", verb));
}

// A plan file: {"pipeline": ..., "parameters": {...}, "output": ...}; words on the command line win
// over it.
constexpr const char* plan_hint =
    "a plan is {\"pipeline\": \"oct_hrf\", \"parameters\": {...}, \"output\": \"DIR\"}";

void read_plan(Words& words, json& parameters) {
  if (!words.pipeline.ends_with(".json")) return;
  json plan;
  try {
    plan = parse_json(read_text(words.pipeline, 16u << 20), words.pipeline, plan_hint);
    json own = plan.value("parameters", json::object());
    own.update(parameters);
    parameters = own;
    if (words.output.empty()) words.output = plan.value("output", "");
    for (const std::string& file : plan.value("files", std::vector<std::string>{}))
      words.files.push_back(file);
    words.pipeline = plan.at("pipeline").get<std::string>();
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("the plan '{}' is damaged: {}", words.pipeline, e.what()), plan_hint);
  }
}

int run_command(Session& session, const std::string& verb, Words words, json parameters) {
  read_plan(words, parameters);
  const PipelineCommand& command = command_of(session, words.pipeline, verb);
  parameters = complete(command.parameters, parameters);
  if (words.output.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("'{} {}' needs an output folder", verb, words.pipeline), "add -o DIR");
  make_folder(words.output);
  const json result = command.run(words.files, parameters, words.output, session.console.context());
  session.console.end_progress();
  session.console.print(result);
  session.console.print(result.value("text", fmt::format("done; result: {}", words.output)));
  return 0;
}

}

void add_extension_commands(CLI::App& app, Session& session) {
  for (const auto& [verb, pipelines] : offered(session)) {
    auto* command = app.add_subcommand(verb, pipelines.begin()->second.first);
    const auto words = std::make_shared<Words>();
    command
        ->add_option(verb == "train" ? "PIPELINE|PLAN" : "PIPELINE", words->pipeline,
                     "A pipeline's name, or a plan.json")
        ->required();
    command->add_option("FILE", words->files, "Recordings, where the command takes some");
    command->add_option("-o,--output", words->output, "Folder for what is written");
    ParameterSpecs specs;
    if (const auto found = pipelines.find(named_pipeline(session)); found != pipelines.end())
      specs = found->second.second;
    const auto values = add_parameters(*command, specs);
    command->callback([&session, words, specs, values, verb_name = verb] {
      session.chosen = [&session, words, specs, values, verb_name] {
        return run_command(session, verb_name, *words, parameters_given(specs, *values));
      };
    });
  }
}

}
