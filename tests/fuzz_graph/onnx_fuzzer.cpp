// Any bytes as an ONNX file: a graph or one Error. What was read is written and read again, and
// passes run on it.
#include "modules/core/error.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/optimise.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  Graph graph;
  try {
    graph = parse_onnx(std::as_bytes(std::span(data, size)), "fuzz.onnx");
  } catch (const Error&) {
    return 0;
  }
  try {
    const std::string text = serialise_onnx(graph);
    if (graph.opset <= 17 &&
        serialise_onnx(
            parse_onnx(std::as_bytes(std::span(text.data(), text.size())), "again.onnx")) != text)
      std::abort();
    optimised(graph, true);
  } catch (const Error&) {
  }
  return 0;
}
