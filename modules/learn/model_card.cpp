#include "modules/learn/model_card.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::size_t largest_card = 1u << 20;
constexpr int deepest_card = 32;

template<class Card> auto texts_of(Card& card) {
  return std::vector{std::pair{"name", &card.name},
                     std::pair{"task", &card.task},
                     std::pair{"architecture", &card.architecture},
                     std::pair{"input", &card.input},
                     std::pair{"normalisation", &card.normalisation},
                     std::pair{"output", &card.output},
                     std::pair{"data", &card.data},
                     std::pair{"data_licence", &card.data_licence},
                     std::pair{"intended_use", &card.intended_use},
                     std::pair{"limits", &card.limits},
                     std::pair{"command", &card.command}};
}

template<class Card> auto values_of(Card& card) {
  return std::vector{std::pair{"split", &card.split}, std::pair{"metrics", &card.metrics},
                     std::pair{"seed", &card.seed}};
}

Error damaged(const std::string& source, const std::string& why) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': the model card {}", source, why),
               "write the card again, or remove it from the model's metadata");
}

bool is_empty(const json& value) {
  return value.is_null() || ((value.is_object() || value.is_array()) && value.empty()) ||
         (value.is_string() && value.get_ref<const std::string&>().empty());
}

bool makes_something(const Graph& graph, const std::string& output) {
  for (const Node& node : graph.nodes)
    for (const std::string& name : node.outputs)
      if (name == output) return true;
  return false;
}

void check_shapes(const Graph& graph, ModelCheck& check) {
  if (graph.inputs.empty()) check.errors.emplace_back("it takes no input");
  if (graph.outputs.empty()) check.errors.emplace_back("it has no output");
  for (const ValueInfo& output : graph.outputs)
    if (!makes_something(graph, output.name))
      check.errors.push_back(fmt::format("no node makes its output '{}'", output.name));
  for (const ValueInfo& input : graph.inputs) {
    if (!input.has_shape)
      check.warnings.push_back(fmt::format("the input '{}' says no shape", input.name));
    if (input.type != DType::Float32)
      check.warnings.push_back(fmt::format("the input '{}' is not of type float32", input.name));
  }
  if (graph.inputs.size() > 1)
    check.warnings.push_back(
        fmt::format("it takes {} inputs; the pipelines give one", graph.inputs.size()));
}

void check_weights(const Graph& graph, ModelCheck& check) {
  for (const auto& [name, tensor] : graph.initializers) {
    if (tensor.type != DType::Float32) continue;
    for (const float v : tensor.as<float>())
      if (!(v - v == 0)) {
        check.errors.push_back(
            fmt::format("the weight '{}' holds a value that is no number", name));
        break;
      }
  }
  if (graph.parameters() == 0) check.warnings.emplace_back("it has no weights");
}

}

json to_json(const ModelCard& card) {
  json out = card.further.is_object() ? card.further : json::object();
  for (const auto& [key, text] : texts_of(card))
    if (!text->empty()) out[key] = *text;
  for (const auto& [key, value] : values_of(card))
    if (!value->is_null()) out[key] = *value;
  return out;
}

ModelCard card_from_json(const json& in, const std::string& source) {
  if (!in.is_object()) throw damaged(source, "is not a JSON object");
  ModelCard card;
  std::set<std::string> known;
  for (const auto& [key, text] : texts_of(card)) {
    known.insert(key);
    const auto found = in.find(key);
    if (found == in.end() || found->is_null()) continue;
    if (!found->is_string())
      throw damaged(source, fmt::format("has a '{}' that is not a text", key));
    *text = found->get<std::string>();
  }
  for (const auto& [key, value] : values_of(card)) {
    known.insert(key);
    if (const auto found = in.find(key); found != in.end()) *value = *found;
  }
  for (const auto& [key, value] : in.items())
    if (!known.contains(key)) card.further[key] = value;
  return card;
}

ModelCard parse_card(const std::string& text, const std::string& source) {
  if (text.size() > largest_card)
    throw damaged(source, fmt::format("has {} bytes; {} are the limit", text.size(), largest_card));
  bool too_deep = false;
  const auto callback = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > deepest_card;
    return !too_deep;
  };
  const json parsed = json::parse(text, callback, false);
  if (too_deep) throw damaged(source, fmt::format("nests deeper than {} levels", deepest_card));
  if (parsed.is_discarded()) throw damaged(source, "is not JSON");
  return card_from_json(parsed, source);
}

ModelCard card_of(const Graph& graph) {
  const auto found = graph.metadata.find(card_key);
  return found == graph.metadata.end() ? ModelCard{} : parse_card(found->second, graph.name);
}

void set_card(Graph& graph, const ModelCard& card) {
  graph.metadata[card_key] = to_json(card).dump();
}

std::vector<std::string> missing_in(const ModelCard& card) {
  std::vector<std::string> out;
  for (const auto& [key, text] : texts_of(card))
    if (text->empty() && std::string_view(key) != "architecture") out.emplace_back(key);
  for (const auto& [key, value] : values_of(card))
    if (is_empty(*value)) out.emplace_back(key);
  return out;
}

ModelCheck check_model(const Graph& graph, const std::vector<std::string>& unsupported) {
  ModelCheck check;
  check.errors = unsupported;
  check_shapes(graph, check);
  check_weights(graph, check);
  if (!graph.metadata.contains(card_key)) {
    check.warnings.emplace_back("it has no model card: nothing says what it is for and made from");
    return check;
  }
  try {
    for (const std::string& key : missing_in(card_of(graph)))
      check.warnings.push_back(fmt::format("its card does not say '{}'", key));
  } catch (const Error& e) {
    check.errors.emplace_back(e.what());
  }
  return check;
}

}
