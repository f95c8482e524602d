// Kernels of networks: convolution, normalisation, pooling, resizing, softmax, gemm. Semantics: ONNX, opset 7 to 20.
#include "modules/learn/torch_runtime.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace {
using Tensors = std::vector<at::Tensor>;
using Table = std::unordered_map<std::string, KernelFactory>;

bool given(const Tensors& in, std::size_t i) { return in.size() > i && in[i].defined(); }

struct Window {
  std::vector<std::int64_t> kernel, strides, dilations, pads;
  std::string auto_pad;
  bool ceil = false;
};

Window window_of(const Node& node) {
  return {node.integers("kernel_shape"), node.integers("strides"), node.integers("dilations"), node.integers("pads"), node.text("auto_pad", "NOTSET"), node.integer("ceil_mode", 0) != 0};
}

void fill(Window& w, std::size_t rank) {
  if (w.strides.empty()) w.strides.assign(rank, 1);
  if (w.dilations.empty()) w.dilations.assign(rank, 1);
  if (w.pads.empty()) w.pads.assign(2 * rank, 0);
}

// SAME_UPPER and SAME_LOWER: output size is input size over stride, rounded up.
void resolve_auto_pad(Window& w, const at::Tensor& x, std::size_t rank) {
  if (w.auto_pad == "NOTSET" || w.auto_pad == "VALID" || w.auto_pad.empty()) return;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t size = x.size(static_cast<std::int64_t>(i) + 2), out = (size + w.strides[i] - 1) / w.strides[i];
    const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * w.strides[i] + (w.kernel[i] - 1) * w.dilations[i] + 1 - size);
    const std::int64_t small = total / 2, large = total - small;
    w.pads[i] = w.auto_pad == "SAME_UPPER" ? small : large;
    w.pads[i + rank] = w.auto_pad == "SAME_UPPER" ? large : small;
  }
}

bool symmetric(const Window& w, std::size_t rank) { return std::equal(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank), w.pads.begin() + static_cast<std::ptrdiff_t>(rank)); }

at::Tensor pad_ends(const at::Tensor& x, const Window& w, std::size_t rank, double value) {
  std::vector<std::int64_t> pads;
  for (std::size_t i = rank; i-- > 0;) {
    pads.push_back(w.pads[i]);
    pads.push_back(w.pads[i + rank]);
  }
  return at::constant_pad_nd(x, pads, value);
}

// A 1x1 convolution as a product over channels. oneDNN's AVX2 kernel for its weight gradient writes past the end when a
// channel count is not a multiple of 8 (seen with valgrind in LibTorch 2.11.0).
at::Tensor pointwise(at::Tensor x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                     const Window& w) {
  for (std::size_t i = 0; i < w.strides.size(); ++i)
    if (w.strides[i] > 1) {
      const auto axis = static_cast<std::int64_t>(i) + 2;
      x = x.slice(axis, 0, x.size(axis), w.strides[i]);
    }
  const at::Tensor rows = x.movedim(1, -1);
  return at::linear(rows, weight.reshape({weight.size(0), weight.size(1)}), bias).movedim(-1, 1);
}

bool is_pointwise(const at::Tensor& weight, const Window& w, std::int64_t group) {
  return group == 1 && weight[0][0].numel() == 1 &&
         std::all_of(w.pads.begin(), w.pads.end(), [](std::int64_t pad) { return pad == 0; });
}

