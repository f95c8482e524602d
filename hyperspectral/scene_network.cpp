#include "hyperspectral/scene_network.h"

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace sensorium::hyper {
namespace {

using Sizes = std::vector<std::int64_t>;

// Of the units' shares: 1 leaves colours between the units', and more classes are mistaken; a
// greater one trains no longer (chosen on validation squares of Indian Pines).
constexpr float encoder_sharpness = 3;
// Of a taught encoder: colours between the classes' are read as a third class.
constexpr float taught_sharpness = 5;

Node node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
          const std::string& output, std::map<std::string, Attribute> attributes = {}) {
  return {op, "", name, std::move(inputs), {output}, std::move(attributes)};
}

void rename_value(Graph& graph, const std::string& from, const std::string& to) {
  for (Node& n : graph.nodes) {
    for (std::string& input : n.inputs)
      if (input == from) input = to;
    for (std::string& output : n.outputs)
      if (output == from) output = to;
  }
}

// So that its names meet none of ours.
void prefix_names(Graph& graph, const std::string& prefix) {
  std::map<std::string, HostTensor> weights;
  for (auto& [name, tensor] : graph.initializers)
    weights[(name.starts_with("const.") ? "const." + prefix : prefix) + name] = std::move(tensor);
  const auto named = [&](const std::string& name) {
    if (name.empty()) return name;
    return (name.starts_with("const.") && graph.initializers.contains(name) ? "const." + prefix
                                                                            : prefix) +
           name;
  };
  for (Node& n : graph.nodes) {
    n.name = prefix + n.name;
    for (std::string& input : n.inputs) input = named(input);
    for (std::string& output : n.outputs) output = named(output);
  }
  for (ValueInfo& in : graph.inputs) in.name = named(in.name);
  for (ValueInfo& out : graph.outputs) out.name = named(out.name);
  graph.initializers = std::move(weights);
}

[[noreturn]] void refuse_backbone(const std::string& file, const std::string& why) {
  throw Error(ErrorCode::Unsupported, fmt::format("'{}' cannot stand behind an RGB: {}", file, why),
              "a backbone takes one picture [batch, 3, height, width] and gives values for each of "
              "its pixels");
}

// The user's network, its input named "rgb", with a head for the classes where it has other
// outputs.
Graph backbone_of(const SceneNetworkOptions& o, std::uint64_t seed) {
  Graph graph = read_onnx(o.backbone);
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    refuse_backbone(o.backbone, fmt::format("it has {} inputs and {} outputs", graph.inputs.size(),
                                            graph.outputs.size()));
  const auto& in = graph.inputs[0].dims;
  const auto out = graph.outputs[0].dims;
  if (in.size() != 4 || in[1] != o.channels || graph.inputs[0].type != DType::Float32)
    refuse_backbone(o.backbone, "its input is no picture of 3 channels");
  if (out.size() != 4 || out[1] < 1)
    refuse_backbone(o.backbone, "its output is not one map for each channel");
  if ((in[2] > 0 || in[3] > 0) && (in[2] != out[2] || in[3] != out[3]))
    refuse_backbone(o.backbone, "its output has another size than its input");
  prefix_names(graph, "behind.");
  std::string last = graph.outputs[0].name;
  rename_value(graph, graph.inputs[0].name, "rgb");
  if (out[1] == o.classes) {
    rename_value(graph, last, "logits");
  } else {
    Random random(random_key({seed, 0x68656164}));
    std::vector<float> weights(static_cast<std::size_t>(o.classes * out[1]));
    for (float& w : weights)
      w = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(out[1])));
    graph.initializers["head.weight"] = HostTensor::floats({o.classes, out[1], 1, 1}, weights);
    graph.initializers["head.bias"] = HostTensor::floats(
        {o.classes}, std::vector<float>(static_cast<std::size_t>(o.classes), 0.0f));
    graph.nodes.push_back(node("Conv", "head", {last, "head.weight", "head.bias"}, "logits",
                               {{"kernel_shape", Sizes{1, 1}}}));
  }
  graph.outputs = {{.name = "logits",
                    .dims = {-1, o.classes, -1, -1},
                    .dim_names = {"batch", "", "height", "width"}}};
  graph.metadata.clear();
  return graph;
}

