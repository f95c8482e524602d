#include "pipelines/melanoma/network.h"

#include "hyperspectral/tissue_network.h"
#include "modules/core/random.h"
#include "modules/learn/builders.h"
#include "pipelines/melanoma/field.h"
#include "pipelines/melanoma/phantom.h"

#include <cmath>
#include <numeric>

namespace sensorium::melanoma {
namespace {

constexpr std::int64_t first_filters = 4, depth_kernel = 7, depth_stride = 4;
constexpr const char* brightness = "spectrum.mean.out"; // of the normalisation before the network

using Sizes = std::vector<std::int64_t>;

struct Layers {
  Graph& graph;
  Random random;
  std::vector<Node> nodes;

  std::string add(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes = {}) {
    nodes.push_back({op, "", name, std::move(inputs), {name + ".out"}, std::move(attributes)});
    return name + ".out";
  }
  std::string convolution(const std::string& name, const std::string& x, const Sizes& shape,
                          const Sizes& strides, const Sizes& pads) {
    const std::int64_t all =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    const double deviation = std::sqrt(2.0 * static_cast<double>(shape[0]) / all);
    std::vector<float> weights(static_cast<std::size_t>(all));
    for (float& w : weights) w = static_cast<float>(deviation * random.normal());
    graph.initializers[name + ".weight"] = HostTensor::floats(shape, weights);
    graph.initializers[name + ".bias"] = HostTensor::floats(
        {shape[0]}, std::vector<float>(static_cast<std::size_t>(shape[0]), 0.0f));
    return add("Conv", name, {x, name + ".weight", name + ".bias"},
               {{"kernel_shape", Sizes(shape.begin() + 2, shape.end())},
                {"strides", strides},
                {"pads", pads}});
  }
  std::string integers(const std::string& name, const Sizes& values) {
    graph.initializers[name] = HostTensor::ints({static_cast<std::int64_t>(values.size())}, values);
    return name;
  }
};

// The root of the brightness: dark and light skin differ less.
std::string level(Layers& l) {
  l.graph.initializers["const.least_level"] = HostTensor::floats({1}, {1e-4f});
  const std::string positive = l.add("Relu", "level.positive", {brightness});
  return l.add("Sqrt", "level", {l.add("Add", "level.safe", {positive, "const.least_level"})});
}

std::string spectral_volume(Layers& l, const std::string& spectrum, std::int64_t bands,
                            std::int64_t channels) {
  const std::string axis = l.integers("const.depth_axis", {2});
  const std::string one = l.integers("const.channel_axis", {1});
  const std::string volume = l.add("Unsqueeze", "volume", {spectrum, one});
  const std::string first =
      l.add("Relu", "volume1.relu",
            {l.convolution("volume1", volume, {first_filters, 1, depth_kernel, 3, 3},
                           {depth_stride, 1, 1}, {3, 1, 1, 3, 1, 1})});
  const std::int64_t depth = (bands + 6 - depth_kernel) / depth_stride + 1;
  const std::string second = l.convolution("volume2", first, {channels, first_filters, depth, 1, 1},
                                           {1, 1, 1}, {0, 0, 0, 0, 0, 0});
  return l.add("Relu", "volume2.relu", {l.add("Squeeze", "plane", {second, axis})});
}

Graph unet_behind(const NetworkOptions& o, bool with_spectrum, std::int64_t bands,
                  std::uint64_t seed) {
  ResidualUnetOptions unet;
  unet.in_channels = with_spectrum ? o.channels + 1 : 1;
  unet.out_channels = class_count;
  unet.widths = o.widths;
  Graph graph = build_residual_unet(unet, seed);
  const std::string before = graph.inputs.at(0).name;
  Layers l{graph, Random(random_key({seed, 0x6d656c})), {}};
  std::string x = level(l);
  if (with_spectrum)
    x = l.add("Concat", "both", {spectral_volume(l, "spectrum", bands, o.channels), x},
              {{"axis", std::int64_t{1}}});
  for (Node& node : graph.nodes)
    for (std::string& input : node.inputs)
      if (input == before) input = x;
  graph.inputs[0].name = "spectrum";
  graph.inputs[0].dims[1] = bands;
  graph.nodes.insert(graph.nodes.begin(), l.nodes.begin(), l.nodes.end());
  return graph;
}

Graph pixels_alone(std::int64_t bands, std::uint64_t seed) {
  constexpr std::int64_t width = 32;
  Graph graph;
  graph.inputs = {{.name = "spectrum",
                   .dims = {-1, bands, -1, -1},
                   .dim_names = {"batch", "", "height", "width"}}};
  graph.outputs = {{.name = "logits",
                    .dims = {-1, class_count, -1, -1},
                    .dim_names = {"batch", "", "height", "width"}}};
  Layers l{graph, Random(random_key({seed, 0x73706563})), {}};
  const Sizes once{1, 1}, none{0, 0, 0, 0};
  std::string x = "spectrum";
  std::int64_t in = bands;
  for (const char* name : {"pixel1", "pixel2"}) {
    x = l.add("Relu", std::string(name) + ".relu",
              {l.convolution(name, x, {width, in, 1, 1}, once, none)});
    in = width;
  }
  l.convolution("head", x, {class_count, in, 1, 1}, once, none);
  l.nodes.back().outputs = {"logits"};
  graph.nodes = l.nodes;
  return graph;
}

}

Graph build_network(const NetworkOptions& o, std::uint64_t seed) {
  const auto bands = static_cast<int>(hyper::tissue_wavelengths().size());
  Graph graph;
  if (o.kind == "vit")
    graph = build_vit({.in_channels = bands,
                       .classes = 2,
                       .image_size = field_side,
                       .patch = 8,
                       .width = 48,
                       .depth = 3,
                       .heads = 4},
                      seed);
  else if (o.kind == "spectral")
    graph = pixels_alone(bands, seed);
  else
    graph = unet_behind(o, o.kind == "hybrid", bands, seed);
  graph.name = "melanoma_" + o.kind;
  return hyper::with_normalised_spectra(std::move(graph), bands);
}

}
