#include "hyperspectral/tissue_network.h"

#include "modules/core/error.h"
#include "modules/core/random.h"
#include "modules/learn/builders.h"

#include <Eigen/Dense>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::hyper {
using nlohmann::json;
namespace {

constexpr float least_variance = 1e-8f;

void rename_input(Graph& graph, const std::string& from, const std::string& to) {
  for (Node& node : graph.nodes)
    for (std::string& input : node.inputs)
      if (input == from) input = to;
}

Node node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
          std::map<std::string, Attribute> attributes = {}) {
  return {op, "", name, std::move(inputs), {name + ".out"}, std::move(attributes)};
}

// Convolutions rather than reductions for maps: those can run in tiles.
std::vector<Node> normalisation(Graph& graph, const std::string& input, int bands, bool map) {
  graph.initializers["const.least_variance"] = HostTensor::floats({1}, {least_variance});
  std::vector<Node> out;
  const auto mean = [&](const std::string& name, const std::string& of) {
    if (map)
      out.push_back(node("Conv", name, {of, "const.mean"},
                         {{"kernel_shape", std::vector<std::int64_t>{1, 1}}}));
    else
      out.push_back(node("ReduceMean", name, {of},
                         {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{1}}}));
    return name + ".out";
  };
  if (map)
    graph.initializers["const.mean"] = HostTensor::floats(
        {1, bands, 1, 1}, std::vector<float>(static_cast<std::size_t>(bands), 1.0f / bands));
  const std::string centre = mean("spectrum.mean", input);
  out.push_back(node("Sub", "spectrum.centred", {input, centre}));
  out.push_back(node("Mul", "spectrum.square", {"spectrum.centred.out", "spectrum.centred.out"}));
  const std::string variance = mean("spectrum.variance", "spectrum.square.out");
  out.push_back(node("Add", "spectrum.safe", {variance, "const.least_variance"}));
  out.push_back(node("Sqrt", "spectrum.deviation", {"spectrum.safe.out"}));
  out.push_back(node("Div", "spectrum.shape", {"spectrum.centred.out", "spectrum.deviation.out"}));
  return out;
}

// How much smaller than the input a node's output is; grows with strides, falls with ConvTranspose.
std::map<std::string, double> shrinkage(const Graph& graph) {
  std::map<std::string, double> by;
  for (const ValueInfo& in : graph.inputs) by[in.name] = 1;
  for (const Node& n : graph.nodes) {
    double s = 1;
    for (const std::string& in : n.inputs)
      if (const auto found = by.find(in); found != by.end()) s = std::max(s, found->second);
    const auto strides = n.integers("strides");
    double step = 1;
    // Of a volume of wavelengths only the places shrink; its depth is counted apart.
    for (std::size_t i = strides.size() == 3 ? 1 : 0; i < strides.size(); ++i)
      step *= static_cast<double>(strides[i]);
    if (n.op == "Conv" || n.op == "MaxPool" || n.op == "AveragePool") s *= step;
    if (n.op == "ConvTranspose") s /= step;
    for (const std::string& o : n.outputs) by[o] = s;
  }
  return by;
}

// How many planes of wavelengths the output of each 3-D convolution has, by node name.
std::map<std::string, double> planes(const Graph& graph) {
  std::map<std::string, std::int64_t> depth;
  std::map<std::string, double> out;
  for (const Node& n : graph.nodes) {
    std::int64_t d = 1;
    for (const std::string& in : n.inputs)
      if (const auto found = depth.find(in); found != depth.end()) d = std::max(d, found->second);
    if (n.op == "Unsqueeze") d = graph.inputs.at(0).dims.at(1);
    if (n.op == "Squeeze") d = 1;
    const auto kernel = n.integers("kernel_shape"), strides = n.integers("strides"),
               pads = n.integers("pads");
    if (n.op == "Conv" && kernel.size() == 3 && strides.size() == 3 && pads.size() == 6) {
      d = (d + pads[0] + pads[3] - kernel[0]) / strides[0] + 1;
      out[n.name] = static_cast<double>(d);
    }
    for (const std::string& o : n.outputs) depth[o] = d;
  }
  return out;
}

}

