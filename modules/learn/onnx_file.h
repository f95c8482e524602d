// Networks as ONNX files: the only model format. Read: opset 7 to 20, IR 3 to 10. Written: opset
// 17, IR 8.
#pragma once

#include "modules/learn/graph.h"

#include <filesystem>

namespace sensorium {

// Throws Error BadInput (damaged, cyclic, sizes that lie, external data outside the file's folder),
// Unsupported (newer opset or IR, subgraphs, sparse weights), NotFound.
Graph read_onnx(const std::filesystem::path& path);
// The same from memory; external data is refused.
Graph parse_onnx(std::span<const std::byte> bytes, const std::string& name);
// Throws Error Resources.
void write_onnx(const Graph& graph, const std::filesystem::path& path);
std::string serialise_onnx(const Graph& graph);

// One constant in a protobuf file of its own, as ONNX's test data has them (tests use it).
HostTensor parse_tensor_file(const std::filesystem::path& path);

}
