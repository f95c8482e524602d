// Kernels on shapes and elements. Semantics: ONNX operator specification, opset 7 to 20.
#include "modules/learn/torch_runtime.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace {
using Tensors = std::vector<at::Tensor>;
using Table = std::unordered_map<std::string, KernelFactory>;

std::vector<std::int64_t> ints_of(const at::Tensor& t) {
  const at::Tensor flat = t.to(at::kCPU).to(at::kLong).contiguous().view({-1});
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}
std::int64_t wrapped(std::int64_t axis, std::int64_t rank) { return axis < 0 ? axis + rank : axis; }
// An axis that a file names. end: 1 where one past the last is possible.
std::int64_t checked_axis(std::int64_t axis, std::int64_t rank, std::int64_t end = 0) {
  const std::int64_t out = wrapped(axis, rank);
  if (out < 0 || out >= rank + end)
    throw Error(ErrorCode::BadInput,
                fmt::format("there is no axis {} in {} dimensions", axis, rank),
                "the model file is damaged");
  return out;
}
// Sizes that a file asks for, bounded: views cost nothing, but what reads them would.
void check_elements(at::IntArrayRef shape, const char* what) {
  double elements = 1;
  for (const auto d : shape) elements *= static_cast<double>(d);
  if (!(elements >= 0 && elements <= 4e9))
    throw Error(ErrorCode::BadInput, fmt::format("{} makes {} elements", what, elements),
                "the model file is damaged");
}
at::Tensor long_tensor(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}
bool given(const Tensors& in, std::size_t i) { return in.size() > i && in[i].defined(); }

void unary(Table& t, const std::string& op, at::Tensor (*function)(const at::Tensor&)) {
  t[op] = [function](const Node&, int) -> Kernel {
    return [function](Tensors& in, const RunMode&) -> Tensors { return {function(in[0])}; };
  };
}
using Binary = at::Tensor (*)(const at::Tensor&, const at::Tensor&);

// LibTorch has no arithmetic on uint16 and uint32: done in a wider type and wrapped back.
at::Tensor apply(const Node& node, Binary function, const at::Tensor& a, const at::Tensor& b) {
  const at::ScalarType type = a.scalar_type();
  if (type == at::kUInt64) refuse(node, "arithmetic on uint64");
  if (type != at::kUInt16 && type != at::kUInt32) return function(a, b);
  const at::Tensor out = function(a.to(at::kLong), b.to(at::kLong));
  return out.scalar_type() == at::kLong ? out.to(type) : out;
}
void binary(Table& t, const std::string& op, Binary function) {
  t[op] = [function](const Node& node, int) -> Kernel {
    return [node, function](Tensors& in, const RunMode&) -> Tensors {
      return {apply(node, function, in[0], in[1])};
    };
  };
}
void variadic(Table& t, const std::string& op, Binary function) {
  t[op] = [function](const Node& node, int) -> Kernel {
    return [node, function](Tensors& in, const RunMode&) -> Tensors {
      at::Tensor out = in[0];
      for (std::size_t i = 1; i < in.size(); ++i) out = apply(node, function, out, in[i]);
      return {out};
    };
  };
}

at::Tensor plus(const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); }

// Integer division truncates, as C does; true division otherwise.
at::Tensor divide(const at::Tensor& a, const at::Tensor& b) {
  return at::isIntegralType(a.scalar_type(), true) ? at::div(a, b, "trunc") : at::div(a, b);
}

