#include "modules/learn/builders.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <numeric>
#include <random>

namespace sensorium {
namespace {

const std::vector<std::string> norms = {"batch", "group", "layer", "instance", "none"};
const std::vector<std::string> activations = {"relu", "leaky_relu", "gelu", "silu"};

std::vector<int> widths_of(const std::string& text) {
  std::vector<int> out;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int value = 0;
    const auto [next, code] = std::from_chars(at, end, value);
    if (code != std::errc() || value < 1 || value > 4096 || (next != end && *next != ','))
      throw Error(
          ErrorCode::Usage,
          fmt::format("the widths '{}' are not numbers from 1 to 4096 with commas between", text),
          "for example 16,32,64,128");
    out.push_back(value);
    at = next == end ? end : next + 1;
  }
  if (out.empty() || out.size() > 8)
    throw Error(
        ErrorCode::Usage,
        fmt::format("the widths '{}' name {} levels; 1 to 8 are possible", text, out.size()),
        "for example 16,32,64,128");
  return out;
}

// Box-Muller on mt19937_64: the standard's normal_distribution differs between libraries, these
// weights must not.
class Normal {
public:
  explicit Normal(std::uint64_t seed) : engine_(seed) {}
  double next() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform())),
                 angle = 2 * 3.14159265358979323846 * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

private:
  double uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) / 9007199254740992.0; }
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

// Groups of one channel, where no positions or their mean are left over: the output is constant.
void refuse_groups_of_one(const std::string& norm, int width) {
  if (norm == "group" && width / std::gcd(width, 8) < 2)
    throw Error(ErrorCode::Usage,
                fmt::format("group norm of a width of {} has one channel in a group", width),
                "choose a greater width, or norm layer");
}

class Builder {
public:
  Builder(std::string name, std::uint64_t seed) : normal_(seed) { graph_.name = std::move(name); }

