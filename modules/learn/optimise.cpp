#include "modules/learn/optimise.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace sensorium {
namespace {

std::map<std::string, int> use_counts(const Graph& graph) {
  std::map<std::string, int> uses;
  for (const Node& node : graph.nodes)
    for (const std::string& input : node.inputs) ++uses[input];
  for (const ValueInfo& output : graph.outputs) ++uses[output.name];
  return uses;
}

const HostTensor* weight_of(const Graph& graph, const Node& node, std::size_t position) {
  if (node.inputs.size() <= position) return nullptr;
  const auto found = graph.initializers.find(node.inputs[position]);
  return found != graph.initializers.end() && found->second.type == DType::Float32 ? &found->second
                                                                                   : nullptr;
}

// Scales the output channels of a convolution so that the norm after it is the identity.
void fold(Graph& graph, Node& convolution, const Node& norm) {
  const HostTensor weight = *weight_of(graph, convolution, 1);
  const auto scale = graph.initializers.at(norm.inputs[1]).as<float>(),
             shift = graph.initializers.at(norm.inputs[2]).as<float>();
  const auto mean = graph.initializers.at(norm.inputs[3]).as<float>(),
             variance = graph.initializers.at(norm.inputs[4]).as<float>();
  const double epsilon = norm.number("epsilon", 1e-5f);
  const auto channels = static_cast<std::size_t>(weight.shape[0]),
             each = weight.as<float>().size() / channels;
  HostTensor folded = weight;
  std::vector<float> bias(channels);
  const HostTensor* old_bias = weight_of(graph, convolution, 2);
  for (std::size_t c = 0; c < channels; ++c) {
    const double factor = scale[c] / std::sqrt(variance[c] + epsilon);
    for (std::size_t i = 0; i < each; ++i)
      folded.as<float>()[c * each + i] =
          static_cast<float>(weight.as<float>()[c * each + i] * factor);
    bias[c] = static_cast<float>(((old_bias ? old_bias->as<float>()[c] : 0.0f) - mean[c]) * factor +
                                 shift[c]);
  }
  const std::string base = convolution.outputs[0] + ".folded";
  graph.initializers[base + ".weight"] = std::move(folded);
  graph.initializers[base + ".bias"] =
      HostTensor::floats({static_cast<std::int64_t>(channels)}, bias);
  convolution.inputs = {convolution.inputs[0], base + ".weight", base + ".bias"};
  convolution.outputs = {norm.outputs[0]};
}

bool foldable(const Graph& graph, const Node& convolution, const Node& norm) {
  if (convolution.op != "Conv" || !convolution.domain.empty() ||
      weight_of(graph, convolution, 1) == nullptr)
    return false;
  if (const auto& shape = weight_of(graph, convolution, 1)->shape;
      shape.size() < 3 || weight_of(graph, convolution, 1)->elements() == 0)
    return false;
  if (convolution.inputs.size() > 2 && !convolution.inputs[2].empty() &&
      weight_of(graph, convolution, 2) == nullptr)
    return false;
  if (const HostTensor* bias = weight_of(graph, convolution, 2);
      bias != nullptr && bias->elements() != weight_of(graph, convolution, 1)->shape[0])
    return false;
  for (std::size_t i = 1; i < 5; ++i)
    if (const HostTensor* w = weight_of(graph, norm, i);
        w == nullptr || w->elements() != weight_of(graph, convolution, 1)->shape[0])
      return false;
  return true;
}

void fold_norms(Graph& graph) {
  const auto uses = use_counts(graph);
  std::map<std::string, std::size_t> maker;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const std::string& output : graph.nodes[i].outputs) maker[output] = i;
  std::set<std::size_t> gone;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node norm = graph.nodes[i];
    if (norm.op != "BatchNormalization" || norm.inputs.size() < 5 || uses.at(norm.inputs[0]) != 1)
      continue;
    const auto made = maker.find(norm.inputs[0]);
    if (made == maker.end() || !foldable(graph, graph.nodes[made->second], norm)) continue;
    fold(graph, graph.nodes[made->second], norm);
    gone.insert(i);
  }
  std::vector<Node> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!gone.contains(i)) kept.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(kept);
}

using Makers = std::map<std::string, std::size_t>;

Makers makers_of(const Graph& graph) {
  Makers out;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const std::string& output : graph.nodes[i].outputs) out[output] = i;
  return out;
}

bool is_convolution(const Node& node) {
  return (node.op == "Conv" && node.domain.empty()) ||
         (node.op == "FusedConv" && node.domain == "sensorium");
}
bool is_plain(const Node& node) {
  return !node.attributes.contains("activation") &&
         (node.inputs.size() < 4 || node.inputs[3].empty());
}

