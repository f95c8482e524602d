#include "modules/core/error.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>

#include <set>

namespace sensorium {
namespace {

// Inputs of a node that are settings or statistics, never trained.
bool is_trainable_use(const Node& node, std::size_t position) {
  if (node.op == "BatchNormalization") return position == 1 || position == 2;
  static const std::set<std::string> learning = {"Conv",
                                                 "ConvTranspose",
                                                 "Gemm",
                                                 "MatMul",
                                                 "InstanceNormalization",
                                                 "LayerNormalization",
                                                 "GroupNormalization",
                                                 "Add",
                                                 "Mul",
                                                 "Sub",
                                                 "Div",
                                                 "PRelu",
                                                 "Concat",
                                                 "Expand",
                                                 "Gather"};
  return learning.contains(node.op);
}

// How many inputs must be there. Kernels rely on it; a file may say otherwise.
std::size_t required_inputs(const Node& node, int opset) {
  static const std::map<std::string, std::size_t> counts = {{"Add", 2},
                                                            {"Sub", 2},
                                                            {"Mul", 2},
                                                            {"Div", 2},
                                                            {"Pow", 2},
                                                            {"Mod", 2},
                                                            {"MatMul", 2},
                                                            {"Equal", 2},
                                                            {"Less", 2},
                                                            {"LessOrEqual", 2},
                                                            {"Greater", 2},
                                                            {"GreaterOrEqual", 2},
                                                            {"And", 2},
                                                            {"Or", 2},
                                                            {"Xor", 2},
                                                            {"PRelu", 2},
                                                            {"Where", 3},
                                                            {"Conv", 2},
                                                            {"ConvTranspose", 2},
                                                            {"Gemm", 2},
                                                            {"BatchNormalization", 5},
                                                            {"InstanceNormalization", 3},
                                                            {"GroupNormalization", 3},
                                                            {"LayerNormalization", 2},
                                                            {"Reshape", 2},
                                                            {"Expand", 2},
                                                            {"Tile", 2},
                                                            {"Gather", 2},
                                                            {"GatherElements", 2},
                                                            {"GatherND", 2},
                                                            {"ScatterND", 3},
                                                            {"ScatterElements", 3},
                                                            {"OneHot", 3},
                                                            {"TopK", 2},
                                                            {"CumSum", 2},
                                                            {"Range", 3},
                                                            {"Trilu", 1},
                                                            {"Constant", 0}};
  if (node.domain == "sensorium") return 2;
  if (node.op == "Resize") return opset >= 11 ? 1 : 2;
  if (node.op == "Slice") return opset >= 10 ? 3 : 1;
  if (node.op == "Pad") return opset >= 11 ? 2 : 1;
  if (node.op == "Unsqueeze") return opset >= 13 ? 2 : 1;
  if (node.op == "Upsample") return opset >= 9 ? 2 : 1;
  const auto found = counts.find(node.op);
  return found == counts.end() ? 1 : found->second;
}

void check_inputs(const Node& node, int opset) {
  const std::size_t count = required_inputs(node, opset);
  for (std::size_t i = 0; i < count; ++i)
    if (node.inputs.size() <= i || node.inputs[i].empty())
      throw Error(ErrorCode::BadInput,
                  fmt::format("node {} has no input {}; it needs {}", node.label(), i, count),
                  "the model file is damaged");
  static const std::set<std::string> variadic = {"Concat", "Max", "Min", "Sum", "Mean"};
  if (variadic.contains(node.op))
    for (const std::string& input : node.inputs)
      if (input.empty())
        throw Error(ErrorCode::BadInput, fmt::format("an input of node {} is absent", node.label()),
                    "the model file is damaged");
  if (node.outputs.empty())
    throw Error(ErrorCode::BadInput, fmt::format("node {} has no output", node.label()),
                "the model file is damaged");
}

}

Kernel kernel_for(const Node& node, int opset) {
  const auto& table = kernel_factories();
  const std::string key = node.domain.empty() ? node.op : node.domain + "." + node.op;
  const auto found = table.find(key);
  if (found == table.end())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the operator of node {}{} is not supported",
                            node.domain.empty() ? "" : node.domain + " ", node.label()),
                "see docs/MODELS.md for the operators that are");
  check_inputs(node, opset);
  return found->second(node, opset);
}

const std::unordered_map<std::string, KernelFactory>& kernel_factories() {
  static const auto table = [] {
    std::unordered_map<std::string, KernelFactory> t;
    add_tensor_kernels(t);
    add_network_kernels(t);
    return t;
  }();
  return table;
}