  std::string node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                   std::map<std::string, Attribute> attributes = {}) {
    Node n{op, "", name, std::move(inputs), {name + ".out"}, std::move(attributes)};
    graph_.nodes.push_back(n);
    return name + ".out";
  }
  std::string weight(const std::string& name, std::vector<std::int64_t> shape, double deviation) {
    std::int64_t count = 1;
    for (const auto d : shape) count *= d;
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& v : values) v = static_cast<float>(deviation * normal_.next());
    graph_.initializers[name] = HostTensor::floats(std::move(shape), values);
    return name;
  }
  std::string constant(const std::string& name, std::int64_t count, float value) {
    graph_.initializers[name] =
        HostTensor::floats({count}, std::vector<float>(static_cast<std::size_t>(count), value));
    return name;
  }
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values) {
    graph_.initializers["const." + name] =
        HostTensor::ints({static_cast<std::int64_t>(values.size())}, values);
    return "const." + name;
  }
  std::string scalar(const std::string& name, float value) {
    graph_.initializers["const." + name] = HostTensor::floats({}, {value});
    return "const." + name;
  }

  // He initialisation: deviation sqrt(2 / fan-in) (He et al., ICCV 2015, eq. 10).
  std::string convolution(const std::string& name, const std::string& x, int in, int out,
                          int kernel, int stride, int dimensions, bool bias) {
    std::vector<std::int64_t> shape = {out, in};
    double fan_in = in;
    for (int d = 0; d < dimensions; ++d) {
      shape.push_back(kernel);
      fan_in *= kernel;
    }
    std::vector<std::string> inputs = {x, weight(name + ".weight", shape, std::sqrt(2 / fan_in))};
    if (bias) inputs.push_back(constant(name + ".bias", out, 0));
    const auto each = [&](int value, int times) {
      return std::vector<std::int64_t>(static_cast<std::size_t>(times), value);
    };
    return node("Conv", name, inputs,
                {{"kernel_shape", each(kernel, dimensions)},
                 {"strides", each(stride, dimensions)},
                 {"pads", each((kernel - 1) / 2, 2 * dimensions)}});
  }

  std::string norm(const std::string& kind, const std::string& name, const std::string& x,
                   int channels) {
    if (kind == "none") return x;
    const std::string scale = constant(name + ".scale", channels, 1),
                      bias = constant(name + ".bias", channels, 0);
    if (kind == "batch")
      return node("BatchNormalization", name,
                  {x, scale, bias, constant(name + ".mean", channels, 0),
                   constant(name + ".variance", channels, 1)},
                  {{"epsilon", 1e-5f}, {"momentum", 0.9f}});
    if (kind == "instance")
      return node("InstanceNormalization", name, {x, scale, bias}, {{"epsilon", 1e-5f}});
    // Group norm in opset 17: instance norm over [batch, groups, everything], then scale and shift
    // by channel. Layer norm of a map is group norm of one group (Wu and He, ECCV 2018,
    // section 3.1).
    const int groups = kind == "layer" ? 1 : std::gcd(channels, 8);
    const std::string shape = node("Shape", name + ".shape", {x});
    const std::string grouped =
        node("Reshape", name + ".grouped", {x, integers(name + ".groups", {0, groups, -1})});
    const std::string normal =
        node("InstanceNormalization", name + ".norm",
             {grouped, group_constant(groups, 1), group_constant(groups, 0)}, {{"epsilon", 1e-5f}});
    const std::string back = node("Reshape", name + ".back", {normal, shape});
    const std::string axes =
        integers(name + ".axes", dimensions_ == 3   ? std::vector<std::int64_t>{1, 2, 3}
                                 : dimensions_ == 2 ? std::vector<std::int64_t>{1, 2}
                                                    : std::vector<std::int64_t>{1});
    const std::string scaled =
        node("Mul", name + ".scaled", {back, node("Unsqueeze", name + ".scale4", {scale, axes})});
    return node("Add", name, {scaled, node("Unsqueeze", name + ".bias4", {bias, axes})});
  }

  // Of [..., channels], each position by itself.
  std::string layer_norm(const std::string& name, const std::string& x, int channels) {
    return node("LayerNormalization", name,
                {x, constant(name + ".scale", channels, 1), constant(name + ".bias", channels, 0)},
                {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5f}});
  }

  // Of tokens [batch, tokens, channels]: the norms of maps, with the tokens as positions.
  std::string token_norm(const std::string& kind, const std::string& name, const std::string& x,
                         int channels) {
    if (kind == "none") return x;
    if (kind == "layer") return layer_norm(name, x, channels);
    const std::vector<std::int64_t> swapped = {0, 2, 1};
    const std::string map = node("Transpose", name + ".map", {x}, {{"perm", swapped}});
    return node("Transpose", name + ".tokens", {norm(kind, name, map, channels)},
                {{"perm", swapped}});
  }

  // Of features [batch, channels]: as tokens, one a sample. Instance norm would leave nothing.
  std::string feature_norm(const std::string& kind, const std::string& name, const std::string& x,
                           int channels) {
    if (kind == "none") return x;
    if (kind == "layer") return layer_norm(name, x, channels);
    const std::string axis = integers(name + ".last", {-1});
    const std::string map = node("Unsqueeze", name + ".map", {x, axis});
    return node("Squeeze", name + ".features", {norm(kind, name, map, channels), axis});
  }

  std::string activate(const std::string& kind, const std::string& name, const std::string& x) {
    if (kind == "leaky_relu") return node("LeakyRelu", name, {x}, {{"alpha", 0.01f}});
    if (kind == "silu") return node("Mul", name, {x, node("Sigmoid", name + ".gate", {x})});
    if (kind == "gelu") { // exact: x/2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel, 2016)
      const std::string erf =
          node("Erf", name + ".erf",
               {node("Mul", name + ".in", {x, scalar(name + ".rsqrt2", 0.70710678f)})});
      const std::string gate = node("Mul", name + ".half",
                                    {node("Add", name + ".plus", {erf, scalar(name + ".one", 1)}),
                                     scalar(name + ".0.5", 0.5f)});
      return node("Mul", name, {x, gate});
    }
    return node("Relu", name, {x});
  }

  // y = x W + b with W [in, out]; Xavier for the transformer and the last layer, He elsewhere.
  std::string linear(const std::string& name, const std::string& x, int in, int out,
                     double deviation) {
    return node(
        "Add", name,
        {node("MatMul", name + ".product", {x, weight(name + ".weight", {in, out}, deviation)}),
         constant(name + ".bias", out, 0)});
  }
  std::string gemm(const std::string& name, const std::string& x, int in, int out,
                   double deviation) {
    return node(
        "Gemm", name,
        {x, weight(name + ".weight", {out, in}, deviation), constant(name + ".bias", out, 0)},
        {{"transB", std::int64_t{1}}});
  }

  void input(const std::string& name, std::vector<std::int64_t> dims,
             std::vector<std::string> names) {
    graph_.inputs.push_back({name, DType::Float32, std::move(dims), std::move(names)});
  }
  Graph finish(const std::string& value, const std::string& name, std::vector<std::int64_t> dims,
               std::vector<std::string> names) {
    Node last{"Identity", "", name, {value}, {name}, {}};
    graph_.nodes.push_back(last);
    graph_.outputs.push_back({name, DType::Float32, std::move(dims), std::move(names)});
    check(graph_, graph_.name);
    return std::move(graph_);
  }
  void set_dimensions(int d) { dimensions_ = d; }