void add_unary(Table& t) {
  unary(t, "Abs", [](const at::Tensor& x) { return at::abs(x); });
  unary(t, "Neg", [](const at::Tensor& x) { return at::neg(x); });
  unary(t, "Exp", [](const at::Tensor& x) { return at::exp(x); });
  unary(t, "Log", [](const at::Tensor& x) { return at::log(x); });
  unary(t, "Sqrt", [](const at::Tensor& x) { return at::sqrt(x); });
  unary(t, "Reciprocal", [](const at::Tensor& x) { return at::reciprocal(x); });
  unary(t, "Floor", [](const at::Tensor& x) { return at::floor(x); });
  unary(t, "Ceil", [](const at::Tensor& x) { return at::ceil(x); });
  unary(t, "Round", [](const at::Tensor& x) { return at::round(x); });
  unary(t, "Sign", [](const at::Tensor& x) { return at::sign(x); });
  unary(t, "Sin", [](const at::Tensor& x) { return at::sin(x); });
  unary(t, "Cos", [](const at::Tensor& x) { return at::cos(x); });
  unary(t, "Tanh", [](const at::Tensor& x) { return at::tanh(x); });
  unary(t, "Sigmoid", [](const at::Tensor& x) { return at::sigmoid(x); });
  t["Relu"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode& mode) -> Tensors {
      return {mode.overwrite ? at::relu_(in[0]) : at::relu(in[0])};
    };
  };
  unary(t, "Erf", [](const at::Tensor& x) { return at::erf(x); });
  unary(t, "Not", [](const at::Tensor& x) { return at::logical_not(x); });
  unary(t, "Identity", [](const at::Tensor& x) { return x; });
  unary(t, "Softplus", [](const at::Tensor& x) { return at::softplus(x); });
  unary(t, "Softsign", [](const at::Tensor& x) { return x / (1 + x.abs()); });
  unary(t, "HardSwish", [](const at::Tensor& x) { return at::hardswish(x); });
  t["Gelu"] = [](const Node& node, int) -> Kernel {
    const std::string how = node.text("approximate", "none");
    return [how](Tensors& in, const RunMode&) -> Tensors { return {at::gelu(in[0], how)}; };
  };
  t["LeakyRelu"] = [](const Node& node, int) -> Kernel {
    const float alpha = node.number("alpha", 0.01f);
    return
        [alpha](Tensors& in, const RunMode&) -> Tensors { return {at::leaky_relu(in[0], alpha)}; };
  };
  t["Elu"] = [](const Node& node, int) -> Kernel {
    const float alpha = node.number("alpha", 1.0f);
    return [alpha](Tensors& in, const RunMode&) -> Tensors { return {at::elu(in[0], alpha)}; };
  };
  t["HardSigmoid"] = [](const Node& node, int) -> Kernel {
    const float alpha = node.number("alpha", 0.2f), beta = node.number("beta", 0.5f);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      return {at::clamp(in[0] * alpha + beta, 0, 1)};
    };
  };
  t["Clip"] = [](const Node& node, int opset) -> Kernel {
    const float low = node.number("min", -std::numeric_limits<float>::infinity()),
                high = node.number("max", std::numeric_limits<float>::infinity());
    return [=](Tensors& in, const RunMode&) -> Tensors {
      if (opset < 11) return {at::clamp(in[0], low, high)};
      at::Tensor out = in[0];
      if (given(in, 1)) out = at::maximum(out, in[1]);
      if (given(in, 2)) out = at::minimum(out, in[2]);
      return {out};
    };
  };
  t["Dropout"] = [](const Node& node, int opset) -> Kernel {
    const double old_ratio = node.number("ratio", 0.5f);
    return [=](Tensors& in, const RunMode& mode) -> Tensors {
      if (given(in, 2) && in[2].item<bool>() && !(given(in, 1) && in[1].item<double>() == 0))
        refuse(node, "training_mode=1 in a stored graph");
      const double ratio = opset >= 12 ? (given(in, 1) ? in[1].item<double>() : 0.5) : old_ratio;
      const at::Tensor mask = at::ones_like(in[0], at::kBool);
      return {mode.training ? at::dropout(in[0], ratio, true) : in[0], mask};
    };
  };
  t["Cast"] = [](const Node& node, int) -> Kernel {
    const auto type = static_cast<DType>(node.integer("to", 1));
    if (size_of(type) == 0) refuse(node, fmt::format("to={}", node.integer("to", 1)));
    return [type](Tensors& in, const RunMode&) -> Tensors { return {in[0].to(scalar_type(type))}; };
  };
}

