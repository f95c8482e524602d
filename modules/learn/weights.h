// Weights that a user brings, by name: safetensors or ONNX.
// Format: github.com/huggingface/safetensors, README "Format": uint64 length of the JSON, the JSON,
// the data.
#pragma once

#include "modules/learn/graph.h"

#include <filesystem>

namespace sensorium {

struct NamedTensors {
  std::map<std::string, HostTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Throws Error BadInput: cut short, offsets that overlap, leave gaps or lie, header over 100 MB;
// Unsupported: a type that this program does not have (8-bit floats).
NamedTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);
NamedTensors read_safetensors(const std::filesystem::path& path);
// Float32 and so on as they are; sorted by name. Throws Error Resources.
void write_safetensors(const NamedTensors& weights, const std::filesystem::path& path);

struct WeightReport {
  std::vector<std::string> loaded, missing, unexpected; // names
  std::vector<std::string> mismatched; // "conv1.weight: file [8,3,3,3], model [16,3,3,3]"
  bool complete() const { return missing.empty() && mismatched.empty() && !loaded.empty(); }
  std::string text() const; // for a log: counts, then the first names of each list
};

// Copies every tensor whose name and shape fit into graph.initializers, converted to the
// initializer's floating-point type. Names are compared as they are; with a prefix "module." or
// "model." removed where that is the only difference. Only floating-point weights take part: sizes
// and axes of the graph are left alone.
WeightReport load_weights(Graph& graph, const NamedTensors& weights);
WeightReport load_weights(Graph& graph, const std::filesystem::path& path);

}
