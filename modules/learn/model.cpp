#include "modules/learn/model.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/optimise.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace {

at::Device device_of(const std::string& name) {
  if (name.starts_with("cuda")) {
    if (!at::hasCUDA())
      throw Error(
          ErrorCode::Unsupported,
          fmt::format("the device '{}' cannot be used: LibTorch's GPU libraries are not installed",
                      name),
          "run scripts/setup --gpu, or choose --device cpu");
    return at::Device(name);
  }
  return at::kCPU;
}

at::Tensor to_device(const Tensor& in, at::Device device) {
  std::int64_t count = 1;
  for (const auto d : in.shape) count *= d;
  if (count != static_cast<std::int64_t>(in.values.size()))
    throw Error(ErrorCode::BadInput,
                fmt::format("a tensor of {} values does not fill its shape of {}", in.values.size(),
                            count));
  return at::from_blob(const_cast<float*>(in.values.data()), in.shape, at::kFloat).to(device);
}

Tensor to_values(const at::Tensor& in) {
  const at::Tensor plain = in.to(at::kCPU).to(at::kFloat).contiguous();
  return {plain.sizes().vec(), {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()}};
}

// bfloat16 on a processor without it is slower than float32 and less exact.
Precision usable(Precision wanted, at::Device device) {
#if defined(__x86_64__)
  const bool here = __builtin_cpu_supports("avx512bf16") != 0;
#else
  const bool here = false;
#endif
  return wanted == Precision::BFloat16 && device.is_cpu() && !here ? Precision::Float32 : wanted;
}

at::ScalarType type_of(Precision precision) {
  return precision == Precision::BFloat16  ? at::kBFloat16
         : precision == Precision::Float16 ? at::kHalf
                                           : at::kFloat;
}

}

struct Model::Parts {
  Graph graph;
  std::string hash;
  ModelOptions options;
  at::Device device = at::kCPU;
  std::unique_ptr<Executor> executor;
};

Model::Model(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model Model::load(const std::filesystem::path& path, const ModelOptions& options) {
  Model model = from_graph(read_onnx(path), options);
  model.parts_->hash = sha256_of_path(path);
  return model;
}

Model Model::from_graph(Graph graph, const ModelOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  parts->device = device_of(options.device);
  parts->options.precision = usable(options.precision, parts->device);
  if (options.threads > 0) at::set_num_threads(options.threads);
  parts->graph = std::move(graph);
  for (const Node& node : parts->graph.nodes)
    kernel_for(node, parts->graph.opset); // passes rely on whole nodes
  const Graph prepared =
      options.optimise ? optimised(parts->graph, parts->device.is_cpu()) : parts->graph;
  parts->executor = std::make_unique<Executor>(
      prepared, parts->device,
      ExecutorOptions{.prepack = options.optimise && parts->device.is_cpu(),
                      .type = type_of(parts->options.precision)});
  return Model(std::move(parts));
}

const Graph& Model::graph() const { return parts_->graph; }
Precision Model::precision() const { return parts_->options.precision; }
const std::string& Model::sha256() const { return parts_->hash; }

std::string Model::card_json() const {
  const auto found = parts_->graph.metadata.find("sensorium.card");
  return found == parts_->graph.metadata.end() ? std::string() : found->second;
}

namespace {

void check_shape(const ValueInfo& input, const std::vector<std::int64_t>& shape) {
  if (!input.has_shape) return;
  if (input.dims.size() != shape.size())
    throw Error(ErrorCode::BadInput,
                fmt::format("the model's input '{}' has {} dimensions, {} were given", input.name,
                            input.dims.size(), shape.size()));
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (input.dims[i] > 0 && input.dims[i] != shape[i])
      throw Error(ErrorCode::BadInput,
                  fmt::format("dimension {} of the model's input '{}' must be {}, not {}", i,
                              input.name, input.dims[i], shape[i]));
}

template<class T>
const T& input_of(const std::map<std::string, T>& inputs, const ValueInfo& input) {
  const auto found = inputs.find(input.name);
  if (found == inputs.end())
    throw Error(ErrorCode::BadInput,
                fmt::format("the model's input '{}' is not given", input.name));
  check_shape(input, found->second.shape);
  return found->second;
}

}

std::map<std::string, Tensor> Model::run(const std::map<std::string, Tensor>& inputs) {
  const c10::InferenceMode guard;
  std::vector<at::Tensor> arguments;
  for (const ValueInfo& input : parts_->graph.inputs) {
    arguments.push_back(to_device(input_of(inputs, input), parts_->device));
    if (input.type != DType::Float32)
      arguments.back() = arguments.back().to(scalar_type(input.type));
  }
  const std::vector<at::Tensor> results = parts_->executor->forward(arguments);
  std::map<std::string, Tensor> outputs;
  for (std::size_t i = 0; i < results.size(); ++i)
    outputs[parts_->graph.outputs[i].name] = to_values(results[i]);
  return outputs;
}

std::map<std::string, HostTensor>
Model::run_typed(const std::map<std::string, HostTensor>& inputs) {
  const c10::InferenceMode guard;
  std::vector<at::Tensor> arguments;
  for (const ValueInfo& input : parts_->graph.inputs) {
    const HostTensor& value = input_of(inputs, input);
    if (value.type != input.type)
      throw Error(ErrorCode::BadInput,
                  fmt::format("the model's input '{}' is of type {}, not {}", input.name,
                              static_cast<int>(input.type), static_cast<int>(value.type)));
    arguments.push_back(to_torch(value).to(parts_->device));
  }
  const std::vector<at::Tensor> results = parts_->executor->forward(arguments);
  std::map<std::string, HostTensor> outputs;
  for (std::size_t i = 0; i < results.size(); ++i)
    outputs[parts_->graph.outputs[i].name] = to_host(results[i]);
  return outputs;
}

Tensor Model::run(const Tensor& input) {
  if (parts_->graph.inputs.size() != 1)
    throw Error(ErrorCode::BadInput,
                fmt::format("the model takes {} inputs, not one", parts_->graph.inputs.size()));
  auto outputs = run(std::map<std::string, Tensor>{{parts_->graph.inputs.front().name, input}});
  return std::move(outputs.at(parts_->graph.outputs.front().name));
}

std::vector<std::string> supported_operators() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : kernel_factories())
    if (name.find('.') == std::string::npos) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> unsupported_nodes(const Graph& graph) {
  std::vector<std::string> reasons;
  for (const Node& node : graph.nodes) try {
      kernel_for(node, graph.opset);
    } catch (const Error& e) {
      reasons.emplace_back(e.what());
    }
  return reasons;
}