void add_constants(Graph& graph, const std::string& name, std::int64_t count, float value) {
  graph.initializers[name] =
      HostTensor::floats({count}, std::vector<float>(static_cast<std::size_t>(count), value));
}

Node norm(Graph& graph, const std::string& name, const std::string& x, const std::string& out,
          std::int64_t channels) {
  add_constants(graph, name + ".scale", channels, 1);
  add_constants(graph, name + ".bias", channels, 0);
  add_constants(graph, name + ".mean", channels, 0);
  add_constants(graph, name + ".variance", channels, 1);
  return node("BatchNormalization", name + ".norm",
              {x, name + ".scale", name + ".bias", name + ".mean", name + ".variance"}, out,
              {{"epsilon", 1e-5f}, {"momentum", 0.9f}});
}

Graph unet_of(const SceneNetworkOptions& o, std::uint64_t seed) {
  ResidualUnetOptions unet;
  unet.in_channels = o.channels;
  unet.out_channels = o.classes;
  unet.widths = o.widths;
  Graph graph = build_residual_unet(unet, seed);
  rename_value(graph, graph.inputs[0].name, "seen");
  return graph;
}

// A pooling over squares of what lies inside.
std::string add_mean(Graph& graph, const std::string& name, const std::string& x,
                     std::int64_t side) {
  const std::int64_t pad = side / 2;
  graph.nodes.push_back(node("AveragePool", name, {x}, name + ".out",
                             {{"kernel_shape", Sizes{side, side}},
                              {"strides", Sizes{1, 1}},
                              {"pads", Sizes{pad, pad, pad, pad}}}));
  return name + ".out";
}

// x beside its means over two squares, each channel brought to one spread.
std::string add_context(Graph& graph, const std::string& prefix, const std::string& x,
                        std::int64_t channels) {
  const std::string near = add_mean(graph, prefix + "near", x, near_side),
                    far = add_mean(graph, prefix + "far", near, far_side),
                    name = prefix + "context";
  graph.nodes.push_back(
      node("Concat", name, {x, near, far}, name + ".out", {{"axis", std::int64_t{1}}}));
  graph.nodes.push_back(norm(graph, name, name + ".out", name + ".normed", 3 * channels));
  return name + ".normed";
}

void add_layer(Graph& graph, Random& random, const std::string& name, const std::string& x,
               std::int64_t in, std::int64_t out, const std::string& result, double gain = 2) {
  std::vector<float> weights(static_cast<std::size_t>(in * out));
  for (float& w : weights)
    w = static_cast<float>(std::sqrt(gain / static_cast<double>(in)) * random.normal());
  graph.initializers[name + ".weight"] = HostTensor::floats({out, in, 1, 1}, weights);
  add_constants(graph, name + ".bias0", out, 0);
  graph.nodes.push_back(node("Conv", name, {x, name + ".weight", name + ".bias0"}, result,
                             {{"kernel_shape", Sizes{1, 1}}}));
}

// Training does without a share of the channels.
void add_dropout(Graph& graph, const std::string& name, double share, std::string& x) {
  if (share <= 0) return;
  graph.initializers["const.dropout"] = HostTensor::floats({}, {static_cast<float>(share)});
  graph.nodes.push_back(node("Dropout", name + ".drop", {x, "const.dropout"}, name + ".kept"));
  x = name + ".kept";
}

// Layers of 1x1 convolutions behind "rgb" and its means, or behind "rgb" alone.
Graph context_of(const SceneNetworkOptions& o, std::uint64_t seed) {
  Graph graph;
  Random random(random_key({seed, 0x636f6e74}));
  const bool alone = o.encoder > 0;
  std::int64_t in = (alone ? 1 : 3) * std::int64_t{o.channels};
  std::string x = alone ? "seen.normed" : add_context(graph, "", "rgb", o.channels);
  if (alone) graph.nodes.push_back(norm(graph, "seen", "rgb", x, in));
  for (int i = 1; i <= o.layers; ++i) {
    const std::string name = fmt::format("layer{}", i);
    if (!alone) add_dropout(graph, name, o.dropout, x);
    add_layer(graph, random, name, x, in, o.width, name + ".conv");
    graph.nodes.push_back(norm(graph, name, name + ".conv", name + ".normed", o.width));
    graph.nodes.push_back(node("Relu", name + ".relu", {name + ".normed"}, name + ".out"));
    x = name + ".out";
    in = o.width;
  }
  if (!alone) add_dropout(graph, "head", o.dropout, x);
  add_layer(graph, random, "head", x, in, o.classes, "logits");
  graph.outputs = {{.name = "logits",
                    .dims = {-1, o.classes, -1, -1},
                    .dim_names = {"batch", "", "height", "width"}}};
  return graph;
}

