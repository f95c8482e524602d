// Kernels of networks: convolution, normalisation, pooling, resizing, softmax, gemm. Semantics:
// ONNX, opset 7 to 20.
#include "modules/core/error.h"
#include "modules/learn/executor_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
using Tensors = std::vector<at::Tensor>;

Window window_of(const Node& node) {
  const std::string padding = node.text("auto_pad", "NOTSET");
  if (padding != "NOTSET" && padding != "VALID" && padding != "SAME_UPPER" &&
      padding != "SAME_LOWER")
    refuse(node, "this value of auto_pad");
  return {node.integers("kernel_shape"),
          node.integers("strides"),
          node.integers("dilations"),
          node.integers("pads"),
          padding,
          node.integer("ceil_mode", 0) != 0};
}

void fill(Window& w, std::size_t rank) {
  if (w.strides.empty()) w.strides.assign(rank, 1);
  if (w.dilations.empty()) w.dilations.assign(rank, 1);
  if (w.pads.empty()) w.pads.assign(2 * rank, 0);
  const bool sizes = w.strides.size() == rank && w.dilations.size() == rank &&
                     w.pads.size() == 2 * rank && (w.kernel.empty() || w.kernel.size() == rank);
  const auto all = [](const std::vector<std::int64_t>& v, std::int64_t low) {
    return std::all_of(v.begin(), v.end(),
                       [low](std::int64_t x) { return x >= low && x < (1 << 20); });
  };
  if (rank < 1 || !sizes || !all(w.strides, 1) || !all(w.dilations, 1) || !all(w.kernel, 1) ||
      !all(w.pads, -(1 << 20)))
    throw Error(
        ErrorCode::BadInput,
        fmt::format("strides, dilations, pads or kernel_shape do not fit {} dimensions", rank),
        "the model file is damaged");
}

// SAME_UPPER and SAME_LOWER: output size is input size over stride, rounded up.
void resolve_auto_pad(Window& w, const at::Tensor& x, std::size_t rank) {
  if (w.auto_pad == "NOTSET" || w.auto_pad == "VALID" || w.auto_pad.empty()) return;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t size = x.size(static_cast<std::int64_t>(i) + 2),
                       out = (size + w.strides[i] - 1) / w.strides[i];
    const std::int64_t total = std::max<std::int64_t>(
        0, (out - 1) * w.strides[i] + (w.kernel[i] - 1) * w.dilations[i] + 1 - size);
    const std::int64_t small = total / 2, large = total - small;
    w.pads[i] = w.auto_pad == "SAME_UPPER" ? small : large;
    w.pads[i + rank] = w.auto_pad == "SAME_UPPER" ? large : small;
  }
}

