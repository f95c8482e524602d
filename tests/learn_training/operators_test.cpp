#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "modules/learn/model.h"
#include "modules/learn/operators.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <utility>

namespace sensorium {
namespace {

TEST(Operators, TheListIsTheExecutorsTable) { EXPECT_EQ(known_operators(), supported_operators()); }

TEST(Operators, TheManualListsThem) {
  const std::string page = read_text(SENSORIUM_SOURCE_DIR "/docs/MODELS.md");
  std::set<std::string> words;
  std::string word;
  for (const char c : page)
    if (std::isalnum(static_cast<unsigned char>(c)))
      word += c;
    else
      words.insert(std::exchange(word, {}));
  for (const std::string& name : known_operators()) EXPECT_TRUE(words.contains(name)) << name;
}

TEST(Operators, UnknownOnesAreNamedWithTheirNode) {
  Graph graph;
  graph.nodes = {{"Relu", "", "a", {"x"}, {"y"}, {}},
                 {"Bernoulli", "", "b", {"y"}, {"z"}, {}},
                 {"Relu", "com.microsoft", "c", {"z"}, {"w"}, {}}};
  const auto sentences = unknown_operators(graph);
  ASSERT_EQ(sentences.size(), 2u);
  EXPECT_NE(sentences[0].find("Bernoulli 'b'"), std::string::npos);
  EXPECT_NE(sentences[1].find("com.microsoft"), std::string::npos);
}

TEST(Operators, ProbabilitiesAreToldFromLogits) {
  EXPECT_TRUE(
      gives_probabilities(build_residual_unet({.widths = "4", .probability_output = true}, 1)));
  EXPECT_FALSE(gives_probabilities(build_residual_unet({.widths = "4"}, 1)));
  Graph graph;
  graph.outputs = {{"y"}};
  graph.nodes = {{"Softmax", "", "a", {"x"}, {"y"}, {}}, {"Relu", "", "b", {"y"}, {"z"}, {}}};
  EXPECT_TRUE(gives_probabilities(graph));
  graph.outputs = {{"z"}};
  EXPECT_FALSE(gives_probabilities(graph));
}

}
}