void add_binary(Table& t) {
  t["Add"] = [](const Node& node, int) -> Kernel {
    return [node](Tensors& in, const RunMode& mode) -> Tensors {
      const bool reuse = mode.overwrite && in[0].sizes() == in[1].sizes() &&
                         in[0].scalar_type() == in[1].scalar_type();
      return {reuse ? in[0].add_(in[1]) : apply(node, plus, in[0], in[1])};
    };
  };
  binary(t, "Sub", [](const at::Tensor& a, const at::Tensor& b) { return at::sub(a, b); });
  binary(t, "Mul", [](const at::Tensor& a, const at::Tensor& b) { return at::mul(a, b); });
  binary(t, "Div", divide);
  binary(t, "Pow", [](const at::Tensor& a, const at::Tensor& b) {
    return at::pow(a, b.to(at::promote_types(a.scalar_type(), b.scalar_type())))
        .to(a.scalar_type());
  });
  binary(t, "MatMul", [](const at::Tensor& a, const at::Tensor& b) { return at::matmul(a, b); });
  binary(t, "Equal", [](const at::Tensor& a, const at::Tensor& b) { return at::eq(a, b); });
  binary(t, "Less", [](const at::Tensor& a, const at::Tensor& b) { return at::lt(a, b); });
  binary(t, "LessOrEqual", [](const at::Tensor& a, const at::Tensor& b) { return at::le(a, b); });
  binary(t, "Greater", [](const at::Tensor& a, const at::Tensor& b) { return at::gt(a, b); });
  binary(t, "GreaterOrEqual",
         [](const at::Tensor& a, const at::Tensor& b) { return at::ge(a, b); });
  binary(t, "And", [](const at::Tensor& a, const at::Tensor& b) { return at::logical_and(a, b); });
  binary(t, "Or", [](const at::Tensor& a, const at::Tensor& b) { return at::logical_or(a, b); });
  binary(t, "Xor", [](const at::Tensor& a, const at::Tensor& b) { return at::logical_xor(a, b); });
  binary(t, "PRelu",
         [](const at::Tensor& a, const at::Tensor& b) { return at::where(a < 0, a * b, a); });
  variadic(t, "Max", [](const at::Tensor& a, const at::Tensor& b) { return at::maximum(a, b); });
  variadic(t, "Min", [](const at::Tensor& a, const at::Tensor& b) { return at::minimum(a, b); });
  variadic(t, "Sum", [](const at::Tensor& a, const at::Tensor& b) { return at::add(a, b); });
  t["Mean"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors {
      at::Tensor out = in[0];
      for (std::size_t i = 1; i < in.size(); ++i) out = out + in[i];
      return {out / static_cast<double>(in.size())};
    };
  };
  t["Where"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors { return {at::where(in[0], in[1], in[2])}; };
  };
}

using Reduction = at::Tensor (*)(const at::Tensor&, const std::vector<std::int64_t>&, bool);

void reduce(Table& t, const std::string& op, Reduction function, int axes_input_since) {
  t[op] = [function, axes_input_since](const Node& node, int opset) -> Kernel {
    const bool keep = node.integer("keepdims", 1) != 0,
               noop = node.integer("noop_with_empty_axes", 0) != 0;
    const std::vector<std::int64_t> fixed = node.integers("axes");
    return [=](Tensors& in, const RunMode&) -> Tensors {
      std::vector<std::int64_t> axes =
          opset >= axes_input_since ? (given(in, 1) ? ints_of(in[1]) : std::vector<std::int64_t>{})
                                    : fixed;
      if (axes.empty()) {
        if (noop) return {in[0]};
        for (std::int64_t i = 0; i < in[0].dim(); ++i) axes.push_back(i);
      }
      return {function(in[0], axes, keep)};
    };
  };
}

at::Tensor product(at::Tensor x, std::vector<std::int64_t> axes, bool keep) {
  for (auto& a : axes) a = checked_axis(a, x.dim());
  std::sort(axes.rbegin(), axes.rend());
  const auto type = x.scalar_type();
  for (const auto a : axes) x = at::prod(x, a, keep, type);
  return x;
}

