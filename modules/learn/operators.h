// The ONNX operators that modules/learn executes, known without LibTorch: for tools that judge a
// file but do not run it. A test holds this list equal to the executor's own table.
#pragma once

#include "modules/learn/graph.h"

#include <string>
#include <vector>

namespace sensorium {

const std::vector<std::string>& known_operators(); // sorted, of the domain ai.onnx
// One sentence for each node whose operator is not known. Attributes are judged when the model is
// loaded.
std::vector<std::string> unknown_operators(const Graph& graph);
// Whether the first output comes from a Sigmoid or Softmax, Identity nodes left aside; else it is
// logits, as far as a graph can say.
bool gives_probabilities(const Graph& graph);

}