void refuse(const Node& node, const std::string& what) {
  throw Error(ErrorCode::Unsupported,
              fmt::format("node {}: {} is not supported", node.label(), what),
              "export the model without it");
}

at::ScalarType scalar_type(DType type) {
  switch (type) {
  case DType::Float32:
    return at::kFloat;
  case DType::Float64:
    return at::kDouble;
  case DType::Float16:
    return at::kHalf;
  case DType::BFloat16:
    return at::kBFloat16;
  case DType::Int64:
    return at::kLong;
  case DType::Int32:
    return at::kInt;
  case DType::Int16:
    return at::kShort;
  case DType::Int8:
    return at::kChar;
  case DType::UInt8:
    return at::kByte;
  case DType::Bool:
    return at::kBool;
  case DType::UInt16:
    return at::kUInt16;
  case DType::UInt32:
    return at::kUInt32;
  case DType::UInt64:
    return at::kUInt64;
  case DType::Undefined:
    break;
  }
  throw Error(ErrorCode::Unsupported,
              fmt::format("the type {} is not supported", static_cast<int>(type)));
}

at::Tensor to_torch(const HostTensor& tensor) {
  at::Tensor out = at::empty(tensor.shape, at::TensorOptions().dtype(scalar_type(tensor.type)));
  if (!tensor.bytes.empty()) std::memcpy(out.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return out;
}

HostTensor to_host(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
  HostTensor out;
  for (const DType type : {DType::Float32, DType::Float64, DType::Float16, DType::BFloat16,
                           DType::Int64, DType::Int32, DType::Int16, DType::Int8, DType::UInt8,
                           DType::Bool, DType::UInt16, DType::UInt32, DType::UInt64})
    if (scalar_type(type) == plain.scalar_type()) out.type = type;
  out.shape = plain.sizes().vec();
  out.bytes.resize(static_cast<std::size_t>(plain.numel()) * size_of(out.type));
  if (!out.bytes.empty()) std::memcpy(out.bytes.data(), plain.data_ptr(), out.bytes.size());
  return out;
}

Executor::Executor(const Graph& graph, at::Device device, const ExecutorOptions& options)
    : device_(device), options_(options) {
  for (const ValueInfo& input : graph.inputs) {
    if (size_of(input.type) == 0)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("the type {} of the input '{}' is not supported",
                              static_cast<int>(input.type), input.name),
                  "numbers and flags are");
    input_slots_.push_back(slot(input.name));
  }
  for (const auto& [name, tensor] : graph.initializers) {
    const int s = slot(name);
    constants_.resize(static_cast<std::size_t>(s) + 1);
    constants_[static_cast<std::size_t>(s)] = to_torch(tensor).to(device);
    if (options.type != at::kFloat && tensor.type == DType::Float32)
      constants_[static_cast<std::size_t>(s)] =
          constants_[static_cast<std::size_t>(s)].to(options.type);
  }
  std::set<std::string> trainable, statistics;
  for (const Node& node : graph.nodes) {
    Step step;
    step.kernel = kernel_for(node, graph.opset);
    step.label = node.label();
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      step.inputs.push_back(node.inputs[i].empty() ? -1 : slot(node.inputs[i]));
      const auto weight = graph.initializers.find(node.inputs[i]);
      if (weight == graph.initializers.end() || weight->second.type != DType::Float32) continue;
      if (is_trainable_use(node, i) && weight->second.elements() > 0)
        trainable.insert(node.inputs[i]);
      if (node.op == "BatchNormalization" && i >= 3) statistics.insert(node.inputs[i]);
    }
    for (const std::string& output : node.outputs)
      step.outputs.push_back(output.empty() ? -1 : slot(output));
    steps_.push_back(std::move(step));
  }
  for (const ValueInfo& output : graph.outputs) output_slots_.push_back(slot(output.name));
  constants_.resize(slots_.size());
  for (const std::string& name : trainable)
    if (!statistics.contains(name) && !name.starts_with("const."))
      parameters_.push_back({name, constants_[static_cast<std::size_t>(slots_.at(name))]});
  for (const std::string& name : statistics)
    buffers_.push_back({name, constants_[static_cast<std::size_t>(slots_.at(name))]});
  find_last_uses();
  find_overwrites(graph);
  if (options.prepack) use_channels_last();
}

int Executor::slot(const std::string& name) {
  return slots_.emplace(name, static_cast<int>(slots_.size())).first->second;
}

void Executor::find_last_uses() {
  std::set<int> seen(output_slots_.begin(), output_slots_.end());
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
    for (const int s : step->inputs)
      if (s >= 0 && !constants_[static_cast<std::size_t>(s)].defined() && seen.insert(s).second)
        step->last_uses.push_back(s);
}

