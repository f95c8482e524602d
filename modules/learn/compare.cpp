#include "modules/learn/compare.h"

#include "modules/core/error.h"
#include "modules/learn/model.h"
#include "modules/learn/splits.h"
#include "modules/learn/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

using Inputs = std::vector<Tensor>; // in the graph's order
constexpr std::int64_t largest_input = std::int64_t{1} << 28;

std::string text_of(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::int64_t elements_of(const std::vector<std::int64_t>& shape, const std::string& name) {
  std::int64_t count = 1;
  for (const std::int64_t d : shape) {
    if (d < 0 || (d > 0 && count > largest_input / d))
      throw Error(ErrorCode::BadInput,
                  fmt::format("the input '{}' of shape {} is too large", name, text_of(shape)),
                  "choose a smaller --size");
    count *= d;
  }
  return count;
}

void expect_pairs(const CompareRequest& request, const Graph& a, const Graph& b) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' and '{}' cannot be compared: {}", request.first.string(),
                            request.second.string(), what),
                "'sensorium models show' prints the inputs and outputs of each");
  };
  if (a.inputs.size() != b.inputs.size())
    refuse(fmt::format("they take {} and {} inputs", a.inputs.size(), b.inputs.size()));
  if (a.outputs.size() != b.outputs.size())
    refuse(fmt::format("they give {} and {} outputs", a.outputs.size(), b.outputs.size()));
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    const ValueInfo &x = a.inputs[i], &y = b.inputs[i];
    if (x.type != DType::Float32 || y.type != DType::Float32)
      refuse(fmt::format("the input '{}' is not of type float32", x.name));
    bool fits = x.dims.size() == y.dims.size();
    for (std::size_t d = 0; fits && d < x.dims.size(); ++d)
      fits = x.dims[d] < 0 || y.dims[d] < 0 || x.dims[d] == y.dims[d];
    if (x.has_shape && y.has_shape && !fits)
      refuse(fmt::format("the input '{}' is {} in one and {} in the other (-1: any)", x.name,
                         text_of(x.dims), text_of(y.dims)));
  }
}

// A size that either model fixes; an open one becomes 1 (the batch) or the size asked for.
std::vector<std::int64_t> made_up_shape(const ValueInfo& x, const ValueInfo& y, int size) {
  const ValueInfo& known = x.has_shape ? x : y;
  if (!known.has_shape)
    throw Error(ErrorCode::Unsupported,
                fmt::format("neither model says a shape for the input '{}'", x.name),
                "give inputs with --data FILE.safetensors");
  std::vector<std::int64_t> shape = known.dims;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] < 0 && y.has_shape && d < y.dims.size()) shape[d] = y.dims[d];
    if (shape[d] < 0) shape[d] = d == 0 ? 1 : size;
  }
  return shape;
}

Inputs made_up(const CompareRequest& request, const Graph& a, const Graph& b, int round) {
  std::mt19937_64 engine(mixed_seed(request.seed, static_cast<std::uint64_t>(round)));
  std::normal_distribution<float> normal;
  Inputs out;
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    Tensor t{made_up_shape(a.inputs[i], b.inputs[i], request.size), {}};
    t.values.resize(static_cast<std::size_t>(elements_of(t.shape, a.inputs[i].name)));
    for (float& v : t.values) v = normal(engine);
    out.push_back(std::move(t));
  }
  return out;
}

Inputs from_file(const fs::path& path, const Graph& graph) {
  const NamedTensors file = read_safetensors(path);
  Inputs out;
  for (const ValueInfo& input : graph.inputs) {
    const auto found = file.tensors.find(input.name);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file.tensors) names.push_back(name);
    if (found == file.tensors.end())
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' holds no tensor '{}', which the model takes", path.string(),
                              input.name),
                  fmt::format("it holds: {}", fmt::join(names, ", ")));
    if (found->second.type != DType::Float32)
      throw Error(ErrorCode::BadInput, fmt::format("the tensor '{}' in '{}' is not of type float32",
                                                   input.name, path.string()));
    const auto values = found->second.as<float>();
    out.push_back({found->second.shape, {values.begin(), values.end()}});
  }
  return out;
}

