#include "modules/learn/graph.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sensorium {
namespace {

template<class T> T attribute_or(const Node& node, const std::string& key, T otherwise) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return otherwise;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  throw Error(ErrorCode::BadInput,
              fmt::format("node {}: the attribute '{}' is of the wrong type", node.label(), key));
}

template<class T>
HostTensor tensor_of(DType type, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  HostTensor tensor{type, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

void check_initializers(const Graph& graph, const std::string& name) {
  for (const auto& [key, tensor] : graph.initializers) {
    std::uint64_t count = 1;
    for (const std::int64_t d : tensor.shape) {
      if (d < 0 || (d > 0 && count > (std::uint64_t{1} << 40) / static_cast<std::uint64_t>(d)))
        throw Error(
            ErrorCode::BadInput,
            fmt::format("'{}': the weight '{}' has an impossible dimension {}", name, key, d),
            "the model file is damaged");
      count *= static_cast<std::uint64_t>(d);
    }
    if (count * size_of(tensor.type) != tensor.bytes.size())
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': the weight '{}' has {} bytes, its shape asks for {}", name,
                              key, tensor.bytes.size(), count * size_of(tensor.type)),
                  "the model file is damaged");
  }
}

// Kahn's order; what is left over waits for itself or for nothing.
void sort_nodes(Graph& graph, const std::string& name) {
  std::set<std::string> known;
  const auto define = [&](const std::string& value, const std::string& by) {
    if (!value.empty() && !known.insert(value).second)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': the value '{}' of {} is defined twice", name, value, by),
                  "the model file is damaged");
  };
  for (const ValueInfo& input : graph.inputs) define(input.name, "the inputs");
  for (const auto& [key, tensor] : graph.initializers) define(key, "the weights");
  std::set<std::string> made;
  std::map<std::string, std::vector<std::size_t>> waiting;
  std::vector<std::size_t> missing(graph.nodes.size());
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& output : graph.nodes[i].outputs)
      if (!output.empty() && (known.contains(output) || !made.insert(output).second))
        throw Error(ErrorCode::BadInput,
                    fmt::format("'{}': the value '{}' of node {} is defined twice", name, output,
                                graph.nodes[i].label()),
                    "the model file is damaged");
    for (const std::string& input :
         std::set<std::string>(graph.nodes[i].inputs.begin(), graph.nodes[i].inputs.end()))
      if (!input.empty() && !known.contains(input)) {
        waiting[input].push_back(i);
        ++missing[i];
      }
    if (missing[i] == 0) ready.push_back(i);
  }
  for (const auto& [value, nodes] : waiting)
    if (!made.contains(value))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': node {} needs '{}', which nothing makes", name,
                              graph.nodes[nodes.front()].label(), value),
                  "the model file is damaged");
  std::vector<Node> sorted;
  std::make_heap(ready.begin(), ready.end(), std::greater<>());
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), std::greater<>());
    const std::size_t i = ready.back();
    ready.pop_back();
    for (const std::string& output : graph.nodes[i].outputs)
      for (const std::size_t next : waiting[output])
        if (--missing[next] == 0) {
          ready.push_back(next);
          std::push_heap(ready.begin(), ready.end(), std::greater<>());
        }
    sorted.push_back(graph.nodes[i]);
  }
  if (sorted.size() != graph.nodes.size())
    throw Error(ErrorCode::BadInput, fmt::format("'{}': the graph has a cycle", name),
                "the model file is damaged");
  graph.nodes = std::move(sorted);
  for (const ValueInfo& output : graph.outputs)
    if (!known.contains(output.name) && !made.contains(output.name))
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': nothing makes the output '{}'", name, output.name),
                  "the model file is damaged");
}

}

std::size_t size_of(DType type) {
  switch (type) {
  case DType::UInt8:
  case DType::Int8:
  case DType::Bool:
    return 1;
  case DType::UInt16:
  case DType::Int16:
  case DType::Float16:
  case DType::BFloat16:
    return 2;
  case DType::Float32:
  case DType::Int32:
  case DType::UInt32:
    return 4;
  case DType::Int64:
  case DType::Float64:
  case DType::UInt64:
    return 8;
  case DType::Undefined:
    break;
  }
  return 0;
}

std::int64_t HostTensor::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t d : shape) count *= d;
  return count;
}

HostTensor HostTensor::floats(std::vector<std::int64_t> shape, const std::vector<float>& values) {
  return tensor_of(DType::Float32, std::move(shape), values);
}
HostTensor HostTensor::ints(std::vector<std::int64_t> shape,
                            const std::vector<std::int64_t>& values) {
  return tensor_of(DType::Int64, std::move(shape), values);
}

std::int64_t Node::integer(const std::string& key, std::int64_t otherwise) const {
  return attribute_or(*this, key, otherwise);
}
float Node::number(const std::string& key, float otherwise) const {
  return attribute_or(*this, key, otherwise);
}
std::string Node::text(const std::string& key, const std::string& otherwise) const {
  return attribute_or(*this, key, otherwise);
}
std::vector<std::int64_t> Node::integers(const std::string& key,
                                         std::vector<std::int64_t> otherwise) const {
  return attribute_or(*this, key, std::move(otherwise));
}
std::string Node::label() const {
  std::string out =
      name.empty() ? fmt::format("{} (making '{}')", op, outputs.empty() ? "" : outputs.front())
                   : fmt::format("{} '{}'", op, name);
  // A file from elsewhere must not steer the terminal.
  std::ranges::replace_if(out, [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  return out;
}

std::int64_t Graph::parameters() const {
  std::int64_t count = 0;
  for (const auto& [key, tensor] : initializers)
    if (tensor.type == DType::Float32 || tensor.type == DType::Float16 ||
        tensor.type == DType::BFloat16 || tensor.type == DType::Float64)
      count += tensor.elements();
  return count;
}

void check(Graph& graph, const std::string& name) {
  if (graph.outputs.empty())
    throw Error(ErrorCode::BadInput, fmt::format("'{}': the graph has no output", name),
                "the model file is damaged");
  check_initializers(graph, name);
  sort_nodes(graph, name);
}

}
