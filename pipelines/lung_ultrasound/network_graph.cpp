#include "pipelines/lung_ultrasound/network_graph.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/learn/builders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::lung_ultrasound {
namespace {

using Numbers = std::vector<std::int64_t>;
constexpr int head_width = 16;

const Node* find_maker(const Graph& graph, const std::string& value, const char* op) {
  for (const Node& node : graph.nodes)
    if (!node.outputs.empty() && node.outputs[0] == value && node.op == op) return &node;
  return nullptr;
}

const Node& maker_of(const Graph& graph, const std::string& value, const char* op) {
  if (const Node* found = find_maker(graph, value, op)) return *found;
  throw Error(ErrorCode::Internal, fmt::format("the network does not end in a {}", op));
}

// The last layer: what the output is a name for.
const Node& head_of(const Graph& graph) {
  std::string value = graph.outputs.at(0).name;
  for (const Node& node : graph.nodes)
    if (!node.outputs.empty() && node.outputs[0] == value && node.op == "Identity")
      value = node.inputs.at(0);
  return maker_of(graph, value, "Gemm");
}

std::string add_node(Graph& graph, const std::string& op, const std::string& name,
                     std::vector<std::string> inputs,
                     std::map<std::string, Attribute> attributes = {}) {
  graph.nodes.push_back({op, "", name, std::move(inputs), {name}, std::move(attributes)});
  return name;
}

std::string add_integers(Graph& graph, const std::string& name, const Numbers& values) {
  graph.initializers["const." + name] =
      HostTensor::ints({static_cast<std::int64_t>(values.size())}, values);
  return "const." + name;
}

std::string add_floats(Graph& graph, const std::string& name, Numbers shape,
                       const std::vector<float>& values) {
  graph.initializers[name] = HostTensor::floats(std::move(shape), values);
  return name;
}

void drop_last_layer(Graph& graph, const Node& head) {
  const std::string logits = graph.outputs.at(0).name;
  std::erase_if(graph.nodes, [&](const Node& n) {
    return n.outputs == head.outputs || (n.op == "Identity" && n.outputs.at(0) == logits);
  });
}

void divide(Graph& graph, const Node& head, double by) {
  for (const std::size_t i : {1u, 2u})
    for (float& value : graph.initializers.at(head.inputs.at(i)).as<float>())
      value = static_cast<float>(value / by);
}

// The last layer at each place of the feature map.
void map_of_places(Graph& graph, const Node& head, const std::string& map) {
  HostTensor& weight = graph.initializers.at(head.inputs[1]);
  weight.shape = {weight.shape[0], weight.shape[1], 1, 1};
  add_node(graph, "Conv", "maps", {map, head.inputs[1], head.inputs[2]},
           {{"kernel_shape", Numbers{1, 1}}});
}

// The last layer at each patch [n, patch, width], put back to rows and columns.
void map_of_patches(Graph& graph, const Node& head, const std::string& patches) {
  const HostTensor& weight = graph.initializers.at(head.inputs[1]);
  const std::int64_t classes = weight.shape[0], width = weight.shape[1];
  std::vector<float> turned(static_cast<std::size_t>(classes * width));
  for (std::int64_t k = 0; k < classes; ++k)
    for (std::int64_t i = 0; i < width; ++i)
      turned[static_cast<std::size_t>(i * classes + k)] =
          weight.as<float>()[static_cast<std::size_t>(k * width + i)];
  const std::int64_t count = graph.initializers.at("position").shape.at(1),
                     side = std::llround(std::sqrt(static_cast<double>(count)));
  add_floats(graph, "maps.weight", {width, classes}, turned);
  graph.initializers.erase(head.inputs[1]);
  add_node(graph, "MatMul", "maps.product", {patches, "maps.weight"});
  add_node(graph, "Add", "maps.patches", {"maps.product", head.inputs[2]});
  add_node(graph, "Transpose", "maps.turned", {"maps.patches"}, {{"perm", Numbers{0, 2, 1}}});
  add_node(graph, "Reshape", "maps",
           {"maps.turned", add_integers(graph, "maps.shape", {0, classes, side, side})});
}

// All nodes and weights of `part`, named anew but for `known`: value in part -> value in graph.
void append(Graph& graph, const Graph& part, const std::string& prefix,
            const std::map<std::string, std::string>& known) {
  const auto renamed = [&](const std::string& name) {
    const auto found = known.find(name);
    return name.empty() ? name : found == known.end() ? prefix + name : found->second;
  };
  for (const auto& [name, tensor] : part.initializers) graph.initializers[prefix + name] = tensor;
  for (Node node : part.nodes) {
    node.name = prefix + node.name;
    for (std::string& name : node.inputs) name = renamed(name);
    for (std::string& name : node.outputs) name = renamed(name);
    graph.nodes.push_back(std::move(node));
  }
}

// Weights of the clip network, each by its name and a deviation.
struct Weights {
  Graph& graph;
  Random random;
  std::string of(const std::string& name, const Numbers& shape, double deviation) {
    std::int64_t count = 1;
    for (const std::int64_t d : shape) count *= d;
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(deviation * random.normal()));
    return add_floats(graph, name, shape, values);
  }
  std::string same(const std::string& name, std::int64_t count, float value) {
    return add_floats(graph, name, {count},
                      std::vector<float>(static_cast<std::size_t>(count), value));
  }
};