std::vector<Tensor> run(Model& model, const Inputs& inputs, const fs::path& path) {
  std::map<std::string, Tensor> named;
  for (std::size_t i = 0; i < inputs.size(); ++i) named[model.graph().inputs[i].name] = inputs[i];
  try {
    const std::map<std::string, Tensor> outputs = model.run(named);
    std::vector<Tensor> out;
    for (const ValueInfo& o : model.graph().outputs) out.push_back(outputs.at(o.name));
    return out;
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("'{}': {}", path.string(), e.what()),
                "choose another --size, or give inputs with --data FILE.safetensors");
  }
}

struct Difference {
  double max = 0, sum = 0, largest = 0;
  std::size_t values = 0;
  void add(const Tensor& a, const Tensor& b, const std::string& name) {
    if (a.shape != b.shape)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("the output '{}' is {} of one model and {} of the other", name,
                              text_of(a.shape), text_of(b.shape)));
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      const double x = a.values[i], y = b.values[i];
      if (!std::isfinite(x) || !std::isfinite(y))
        throw Error(ErrorCode::BadInput,
                    fmt::format("the output '{}' holds values that are no numbers", name));
      max = std::max(max, std::abs(x - y));
      sum += std::abs(x - y);
      largest = std::max(largest, std::abs(x));
    }
    values += a.values.size();
  }
  json document(const std::string& name) const {
    return {{"name", name},       {"values", values},
            {"max", max},         {"mean", values > 0 ? sum / static_cast<double>(values) : 0},
            {"largest", largest}, {"relative", max == 0 ? 0 : max / std::max(largest, 1e-30)}};
  }
};

Precision precision_of(const std::string& name) {
  if (name == "float32") return Precision::Float32;
  if (name == "bfloat16") return Precision::BFloat16;
  if (name == "float16") return Precision::Float16;
  throw Error(ErrorCode::Usage, fmt::format("there is no precision '{}'", name),
              "choose float32, bfloat16 or float16");
}

}

json compare_models(const CompareRequest& request, const Context& context) {
  const ModelOptions options{.device = context.device, .threads = context.threads};
  ModelOptions other = options;
  other.precision = precision_of(request.precision);
  Model a = Model::load(request.first, options), b = Model::load(request.second, other);
  const bool lacks = b.precision() != other.precision;
  if (lacks)
    context.warn(fmt::format("{} does not compute in {}: float32 is taken", context.device,
                             request.precision));
  expect_pairs(request, a.graph(), b.graph());
  const int rounds = request.data.empty() ? request.rounds : 1;
  std::vector<Difference> differences(a.graph().outputs.size());
  json inputs = json::array();
  for (int round = 0; round < rounds; ++round) {
    context.step(static_cast<double>(round) / rounds, "comparing");
    const Inputs data = request.data.empty() ? made_up(request, a.graph(), b.graph(), round)
                                             : from_file(request.data, a.graph());
    const auto first = run(a, data, request.first), second = run(b, data, request.second);
    for (std::size_t i = 0; i < differences.size(); ++i)
      differences[i].add(first[i], second[i], a.graph().outputs[i].name);
    if (round == 0)
      for (std::size_t i = 0; i < data.size(); ++i)
        inputs.push_back({{"name", a.graph().inputs[i].name}, {"shape", data[i].shape}});
  }
  json outputs = json::array();
  bool equal = true;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    outputs.push_back(differences[i].document(a.graph().outputs[i].name));
    equal = equal && differences[i].max == 0;
  }
  return {{"inputs", inputs},
          {"rounds", rounds},
          {"outputs", outputs},
          {"equal", equal},
          {"precision", lacks ? "float32" : request.precision}};
}

}

extern "C" void sensorium_compare_models(const sensorium::CompareRequest* request,
                                         const sensorium::Context* context,
                                         nlohmann::json* result) {
  *result = sensorium::compare_models(*request, *context);
}