namespace {

std::int64_t mirrored(std::int64_t i, std::int64_t size) {
  const std::int64_t period = std::max<std::int64_t>(1, 2 * (size - 1));
  i = ((i % period) + period) % period;
  return i < size ? i : period - i;
}

// A window of the image, mirrored at the borders. y, x: its corner, may be negative.
Tensor window(const Tensor& image, std::int64_t y, std::int64_t x, std::int64_t height,
              std::int64_t width) {
  const std::int64_t channels = image.shape[1], h = image.shape[2], w = image.shape[3];
  Tensor out{{1, channels, height, width},
             std::vector<float>(static_cast<std::size_t>(channels * height * width))};
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t j = 0; j < height; ++j) {
      const float* row = image.values.data() + (c * h + mirrored(y + j, h)) * w;
      float* to = out.values.data() + (c * height + j) * width;
      for (std::int64_t i = 0; i < width; ++i) to[i] = row[mirrored(x + i, w)];
    }
  return out;
}

std::int64_t round_up(std::int64_t value, std::int64_t to) { return (value + to - 1) / to * to; }

// Where tiles begin along an axis of the given size: aligned, the last one ending with the axis.
std::vector<std::int64_t> tile_starts(std::int64_t size, std::int64_t tile, const TileOptions& o) {
  std::vector<std::int64_t> out = {0};
  const std::int64_t step = (tile - 2 * o.overlap) / o.multiple * o.multiple;
  if (tile < size && step <= 0)
    throw Error(
        ErrorCode::Usage,
        fmt::format("a tile of {} leaves nothing inside an overlap of {}", o.tile, o.overlap),
        "use larger tiles or a smaller overlap");
  while (out.back() + tile < size) out.push_back(std::min(out.back() + step, size - tile));
  return out;
}

// Tiles end where the whole ends, so the network sees the same border; each keeps its middle.
Tensor run_tiles(Model& model, const Tensor& image, const TileOptions& o, const Context& context) {
  const std::int64_t h = image.shape[2], w = image.shape[3], whole_h = round_up(h, o.multiple),
                     whole_w = round_up(w, o.multiple);
  const std::int64_t tile = round_up(o.tile, o.multiple), tile_h = std::min(tile, whole_h),
                     tile_w = std::min(tile, whole_w);
  const auto rows = tile_starts(whole_h, tile_h, o), columns = tile_starts(whole_w, tile_w, o);
  Tensor out;
  std::size_t done = 0;
  for (const std::int64_t y : rows)
    for (const std::int64_t x : columns) {
      context.step(static_cast<double>(done++) / static_cast<double>(rows.size() * columns.size()),
                   "network");
      const Tensor part = model.run(window(image, y, x, tile_h, tile_w));
      if (part.shape.size() != 4 || part.shape[2] != tile_h || part.shape[3] != tile_w)
        throw Error(ErrorCode::Unsupported,
                    "the model's output is not of its input's size: it cannot run in tiles");
      if (out.shape.empty())
        out = {{1, part.shape[1], h, w},
               std::vector<float>(static_cast<std::size_t>(part.shape[1] * h * w))};
      const std::int64_t top = y == 0 ? 0 : y + o.overlap, left = x == 0 ? 0 : x + o.overlap;
      const std::int64_t bottom = std::min(h, y + tile_h), right = std::min(w, x + tile_w);
      for (std::int64_t k = 0; k < part.shape[1]; ++k)
        for (std::int64_t j = top; j < bottom && left < right; ++j) {
          const float* from = part.values.data() + (k * tile_h + j - y) * tile_w + left - x;
          std::copy_n(from, right - left, out.values.data() + (k * h + j) * w + left);
        }
    }
  return out;
}

}

Tensor run_tiled(Model& model, const Tensor& image, const TileOptions& options,
                 const Context& context) {
  if (image.shape.size() != 4 || image.shape[0] != 1)
    throw Error(ErrorCode::BadInput, "a tiled run takes one image: [1, channels, height, width]");
  TileOptions o = options;
  for (;;) {
    try {
      return run_tiles(model, image, o, context);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::Resources || o.tile / 2 <= 2 * o.overlap) throw;
      o.tile /= 2;
      context.warn(fmt::format("out of memory: going on with tiles of {}", o.tile));
    }
  }
}

}