// Sines of the place in the clip, 1/n .. 1, with learnt heights, added to x.
std::string with_places(Graph& g, Weights& weights, const std::string& x, int features) {
  std::vector<float> speed, phase;
  for (int k = 0; k < features; ++k) {
    speed.push_back(static_cast<float>(std::numbers::pi * (1 + k / 2 % 4)));
    phase.push_back(k % 2 == 0 ? 0.0f : static_cast<float>(std::numbers::pi / 2));
  }
  add_floats(g, "const.zero", {}, {0});
  add_floats(g, "const.one", {}, {1});
  add_floats(g, "const.speed", {features}, speed);
  add_floats(g, "const.phase", {features}, phase);
  add_node(g, "Mul", "place.zeros", {x, "const.zero"});
  add_node(g, "ReduceMean", "place.zero", {"place.zeros"},
           {{"axes", Numbers{2}}, {"keepdims", std::int64_t{1}}});
  add_node(g, "Add", "place.one", {"place.zero", "const.one"});
  add_node(g, "CumSum", "place.count", {"place.one", add_integers(g, "place.axis", {1})});
  add_node(g, "ReduceMax", "place.last", {"place.count"},
           {{"axes", Numbers{1}}, {"keepdims", std::int64_t{1}}});
  add_node(g, "Div", "place", {"place.count", "place.last"});
  add_node(g, "Mul", "place.angle", {"place", "const.speed"});
  add_node(g, "Add", "place.shifted", {"place.angle", "const.phase"});
  add_node(g, "Sin", "place.sine", {"place.shifted"});
  add_node(g, "Mul", "place.high", {"place.sine", weights.same("place.height", features, 0.3f)});
  return add_node(g, "Add", "placed", {x, "place.high"});
}

std::string attended(Graph& g, Weights& weights, const std::string& x, int features) {
  const double xavier = std::sqrt(1.0 / features);
  const auto part = [&](const std::string& name) {
    return add_node(g, "MatMul", name,
                    {x, weights.of(name + ".weight", {features, head_width}, xavier)});
  };
  const std::string q = part("query"), k = part("key"), v = part("value");
  add_floats(g, "const.scale", {}, {1 / std::sqrt(static_cast<float>(head_width))});
  add_node(g, "Transpose", "key.turned", {k}, {{"perm", Numbers{0, 2, 1}}});
  add_node(g, "MatMul", "scores", {q, "key.turned"});
  add_node(g, "Mul", "scores.scaled", {"scores", "const.scale"});
  add_node(g, "Softmax", "looks", {"scores.scaled"}, {{"axis", std::int64_t{-1}}});
  add_node(g, "MatMul", "looked", {"looks", v});
  add_node(g, "MatMul", "mixed",
           {"looked",
            weights.of("mixed.weight", {head_width, features}, 0.3 * std::sqrt(1.0 / head_width))});
  return add_node(g, "Add", "frames", {x, "mixed"});
}