bool symmetric(const Window& w, std::size_t rank) {
  return std::equal(w.pads.begin(), w.pads.begin() + static_cast<std::ptrdiff_t>(rank),
                    w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
}

at::Tensor pad_ends(const at::Tensor& x, const Window& w, std::size_t rank, double value) {
  std::vector<std::int64_t> pads;
  for (std::size_t i = rank; i-- > 0;) {
    pads.push_back(w.pads[i]);
    pads.push_back(w.pads[i + rank]);
  }
  return at::constant_pad_nd(x, pads, value);
}

// A 1x1 convolution as a product over channels. oneDNN's kernels for its weight gradient write past
// the end when a channel count is not a multiple of their vector: 8 with AVX2, 16 with AVX-512 and
// a stride (seen in LibTorch 2.11.0, in PyTorch of that version too).
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

bool odd_channels(const at::Tensor& weight) {
  return weight.size(0) % 16 != 0 || weight.size(1) % 16 != 0;
}

// The pixels are the rows of a matrix already: the product is faster than oneDNN's convolution with
// its two gradients.
bool cheap_rows(const at::Tensor& x, const Window& w) {
  return x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         std::all_of(w.strides.begin(), w.strides.end(), [](std::int64_t s) { return s == 1; });
}

Tensors convolve(const Tensors& in, Window w, std::int64_t group, bool training) {
  const auto rank = static_cast<std::size_t>(std::max<std::int64_t>(0, in[1].dim() - 2));
  if (in[0].dim() != in[1].dim())
    throw Error(
        ErrorCode::BadInput,
        fmt::format("an image of {} dimensions meets a weight of {}", in[0].dim(), in[1].dim()),
        "does the input have the shape the model's card names?");
  fill(w, rank);
  if (training && in[0].device().is_cpu() && w.auto_pad == "NOTSET" &&
      is_pointwise(in[1], w, group) && (odd_channels(in[1]) || cheap_rows(in[0], w)))
    return {pointwise(
        in[0], in[1],
        in.size() > 2 && in[2].defined() ? std::optional<at::Tensor>(in[2]) : std::nullopt, w)};
  if (w.kernel.empty()) w.kernel.assign(in[1].sizes().begin() + 2, in[1].sizes().end());
  resolve_auto_pad(w, in[0], rank);
  at::Tensor x = in[0];
  std::vector<std::int64_t> padding(w.pads.begin(),
                                    w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  if (!symmetric(w, rank)) {
    x = pad_ends(x, w, rank, 0);
    padding.assign(rank, 0);
  }
  return {at::convolution(
      x, in[1], in.size() > 2 && in[2].defined() ? std::optional<at::Tensor>(in[2]) : std::nullopt,
      w.strides, padding, w.dilations, false, std::vector<std::int64_t>(rank, 0), group)};
}

namespace {
using Table = std::unordered_map<std::string, KernelFactory>;

bool given(const Tensors& in, std::size_t i) { return in.size() > i && in[i].defined(); }

// A transposed convolution whose windows do not meet: a product over channels makes all of a
// window's pixels at once.
at::Tensor up_by_product(const at::Tensor& x, const at::Tensor& weight,
                         const std::optional<at::Tensor>& bias) {
  const std::int64_t channels = weight.size(1), kh = weight.size(2), kw = weight.size(3);
  const at::Tensor pixels =
      at::linear(x.movedim(1, -1), weight.permute({2, 3, 1, 0}).reshape({-1, weight.size(0)}),
                 bias ? std::optional<at::Tensor>(bias->repeat({kh * kw})) : std::nullopt);
  return pixels.view({x.size(0), x.size(2), x.size(3), kh, kw, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({x.size(0), x.size(2) * kh, x.size(3) * kw, channels})
      .movedim(-1, 1);
}

bool windows_apart(const at::Tensor& x, const at::Tensor& weight, const Window& w,
                   const std::vector<std::int64_t>& output_padding) {
  const auto all = [](const std::vector<std::int64_t>& v, std::int64_t value) {
    return std::all_of(v.begin(), v.end(), [value](std::int64_t i) { return i == value; });
  };
  return x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) && w.strides == w.kernel &&
         all(w.pads, 0) && all(w.dilations, 1) && all(output_padding, 0) &&
         weight.size(0) == x.size(1);
}

Tensors deconvolve(Tensors& in, Window w, std::int64_t group,
                   std::vector<std::int64_t> output_padding,
                   const std::vector<std::int64_t>& output_shape, bool training) {
  const auto rank = static_cast<std::size_t>(std::max<std::int64_t>(0, in[1].dim() - 2));
  if (in[0].dim() != in[1].dim())
    throw Error(
        ErrorCode::BadInput,
        fmt::format("an image of {} dimensions meets a weight of {}", in[0].dim(), in[1].dim()),
        "does the input have the shape the model's card names?");
  fill(w, rank);
  w.kernel.assign(in[1].sizes().begin() + 2, in[1].sizes().end());
  if (output_padding.empty()) output_padding.assign(rank, 0);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t full = w.strides[i] * (in[0].size(static_cast<std::int64_t>(i) + 2) - 1) +
                              output_padding[i] + (w.kernel[i] - 1) * w.dilations[i] + 1;
    std::int64_t wanted = -1;
    if (output_shape.size() == rank)
      wanted = output_shape[i];
    else if (w.auto_pad.starts_with("SAME"))
      wanted = in[0].size(static_cast<std::int64_t>(i) + 2) * w.strides[i];
    if (wanted < 0) continue;
    const std::int64_t total = full - wanted;
    const std::int64_t half = total / 2;
    w.pads[i] = total < 0 ? 0 : w.auto_pad == "SAME_UPPER" ? half : total - half;
    w.pads[i + rank] = total - w.pads[i];
  }
  const std::optional<at::Tensor> bias =
      given(in, 2) ? std::optional<at::Tensor>(in[2]) : std::nullopt;
  bool plain = symmetric(w, rank);
  for (std::size_t i = 0; i < rank; ++i)
    plain = plain && w.pads[i] >= 0 && output_padding[i] < std::max(w.strides[i], w.dilations[i]);
  if (training && plain && group == 1 && in[0].device().is_cpu() &&
      windows_apart(in[0], in[1], w, output_padding))
    return {up_by_product(in[0], in[1], bias)};
  if (plain) {
    const std::vector<std::int64_t> padding(w.pads.begin(),
                                            w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
    return {at::convolution(in[0], in[1], bias, w.strides, padding, w.dilations, true,
                            output_padding, group)};
  }
  at::Tensor out = at::convolution(in[0], in[1], {}, w.strides, std::vector<std::int64_t>(rank, 0),
                                   w.dilations, true, std::vector<std::int64_t>(rank, 0), group);
  std::vector<std::int64_t>
      ends; // from the last axis: what to add before and after, negative to cut
  for (std::size_t i = rank; i-- > 0;) {
    ends.push_back(-w.pads[i]);
    ends.push_back(output_padding[i] - w.pads[i + rank]);
  }
  out = at::constant_pad_nd(out, ends, 0);
  if (!bias) return {out};
  std::vector<std::int64_t> shape(rank + 2, 1);
  shape[1] = bias->numel();
  return {out + bias->view(shape)};
}

void add_convolutions(Table& t) {
  t["Conv"] = [](const Node& node, int) -> Kernel {
    return [w = window_of(node), group = node.integer("group", 1)](Tensors& in,
                                                                   const RunMode& mode) -> Tensors {
      return convolve(in, w, group, mode.training);
    };
  };
  t["ConvTranspose"] = [](const Node& node, int) -> Kernel {
    return [w = window_of(node), group = node.integer("group", 1),
            extra = node.integers("output_padding"),
            shape = node.integers("output_shape")](Tensors& in, const RunMode& mode) -> Tensors {
      return deconvolve(in, w, group, extra, shape, mode.training);
    };
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

// Spread of normalisation in double where the input is half would be wasted; LibTorch keeps float
// accumulators.
void add_norms(Table& t) {
  t["BatchNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f), momentum = node.number("momentum", 0.9f);
    if (node.integer("training_mode", 0) != 0) refuse(node, "training_mode=1 in a stored graph");
    if (node.integer("spatial", 1) == 0) refuse(node, "spatial=0");
    return [=](Tensors& in, const RunMode& mode) -> Tensors {
      return {at::batch_norm(in[0], in[1], in[2], in[3], in[4], mode.training, 1 - momentum,
                             epsilon, false)};
    };
  };
  t["InstanceNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      return {at::instance_norm(in[0], in[1], in[2], {}, {}, true, 0.1, epsilon, false)};
    };
  };
  t["GroupNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    const std::int64_t groups = node.integer("num_groups", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t channels = in[0].size(1),
                         repeat = in[1].numel() == channels ? 1 : channels / groups;
      return {at::group_norm(in[0], groups, in[1].repeat_interleave(repeat),
                             in[2].repeat_interleave(repeat), epsilon, false)};
    };
  };
  t["LayerNormalization"] = [](const Node& node, int) -> Kernel {
    const double epsilon = node.number("epsilon", 1e-5f);
    const std::int64_t axis = node.integer("axis", -1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const std::int64_t from = axis < 0 ? axis + in[0].dim() : axis;
      const std::vector<std::int64_t> shape(in[0].sizes().begin() + from, in[0].sizes().end());
      const auto results = at::native_layer_norm(
          in[0], shape, in[1].expand(shape),
          given(in, 2) ? std::optional<at::Tensor>(in[2].expand(shape)) : std::nullopt, epsilon);
      return {std::get<0>(results), std::get<1>(results), std::get<2>(results)};
    };
  };
  t["LRN"] = [](const Node& node, int) -> Kernel {
    const std::int64_t size = node.integer("size", 1);
    if (size < 1 || size > 4096) refuse(node, fmt::format("size={}", size));
    const double alpha = node.number("alpha", 1e-4f), beta = node.number("beta", 0.75f),
                 bias = node.number("bias", 1);
    return [=](Tensors& in, const RunMode&) -> Tensors {
      const at::Tensor square = in[0] * in[0];
      at::Tensor sum = at::zeros_like(square);
      const std::int64_t channels = in[0].size(1), before = (size - 1) / 2,
                         after = size - 1 - before;
      for (std::int64_t shift = -before; shift <= after; ++shift) {
        const std::int64_t from = std::max<std::int64_t>(0, -shift),
                           to = std::min(channels, channels - shift);
        if (from < to) sum.slice(1, from, to).add_(square.slice(1, from + shift, to + shift));
      }
      return {in[0] / at::pow(bias + alpha / static_cast<double>(size) * sum, beta)};
    };
  };
  for (const bool logarithm : {false, true})
    t[logarithm ? "LogSoftmax" : "Softmax"] = [logarithm](const Node& node, int opset) -> Kernel {
      const std::int64_t axis = node.integer("axis", opset >= 13 ? -1 : 1);
      return [=](Tensors& in, const RunMode&) -> Tensors {
        if (opset >= 13)
          return {logarithm ? at::log_softmax(in[0], axis) : at::softmax(in[0], axis)};
        std::int64_t first = 1;
        for (std::int64_t i = 0; i < (axis < 0 ? axis + in[0].dim() : axis); ++i)
          first *= in[0].size(i);
        const at::Tensor flat = in[0].reshape({first, -1});
        return {(logarithm ? at::log_softmax(flat, 1) : at::softmax(flat, 1)).view_as(in[0])};
      };
    };
}

Tensors max_pool(const Node& node, Tensors& in, Window w) {
  const std::size_t rank = w.kernel.size();
  if (in[0].dim() != static_cast<std::int64_t>(rank) + 2)
    throw Error(ErrorCode::BadInput,
                fmt::format("an image of {} dimensions meets a window of {}", in[0].dim(), rank),
                "does the input have the shape the model's card names?");
  fill(w, rank);
  resolve_auto_pad(w, in[0], rank);
  at::Tensor x = in[0];
  std::vector<std::int64_t> padding(w.pads.begin(),
                                    w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  bool wide = !symmetric(w, rank);
  for (std::size_t i = 0; i < rank; ++i) wide = wide || 2 * padding[i] > w.kernel[i];
  if (wide) {
    if (node.outputs.size() > 1) refuse(node, "the Indices output with uneven pads");
    x = pad_ends(x, w, rank, -std::numeric_limits<double>::infinity());
    padding.assign(rank, 0);
  }
  const bool integral = at::isIntegralType(x.scalar_type(), false);
  const at::Tensor y = integral ? x.to(at::kFloat) : x;
  at::Tensor out = rank == 1 ? at::max_pool1d(y, w.kernel, w.strides, padding, w.dilations, w.ceil)
                   : rank == 2
                       ? at::max_pool2d(y, w.kernel, w.strides, padding, w.dilations, w.ceil)
                       : at::max_pool3d(y, w.kernel, w.strides, padding, w.dilations, w.ceil);
  return {integral ? out.to(x.scalar_type()) : out};
}

// Sums over windows by a convolution of each channel with ones: any dilation, any pads, a last
// window over the border.
Tensors average_pool_general(const at::Tensor& x, const Window& w, bool include_pad) {
  const std::size_t rank = w.kernel.size();
  Window wide = w;
  for (std::size_t i = 0; w.ceil && i < rank; ++i) {
    const std::int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
    const std::int64_t size =
        x.size(static_cast<std::int64_t>(i) + 2) + w.pads[i] + w.pads[i + rank];
    std::int64_t windows = (size - reach + w.strides[i] - 1) / w.strides[i] + 1;
    if ((windows - 1) * w.strides[i] >= size - w.pads[i + rank])
      --windows; // it would start in the padding
    wide.pads[i + rank] += std::max<std::int64_t>(0, (windows - 1) * w.strides[i] + reach - size);
  }
  std::vector<std::int64_t> shape = {1, 1}, flat = x.sizes().vec();
  shape.insert(shape.end(), w.kernel.begin(), w.kernel.end());
  flat[0] *= flat[1];
  flat[1] = 1;
  const at::Tensor ones = at::ones(shape, x.options());
  const std::vector<std::int64_t> none(rank, 0);
  const auto sums = [&](const at::Tensor& v) {
    return at::convolution(v, ones, {}, w.strides, none, w.dilations, false, none, 1);
  };
  const at::Tensor total = sums(pad_ends(x.reshape(flat), wide, rank, 0));
  flat[0] = 1;
  at::Tensor inside = at::ones(flat, x.options());
  if (include_pad) {
    inside = pad_ends(inside, w, rank, 1);
    for (std::size_t i = 0; i < 2 * rank; ++i) wide.pads[i] -= w.pads[i];
  }
  at::Tensor out = total / sums(pad_ends(inside, wide, rank, 0));
  std::vector<std::int64_t> back = out.sizes().vec();
  back[0] = x.size(0);
  back[1] = x.size(1);
  return {out.reshape(back)};
}

Tensors average_pool(Tensors& in, Window w, bool include_pad) {
  const std::size_t rank = w.kernel.size();
  if (in[0].dim() != static_cast<std::int64_t>(rank) + 2)
    throw Error(ErrorCode::BadInput,
                fmt::format("an image of {} dimensions meets a window of {}", in[0].dim(), rank),
                "does the input have the shape the model's card names?");
  fill(w, rank);
  resolve_auto_pad(w, in[0], rank);
  bool plain = symmetric(w, rank) && !w.ceil;
  for (std::size_t i = 0; i < rank; ++i)
    plain = plain && w.dilations[i] == 1 && 2 * w.pads[i] <= w.kernel[i];
  if (!plain) return average_pool_general(in[0], w, include_pad);
  const std::vector<std::int64_t> padding(w.pads.begin(),
                                          w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
  return {rank == 1   ? at::avg_pool1d(in[0], w.kernel, w.strides, padding, false, include_pad)
          : rank == 2 ? at::avg_pool2d(in[0], w.kernel, w.strides, padding, false, include_pad)
                      : at::avg_pool3d(in[0], w.kernel, w.strides, padding, false, include_pad)};
}

void check_rank(const Node& node, std::size_t rank) {
  if (rank < 1 || rank > 3) refuse(node, fmt::format("a window of {} dimensions", rank));
}

void add_pools(Table& t) {
  t["MaxPool"] = [](const Node& node, int) -> Kernel {
    if (node.integer("storage_order", 0) != 0) refuse(node, "storage_order=1");
    if (node.outputs.size() > 1 && !node.outputs[1].empty()) refuse(node, "the Indices output");
    check_rank(node, window_of(node).kernel.size());
    return [node, w = window_of(node)](Tensors& in, const RunMode&) -> Tensors {
      return max_pool(node, in, w);
    };
  };
  t["AveragePool"] = [](const Node& node, int) -> Kernel {
    check_rank(node, window_of(node).kernel.size());
    return [w = window_of(node), include = node.integer("count_include_pad", 0) != 0](
               Tensors& in, const RunMode&) -> Tensors { return average_pool(in, w, include); };
  };
  const auto spatial = [](const at::Tensor& x) {
    std::vector<std::int64_t> axes;
    for (std::int64_t i = 2; i < x.dim(); ++i) axes.push_back(i);
    return axes;
  };
  t["GlobalAveragePool"] = [spatial](const Node&, int) -> Kernel {
    return [spatial](Tensors& in, const RunMode&) -> Tensors {
      return {at::mean(in[0], spatial(in[0]), true)};
    };
  };
  t["GlobalMaxPool"] = [spatial](const Node&, int) -> Kernel {
    return [spatial](Tensors& in, const RunMode&) -> Tensors {
      return {at::amax(in[0], spatial(in[0]), true)};
    };
  };
}

}

void add_network_kernels(Table& table) {
  add_convolutions(table);
  add_norms(table);
  add_pools(table);
  add_resize_kernels(table);
  add_further_kernels(table);
  add_fused_kernels(table);
}

}