// The largest of no values is the lowest there is, and the other way round.
at::Tensor extreme_of_none(const at::Tensor& x, const std::vector<std::int64_t>& axes, bool keep,
                           bool smallest) {
  const at::Tensor shape_only = at::sum(x, axes, keep);
  const auto options = x.options();
  if (x.scalar_type() == at::kBool) return at::full(shape_only.sizes(), smallest, options);
  if (at::isFloatingType(x.scalar_type()))
    return at::full(shape_only.sizes(), smallest ? INFINITY : -INFINITY, options);
  throw Error(ErrorCode::Unsupported, "the extreme of no integers");
}

void add_reductions(Table& t) {
  reduce(
      t, "ReduceSum",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::sum(x, a, k, x.scalar_type());
      },
      13);
  reduce(
      t, "ReduceMean",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::mean(x, a, k);
      },
      18);
  reduce(
      t, "ReduceMax",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return x.numel() == 0 ? extreme_of_none(x, a, k, false) : at::amax(x, a, k);
      },
      18);
  reduce(
      t, "ReduceMin",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return x.numel() == 0 ? extreme_of_none(x, a, k, true) : at::amin(x, a, k);
      },
      18);
  reduce(
      t, "ReduceLogSum",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::log(at::sum(x, a, k));
      },
      18);
  reduce(
      t, "ReduceL1",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::sum(at::abs(x), a, k, x.scalar_type());
      },
      18);
  reduce(
      t, "ReduceL2",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::sqrt(at::sum(x * x, a, k));
      },
      18);
  reduce(
      t, "ReduceSumSquare",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::sum(x * x, a, k, x.scalar_type());
      },
      18);
  reduce(
      t, "ReduceLogSumExp",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return at::logsumexp(x, a, k);
      },
      18);
  reduce(
      t, "ReduceProd",
      [](const at::Tensor& x, const std::vector<std::int64_t>& a, bool k) {
        return product(x, a, k);
      },
      18);
  for (const bool largest : {true, false})
    t[largest ? "ArgMax" : "ArgMin"] = [largest](const Node& node, int) -> Kernel {
      const std::int64_t axis = node.integer("axis", 0);
      const bool keep = node.integer("keepdims", 1) != 0;
      const bool last = node.integer("select_last_index", 0) != 0;
      return [=](Tensors& in, const RunMode&) -> Tensors {
        const at::Tensor x = last ? in[0].flip({axis}) : in[0];
        const at::Tensor found = largest ? at::argmax(x, axis, keep) : at::argmin(x, axis, keep);
        return {last ? x.size(axis) - 1 - found : found};
      };
    };
}

at::Tensor reshaped(const at::Tensor& x, std::vector<std::int64_t> shape, bool allow_zero) {
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0 && !allow_zero && static_cast<std::int64_t>(i) < x.dim())
      shape[i] = x.size(static_cast<std::int64_t>(i));
  return x.reshape(shape);
}

at::Tensor unsqueezed(at::Tensor x, std::vector<std::int64_t> axes) {
  const auto rank = x.dim() + static_cast<std::int64_t>(axes.size());
  for (auto& a : axes) a = checked_axis(a, rank);
  std::sort(axes.begin(), axes.end());
  for (const auto a : axes) x = x.unsqueeze(a);
  return x;
}

at::Tensor squeezed(at::Tensor x, std::vector<std::int64_t> axes) {
  if (axes.empty()) return x.squeeze();
  for (auto& a : axes) a = checked_axis(a, x.dim());
  std::sort(axes.rbegin(), axes.rend());
  for (const auto a : axes) x = x.squeeze(a);
  return x;
}

