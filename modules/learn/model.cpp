#include "modules/learn/model.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/optimise.h"
#include "modules/learn/torch_device.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace {

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

// bfloat16 on a processor without it is slower than float32 and less exact; so is float16 on any.
Precision usable(Precision wanted, at::Device device) {
#if defined(__x86_64__)
  const bool here = __builtin_cpu_supports("avx512bf16") != 0;
#else
  const bool here = false;
#endif
  if (!device.is_cpu()) return wanted;
  return wanted == Precision::BFloat16 && here ? wanted : Precision::Float32;
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
  parts->device = torch_device(options.device);
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
  parts->executor->arena().set_limit(options.memory_limit);
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

}