std::string attention_of(Graph& g, Weights& weights, const std::string& x, int features) {
  const double xavier = std::sqrt(1.0 / features);
  add_node(g, "MatMul", "gate.in",
           {x, weights.of("gate.in.weight", {features, head_width}, xavier)});
  add_node(g, "Tanh", "gate.value", {"gate.in"});
  add_node(g, "MatMul", "gate.open",
           {x, weights.of("gate.open.weight", {features, head_width}, xavier)});
  add_node(g, "Sigmoid", "gate.share", {"gate.open"});
  add_node(g, "Mul", "gate", {"gate.value", "gate.share"});
  add_node(g, "MatMul", "gate.out",
           {"gate", weights.of("gate.out.weight", {head_width, 1}, std::sqrt(1.0 / head_width))});
  return add_node(g, "Softmax", "attention", {"gate.out"}, {{"axis", std::int64_t{1}}});
}

Graph frame_graph(const TrainerOptions& o, int classes, std::uint64_t seed) {
  if (o.network == "vit")
    return build_vit({.in_channels = 1,
                      .classes = classes,
                      .image_size = o.side,
                      .patch = o.patch,
                      .width = o.vit_width,
                      .depth = o.vit_depth,
                      .heads = 4},
                     seed);
  return build_resnet({.in_channels = 1,
                       .classes = classes,
                       .widths = o.widths,
                       .blocks_per_stage = o.blocks,
                       .norm = o.norm,
                       .activation = "relu"},
                      seed);
}

}

Graph untrained_network(const TrainerOptions& o, int classes, std::uint64_t seed) {
  Graph graph = frame_graph(o, classes, seed);
  const std::string input = graph.inputs.at(0).name, normal = "picture.normal";
  for (Node& node : graph.nodes)
    for (std::string& name : node.inputs)
      if (name == input) name = normal;
  graph.initializers["picture.scale"] = HostTensor::floats({1}, {1});
  graph.initializers["picture.shift"] = HostTensor::floats({1}, {0});
  Node first{.op = "InstanceNormalization", .name = "picture.norm"};
  first.inputs = {input, "picture.scale", "picture.shift"};
  first.outputs = {normal};
  first.attributes["epsilon"] = 1e-4f;
  graph.nodes.insert(graph.nodes.begin(), first);
  graph.inputs[0].dims = {-1, 1, o.side, o.side};
  graph.inputs[0].dim_names = {"batch", "", "", ""};
  return graph;
}

Graph with_body_of(Graph to, const Graph& from) {
  const Node head = head_of(to);
  for (auto& [name, tensor] : to.initializers)
    if (name != head.inputs[1] && name != head.inputs[2])
      if (const auto found = from.initializers.find(name);
          found != from.initializers.end() && found->second.shape == tensor.shape)
        tensor = found->second;
  return to;
}

Graph features_of(Graph graph) {
  const Node head = head_of(graph);
  drop_last_layer(graph, head);
  graph.initializers.erase(head.inputs.at(1));
  graph.initializers.erase(head.inputs.at(2));
  add_node(graph, "Identity", "features", {head.inputs.at(0)});
  graph.outputs[0].name = "features";
  graph.outputs[0].dims = {-1, -1};
  graph.outputs[0].dim_names = {"batch", "features"};
  check(graph, "the network's features");
  return graph;
}

int feature_count(const Graph& graph) {
  return static_cast<int>(graph.initializers.at(head_of(graph).inputs.at(1)).shape.at(1));
}

Graph untrained_head(int features, int classes, std::uint64_t seed) {
  Graph g;
  g.name = "clip";
  g.inputs.push_back({"features", DType::Float32, {-1, -1, features}, {"clips", "frames", ""}});
  Weights weights{g, Random(random_key({seed, 41}))};
  const std::string even = add_node(g, "LayerNormalization", "even",
                                    {"features", weights.same("even.scale", features, 1),
                                     weights.same("even.shift", features, 0)},
                                    {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5f}});
  const std::string frames =
      attended(g, weights, with_places(g, weights, even, features), features);
  const std::string share = attention_of(g, weights, frames, features);
  add_node(g, "Transpose", "share.turned", {share}, {{"perm", Numbers{0, 2, 1}}});
  add_node(g, "MatMul", "clip.row", {"share.turned", frames});
  add_node(g, "Reshape", "clip.features",
           {"clip.row", add_integers(g, "clip.shape", {-1, features})});
  add_node(g, "Gemm", "head",
           {"clip.features",
            weights.of("head.weight", {classes, features}, std::sqrt(1.0 / features)),
            weights.same("head.bias", classes, 0)},
           {{"transB", std::int64_t{1}}});
  add_node(g, "Identity", "logits", {"head"});
  g.outputs.push_back({"logits", DType::Float32, {-1, classes}, {"clips", ""}});
  check(g, "the clip network");
  return g;
}