void add_shapes(Table& t) {
  t["Reshape"] = [](const Node& node, int) -> Kernel {
    const bool allow_zero = node.integer("allowzero", 0) != 0;
    return [=](Tensors& in, const RunMode&) -> Tensors {
      return {reshaped(in[0], ints_of(in[1]), allow_zero)};
    };
  };
  t["Flatten"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      std::int64_t first = 1;
      for (std::int64_t i = 0; i < checked_axis(axis, in[0].dim(), 1); ++i) first *= in[0].size(i);
      return {in[0].reshape({first, first == 0 ? 0 : in[0].numel() / first})};
    };
  };
  t["Transpose"] = [](const Node& node, int) -> Kernel {
    const std::vector<std::int64_t> order = node.integers("perm");
    return [order](Tensors& in, const RunMode&) -> Tensors {
      std::vector<std::int64_t> permutation = order;
      if (permutation.empty())
        for (std::int64_t i = in[0].dim(); i-- > 0;) permutation.push_back(i);
      return {in[0].permute(permutation)};
    };
  };
  t["Unsqueeze"] = [](const Node& node, int opset) -> Kernel {
    return [fixed = node.integers("axes"), opset](Tensors& in, const RunMode&) -> Tensors {
      return {unsqueezed(in[0], opset >= 13 ? ints_of(in[1]) : fixed)};
    };
  };
  t["Squeeze"] = [](const Node& node, int opset) -> Kernel {
    return [fixed = node.integers("axes"), opset](Tensors& in, const RunMode&) -> Tensors {
      return {squeezed(in[0], opset >= 13
                                  ? (given(in, 1) ? ints_of(in[1]) : std::vector<std::int64_t>{})
                                  : fixed)};
    };
  };
  t["Concat"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", 0);
    return [axis](Tensors& in, const RunMode&) -> Tensors { return {at::cat(in, axis)}; };
  };
  t["Shape"] = [](const Node& node, int) -> Kernel {
    const std::int64_t start = node.integer("start", 0),
                       end = node.integer("end", std::numeric_limits<std::int64_t>::max());
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::vector<std::int64_t> sizes = in[0].sizes().vec();
      const auto rank = static_cast<std::int64_t>(sizes.size());
      const auto from = std::clamp<std::int64_t>(wrapped(start, rank), 0, rank),
                 to = std::clamp<std::int64_t>(end < 0 ? end + rank : end, from, rank);
      return {long_tensor({sizes.begin() + from, sizes.begin() + to})};
    };
  };
  t["Size"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors {
      return {at::scalar_tensor(in[0].numel(), at::kLong)};
    };
  };
  t["Expand"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors {
      const auto shape = at::infer_size(in[0].sizes(), ints_of(in[1]));
      check_elements(shape, "Expand");
      return {in[0].expand(shape)};
    };
  };
  t["Tile"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors {
      const auto times = ints_of(in[1]);
      double elements = static_cast<double>(in[0].numel());
      for (const auto n : times) elements *= static_cast<double>(n);
      if (!(elements >= 0 && elements <= 4e9))
        throw Error(ErrorCode::BadInput, fmt::format("Tile makes {} elements", elements),
                    "the model file is damaged");
      return {in[0].repeat(times)};
    };
  };
  t["Gather"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", 0);
    return [axis](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t a = checked_axis(axis, in[0].dim());
      at::Tensor index = in[1].to(at::kLong);
      index = at::where(index < 0, index + in[0].size(a), index);
      std::vector<std::int64_t> shape(in[0].sizes().begin(), in[0].sizes().begin() + a);
      shape.insert(shape.end(), index.sizes().begin(), index.sizes().end());
      shape.insert(shape.end(), in[0].sizes().begin() + a + 1, in[0].sizes().end());
      return {in[0].index_select(a, index.reshape({-1})).reshape(shape)};
    };
  };
  t["Constant"] = [](const Node& node, int) -> Kernel {
    at::Tensor value;
    for (const auto& [key, attribute] : node.attributes) {
      if (const auto* v = std::get_if<HostTensor>(&attribute))
        value = to_torch(*v);
      else if (const auto* f = std::get_if<float>(&attribute))
        value = at::scalar_tensor(*f, at::kFloat);
      else if (const auto* i = std::get_if<std::int64_t>(&attribute))
        value = at::scalar_tensor(*i, at::kLong);
      else if (const auto* is = std::get_if<std::vector<std::int64_t>>(&attribute))
        value = long_tensor(*is);
      else if (const auto* fs = std::get_if<std::vector<float>>(&attribute))
        value = at::tensor(*fs, at::kFloat);
    }
    if (!value.defined()) refuse(node, "a constant of text");
    return [value](Tensors&, const RunMode&) -> Tensors { return {value}; };
  };
  t["ConstantOfShape"] = [](const Node& node, int) -> Kernel {
    at::Tensor value = at::zeros({1}, at::kFloat);
    if (const auto found = node.attributes.find("value"); found != node.attributes.end())
      if (const auto* v = std::get_if<HostTensor>(&found->second)) value = to_torch(*v);
    return [value](Tensors& in, const RunMode&) -> Tensors {
      const std::vector<std::int64_t> shape = ints_of(in[0]);
      double elements = 1;
      for (const auto d : shape) elements *= static_cast<double>(d);
      if (!(elements >= 0 && elements <= 1e9) ||
          std::any_of(shape.begin(), shape.end(), [](auto d) { return d < 0; }))
        throw Error(ErrorCode::BadInput,
                    fmt::format("the model asks for a constant of {} elements", elements),
                    "the model is damaged");
      return {value.reshape({}).expand(shape).clone()};
    };
  };
  t["Range"] = [](const Node&, int) -> Kernel {
    return [](Tensors& in, const RunMode&) -> Tensors {
      const double count =
          (in[1].item().toDouble() - in[0].item().toDouble()) / in[2].item().toDouble();
      if (!(count <= 1e9))
        throw Error(ErrorCode::BadInput, fmt::format("Range makes {} elements", count),
                    "the model file is damaged");
      if (count <= 0) return {at::empty({0}, in[0].options())};
      return {at::arange(in[0].item(), in[1].item(), in[2].item(), in[0].options())};
    };
  };
}

