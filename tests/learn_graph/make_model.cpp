// make_model FAMILY JSON FILE.onnx: a builder's graph for the judges and the benchmarks.
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"

#include <cstdio>
#include <string>

namespace {
using namespace sensorium;

// Norms of a new network are the identity; statistics as after training make a mistake visible.
void disturb_statistics(Graph& graph) {
  for (const Node& node : graph.nodes)
    if (node.op == "BatchNormalization")
      for (std::size_t i = 1; i < 5; ++i) {
        int k = static_cast<int>(i);
        for (float& v : graph.initializers.at(node.inputs[i]).as<float>())
          v += 0.05f * static_cast<float>(++k % 7);
      }
}

}

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  Graph graph = build_network(argv[1], nlohmann::json::parse(argv[2]), 1);
  disturb_statistics(graph);
  write_onnx(graph, argv[3]);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