// So many colours of the cube 0 .. 1, each as far as can be from those before it;
// [channel][colour].
std::vector<float> spread_colours(std::size_t count) {
  constexpr int levels = 11;
  std::vector<Triple> all;
  for (int i = 0; i < levels * levels * levels; ++i)
    all.push_back({0.1 * (i / levels / levels), 0.1 * (i / levels % levels), 0.1 * (i % levels)});
  std::vector<double> away(all.size(), std::numeric_limits<double>::infinity());
  std::vector<float> out(3 * count);
  for (std::size_t k = 0, at = 0; k < count; ++k) {
    for (std::size_t c = 0; c < 3; ++c) out[c * count + k] = static_cast<float>(all[at][c]);
    for (std::size_t i = 0; i < all.size(); ++i) {
      double square = 0;
      for (std::size_t c = 0; c < 3; ++c)
        square += (all[i][c] - all[at][c]) * (all[i][c] - all[at][c]);
      away[i] = std::min(away[i], square);
    }
    at = static_cast<std::size_t>(std::max_element(away.begin(), away.end()) - away.begin());
  }
  return out;
}

// From "mixed" to "rgb".
Graph encoder_of(const SceneNetworkOptions& o, std::uint64_t seed) {
  Graph graph;
  Random random(random_key({seed, 0x656e63}));
  std::string x = add_context(graph, "encoder.", "mixed", o.mixes);
  add_dropout(graph, "encoder", o.dropout, x);
  add_layer(graph, random, "encoder.layer", x, 3 * std::int64_t{o.mixes}, o.encoder,
            "encoder.layer.out", 1);
  graph.initializers["const.sharpness"] = HostTensor::floats({1}, {encoder_sharpness});
  graph.initializers["const.colours"] =
      HostTensor::floats({3, o.encoder, 1, 1}, spread_colours(static_cast<std::size_t>(o.encoder)));
  graph.nodes.push_back(node("Mul", "encoder.sharper", {"encoder.layer.out", "const.sharpness"},
                             "encoder.sharper.out"));
  graph.nodes.push_back(node("Softmax", "encoder.shares", {"encoder.sharper.out"},
                             "encoder.shares.out", {{"axis", std::int64_t{1}}}));
  graph.nodes.push_back(node("Conv", "encoder.colours", {"encoder.shares.out", "const.colours"},
                             "rgb", {{"kernel_shape", Sizes{1, 1}}}));
  return graph;
}

// Behind a picture whose channels may have any range.
Graph own_network(const SceneNetworkOptions& o, std::uint64_t seed) {
  if (o.network != "unet") return context_of(o, seed);
  Graph graph = unet_of(o, seed);
  graph.nodes.insert(graph.nodes.begin(), norm(graph, "seen", "rgb", "seen", o.channels));
  return graph;
}

Graph behind(const SceneNetworkOptions& o, std::uint64_t seed) {
  return o.backbone.empty() ? own_network(o, seed) : backbone_of(o, seed);
}

}