at::Tensor sliced(at::Tensor x, const std::vector<std::int64_t>& starts,
                  const std::vector<std::int64_t>& ends, std::vector<std::int64_t> axes,
                  std::vector<std::int64_t> steps) {
  if (axes.empty())
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    throw Error(ErrorCode::BadInput, "starts, ends, axes and steps differ in length",
                "the model file is damaged");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::int64_t axis = checked_axis(axes[i], x.dim()), size = x.size(axis), step = steps[i];
    if (step == 0) throw Error(ErrorCode::BadInput, "a step of 0", "the model file is damaged");
    const auto bound = [&](std::int64_t v, std::int64_t low, std::int64_t high) {
      return std::clamp(v < 0 ? v + size : v, low, high);
    };
    if (step > 0) {
      const std::int64_t from = bound(starts[i], 0, size), to = bound(ends[i], 0, size);
      x = x.slice(axis, from, std::max(from, to), step);
    } else {
      const std::int64_t from = bound(starts[i], -1, size - 1),
                         to = ends[i] < -size ? -1 : bound(ends[i], -1, size - 1);
      std::vector<std::int64_t> index;
      for (std::int64_t k = from; k > to; k += step) index.push_back(k);
      x = x.index_select(axis, long_tensor(index));
    }
  }
  return x;
}

// ONNX lists all begins, then all ends; LibTorch lists pairs from the last axis.
std::vector<std::int64_t> torch_pads(const std::vector<std::int64_t>& pads,
                                     const std::vector<std::int64_t>& axes, std::int64_t rank) {
  std::vector<std::int64_t> begin(static_cast<std::size_t>(rank)),
      end(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    begin[static_cast<std::size_t>(checked_axis(axes[i], rank))] = pads.at(i);
    end[static_cast<std::size_t>(checked_axis(axes[i], rank))] = pads.at(i + axes.size());
  }
  std::vector<std::int64_t> out;
  for (std::int64_t a = rank; a-- > 0;) {
    out.push_back(begin[static_cast<std::size_t>(a)]);
    out.push_back(end[static_cast<std::size_t>(a)]);
  }
  return out;
}

