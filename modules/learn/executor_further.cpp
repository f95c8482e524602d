// Kernels that other people's models need: indexing, activations, trigonometry. Semantics: ONNX,
// opset 7 to 20.
#include "modules/core/error.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>

namespace sensorium {
namespace {
using Tensors = std::vector<at::Tensor>;
using Table = std::unordered_map<std::string, KernelFactory>;

bool given(const Tensors& in, std::size_t i) { return in.size() > i && in[i].defined(); }

void unary(Table& t, const std::string& op, at::Tensor (*function)(const at::Tensor&)) {
  t[op] = [function](const Node&, int) -> Kernel {
    return [function](Tensors& in, const RunMode&) -> Tensors { return {function(in[0])}; };
  };
}

at::Tensor positive_index(const at::Tensor& index, std::int64_t size) {
  const at::Tensor plain = index.to(at::kLong);
  return at::where(plain < 0, plain + size, plain);
}

void check_depth(const Tensors& in) {
  if (in[1].dim() < 1 || in[1].size(-1) > in[0].dim())
    throw Error(ErrorCode::BadInput, "indices deeper than the data", "the model file is damaged");
}

void add_functions(Table& t) {
  unary(t, "Tan", [](const at::Tensor& x) { return at::tan(x); });
  unary(t, "Asin", [](const at::Tensor& x) { return at::asin(x); });
  unary(t, "Acos", [](const at::Tensor& x) { return at::acos(x); });
  unary(t, "Atan", [](const at::Tensor& x) { return at::atan(x); });
  unary(t, "Sinh", [](const at::Tensor& x) { return at::sinh(x); });
  unary(t, "Cosh", [](const at::Tensor& x) { return at::cosh(x); });
  unary(t, "Asinh", [](const at::Tensor& x) { return at::asinh(x); });
  unary(t, "Acosh", [](const at::Tensor& x) { return at::acosh(x); });
  unary(t, "Atanh", [](const at::Tensor& x) { return at::atanh(x); });
  unary(t, "IsNaN", [](const at::Tensor& x) { return at::isnan(x); });
  unary(t, "Mish", [](const at::Tensor& x) { return at::mish(x); });
  unary(t, "NonZero", [](const at::Tensor& x) { return at::nonzero(x).t(); });
  t["IsInf"] = [](const Node& node, int) -> Kernel {
    const bool positive = node.integer("detect_positive", 1) != 0,
               negative = node.integer("detect_negative", 1) != 0;
    return [=](Tensors& in, const RunMode&) -> Tensors {
      at::Tensor out = at::isinf(in[0]);
      if (!positive) out = at::logical_and(out, in[0] < 0);
      if (!negative) out = at::logical_and(out, in[0] > 0);
      return {out};
    };
  };
  t["Selu"] = [](const Node& node, int) -> Kernel {
    const double alpha = node.number("alpha", 1.67326319217681884765625f),
                 gamma = node.number("gamma", 1.05070102214813232421875f);
    return [=](Tensors& in, const RunMode&) -> Tensors { return {at::elu(in[0], alpha, gamma)}; };
  };
  t["Celu"] = [](const Node& node, int) -> Kernel {
    const double alpha = node.number("alpha", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors { return {at::celu(in[0], alpha)}; };
  };
  t["ThresholdedRelu"] = [](const Node& node, int) -> Kernel {
    const double alpha = node.number("alpha", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors { return {at::threshold(in[0], alpha, 0)}; };
  };
  t["Shrink"] = [](const Node& node, int) -> Kernel {
    const double bias = node.number("bias", 0), edge = node.number("lambd", 0.5f);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor zero = at::zeros_like(in[0]);
      return {at::where(in[0] < -edge, in[0] + bias, at::where(in[0] > edge, in[0] - bias, zero))};
    };
  };
  t["Mod"] = [](const Node& node, int) -> Kernel {
    const bool like_c = node.integer("fmod", 0) != 0;
    return [node, like_c](Tensors& in, const RunMode&) -> Tensors {
      const at::ScalarType type = in[0].scalar_type();
      if (type == at::kUInt64) refuse(node, "arithmetic on uint64");
      const bool wide = type == at::kUInt16 || type == at::kUInt32;
      const at::Tensor a = wide ? in[0].to(at::kLong) : in[0],
                       b = wide ? in[1].to(at::kLong) : in[1];
      return {(like_c ? at::fmod(a, b) : at::remainder(a, b)).to(type)};
    };
  };
}

void add_indexing(Table& t) {
  t["GatherElements"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", 0);
    return [axis](Tensors& in, const RunMode&) -> Tensors {
      return {at::gather(in[0], axis, positive_index(in[1], in[0].size(axis)))};
    };
  };
  t["ScatterElements"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", 0);
    const std::string how = node.text("reduction", "none");
    static const std::map<std::string, std::string> names = {
        {"add", "sum"}, {"mul", "prod"}, {"max", "amax"}, {"min", "amin"}};
    if (how != "none" && !names.contains(how)) refuse(node, "reduction=" + how);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor index = positive_index(in[1], in[0].size(axis));
      return {how == "none" ? at::scatter(in[0], axis, index, in[2])
                            : at::scatter_reduce(in[0], axis, index, in[2], names.at(how), true)};
    };
  };
  t["GatherND"] = [](const Node& node, int) -> Kernel {
    if (node.integer("batch_dims", 0) != 0) refuse(node, "batch_dims other than 0");
    return [](Tensors& in, const RunMode&) -> Tensors {
      c10::List<std::optional<at::Tensor>> places;
      check_depth(in);
      for (std::int64_t i = 0; i < in[1].size(-1); ++i)
        places.push_back(positive_index(in[1].select(-1, i), in[0].size(i)));
      return {at::index(in[0], places)};
    };
  };
  t["ScatterND"] = [](const Node& node, int) -> Kernel {
    const std::string how = node.text("reduction", "none");
    if (how != "none" && how != "add") refuse(node, "reduction=" + how);
    return [how](Tensors& in, const RunMode&) -> Tensors {
      c10::List<std::optional<at::Tensor>> places;
      check_depth(in);
      for (std::int64_t i = 0; i < in[1].size(-1); ++i)
        places.push_back(positive_index(in[1].select(-1, i), in[0].size(i)));
      return {at::index_put(in[0], places, in[2], how == "add")};
    };
  };
  t["OneHot"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", -1);
    return [node, axis](Tensors& in, const RunMode&) -> Tensors {
      const auto depth = in[1].reshape({-1})[0].to(at::kLong).item<std::int64_t>();
      if (depth < 0 || static_cast<double>(depth) * static_cast<double>(in[0].numel()) > 1e9)
        throw Error(ErrorCode::BadInput,
                    fmt::format("node {} asks for a depth of {}", node.label(), depth),
                    "the model is damaged");
      const std::int64_t rank = in[0].dim() + 1, at = axis < 0 ? axis + rank : axis;
      std::vector<std::int64_t> shape(static_cast<std::size_t>(rank), 1);
      shape.at(static_cast<std::size_t>(at)) = depth;
      const at::Tensor hot =
          positive_index(in[0], depth).unsqueeze(at) == at::arange(depth, at::kLong).view(shape);
      const at::Tensor values = in[2].reshape({2});
      return {at::where(hot, values[1], values[0])};
    };
  };
  t["TopK"] = [](const Node& node, int opset) -> Kernel {
    const std::int64_t axis = node.integer("axis", -1), fixed = node.integer("k", 0);
    const bool largest = node.integer("largest", 1) != 0, sorted = node.integer("sorted", 1) != 0;
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t k = opset >= 10 ? in.at(1).reshape({-1})[0].item<std::int64_t>() : fixed;
      const auto order =
          at::sort(in[0], /*stable=*/true, axis, largest); // of equal values the first counts
      (void)sorted;
      return {std::get<0>(order).narrow(axis, 0, k), std::get<1>(order).narrow(axis, 0, k)};
    };
  };
  t["CumSum"] = [](const Node& node, int) -> Kernel {
    const bool exclusive = node.integer("exclusive", 0) != 0,
               reverse = node.integer("reverse", 0) != 0;
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const auto axis = in[1].reshape({-1})[0].to(at::kLong).item<std::int64_t>();
      at::Tensor x = reverse ? in[0].flip({axis}) : in[0];
      at::Tensor out = at::cumsum(x, axis, x.scalar_type());
      if (exclusive) out = out - x;
      return {reverse ? out.flip({axis}) : out};
    };
  };
  t["Trilu"] = [](const Node& node, int) -> Kernel {
    const bool upper = node.integer("upper", 1) != 0;
    return [upper](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t k = given(in, 1) ? in[1].reshape({-1})[0].item<std::int64_t>() : 0;
      return {upper ? at::triu(in[0], k) : at::tril(in[0], k)};
    };
  };
}