private:
  std::string group_constant(int groups, float value) {
    const std::string name = fmt::format("const.group{}.{}", groups, value);
    graph_.initializers[name] =
        HostTensor::floats({groups}, std::vector<float>(static_cast<std::size_t>(groups), value));
    return name;
  }
  Graph graph_;
  Normal normal_;
  int dimensions_ = 2;
};

struct UnetParts {
  Builder& b;
  const ResidualUnetOptions& o;

  std::string unit(const std::string& name, const std::string& x, int in, int out, int stride) {
    const std::string first =
        b.activate(o.activation, name + ".act1",
                   b.norm(o.norm, name + ".norm1",
                          b.convolution(name + ".conv1", x, in, out, 3, stride, o.dimensions,
                                        o.norm == "none"),
                          out));
    const std::string second = b.norm(
        o.norm, name + ".norm2",
        b.convolution(name + ".conv2", first, out, out, 3, 1, o.dimensions, o.norm == "none"), out);
    if (!o.residual) return b.activate(o.activation, name + ".act2", second);
    std::string shortcut = x;
    if (in != out || stride != 1)
      shortcut = b.norm(
          o.norm, name + ".norm0",
          b.convolution(name + ".conv0", x, in, out, 1, stride, o.dimensions, o.norm == "none"),
          out);
    return b.activate(o.activation, name + ".act2",
                      b.node("Add", name + ".sum", {second, shortcut}));
  }
  std::string level(const std::string& name, std::string x, int in, int out, int stride) {
    for (int i = 0; i < o.blocks_per_level; ++i)
      x = unit(fmt::format("{}.unit{}", name, i), x, i == 0 ? in : out, out, i == 0 ? stride : 1);
    return x;
  }
  std::string up(const std::string& name, const std::string& x, int in, int out) {
    const auto twos = std::vector<std::int64_t>(static_cast<std::size_t>(o.dimensions), 2);
    if (o.upsampling == "transposed") {
      std::vector<std::int64_t> shape = {in, out};
      shape.insert(shape.end(), twos.begin(), twos.end());
      return b.node("ConvTranspose", name,
                    {x, b.weight(name + ".weight", shape, std::sqrt(2.0 / in)),
                     b.constant(name + ".bias", out, 0)},
                    {{"kernel_shape", twos}, {"strides", twos}});
    }
    const bool linear = o.upsampling == "linear";
    std::vector<float> scales(static_cast<std::size_t>(o.dimensions) + 2, 2);
    scales[0] = scales[1] = 1;
    const std::string factor = b.scalar(name + ".scales", 0); // replaced below by the vector
    const std::string bigger = b.node(
        "Resize", name + ".resize", {x, "", factor},
        {{"mode", std::string(linear ? "linear" : "nearest")},
         {"coordinate_transformation_mode", std::string(linear ? "half_pixel" : "asymmetric")},
         {"nearest_mode", std::string("floor")}});
    resize_scales.emplace_back(factor, scales);
    return b.convolution(name, bigger, in, out, 1, 1, o.dimensions, true);
  }
  std::vector<std::pair<std::string, std::vector<float>>> resize_scales = {};
};

}

void describe(ParameterVisitor& v, ResidualUnetOptions& o) {
  v.integer("dimensions", o.dimensions,
            {.help = "spatial dimensions", .min = 2, .max = 3, .expert = true});
  v.integer("in_channels", o.in_channels,
            {.help = "input channels", .min = 1, .max = 64, .expert = true});
  v.integer("out_channels", o.out_channels,
            {.help = "output channels", .min = 1, .max = 64, .expert = true});
  v.text("widths", o.widths, {.help = "channels of each level, with commas"});
  v.integer("blocks_per_level", o.blocks_per_level,
            {.help = "residual units in each level", .min = 1, .max = 4});
  v.choice("norm", o.norm, norms, {.help = "normalisation"});
  v.choice("activation", o.activation, activations, {.help = "activation"});
  v.choice("upsampling", o.upsampling, {"transposed", "nearest", "linear"},
           {.help = "how the decoder enlarges"});
  v.flag("residual", o.residual, {.help = "residual units; off: the plain U-Net"});
  v.flag("probability_output", o.probability_output,
         {.help = "sigmoid inside the network", .expert = true});
}