Graph build_scene_network(const SceneNetworkOptions& o, const BandScaling& scaling,
                          const MixStart* start, std::uint64_t seed) {
  const auto bands = static_cast<std::int64_t>(scaling.mean.size());
  const auto count = static_cast<std::size_t>(bands);
  Graph graph = behind(o, seed);
  const bool encodes = o.encoder > 0;
  const int channels = encodes ? o.mixes : o.channels;
  const auto rate = static_cast<float>(o.mix_rate);
  std::vector<float> scale(count), weights(static_cast<std::size_t>(channels) * count),
      bias(static_cast<std::size_t>(channels), 0.0f);
  for (std::size_t b = 0; b < count; ++b) scale[b] = rate / scaling.deviation[b];
  if (start != nullptr && !encodes) {
    for (std::size_t c = 0; c < 3; ++c) {
      double level = start->offset[c];
      for (std::size_t b = 0; b < count; ++b) {
        weights[c * count + b] = static_cast<float>(start->weights[b][c] / scale[b]);
        level += start->weights[b][c] * scaling.mean[b];
      }
      bias[c] = static_cast<float>(level);
    }
  } else {
    Random random(random_key({seed, 0x6d6978}));
    const double deviation = std::sqrt(2.0 / static_cast<double>(bands)) / o.mix_rate;
    for (float& w : weights) w = static_cast<float>(deviation * random.normal());
  }
  graph.initializers["const.band_mean"] = HostTensor::floats({1, bands, 1, 1}, scaling.mean);
  graph.initializers["const.band_scale"] = HostTensor::floats({1, bands, 1, 1}, scale);
  graph.initializers["hs2rgb.weight"] = HostTensor::floats({channels, bands, 1, 1}, weights);
  graph.initializers["hs2rgb.bias"] = HostTensor::floats({channels}, bias);
  std::vector<Node> first = {
      node("Sub", "spectra.centred", {"spectra", "const.band_mean"}, "spectra.centred.out"),
      node("Mul", "spectra.scaled", {"spectra.centred.out", "const.band_scale"},
           "spectra.scaled.out"),
      node("Conv", "hs2rgb", {"spectra.scaled.out", "hs2rgb.weight", "hs2rgb.bias"},
           encodes ? "mixed" : "rgb", {{"kernel_shape", Sizes{1, 1}}})};
  if (encodes) {
    Graph encoder = encoder_of(o, seed);
    first.insert(first.end(), encoder.nodes.begin(), encoder.nodes.end());
    graph.initializers.merge(encoder.initializers);
  }
  graph.nodes.insert(graph.nodes.begin(), first.begin(), first.end());
  graph.inputs = {{.name = "spectra",
                   .dims = {-1, bands, -1, -1},
                   .dim_names = {"batch", "", "height", "width"}}};
  graph.name = "hs2rgb";
  check(graph, graph.name);
  return graph;
}

Graph build_picture_network(const SceneNetworkOptions& o, std::uint64_t seed) {
  Graph graph = behind(o, seed);
  graph.inputs = {{.name = "rgb",
                   .dims = {-1, o.channels, -1, -1},
                   .dim_names = {"batch", "", "height", "width"}}};
  graph.name = "picture_network";
  check(graph, graph.name);
  return graph;
}

namespace {

// Where a network's means come from: "" (of "rgb"), "encoder." (of "mixed"), or none.
std::optional<std::string> prefix_of_means(const Graph& graph) {
  std::map<std::string, std::string> pools; // name and input
  const Node* context = nullptr;
  for (const Node& n : graph.nodes) {
    const auto shape = n.integers("kernel_shape");
    if (n.op == "AveragePool") pools[n.name] = n.inputs[0];
    if (n.op == "Concat") context = &n;
    if ((n.op != "AveragePool" && n.op.ends_with("Pool")) ||
        (n.op == "Conv" && shape != std::vector<std::int64_t>{1, 1}) || n.op == "ConvTranspose")
      return std::nullopt; // it looks further
  }
  if (context == nullptr || pools.size() != 2) return std::nullopt;
  const std::string prefix = context->name == "encoder.context" ? "encoder." : "";
  const bool fits = context->name == prefix + "context" && pools.contains(prefix + "near") &&
                    pools.contains(prefix + "far") && pools[prefix + "near"] == context->inputs[0];
  return fits ? std::optional(prefix) : std::nullopt;
}

}

bool sees_means_alone(const Graph& graph) { return prefix_of_means(graph).has_value(); }

bool sees_pixels_alone(const Graph& graph) {
  return std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& n) {
    return n.op.ends_with("Pool") || n.op == "ConvTranspose" || n.op == "Resize" ||
           (n.op == "Conv" && n.integers("kernel_shape") != std::vector<std::int64_t>{1, 1});
  });
}