void add_layouts(Table& t) {
  t["DepthToSpace"] = [](const Node& node, int) -> Kernel {
    const std::int64_t b = node.integer("blocksize", 1);
    const bool columns_first = node.text("mode", "DCR") == "CRD";
    if (b < 1) refuse(node, fmt::format("blocksize={}", b));
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t n = in[0].size(0), c = in[0].size(1) / (b * b), h = in[0].size(2),
                         w = in[0].size(3);
      const at::Tensor parts = columns_first
                                   ? in[0].reshape({n, c, b, b, h, w}).permute({0, 1, 4, 2, 5, 3})
                                   : in[0].reshape({n, b, b, c, h, w}).permute({0, 3, 4, 1, 5, 2});
      return {parts.reshape({n, c, h * b, w * b})};
    };
  };
  t["SpaceToDepth"] = [](const Node& node, int) -> Kernel {
    const std::int64_t b = node.integer("blocksize", 1);
    if (b < 1) refuse(node, fmt::format("blocksize={}", b));
    return [b](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t n = in[0].size(0), c = in[0].size(1), h = in[0].size(2) / b,
                         w = in[0].size(3) / b;
      return {in[0]
                  .reshape({n, c, h, b, w, b})
                  .permute({0, 3, 5, 1, 2, 4})
                  .reshape({n, c * b * b, h, w})};
    };
  };
  t["CastLike"] = [](const Node&, int) -> Kernel {
    return
        [](Tensors& in, const RunMode&) -> Tensors { return {in[0].to(in.at(1).scalar_type())}; };
  };
  t["Hardmax"] = [](const Node& node, int opset) -> Kernel {
    if (opset < 13) refuse(node, "the meaning before opset 13");
    const std::int64_t axis = node.integer("axis", -1);
    return [axis](Tensors& in, const RunMode&) -> Tensors {
      return {at::scatter(at::zeros_like(in[0]), axis, at::argmax(in[0], axis, true), 1)};
    };
  };
  t["LpNormalization"] = [](const Node& node, int) -> Kernel {
    const std::int64_t axis = node.integer("axis", -1), p = node.integer("p", 2);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor norm =
          at::norm(in[0], static_cast<double>(p), std::vector<std::int64_t>{axis}, true);
      return {in[0] / at::where(norm == 0, at::ones_like(norm), norm)};
    };
  };
  t["MeanVarianceNormalization"] = [](const Node& node, int) -> Kernel {
    const auto axes = node.integers("axes", {0, 2, 3});
    return [axes](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor centred = in[0] - at::mean(in[0], axes, true);
      return {centred / (at::sqrt(at::mean(centred * centred, axes, true)) + 1e-9)};
    };
  };
}

}

void add_further_kernels(Table& table) {
  add_functions(table);
  add_indexing(table);
  add_layouts(table);
}

}
