// models build: a new network of a declared family.
#include "app/cli/models.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct BuildWords {
  std::string family, output;
  std::uint64_t seed = 1;
};

int list_families(const Session& session) {
  json list = json::array();
  for (const NetworkFamily& family : network_families()) {
    session.console.print(fmt::format("{:<16}{}", family.id, family.title));
    list.push_back(
        {{"id", family.id}, {"title", family.title}, {"parameters", to_json(family.parameters)}});
  }
  session.console.print(
      std::string("'sensorium models build FAMILY --help' lists the parameters of one"));
  session.console.print(list);
  return 0;
}

int build(const Session& session, const BuildWords& words, const json& parameters) {
  if (words.output.empty())
    throw Error(ErrorCode::Usage, "models build needs a file to write", "add -o FILE.onnx");
  Graph graph = build_network(words.family, parameters, words.seed);
  ModelCard card = card_of(graph);
  card.name = fs::path(words.output).stem();
  card.command = fmt::format("sensorium models build {}", words.family);
  const json given = parameters.is_null() ? json::object() : parameters;
  for (const auto& [key, value] : given.items())
    card.command +=
        fmt::format(" --{} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  card.command += fmt::format(" --seed {} -o {}", words.seed, words.output);
  set_card(graph, card);
  if (const fs::path folder = fs::path(words.output).parent_path(); !folder.empty())
    make_folder(folder);
  write_onnx(graph, words.output);
  const std::string hash = sha256_of_path(words.output);
  session.console.print(fmt::format("{}: {} nodes, {} parameters\n{}", words.output,
                                    graph.nodes.size(), graph.parameters(), hash));
  session.console.print(json{{"path", words.output},
                             {"sha256", hash},
                             {"nodes", graph.nodes.size()},
                             {"parameters", graph.parameters()},
                             {"card", to_json(card)}});
  return 0;
}

}

void add_models_build(CLI::App& models, Session& session) {
  auto* command = models.add_subcommand(
      "build", "Make a new network of a family, with random weights, to be trained");
  const auto words = std::make_shared<BuildWords>();
  command->add_option("FAMILY", words->family, "A family; without one they are listed");
  command->add_option("-o,--output", words->output, "The ONNX file to write");
  command->add_option("--seed", words->seed, "Seed of the weights");
  ParameterSpecs specs;
  for (const NetworkFamily& family : network_families())
    if (std::find(session.words.begin(), session.words.end(), family.id) != session.words.end())
      specs = family.parameters;
  const auto values = add_parameters(*command, specs);
  command->callback([&session, words, specs, values] {
    session.chosen = [&session, words, specs, values] {
      if (words->family.empty()) return list_families(session);
      network_family(words->family);
      return build(session, *words, parameters_given(specs, *values));
    };
  });
}

}
