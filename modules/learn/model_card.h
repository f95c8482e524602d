// What a model is, was made from and is meant for: JSON in the model file's metadata
// "sensorium.card".
#pragma once

#include "modules/learn/graph.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace sensorium {

// Text fields are empty where nothing was said. split, metrics, seed are JSON values as written,
// null where absent.
struct ModelCard {
  std::string name, task, architecture;
  std::string input, normalisation, output; // shapes and units in words
  std::string data, data_licence;
  nlohmann::json split, metrics, seed;
  std::string intended_use, limits;
  std::string command;                               // makes the model again
  nlohmann::json further = nlohmann::json::object(); // keys that this version does not know, kept
};

inline constexpr const char* card_key = "sensorium.card";

nlohmann::json to_json(const ModelCard& card);
// Throws Error BadInput naming the key and the source: not JSON, not an object, a text that is
// none, larger than 1 MiB.
ModelCard card_from_json(const nlohmann::json& json, const std::string& source);
ModelCard parse_card(const std::string& text, const std::string& source);
// The card of a graph; an empty one where it has none. Throws as parse_card.
ModelCard card_of(const Graph& graph);
void set_card(Graph& graph, const ModelCard& card);

// The fields a card must fill before a model is shown to others, in order: those that this one
// leaves empty.
std::vector<std::string> missing_in(const ModelCard& card);

// What keeps a file from being used as a model, for `sensorium models import`. Each entry is one
// sentence.
struct ModelCheck {
  std::vector<std::string> errors;   // it cannot be used: damaged, operators, shapes
  std::vector<std::string> warnings; // it runs, but something is not said: card, sizes
  bool usable() const { return errors.empty(); }
};
// unsupported: of the graph's nodes, one sentence each (unsupported_nodes() of
// modules/learn/model.h, or empty).
ModelCheck check_model(const Graph& graph, const std::vector<std::string>& unsupported = {});

}