Graph on_means(Graph graph) {
  const std::string prefix = prefix_of_means(graph).value(),
                    source = prefix.empty() ? "rgb" : "mixed";
  for (int i = 0; i <= 3; ++i)
    graph.initializers[fmt::format("const.row{}", i)] = HostTensor::ints({1}, {i});
  graph.initializers["const.rows"] = HostTensor::ints({1}, {2});
  const auto row = [&](const std::string& name, int i) {
    return node(
        "Slice", name,
        {source, fmt::format("const.row{}", i), fmt::format("const.row{}", i + 1), "const.rows"},
        name + ".out");
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].name == prefix + "near") graph.nodes[i] = row(prefix + "near", 1);
    if (graph.nodes[i].name == prefix + "far") graph.nodes[i] = row(prefix + "far", 2);
    if (graph.nodes[i].name != prefix + "context" || graph.nodes[i].op != "Concat") continue;
    graph.nodes[i].inputs[0] = "own.out";
    graph.nodes.insert(graph.nodes.begin() + static_cast<std::ptrdiff_t>(i), row("own", 0));
    ++i;
  }
  for (ValueInfo& in : graph.inputs) in.dims[2] = 3;
  for (ValueInfo& out : graph.outputs) out.dims[2] = 1;
  check(graph, graph.name);
  return graph;
}

Graph with_weights_of(const Graph& from, Graph graph) {
  for (auto& [name, tensor] : graph.initializers)
    if (const auto found = from.initializers.find(name); found != from.initializers.end())
      tensor = found->second;
  return graph;
}

Graph with_taught_encoder(const Graph& classifier, Graph graph) {
  const auto take = [&](const std::string& from, const std::string& to) {
    const HostTensor& weights = classifier.initializers.at(from);
    HostTensor& place = graph.initializers.at(to);
    if (weights.shape != place.shape)
      throw Error(ErrorCode::Internal, fmt::format("'{}' does not fit '{}'", from, to));
    place = weights;
  };
  for (const char* name : {"hs2rgb.weight", "hs2rgb.bias"}) take(name, name);
  for (const char* part : {".scale", ".bias", ".mean", ".variance"})
    take(fmt::format("context{}", part), fmt::format("encoder.context{}", part));
  for (const char* part : {".weight", ".bias0"})
    take(fmt::format("head{}", part), fmt::format("encoder.layer{}", part));
  graph.initializers["const.sharpness"] = HostTensor::floats({1}, {taught_sharpness});
  return graph;
}

Graph picture_maker(Graph graph) {
  const auto last = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [](const Node& n) { return n.outputs[0] == "rgb"; });
  graph.nodes.erase(std::next(last), graph.nodes.end());
  std::map<std::string, HostTensor> used;
  for (const Node& n : graph.nodes)
    for (const std::string& in : n.inputs)
      if (const auto found = graph.initializers.find(in); found != graph.initializers.end())
        used.insert(*found);
  graph.initializers = std::move(used);
  graph.outputs.clear();
  return with_rgb_output(std::move(graph));
}

int size_multiple(const Graph& graph) {
  std::map<std::string, int> shrunk;
  int most = 1;
  for (const Node& n : graph.nodes) {
    int s = 1;
    for (const std::string& in : n.inputs)
      if (const auto found = shrunk.find(in); found != shrunk.end()) s = std::max(s, found->second);
    const auto strides = n.integers("strides");
    const int step =
        strides.empty() ? 1 : static_cast<int>(std::clamp<std::int64_t>(strides.back(), 1, 64));
    if (n.op == "Conv" || n.op == "MaxPool" || n.op == "AveragePool") s = std::min(s * step, 1024);
    if (n.op == "ConvTranspose") s = std::max(1, s / step);
    most = std::max(most, s);
    for (const std::string& out : n.outputs) shrunk[out] = s;
  }
  return most;
}

Graph with_rgb_output(Graph graph) {
  graph.outputs.push_back(
      {.name = "rgb", .dims = {-1, 3, -1, -1}, .dim_names = {"batch", "", "height", "width"}});
  check(graph, graph.name);
  return graph;
}

}