std::vector<double> tissue_wavelengths() {
  std::vector<double> nm;
  for (int i = 450; i <= 900; i += 10) nm.push_back(i);
  return nm;
}

Graph with_normalised_spectra(Graph graph, int bands) {
  ValueInfo& input = graph.inputs.at(0);
  const bool map = input.dims.size() == 4;
  const std::string before = input.name;
  rename_input(graph, before, "spectrum.shape.out");
  input.name = "reflectance";
  std::vector<Node> first = normalisation(graph, "reflectance", bands, map);
  graph.nodes.insert(graph.nodes.begin(), first.begin(), first.end());
  check(graph, graph.name);
  return graph;
}

Graph build_spectral_unet(const SpectralUnetOptions& o, std::uint64_t seed) {
  ResidualUnetOptions unet;
  unet.in_channels = o.channels;
  unet.out_channels = o.classes;
  unet.widths = o.widths;
  Graph graph = build_residual_unet(unet, seed);
  const std::string before = graph.inputs.at(0).name;
  rename_input(graph, before, "mix.out");
  graph.inputs[0].name = "reflectance";
  graph.inputs[0].dims[1] = o.bands;
  Random random(random_key({seed, 0x6d6978}));
  std::vector<float> weights(static_cast<std::size_t>(o.channels) * o.bands);
  const double deviation = std::sqrt(2.0 / o.bands);
  for (float& w : weights) w = static_cast<float>(deviation * random.normal());
  graph.initializers["mix.weight"] = HostTensor::floats({o.channels, o.bands, 1, 1}, weights);
  graph.initializers["mix.bias"] = HostTensor::floats(
      {o.channels}, std::vector<float>(static_cast<std::size_t>(o.channels), 0.0f));
  graph.nodes.insert(graph.nodes.begin(),
                     node("Conv", "mix", {"reflectance", "mix.weight", "mix.bias"},
                          {{"kernel_shape", std::vector<std::int64_t>{1, 1}}}));
  graph.name = "spectral_unet";
  return with_normalised_spectra(std::move(graph), o.bands);
}

void normalise_spectrum(std::span<float> s) {
  double mean = 0, square = 0;
  for (const float v : s) mean += v;
  mean /= static_cast<double>(s.size());
  for (const float v : s) square += (v - mean) * (v - mean);
  const double deviation = std::sqrt(square / static_cast<double>(s.size()) + least_variance);
  for (float& v : s) v = static_cast<float>((v - mean) / deviation);
}

double operations_per_pixel(const Graph& graph) {
  const auto by = shrinkage(graph), depth = planes(graph);
  double sum = 0;
  for (const Node& n : graph.nodes) {
    if (n.op != "Conv" && n.op != "ConvTranspose" && n.op != "Gemm" && n.op != "MatMul") continue;
    const auto weight = graph.initializers.find(n.inputs.at(1));
    if (weight == graph.initializers.end()) continue;
    const double places = n.op == "ConvTranspose" ? by.at(n.inputs.at(0)) : by.at(n.outputs.at(0));
    const auto found = depth.find(n.name);
    sum += 2.0 * static_cast<double>(weight->second.elements()) / places *
           (found == depth.end() ? 1.0 : found->second);
  }
  return sum;
}

double Likeness::distance(std::span<const float> x) const {
  std::vector<double> rest(x.size());
  for (std::size_t b = 0; b < x.size(); ++b) rest[b] = x[b] - mean[b];
  for (const auto& d : directions) {
    double along = 0;
    for (std::size_t b = 0; b < x.size(); ++b) along += d[b] * rest[b];
    for (std::size_t b = 0; b < x.size(); ++b) rest[b] -= along * d[b];
  }
  double square = 0;
  for (const double r : rest) square += r * r;
  return std::sqrt(square / static_cast<double>(x.size()));
}