// The convolution that makes the value and nothing else reads, with constant weights; or none.
std::optional<std::size_t> convolution_of(const Graph& graph, const Makers& makers,
                                          const std::map<std::string, int>& uses,
                                          const std::string& value) {
  const auto made = makers.find(value);
  if (made == makers.end() || uses.at(value) != 1) return std::nullopt;
  const Node& node = graph.nodes[made->second];
  if (!is_convolution(node) || node.attributes.contains("activation") ||
      weight_of(graph, node, 1) == nullptr)
    return std::nullopt;
  return made->second;
}

Node fused(Node convolution) {
  convolution.op = "FusedConv";
  convolution.domain = "sensorium";
  return convolution;
}

void erase_nodes(Graph& graph, const std::set<std::size_t>& gone) {
  std::vector<Node> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!gone.contains(i)) kept.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(kept);
}

// conv + other: the later of the two convolutions takes the sum, at the place of the Add, where
// both inputs exist.
void fuse_sums(Graph& graph) {
  const auto uses = use_counts(graph);
  Makers makers = makers_of(graph);
  std::set<std::size_t> gone;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node add = graph.nodes[i];
    if (add.op != "Add" || !add.domain.empty() || add.inputs.size() != 2 ||
        add.inputs[0] == add.inputs[1])
      continue;
    std::optional<std::size_t> chosen;
    std::string other;
    for (const std::size_t side : {0u, 1u}) {
      const auto found = convolution_of(graph, makers, uses, add.inputs[side]);
      if (!found || !is_plain(graph.nodes[*found]) || gone.contains(*found) ||
          (chosen && *found < *chosen))
        continue;
      chosen = found;
      other = add.inputs[1 - side];
    }
    if (!chosen || !makers.contains(other)) continue;
    const Node& maker = graph.nodes[makers.at(other)];
    Node node = fused(graph.nodes[*chosen]);
    node.inputs.resize(4);
    node.inputs[3] = other;
    node.outputs = add.outputs;
    node.attributes["in_place"] =
        std::int64_t{uses.at(other) == 1 && is_convolution(maker) ? 1 : 0};
    gone.insert(*chosen);
    graph.nodes[i] = node;
  }
  erase_nodes(graph, gone);
}

void fuse_activations(Graph& graph) {
  const auto uses = use_counts(graph);
  const Makers makers = makers_of(graph);
  static const std::map<std::string, std::string> names = {
      {"Relu", "relu"}, {"LeakyRelu", "leaky_relu"}, {"Sigmoid", "sigmoid"}, {"Tanh", "tanh"}};
  std::set<std::size_t> gone;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node activation = graph.nodes[i];
    const auto name = names.find(activation.op);
    if (name == names.end() || !activation.domain.empty() || activation.inputs.size() != 1)
      continue;
    const auto found = convolution_of(graph, makers, uses, activation.inputs[0]);
    if (!found) continue;
    Node node = fused(graph.nodes[*found]);
    node.outputs = activation.outputs;
    node.attributes["activation"] = name->second;
    if (activation.op == "LeakyRelu") node.attributes["alpha"] = activation.number("alpha", 0.01f);
    gone.insert(*found);
    graph.nodes[i] = node;
  }
  erase_nodes(graph, gone);
  for (Node& node : graph.nodes)
    if (node.op == "Conv" && node.domain.empty() && weight_of(graph, node, 1) != nullptr)
      node = fused(node);
}

// ConvTranspose with constant weights whose windows do not meet.
void mark_up_convolutions(Graph& graph) {
  for (Node& node : graph.nodes) {
    const HostTensor* weight = weight_of(graph, node, 1);
    if (node.op != "ConvTranspose" || !node.domain.empty() || weight == nullptr ||
        weight->shape.size() != 4 || node.integer("group", 1) != 1 ||
        node.text("auto_pad", "NOTSET") != "NOTSET" || node.attributes.contains("output_shape"))
      continue;
    const auto all = [&](const char* key, std::int64_t value) {
      const auto list = node.integers(key);
      return std::all_of(list.begin(), list.end(), [&](std::int64_t x) { return x == value; });
    };
    if (node.integers("strides") == std::vector(weight->shape.begin() + 2, weight->shape.end()) &&
        all("pads", 0) && all("output_padding", 0) && all("dilations", 1)) {
      node.op = "UpConv";
      node.domain = "sensorium";
    }
  }
}

void drop_unused(Graph& graph) {
  const auto uses = use_counts(graph);
  std::erase_if(graph.initializers, [&](const auto& item) { return !uses.contains(item.first); });
}

}

Graph optimised(const Graph& original, bool fuse) {
  Graph graph = original;
  for (Node& node : graph.nodes)
    if (node.op == "Dropout" && node.outputs.size() == 1 && !node.inputs.empty() &&
        node.inputs.size() < 3)
      node = {"Identity", "", node.name, {node.inputs[0]}, node.outputs, {}};
  fold_norms(graph);
  if (fuse) {
    fuse_sums(graph);
    fuse_activations(graph);
    mark_up_convolutions(graph);
  }
  drop_unused(graph);
  return graph;
}

}