Graph with_maps(Graph graph, double temperature) {
  const Node head = head_of(graph);
  const HostTensor& weight = graph.initializers.at(head.inputs.at(1));
  if (weight.shape.size() != 2 || head.integer("transB", 0) != 1)
    throw Error(ErrorCode::Internal, "the network's last layer has an unknown layout");
  const std::int64_t classes = weight.shape[0];
  divide(graph, head, temperature);
  drop_last_layer(graph, head);
  if (const Node* mean = find_maker(graph, head.inputs.at(0), "ReduceMean")) {
    const Node pool = *mean;
    std::erase_if(graph.nodes, [&](const Node& n) { return n.outputs == pool.outputs; });
    map_of_patches(graph, head, pool.inputs.at(0));
  } else {
    const Node flat = maker_of(graph, head.inputs.at(0), "Flatten");
    const Node pool = maker_of(graph, flat.inputs.at(0), "GlobalAveragePool");
    std::erase_if(graph.nodes, [&](const Node& n) {
      return n.outputs == flat.outputs || n.outputs == pool.outputs;
    });
    map_of_places(graph, head, pool.inputs.at(0));
  }
  add_node(graph, "GlobalAveragePool", "maps.mean", {"maps"});
  add_node(graph, "Flatten", "logits", {"maps.mean"}, {{"axis", std::int64_t{1}}});
  ValueInfo out = graph.outputs[0], maps;
  out.name = "logits";
  maps.name = "maps";
  maps.dims = {-1, classes, -1, -1};
  maps.dim_names = {"batch", "", "rows", "columns"};
  graph.outputs = {out, maps};
  check(graph, "the network with its maps");
  return graph;
}

Graph whole_network(const Graph& frames, double temperature, const std::optional<ClipPart>& clip,
                    const std::optional<Graph>& signs) {
  Graph out = with_maps(frames, temperature);
  const std::string picture = out.inputs.at(0).name;
  if (clip) {
    // The same features once more: the pooling stands behind the maps now.
    const Node head = head_of(frames);
    const auto pooled = [&](const Node& node) {
      return std::none_of(out.nodes.begin(), out.nodes.end(),
                          [&](const Node& n) { return n.outputs == node.outputs; });
    };
    std::vector<Node> back;
    for (const Node& node : frames.nodes)
      if (node.outputs != head.outputs && node.op != "Identity" && pooled(node))
        back.push_back(node);
    out.nodes.insert(out.nodes.end(), back.begin(), back.end());
    add_node(out, "Unsqueeze", "features.of.clip",
             {head.inputs.at(0), add_integers(out, "clip.axis", {0})});
    Graph part = clip->head;
    divide(part, head_of(part), clip->temperature);
    append(out, part, "clip.",
           {{"features", "features.of.clip"}, {"logits", "clip"}, {"attention", "attention"}});
    const std::int64_t classes = part.outputs.at(0).dims.at(1);
    out.outputs.push_back({"clip", DType::Float32, {1, classes}, {"", ""}});
    out.outputs.push_back({"attention", DType::Float32, {1, -1, 1}, {"", "batch", ""}});
  }
  if (signs) {
    append(out, *signs, "signs.",
           {{signs->inputs.at(0).name, picture}, {signs->outputs.at(0).name, "signs"}});
    out.outputs.push_back(
        {"signs", DType::Float32, {-1, signs->outputs.at(0).dims.at(1)}, {"batch", ""}});
  }
  check(out, "the whole network");
  return out;
}

}

#endif