Likeness likeness_of(std::span<const float> rows, std::span<const float> check_rows, int bands,
                     int directions) {
  const auto width = static_cast<std::size_t>(bands);
  const auto count = static_cast<Eigen::Index>(rows.size() / width);
  if (count < 2 * bands || check_rows.size() < width)
    throw Error(ErrorCode::BadInput,
                fmt::format("{} spectra are too few for {} bands", count, bands));
  Eigen::MatrixXd x(count, bands);
  for (Eigen::Index i = 0; i < count; ++i)
    for (Eigen::Index b = 0; b < bands; ++b)
      x(i, b) = rows[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(b)];
  const Eigen::RowVectorXd mean = x.colwise().mean();
  x.rowwise() -= mean;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(x.transpose() * x);
  Likeness out;
  out.mean.assign(mean.data(), mean.data() + bands);
  for (int k = 0; k < std::min(directions, bands); ++k) {
    const Eigen::VectorXd v = solver.eigenvectors().col(bands - 1 - k);
    out.directions.emplace_back(v.data(), v.data() + bands);
  }
  std::vector<double> far;
  for (std::size_t i = 0; i + width <= check_rows.size(); i += width)
    far.push_back(out.distance(check_rows.subspan(i, width)));
  std::sort(far.begin(), far.end());
  out.limit = 1.25 * far[static_cast<std::size_t>(0.995 * static_cast<double>(far.size() - 1))];
  return out;
}

json to_json(const Likeness& l) {
  const auto rounded = [](const std::vector<double>& v) {
    json out = json::array();
    for (const double x : v) out.push_back(std::round(x * 1e5) / 1e5);
    return out;
  };
  json directions = json::array();
  for (const auto& d : l.directions) directions.push_back(rounded(d));
  return {{"mean", rounded(l.mean)}, {"directions", directions}, {"limit", l.limit}};
}

Likeness likeness_from_json(const json& in) {
  try {
    Likeness l{in.at("mean").get<std::vector<double>>(),
               in.at("directions").get<std::vector<std::vector<double>>>(),
               in.at("limit").get<double>()};
    for (const auto& d : l.directions)
      if (d.size() != l.mean.size())
        throw Error(ErrorCode::BadInput, "directions of another length than the mean");
    return l;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput, fmt::format("the model's card is damaged: {}", e.what()));
  }
}

json to_json(const TissueModelFacts& f) {
  return {{"wavelengths_nm", f.wavelengths_nm},
          {"classes", f.classes},
          {"likeness", to_json(f.likeness)}};
}

TissueModelFacts facts_of_card(const std::string& text, const std::string& model) {
  const auto refuse = [&](const std::string& why) -> TissueModelFacts {
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is no network for tissue: {}", model, why),
                "choose a model that 'sensorium train' made for this pipeline");
  };
  const json card = json::parse(text, nullptr, false);
  if (!card.is_object() || !card.contains("tissue")) return refuse("its card does not speak of it");
  try {
    const json& t = card.at("tissue");
    TissueModelFacts f{t.at("wavelengths_nm").get<std::vector<double>>(),
                       t.at("classes").get<std::vector<std::string>>(),
                       likeness_from_json(t.at("likeness"))};
    if (f.wavelengths_nm.size() < 2 || f.wavelengths_nm.size() > 4096 ||
        f.likeness.mean.size() != f.wavelengths_nm.size() || f.classes.size() < 2 ||
        f.classes.size() > 200 || !std::is_sorted(f.wavelengths_nm.begin(), f.wavelengths_nm.end()))
      return refuse("its card contradicts itself");
    return f;
  } catch (const json::exception&) {
    return refuse("its card lacks wavelengths, classes or likeness");
  } catch (const Error& e) {
    return refuse(e.what());
  }
}

}