Graph build_residual_unet(const ResidualUnetOptions& o, std::uint64_t seed) {
  const std::vector<int> widths = widths_of(o.widths);
  Builder b("residual_unet", seed);
  b.set_dimensions(o.dimensions);
  UnetParts parts{b, o};
  std::vector<std::int64_t> dims = {-1, o.in_channels, -1, -1};
  std::vector<std::string> names = {"batch", "", "height", "width"};
  if (o.dimensions == 3) {
    dims.insert(dims.begin() + 2, -1);
    names.insert(names.begin() + 2, "depth");
  }
  b.input("image", dims, names);
  std::string x = "image";
  std::vector<std::string> skips;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    x = parts.level(fmt::format("down{}", i), x, i == 0 ? o.in_channels : widths[i - 1], widths[i],
                    i == 0 ? 1 : 2);
    skips.push_back(x);
  }
  for (std::size_t i = widths.size() - 1; i-- > 0;) {
    const std::string bigger = parts.up(fmt::format("up{}", i), x, widths[i + 1], widths[i]);
    x = parts.level(
        fmt::format("join{}", i),
        b.node("Concat", fmt::format("cat{}", i), {bigger, skips[i]}, {{"axis", std::int64_t{1}}}),
        2 * widths[i], widths[i], 1);
  }
  x = b.convolution("head", x, widths[0], o.out_channels, 1, 1, o.dimensions, true);
  if (o.probability_output) x = b.node("Sigmoid", "probability", {x});
  dims[1] = o.out_channels;
  Graph graph = b.finish(x, o.probability_output ? "probabilities" : "logits", dims, names);
  for (const auto& [name, scales] : parts.resize_scales)
    graph.initializers[name] =
        HostTensor::floats({static_cast<std::int64_t>(scales.size())}, scales);
  return graph;
}

void describe(ParameterVisitor& v, ResnetOptions& o) {
  v.integer("in_channels", o.in_channels,
            {.help = "input channels", .min = 1, .max = 1024, .expert = true});
  v.integer("classes", o.classes, {.help = "classes", .min = 1, .max = 10000, .expert = true});
  v.text("widths", o.widths, {.help = "channels of each stage, with commas"});
  v.integer("blocks_per_stage", o.blocks_per_stage,
            {.help = "residual blocks in each stage", .min = 1, .max = 8});
  v.choice("norm", o.norm, norms, {.help = "normalisation"});
  v.choice("activation", o.activation, activations, {.help = "activation"});
}

Graph build_resnet(const ResnetOptions& o, std::uint64_t seed) {
  const std::vector<int> widths = widths_of(o.widths);
  Builder b("resnet", seed);
  ResidualUnetOptions unit_options;
  unit_options.norm = o.norm;
  unit_options.activation = o.activation;
  UnetParts parts{b, unit_options};
  b.input("image", {-1, o.in_channels, -1, -1}, {"batch", "", "height", "width"});
  std::string x = b.activate(o.activation, "stem.act",
                             b.norm(o.norm, "stem.norm",
                                    b.convolution("stem.conv", "image", o.in_channels, widths[0], 3,
                                                  1, 2, o.norm == "none"),
                                    widths[0]));
  for (std::size_t stage = 0; stage < widths.size(); ++stage)
    for (int i = 0; i < o.blocks_per_stage; ++i) {
      const int in = i > 0 ? widths[stage] : stage > 0 ? widths[stage - 1] : widths[0];
      x = parts.unit(fmt::format("stage{}.block{}", stage, i), x, in, widths[stage],
                     stage > 0 && i == 0 ? 2 : 1);
    }
  x = b.node("Flatten", "flat", {b.node("GlobalAveragePool", "pool", {x})},
             {{"axis", std::int64_t{1}}});
  return b.finish(b.gemm("head", x, widths.back(), o.classes, std::sqrt(1.0 / widths.back())),
                  "logits", {-1, o.classes}, {"batch", ""});
}

