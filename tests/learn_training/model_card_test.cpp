#include "modules/core/error.h"
#include "modules/learn/builders.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

Graph network() {
  return build_residual_mlp({.inputs = 4, .classes = 2, .width = 8, .blocks = 1}, 1);
}

ModelCard full() {
  return {.name = "demo",
          .task = "foci",
          .architecture = "residual MLP",
          .input = "[1, 4]",
          .normalisation = "none",
          .output = "logits",
          .data = "phantoms",
          .data_licence = "GPL-3.0-or-later",
          .split = {{"training", {1, 9}}},
          .metrics = {{"f1", 0.5}},
          .seed = 3,
          .intended_use = "research",
          .limits = "phantoms only",
          .command = "sensorium train x"};
}

TEST(ModelCardFormat, SurvivesTheModelFile) {
  Graph graph = network();
  ModelCard card = full();
  card.further["doi"] = "10.1000/1";
  set_card(graph, card);
  const std::string file = serialise_onnx(graph);
  const ModelCard back = card_of(parse_onnx(std::as_bytes(std::span(file)), "memory"));
  EXPECT_EQ(to_json(back), to_json(card));
  EXPECT_EQ(back.further.at("doi"), "10.1000/1");
  EXPECT_EQ(back.metrics.at("f1"), 0.5);
  EXPECT_TRUE(missing_in(back).empty());
}

TEST(ModelCardFormat, SaysWhatIsMissing) {
  ModelCard card = full();
  card.limits.clear();
  card.metrics = nlohmann::json::object();
  EXPECT_EQ(missing_in(card), (std::vector<std::string>{"limits", "metrics"}));
  EXPECT_EQ(missing_in(ModelCard{}).size(), 13u);
}

TEST(ModelCardFormat, DamagedCardsAreRefused) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{\"task\": 3}"),
        std::string("{\"limits\": [\"a\"]}"), std::string(2u << 20, ' '),
        "{\"x\":" + std::string(5000, '[') + std::string(5000, ']') + "}"})
    try {
      parse_card(text, "m.onnx");
      ADD_FAILURE() << text.substr(0, 30);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::BadInput);
      EXPECT_NE(std::string(e.what()).find("m.onnx"), std::string::npos);
    }
  EXPECT_NE(std::string([] {
              try {
                parse_card("{\"task\": 3}", "m");
              } catch (const Error& e) {
                return std::string(e.what());
              }
              return std::string();
            }())
                .find("'task'"),
            std::string::npos);
}

bool says(const std::vector<std::string>& list, const std::string& part) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& s) { return s.find(part) != std::string::npos; });
}

TEST(ModelCheckList, NamesEachLack) {
  Graph graph = network();
  EXPECT_TRUE(check_model(graph).usable());
  EXPECT_TRUE(says(check_model(graph).warnings, "no model card"));
  ModelCard card = full();
  card.data_licence.clear();
  set_card(graph, card);
  EXPECT_EQ(check_model(graph).warnings,
            std::vector<std::string>{"its card does not say 'data_licence'"});
  graph.metadata[card_key] = "{";
  EXPECT_TRUE(says(check_model(graph).errors, "not JSON"));
  set_card(graph, full());
  EXPECT_TRUE(check_model(graph).warnings.empty());
  EXPECT_FALSE(check_model(graph, {"the operator X is not supported"}).usable());

  auto& weight =
      std::find_if(graph.initializers.begin(), graph.initializers.end(), [](const auto& i) {
        return i.second.type == DType::Float32;
      })->second;
  weight.as<float>()[0] = NAN;
  EXPECT_TRUE(says(check_model(graph).errors, "no number"));
  graph.outputs.front().name = "elsewhere";
  EXPECT_TRUE(says(check_model(graph).errors, "'elsewhere'"));
}

}
}