Tensors convolve(Tensors& in, Window w, std::int64_t group, bool training) {
  const auto rank = static_cast<std::size_t>(in[1].dim() - 2);
  fill(w, rank);
  if (training && (in[1].size(0) % 8 != 0 || in[1].size(1) % 8 != 0) && w.auto_pad == "NOTSET" && is_pointwise(in[1], w, group))
    return {pointwise(in[0], in[1], given(in, 2) ? std::optional<at::Tensor>(in[2]) : std::nullopt, w)};
  if (w.kernel.empty()) w.kernel.assign(in[1].sizes().begin() + 2, in[1].sizes().end());
  resolve_auto_pad(w, in[0], rank);
  at::Tensor x = in[0];
  std::vector<std::int64_t> padding(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  if (!symmetric(w, rank)) {
    x = pad_ends(x, w, rank, 0);
    padding.assign(rank, 0);
  }
  return {at::convolution(x, in[1], given(in, 2) ? std::optional<at::Tensor>(in[2]) : std::nullopt, w.strides, padding, w.dilations, false, std::vector<std::int64_t>(rank, 0), group)};
}

Tensors deconvolve(const Node& node, Tensors& in, Window w, std::int64_t group, std::vector<std::int64_t> output_padding, const std::vector<std::int64_t>& output_shape) {
  const auto rank = static_cast<std::size_t>(in[1].dim() - 2);
  fill(w, rank);
  w.kernel.assign(in[1].sizes().begin() + 2, in[1].sizes().end());
  if (output_padding.empty()) output_padding.assign(rank, 0);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t full = w.strides[i] * (in[0].size(static_cast<std::int64_t>(i) + 2) - 1) + output_padding[i] + (w.kernel[i] - 1) * w.dilations[i] + 1;
    std::int64_t wanted = -1;
    if (output_shape.size() == rank) wanted = output_shape[i];
    else if (w.auto_pad.starts_with("SAME")) wanted = in[0].size(static_cast<std::int64_t>(i) + 2) * w.strides[i];
    if (wanted < 0) continue;
    const std::int64_t total = full - wanted;
    const std::int64_t half = total / 2;
    w.pads[i] = w.auto_pad == "SAME_UPPER" ? half : total - half;
    w.pads[i + rank] = total - w.pads[i];
  }
  const std::optional<at::Tensor> bias = given(in, 2) ? std::optional<at::Tensor>(in[2]) : std::nullopt;
  bool plain = symmetric(w, rank);
  for (std::size_t i = 0; i < rank; ++i) plain = plain && w.pads[i] >= 0 && output_padding[i] < std::max(w.strides[i], w.dilations[i]);
  if (plain) {
    const std::vector<std::int64_t> padding(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
    return {at::convolution(in[0], in[1], bias, w.strides, padding, w.dilations, true, output_padding, group)};
  }
  for (const std::int64_t p : output_padding)
    if (p != 0) refuse(node, "output_padding with uneven pads");
  at::Tensor out = at::convolution(in[0], in[1], bias, w.strides, std::vector<std::int64_t>(rank, 0), w.dilations, true, std::vector<std::int64_t>(rank, 0), group);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto axis = static_cast<std::int64_t>(i) + 2;
    if (w.pads[i] < 0 || w.pads[i + rank] < 0) refuse(node, "an output_shape larger than the full result");
    out = out.slice(axis, w.pads[i], out.size(axis) - w.pads[i + rank]);
  }
  return {out};
}

void add_convolutions(Table& t) {
  t["Conv"] = [](const Node& node, int) -> Kernel {
    return [w = window_of(node), group = node.integer("group", 1)](Tensors& in, const RunMode& mode) -> Tensors { return convolve(in, w, group, mode.training); };
  };
  t["ConvTranspose"] = [](const Node& node, int) -> Kernel {
    return [node, w = window_of(node), group = node.integer("group", 1), extra = node.integers("output_padding"), shape = node.integers("output_shape")](Tensors& in, const RunMode&) -> Tensors { return deconvolve(node, in, w, group, extra, shape); };
  };
  t["Gemm"] = [](const Node& node, int) -> Kernel {
    const float alpha = node.number("alpha", 1), beta = node.number("beta", 1);
    const bool ta = node.integer("transA", 0) != 0, tb = node.integer("transB", 0) != 0;
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor a = ta ? in[0].t() : in[0], b = tb ? in[1].t() : in[1];
      if (!given(in, 2)) return {alpha == 1 ? at::mm(a, b) : at::mm(a, b) * alpha};
      return {at::addmm(in[2], a, b, beta, alpha)};
    };
  };
}

