// phantom, train, evaluate and whatever else pipelines offer beside running: VERB PIPELINE
// [FILE...] -o DIR --param value.
#include "app/cli/commands.h"
#include "app/cli/plan.h"
#include "app/cli/ranks.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/ranks.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Words {
  std::string pipeline, output, plan_file;
  std::vector<std::string> files;
  int ranks = 0;
  std::string nodes;
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

// What was asked for: words on the command line win over those of a plan file.
struct Wanted {
  Plan plan;
  const PipelineCommand* command;
};

Wanted wanted_of(Session& session, const std::string& verb, const Words& words,
                 const json& parameters) {
  Wanted wanted;
  if (is_plan(words.pipeline)) {
    wanted.plan = read_plan(words.pipeline);
    if (!wanted.plan.verb.empty() && wanted.plan.verb != verb)
      throw Error(ErrorCode::Usage,
                  fmt::format("the plan '{}' is for '{}', not for '{}'", words.pipeline,
                              wanted.plan.verb, verb),
                  fmt::format("sensorium {} {}", wanted.plan.verb, words.pipeline));
    wanted.command = &command_of(session, wanted.plan.pipeline, verb);
    wanted.plan.parameters =
        checked_parameters(wanted.plan, wanted.command->parameters, words.pipeline);
  } else {
    wanted.plan.pipeline = words.pipeline;
    wanted.command = &command_of(session, words.pipeline, verb);
  }
  wanted.plan.verb = verb;
  wanted.plan.parameters.update(parameters);
  wanted.plan.parameters = complete(wanted.command->parameters, wanted.plan.parameters);
  if (!words.files.empty()) wanted.plan.files = words.files;
  if (!words.output.empty()) wanted.plan.output = words.output;
  refuse_files(wanted.plan, wanted.command->without_files);
  return wanted;
}

std::unique_ptr<RankLaunch> launch(Session& session, const Words& words,
                                   const std::string& output) {
  if (words.ranks < 2 && words.nodes.empty()) return nullptr;
  const std::vector<RankHost> hosts =
      words.nodes.empty()
          ? std::vector<RankHost>(static_cast<std::size_t>(words.ranks), {"localhost", ""})
          : read_node_file(words.nodes);
  if (hosts.size() < 2) return nullptr;
  auto out =
      std::make_unique<RankLaunch>(hosts, words_without(session.words, {"--ranks", "--nodes"}, {}),
                                   output, session.console.threads);
  session.console.threads = out->threads();
  if (!hosts.front().device.empty()) session.console.device = hosts.front().device;
  out->watch([&session](const Error& why) {
    session.console.print_error(why);
    std::fflush(nullptr);
    ::_exit(why.exit_status());
  });
  return out;
}

int run_command(Session& session, const std::string& verb, const Words& words,
                const json& parameters) {
  auto [plan, command] = wanted_of(session, verb, words, parameters);
  if (!words.plan_file.empty()) {
    write_plan(plan, words.plan_file);
    session.console.print(json{{"plan", words.plan_file}});
    session.console.print(
        fmt::format("{}; edit it, then: sensorium {} {}", words.plan_file, verb, words.plan_file));
    return 0;
  }
  if (plan.output.empty())
    throw Error(ErrorCode::Usage,
                fmt::format("'{} {}' needs an output folder", verb, words.pipeline), "add -o DIR");
  const auto others = launch(session, words, plan.output);
  if (const RankSetup setup = rank_setup(); setup.rank > 0) {
    plan.output = folder_of_rank(plan.output, setup.rank).string();
    write_messages_to(plan.output);
    session.console.json = false;
    session.console.quiet = true;
  }
  make_folder(plan.output);
  json result;
  try {
    result = command->run(plan.files, plan.parameters, plan.output, session.console.context());
  } catch (const Error& e) {
    const std::string what = e.what();
    if (others && (what.find(" lost the others") != std::string::npos ||
                   what.find(" stopped the training") != std::string::npos ||
                   e.code() == ErrorCode::Cancelled))
      others->finish(); // says what the cause was
    throw;
  }
  if (others) others->finish();
  session.console.end_progress();
  session.console.print(result);
  session.console.print(result.value("text", fmt::format("done; result: {}", plan.output)));
  return 0;
}

// The pipeline among the words, or that of the plan among them; errors of the plan come later.
std::string pipeline_in_words(const Session& session) {
  if (const std::string named = named_pipeline(session); !named.empty()) return named;
  for (std::size_t i = 1; i < session.words.size() && i < 3; ++i)
    if (is_plan(session.words[i])) try {
        return read_plan(session.words[i]).pipeline;
      } catch (const Error&) {
        return {};
      }
  return {};
}

// What one pipeline says of its command; for several, what the verb means and who offers it.
std::string
description(const std::string& verb,
            const std::map<std::string, std::pair<std::string, ParameterSpecs>>& pipelines,
            const std::string& named) {
  if (const auto found = pipelines.find(named); found != pipelines.end())
    return found->second.first;
  if (pipelines.size() == 1) return pipelines.begin()->second.first;
  static const std::map<std::string, std::string> meanings = {
      {"train", "Train a pipeline's network"},
      {"evaluate", "Measure a pipeline against a known truth"},
      {"prepare", "Write a training set that is read while training"},
      {"phantom", "Make a synthetic recording whose truth is known"}};
  std::vector<std::string> names;
  for (const auto& [name, command] : pipelines) names.push_back(name);
  const auto meaning = meanings.find(verb);
  return fmt::format("{}: {}", meaning == meanings.end() ? verb : meaning->second,
                     fmt::join(names, ", "));
}

}

void add_extension_commands(CLI::App& app, Session& session) {
  const std::string named = pipeline_in_words(session);
  for (const auto& [verb, pipelines] : offered(session)) {
    auto* command = app.add_subcommand(verb, description(verb, pipelines, named));
    const auto words = std::make_shared<Words>();
    command->add_option("PIPELINE|PLAN", words->pipeline, "A pipeline's name, or a plan.json")
        ->required();
    command->add_option("FILE", words->files, "Recordings, where the command takes some");
    command->add_option("-o,--output", words->output, "Folder for what is written");
    command->add_option("--write-plan", words->plan_file,
                        "Write the plan to this file, with every parameter, and do nothing else");
    if (verb == "train") {
      const std::string group = "Several processes on one network (docs/CLUSTER.md)";
      auto* ranks = command
                        ->add_option("--ranks", words->ranks,
                                     "Processes of this computer that train together, each on its "
                                     "share of the batch")
                        ->check(CLI::Range(1, 64))
                        ->group(group);
      command
          ->add_option("--nodes", words->nodes,
                       "A file with a row for each rank: rank, host, devices (.json or .csv)")
          ->excludes(ranks)
          ->group(group);
    }
    ParameterSpecs specs;
    if (const auto found = pipelines.find(named); found != pipelines.end())
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
