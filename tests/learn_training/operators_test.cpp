#include "modules/learn/model.h"
#include "modules/learn/operators.h"

#include <gtest/gtest.h>

namespace sensorium {
namespace {

TEST(Operators, TheListIsTheExecutorsTable) { EXPECT_EQ(known_operators(), supported_operators()); }

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

}
}