at::Tensor padded(const at::Tensor& x, std::vector<std::int64_t> pads, const std::string& mode,
                  const at::Scalar& value) {
  if (mode == "constant") return at::constant_pad_nd(x, pads, value);
  at::Tensor out = x;
  for (std::size_t k = 0; k * 2 < pads.size();
       ++k) { // an axis at a time: any rank, any number of axes
    const std::int64_t axis = x.dim() - 1 - static_cast<std::int64_t>(k), size = out.size(axis),
                       before = pads[2 * k], after = pads[2 * k + 1];
    if (before == 0 && after == 0) continue;
    std::vector<std::int64_t> index;
    for (std::int64_t i = -before; i < size + after; ++i) {
      std::int64_t source = std::clamp<std::int64_t>(i, 0, size - 1);
      if (mode == "reflect") source = i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
      if (mode == "wrap") source = ((i % size) + size) % size;
      index.push_back(std::clamp<std::int64_t>(source, 0, size - 1));
    }
    out = out.index_select(axis, long_tensor(index).to(x.device()));
  }
  return out;
}

void add_slices(Table& t) {
  t["Slice"] = [](const Node& node, int opset) -> Kernel {
    const auto starts = node.integers("starts"), ends = node.integers("ends"),
               axes = node.integers("axes");
    return [=](Tensors& in, const RunMode&) -> Tensors {
      if (opset < 10) return {sliced(in[0], starts, ends, axes, {})};
      return {sliced(in[0], ints_of(in[1]), ints_of(in[2]),
                     given(in, 3) ? ints_of(in[3]) : std::vector<std::int64_t>{},
                     given(in, 4) ? ints_of(in[4]) : std::vector<std::int64_t>{})};
    };
  };
  t["Split"] = [](const Node& node, int opset) -> Kernel {
    const std::int64_t axis = node.integer("axis", 0);
    const auto parts = static_cast<std::int64_t>(node.outputs.size());
    const auto fixed = node.integers("split");
    return [=](Tensors& in, const RunMode&) -> Tensors {
      std::vector<std::int64_t> sizes =
          opset >= 13 ? (given(in, 1) ? ints_of(in[1]) : std::vector<std::int64_t>{}) : fixed;
      if (sizes.empty()) {
        const std::int64_t size = in[0].size(axis), chunk = (size + parts - 1) / parts;
        for (std::int64_t left = size; left > 0; left -= chunk)
          sizes.push_back(std::min(chunk, left));
      }
      return at::split_with_sizes(in[0], sizes, axis);
    };
  };
  t["Pad"] = [](const Node& node, int opset) -> Kernel {
    const std::string mode = node.text("mode", "constant");
    const auto fixed = node.integers("pads");
    const float fixed_value = node.number("value", 0);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::vector<std::int64_t> pads = opset >= 11 ? ints_of(in[1]) : fixed;
      std::vector<std::int64_t> axes;
      if (given(in, 3))
        axes = ints_of(in[3]);
      else
        for (std::int64_t i = 0; i < in[0].dim(); ++i) axes.push_back(i);
      const at::Scalar value =
          opset >= 11
              ? (given(in, 2) && in[2].numel() > 0 ? in[2].reshape({-1})[0].item() : at::Scalar(0))
              : at::Scalar(fixed_value);
      const auto both = torch_pads(pads, axes, in[0].dim());
      std::vector<std::int64_t> shape = in[0].sizes().vec();
      for (std::size_t i = 0; i < both.size(); ++i) shape[shape.size() - 1 - i / 2] += both[i];
      check_elements(shape, "Pad");
      return {padded(in[0], both, mode, value)};
    };
  };
}

}

void add_tensor_kernels(Table& table) {
  add_unary(table);
  add_binary(table);
  add_reductions(table);
  add_shapes(table);
  add_slices(table);
}

}