void describe(ParameterVisitor& v, VitOptions& o) {
  v.integer("in_channels", o.in_channels,
            {.help = "input channels", .min = 1, .max = 1024, .expert = true});
  v.integer("classes", o.classes, {.help = "classes", .min = 1, .max = 10000, .expert = true});
  v.integer("image_size", o.image_size,
            {.help = "height and width of the input", .unit = "px", .min = 8, .max = 1024});
  v.integer("patch", o.patch,
            {.help = "height and width of a patch", .unit = "px", .min = 2, .max = 64});
  v.integer("width", o.width, {.help = "embedding width", .min = 8, .max = 2048});
  v.integer("depth", o.depth, {.help = "transformer blocks", .min = 1, .max = 48});
  v.integer("heads", o.heads, {.help = "attention heads", .min = 1, .max = 32});
  v.integer("mlp_ratio", o.mlp_ratio,
            {.help = "hidden width of the MLP over the embedding width", .min = 1, .max = 8});
  v.choice("norm", o.norm, {"layer", "batch", "group", "none"},
           {.help = "normalisation before attention and MLP"});
  v.choice("activation", o.activation, activations, {.help = "activation of the MLP"});
}

Graph build_vit(const VitOptions& o, std::uint64_t seed) {
  if (o.image_size % o.patch != 0 || o.width % o.heads != 0)
    throw Error(
        ErrorCode::Usage,
        fmt::format("image_size {} must be a multiple of patch {}, and width {} of heads {}",
                    o.image_size, o.patch, o.width, o.heads));
  refuse_groups_of_one(o.norm, o.width);
  Builder b("vit", seed);
  const int side = o.image_size / o.patch, tokens = side * side, head = o.width / o.heads;
  const double xavier = std::sqrt(1.0 / o.width);
  b.input("image", {-1, o.in_channels, o.image_size, o.image_size}, {"batch", "", "", ""});
  const auto both = [](int v) { return std::vector<std::int64_t>{v, v}; };
  const std::string patches =
      b.node("Conv", "embed",
             {"image",
              b.weight("embed.weight", {o.width, o.in_channels, o.patch, o.patch},
                       std::sqrt(1.0 / (o.in_channels * o.patch * o.patch))),
              b.constant("embed.bias", o.width, 0)},
             {{"kernel_shape", both(o.patch)}, {"strides", both(o.patch)}});
  std::string x =
      b.node("Transpose", "tokens",
             {b.node("Reshape", "flat", {patches, b.integers("flat", {0, o.width, tokens})})},
             {{"perm", std::vector<std::int64_t>{0, 2, 1}}});
  x = b.node("Add", "positioned", {x, b.weight("position", {1, tokens, o.width}, 0.02)});
  b.set_dimensions(1);
  const auto norm = [&](const std::string& name, const std::string& v) {
    return b.token_norm(o.norm, name, v, o.width);
  };
  const std::string split = b.integers("split", {0, tokens, o.heads, head}),
                    merge = b.integers("merge", {0, tokens, o.width});
  const std::string scale =
      b.scalar("attention.scale", static_cast<float>(1 / std::sqrt(static_cast<double>(head))));
  for (int i = 0; i < o.depth; ++i) {
    const std::string n = fmt::format("block{}", i), y = norm(n + ".norm1", x);
    const auto project = [&](const std::string& which, std::vector<std::int64_t> order) {
      return b.node("Transpose", n + which + ".heads",
                    {b.node("Reshape", n + which + ".split",
                            {b.linear(n + which, y, o.width, o.width, xavier), split})},
                    {{"perm", std::move(order)}});
    };
    const std::string q = project(".query", {0, 2, 1, 3}), k = project(".key", {0, 2, 3, 1}),
                      v = project(".value", {0, 2, 1, 3});
    const std::string attention =
        b.node("Softmax", n + ".attention",
               {b.node("Mul", n + ".scaled", {b.node("MatMul", n + ".scores", {q, k}), scale})},
               {{"axis", std::int64_t{-1}}});
    const std::string mixed =
        b.node("Transpose", n + ".mixed", {b.node("MatMul", n + ".weighted", {attention, v})},
               {{"perm", std::vector<std::int64_t>{0, 2, 1, 3}}});
    x = b.node("Add", n + ".sum1",
               {x, b.linear(n + ".output", b.node("Reshape", n + ".merged", {mixed, merge}),
                            o.width, o.width, xavier)});
    const int hidden = o.width * o.mlp_ratio;
    const std::string inner =
        b.activate(o.activation, n + "." + o.activation,
                   b.linear(n + ".mlp1", norm(n + ".norm2", x), o.width, hidden, xavier));
    x = b.node("Add", n + ".sum2",
               {x, b.linear(n + ".mlp2", inner, hidden, o.width, std::sqrt(1.0 / hidden))});
  }
  x = b.node("ReduceMean", "pool", {norm("norm", x)},
             {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  return b.finish(b.gemm("head", x, o.width, o.classes, xavier), "logits", {-1, o.classes},
                  {"batch", ""});
}

void describe(ParameterVisitor& v, ResidualMlpOptions& o) {
  v.integer("inputs", o.inputs, {.help = "features", .min = 1, .max = 100000, .expert = true});
  v.integer("classes", o.classes, {.help = "classes", .min = 1, .max = 10000, .expert = true});
  v.integer("width", o.width, {.help = "hidden width", .min = 1, .max = 8192});
  v.integer("blocks", o.blocks, {.help = "residual blocks", .min = 0, .max = 64});
  v.choice("norm", o.norm, {"none", "batch", "group", "layer"},
           {.help = "normalisation before each activation of a block"});
  v.choice("activation", o.activation, activations, {.help = "activation"});
}

Graph build_residual_mlp(const ResidualMlpOptions& o, std::uint64_t seed) {
  refuse_groups_of_one(o.norm, o.width);
  Builder b("residual_mlp", seed);
  b.set_dimensions(1);
  b.input("features", {-1, o.inputs}, {"batch", ""});
  const double he = std::sqrt(2.0 / o.width);
  std::string x =
      b.activate(o.activation, "stem.act",
                 b.gemm("stem", "features", o.inputs, o.width, std::sqrt(2.0 / o.inputs)));
  for (int i = 0; i < o.blocks; ++i) {
    const std::string n = fmt::format("block{}", i);
    const std::string first = b.gemm(n + ".fc1", x, o.width, o.width, he);
    const std::string inner =
        b.activate(o.activation, n + ".act", b.feature_norm(o.norm, n + ".norm", first, o.width));
    x = b.node("Add", n + ".sum", {x, b.gemm(n + ".fc2", inner, o.width, o.width, 0.5 * he)});
  }
  return b.finish(b.gemm("head", x, o.width, o.classes, std::sqrt(1.0 / o.width)), "logits",
                  {-1, o.classes}, {"batch", ""});
}

void describe(ParameterVisitor& v, Conv1dOptions& o) {
  v.integer("in_channels", o.in_channels,
            {.help = "channels of the input", .min = 1, .max = 1024, .expert = true});
  v.integer("classes", o.classes, {.help = "classes", .min = 1, .max = 10000, .expert = true});
  v.integer("length", o.length,
            {.help = "samples of the input", .min = 8, .max = 1000000, .expert = true});
  v.text("widths", o.widths, {.help = "channels of each stage, with commas"});
  v.integer("kernel", o.kernel, {.help = "samples of a kernel, odd", .min = 1, .max = 101});
  v.choice("activation", o.activation, activations, {.help = "activation"});
}

Graph build_conv1d(const Conv1dOptions& o, std::uint64_t seed) {
  const std::vector<int> widths = widths_of(o.widths);
  if (o.kernel % 2 == 0)
    throw Error(ErrorCode::Usage, fmt::format("a kernel of {} samples has no middle", o.kernel),
                "choose an odd number");
  Builder b("conv1d", seed);
  b.set_dimensions(1);
  b.input("samples", {-1, o.in_channels, o.length}, {"batch", "", ""});
  std::string x = "samples";
  int in = o.in_channels;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string n = fmt::format("stage{}", i);
    const int width = widths[i];
    x = b.activate(o.activation, n + ".act1",
                   b.convolution(n + ".down", x, in, width, o.kernel, 2, 1, true));
    const std::string inner = b.convolution(n + ".conv", x, width, width, o.kernel, 1, 1, true);
    x = b.activate(o.activation, n + ".act2", b.node("Add", n + ".sum", {x, inner}));
    in = width;
  }
  x = b.node("Flatten", "flat", {b.node("GlobalAveragePool", "pool", {x})},
             {{"axis", std::int64_t{1}}});
  return b.finish(b.gemm("head", x, in, o.classes, std::sqrt(1.0 / in)), "logits", {-1, o.classes},
                  {"batch", ""});
}

}