// Spread of normalisation in double where the input is half would be wasted; LibTorch keeps float accumulators.
void add_norms(Table& t) {
  t["BatchNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f), momentum = node.number("momentum", 0.9f);
    if (node.integer("training_mode", 0) != 0) refuse(node, "training_mode=1 in a stored graph");
    if (node.integer("spatial", 1) == 0) refuse(node, "spatial=0");
    return [=](Tensors& in, const RunMode& mode) -> Tensors { return {at::batch_norm(in[0], in[1], in[2], in[3], in[4], mode.training, 1 - momentum, epsilon, false)}; };
  };
  t["InstanceNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    return [=](Tensors& in, const RunMode&) -> Tensors { return {at::instance_norm(in[0], in[1], in[2], {}, {}, true, 0.1, epsilon, false)}; };
  };
  t["GroupNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    const std::int64_t groups = node.integer("num_groups", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t channels = in[0].size(1), repeat = in[1].numel() == channels ? 1 : channels / groups;
      return {at::group_norm(in[0], groups, in[1].repeat_interleave(repeat), in[2].repeat_interleave(repeat), epsilon, false)};
    };
  };
  t["LayerNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    const std::int64_t axis = node.integer("axis", -1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t from = axis < 0 ? axis + in[0].dim() : axis;
      const std::vector<std::int64_t> shape(in[0].sizes().begin() + from, in[0].sizes().end());
      const auto results = at::native_layer_norm(in[0], shape, in[1].expand(shape), given(in, 2) ? std::optional<at::Tensor>(in[2].expand(shape)) : std::nullopt, epsilon);
      return {std::get<0>(results), std::get<1>(results), std::get<2>(results)};
    };
  };
  t["LRN"] = [](const Node& node, int) -> Kernel {
    const std::int64_t size = node.integer("size", 1);
    const double alpha = node.number("alpha", 1e-4f), beta = node.number("beta", 0.75f), bias = node.number("bias", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor square = in[0] * in[0];
      at::Tensor sum = at::zeros_like(square);
      const std::int64_t channels = in[0].size(1), before = (size - 1) / 2, after = size - 1 - before;
      for (std::int64_t shift = -before; shift <= after; ++shift) {
        const std::int64_t from = std::max<std::int64_t>(0, -shift), to = std::min(channels, channels - shift);
        if (from < to) sum.slice(1, from, to).add_(square.slice(1, from + shift, to + shift));
      }
      return {in[0] / at::pow(bias + alpha / static_cast<double>(size) * sum, beta)};
    };
  };
  for (const bool logarithm : {false, true})
    t[logarithm ? "LogSoftmax" : "Softmax"] = [logarithm](const Node& node, int opset) -> Kernel {
      const std::int64_t axis = node.integer("axis", opset >= 13 ? -1 : 1);
      return [=](Tensors& in, const RunMode&) -> Tensors {
        if (opset >= 13) return {logarithm ? at::log_softmax(in[0], axis) : at::softmax(in[0], axis)};
        std::int64_t first = 1;
        for (std::int64_t i = 0; i < (axis < 0 ? axis + in[0].dim() : axis); ++i) first *= in[0].size(i);
        const at::Tensor flat = in[0].reshape({first, -1});
        return {(logarithm ? at::log_softmax(flat, 1) : at::softmax(flat, 1)).view_as(in[0])};
      };
    };
}

