// Anything but an Error is a fault; what is read must load into a graph, and be written and read
// back the same.
#include "modules/core/error.h"
#include "modules/learn/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace sensorium;
  try {
    const NamedTensors weights = parse_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
    Graph graph;
    for (const auto& [name, tensor] : weights.tensors)
      if (tensor.elements() < 4096)
        graph.initializers[name] = HostTensor::floats(
            tensor.shape, std::vector<float>(static_cast<std::size_t>(tensor.elements())));
    const WeightReport report = load_weights(graph, weights);
    if (report.loaded.size() + report.unexpected.size() + report.mismatched.size() >
        2 * weights.tensors.size() + graph.initializers.size())
      __builtin_trap();
    (void)report.text();
  } catch (const Error&) {
  }
  return 0;
}