// A norm or a sum makes a tensor that no gradient needs; a sum or a Relu that alone reads it may
// reuse it.
void Executor::find_overwrites(const Graph& graph) {
  std::unordered_map<std::string, int> uses;
  std::set<std::string> made;
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) ++uses[input];
    if (node.domain.empty() && (node.op == "BatchNormalization" || node.op == "Add"))
      made.insert(node.outputs.front());
  }
  for (const ValueInfo& output : graph.outputs) ++uses[output.name];
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    steps_[i].overwrite = node.domain.empty() && (node.op == "Relu" || node.op == "Add") &&
                          !node.inputs.empty() && made.contains(node.inputs[0]) &&
                          uses[node.inputs[0]] == 1;
  }
}

void Executor::train(bool on) {
  for (Named& parameter : parameters_) parameter.tensor.set_requires_grad(on);
}

void Executor::use_channels_last() {
  for (at::Tensor& constant : constants_)
    if (constant.defined() && constant.dim() == 4 && constant.is_floating_point() &&
        constant.size(2) * constant.size(3) > 1) {
      const at::Tensor reordered = constant.detach().contiguous(at::MemoryFormat::ChannelsLast);
      constant.set_data(reordered);
    }
}

std::vector<at::Tensor> Executor::forward(const std::vector<at::Tensor>& inputs, bool training) {
  if (inputs.size() != input_slots_.size())
    throw Error(ErrorCode::BadInput, fmt::format("the network takes {} inputs, {} were given",
                                                 input_slots_.size(), inputs.size()));
  const Arena::Scope scope(*arena_);
  std::vector<std::vector<std::int64_t>> sizes;
  for (const at::Tensor& input : inputs) sizes.push_back(input.sizes().vec());
  if (sizes != last_sizes_) arena_->clear();
  last_sizes_ = std::move(sizes);
  std::vector<at::Tensor> values = constants_;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    at::Tensor input = inputs[i];
    if (options_.type != at::kFloat && input.scalar_type() == at::kFloat)
      input = input.to(options_.type);
    if (options_.prepack && input.dim() == 4)
      input = input.contiguous(at::MemoryFormat::ChannelsLast);
    values[static_cast<std::size_t>(input_slots_[i])] = input;
  }
  RunMode mode{.training = training};
  std::vector<at::Tensor> arguments;
  for (const Step& step : steps_) {
    arguments.clear();
    for (const int s : step.inputs)
      arguments.push_back(s < 0 ? at::Tensor() : values[static_cast<std::size_t>(s)]);
    mode.overwrite = step.overwrite;
    try {
      std::vector<at::Tensor> results = step.kernel(arguments, mode);
      for (std::size_t i = 0; i < step.outputs.size() && i < results.size(); ++i)
        if (step.outputs[i] >= 0)
          values[static_cast<std::size_t>(step.outputs[i])] = std::move(results[i]);
    } catch (const c10::OutOfMemoryError& e) {
      throw Error(ErrorCode::Resources, fmt::format("out of memory at node {}", step.label),
                  "use smaller tiles or a smaller batch");
    } catch (const c10::Error& e) {
      const std::string why = e.what_without_backtrace();
      if (why.find("allocate memory") != std::string::npos)
        throw Error(ErrorCode::Resources, fmt::format("out of memory at node {}", step.label),
                    "use smaller tiles or a smaller batch");
      throw Error(ErrorCode::BadInput, fmt::format("node {} cannot run: {}", step.label, why),
                  "does the input have the shape the model's card names?");
    } catch (const Error& e) {
      if (std::string_view(e.what()).find(step.label) != std::string_view::npos) throw;
      throw Error(e.code(), fmt::format("node {} cannot run: {}", step.label, e.what()), e.hint());
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::Resources, fmt::format("out of memory at node {}", step.label),
                  "use smaller tiles or a smaller batch");
    } catch (const std::exception& e) {
      throw Error(ErrorCode::BadInput, fmt::format("node {} cannot run: {}", step.label, e.what()),
                  "does the input have the shape the model's card names?");
    }
    for (const int s : step.last_uses) values[static_cast<std::size_t>(s)] = at::Tensor();
  }
  std::vector<at::Tensor> outputs;
  for (const int s : output_slots_) outputs.push_back(values[static_cast<std::size_t>(s)]);
  return outputs;
}

void Executor::copy_into(Graph& graph) const {
  for (const auto* list : {&parameters_, &buffers_})
    for (const Named& named : *list) graph.initializers[named.name] = to_host(named.tensor);
}

}