Tensors max_pool(const Node& node, Tensors& in, Window w) {
  const std::size_t rank = w.kernel.size();
  fill(w, rank);
  resolve_auto_pad(w, in[0], rank);
  at::Tensor x = in[0];
  std::vector<std::int64_t> padding(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  bool wide = !symmetric(w, rank);
  for (std::size_t i = 0; i < rank; ++i) wide = wide || 2 * padding[i] > w.kernel[i];
  if (wide) {
    if (node.outputs.size() > 1) refuse(node, "the Indices output with uneven pads");
    x = pad_ends(x, w, rank, -std::numeric_limits<double>::infinity());
    padding.assign(rank, 0);
  }
  const bool integral = at::isIntegralType(x.scalar_type(), false);
  const at::Tensor y = integral ? x.to(at::kFloat) : x;
  at::Tensor out = rank == 1 ? at::max_pool1d(y, w.kernel, w.strides, padding, w.dilations, w.ceil) : rank == 2 ? at::max_pool2d(y, w.kernel, w.strides, padding, w.dilations, w.ceil) : at::max_pool3d(y, w.kernel, w.strides, padding, w.dilations, w.ceil);
  return {integral ? out.to(x.scalar_type()) : out};
}

Tensors average_pool(const Node& node, Tensors& in, Window w, bool include_pad) {
  const std::size_t rank = w.kernel.size();
  fill(w, rank);
  for (const std::int64_t d : w.dilations)
    if (d != 1) refuse(node, "a dilation other than 1");
  resolve_auto_pad(w, in[0], rank);
  const auto pool = [&](const at::Tensor& x, const std::vector<std::int64_t>& padding, bool count) {
    return rank == 1 ? at::avg_pool1d(x, w.kernel, w.strides, padding, w.ceil, count) : rank == 2 ? at::avg_pool2d(x, w.kernel, w.strides, padding, w.ceil, count) : at::avg_pool3d(x, w.kernel, w.strides, padding, w.ceil, count);
  };
  std::vector<std::int64_t> padding(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  bool wide = !symmetric(w, rank);
  for (std::size_t i = 0; i < rank; ++i) wide = wide || 2 * padding[i] > w.kernel[i];
  if (!wide) return {pool(in[0], padding, include_pad)};
  const std::vector<std::int64_t> none(rank, 0);
  const at::Tensor sum = pool(pad_ends(in[0], w, rank, 0), none, true);
  if (include_pad) return {sum};
  return {sum / pool(pad_ends(at::ones_like(in[0]), w, rank, 0), none, true)};
}

void add_pools(Table& t) {
  t["MaxPool"] = [](const Node& node, int) -> Kernel {
    if (node.integer("storage_order", 0) != 0) refuse(node, "storage_order=1");
    if (node.outputs.size() > 1 && !node.outputs[1].empty()) refuse(node, "the Indices output");
    return [node, w = window_of(node)](Tensors& in, const RunMode&) -> Tensors { return max_pool(node, in, w); };
  };
  t["AveragePool"] = [](const Node& node, int) -> Kernel {
    const Window w = window_of(node);
    for (const std::int64_t d : w.dilations)
      if (d != 1) refuse(node, "a dilation other than 1");
    if (w.ceil && node.integer("count_include_pad", 0) != 0) refuse(node, "ceil_mode together with count_include_pad");
    return [node, w, include = node.integer("count_include_pad", 0) != 0](Tensors& in, const RunMode&) -> Tensors { return average_pool(node, in, w, include); };
  };
  const auto spatial = [](const at::Tensor& x) {
    std::vector<std::int64_t> axes;
    for (std::int64_t i = 2; i < x.dim(); ++i) axes.push_back(i);
    return axes;
  };
  t["GlobalAveragePool"] = [spatial](const Node&, int) -> Kernel { return [spatial](Tensors& in, const RunMode&) -> Tensors { return {at::mean(in[0], spatial(in[0]), true)}; }; };
  t["GlobalMaxPool"] = [spatial](const Node&, int) -> Kernel { return [spatial](Tensors& in, const RunMode&) -> Tensors { return {at::amax(in[0], spatial(in[0]), true)}; }; };
}

// Resize by ONNX's formulas (operator Resize, "coordinate_transformation_mode"): separable, an axis at a time.
struct ResizeRule {
  std::string mode, coordinates, nearest;
};

double source_position(const ResizeRule& rule, std::int64_t i, double scale, std::int64_t in, std::int64_t out) {
  const auto x = static_cast<double>(i);
  if (rule.coordinates == "asymmetric") return x / scale;
  if (rule.coordinates == "align_corners") return out == 1 ? 0 : x * static_cast<double>(in - 1) / static_cast<double>(out - 1);
  if (rule.coordinates == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  return (x + 0.5) / scale - 0.5;
}

std::int64_t nearest_index(const ResizeRule& rule, double x) {
  if (rule.nearest == "floor") return static_cast<std::int64_t>(std::floor(x));
  if (rule.nearest == "ceil") return static_cast<std::int64_t>(std::ceil(x));
  if (rule.nearest == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(x + 0.5));
  return static_cast<std::int64_t>(std::ceil(x - 0.5));
}

at::Tensor resize_axis(const at::Tensor& x, const ResizeRule& rule, std::int64_t axis, std::int64_t out, double scale) {
  const std::int64_t in = x.size(axis);
  std::vector<std::int64_t> low, high;
  std::vector<float> weight;
  for (std::int64_t i = 0; i < out; ++i) {
    const double position = source_position(rule, i, scale, in, out);
    if (rule.mode == "nearest") {
      low.push_back(std::clamp<std::int64_t>(nearest_index(rule, position), 0, in - 1));
      continue;
    }
    const double inside = std::clamp(position, 0.0, static_cast<double>(in - 1));
    low.push_back(static_cast<std::int64_t>(std::floor(inside)));
    high.push_back(std::min(low.back() + 1, in - 1));
    weight.push_back(static_cast<float>(inside - std::floor(inside)));
  }
  const at::Tensor first = x.index_select(axis, at::tensor(low, at::kLong).to(x.device()));
  if (rule.mode == "nearest") return first;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[static_cast<std::size_t>(axis)] = out;
  const at::Tensor w = at::tensor(weight, at::kFloat).to(x.device()).to(x.scalar_type()).view(shape);
  return first + (x.index_select(axis, at::tensor(high, at::kLong).to(x.device())) - first) * w;
}

at::Tensor resized(const at::Tensor& x, const ResizeRule& rule, const std::vector<double>& scales, const std::vector<std::int64_t>& sizes) {
  if (x.dim() == 4 && rule.mode == "nearest" && rule.coordinates == "asymmetric" && rule.nearest == "floor" && scales[0] == 1 && scales[1] == 1 && scales[2] == 2 && scales[3] == 2)
    return at::upsample_nearest2d(x, {sizes[2], sizes[3]}, 2.0, 2.0);
  if (x.dim() == 4 && rule.mode == "linear" && rule.coordinates == "half_pixel" && scales[0] == 1 && scales[1] == 1 && scales[2] >= 1 && scales[3] >= 1)
    return at::upsample_bilinear2d(x, {sizes[2], sizes[3]}, false, scales[2], scales[3]);
  at::Tensor out = x;
  for (std::int64_t axis = 0; axis < x.dim(); ++axis)
    if (const auto i = static_cast<std::size_t>(axis); sizes[i] != x.size(axis) || scales[i] != 1) out = resize_axis(out, rule, axis, sizes[i], scales[i]);
  return out;
}

void add_resize(Table& t) {
  t["Resize"] = [](const Node& node, int opset) -> Kernel {
    const ResizeRule rule{node.text("mode", "nearest"), opset >= 11 ? node.text("coordinate_transformation_mode", "half_pixel") : "asymmetric", opset >= 11 ? node.text("nearest_mode", "round_prefer_floor") : "floor"};
    if (rule.mode != "nearest" && rule.mode != "linear") refuse(node, "mode=" + rule.mode);
    if (rule.coordinates == "tf_crop_and_resize" || rule.coordinates == "half_pixel_symmetric") refuse(node, "coordinate_transformation_mode=" + rule.coordinates);
    if (node.integer("antialias", 0) != 0) refuse(node, "antialias=1");
    if (node.attributes.contains("axes")) refuse(node, "the attribute axes");
    if (node.text("keep_aspect_ratio_policy", "stretch") != "stretch") refuse(node, "keep_aspect_ratio_policy");
    return [rule, opset](Tensors& in, const RunMode&) -> Tensors {
      const std::size_t scales_at = opset >= 11 ? 2 : 1;
      std::vector<double> scales(static_cast<std::size_t>(in[0].dim()), 1.0);
      std::vector<std::int64_t> sizes = in[0].sizes().vec();
      if (given(in, 3) && in[3].numel() > 0) {
        const at::Tensor wanted = in[3].to(at::kCPU).to(at::kLong).contiguous();
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          const std::int64_t size = wanted.data_ptr<std::int64_t>()[i];
          scales[i] = static_cast<double>(size) / static_cast<double>(sizes[i]);
          sizes[i] = size;
        }
      } else {
        const at::Tensor wanted = in[scales_at].to(at::kCPU).to(at::kDouble).contiguous();
        for (std::size_t i = 0; i < sizes.size(); ++i) {
          scales[i] = wanted.data_ptr<double>()[i];
          sizes[i] = static_cast<std::int64_t>(std::floor(static_cast<double>(sizes[i]) * scales[i]));
        }
      }
      return {resized(in[0], rule, scales, sizes)};
    };
  };
}

}

void add_network_kernels(Table& table) {
  add_convolutions(table);
  add_norms(table);
  add_pools(table);
  add_resize(table);
}

}
