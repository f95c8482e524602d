// Convolution, sum and activation in one call of oneDNN, with weights in the order its kernel
// wants.
#include "modules/core/error.h"
#include "modules/learn/direct_conv.h"
#include "modules/learn/executor_window.h"

#include <fmt/format.h>

namespace sensorium {
namespace {
using Tensors = std::vector<at::Tensor>;
using Sizes = at::IntArrayRef;
using Scalars = c10::List<std::optional<at::Scalar>>;
using Text = std::optional<std::string_view>;

// Not in LibTorch's headers, but registered with its dispatcher
// (aten/src/ATen/native/mkldnn/ConvPrepack).
struct OneDnn {
  using Unary = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                           Sizes, Sizes, Sizes, std::int64_t, std::string_view, Scalars, Text);
  using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                            const std::optional<at::Tensor>&, Sizes, Sizes, Sizes, std::int64_t,
                            std::string_view, std::optional<at::Scalar>, Text, Scalars, Text);
  using InPlace = at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&,
                              const std::optional<at::Tensor>&, Sizes, Sizes, Sizes, std::int64_t,
                              std::string_view, std::optional<at::Scalar>, Text, Scalars, Text);
  using Reorder = at::Tensor(const at::Tensor&, Sizes, Sizes, Sizes, std::int64_t,
                             at::OptionalIntArrayRef);
  c10::TypedOperatorHandle<Unary> unary;
  c10::TypedOperatorHandle<Binary> binary;
  c10::TypedOperatorHandle<InPlace> in_place;
  c10::TypedOperatorHandle<Reorder> reorder;

  // None where this LibTorch was built without them.
  static const OneDnn* find() {
    static const std::unique_ptr<OneDnn> one = []() -> std::unique_ptr<OneDnn> {
      auto& dispatcher = c10::Dispatcher::singleton();
      const auto unary = dispatcher.findSchema({"mkldnn::_convolution_pointwise", ""});
      const auto binary = dispatcher.findSchema({"mkldnn::_convolution_pointwise", "binary"});
      const auto in_place = dispatcher.findSchema({"mkldnn::_convolution_pointwise_", "binary"});
      const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_convolution_weight", ""});
      if (!unary || !binary || !in_place || !reorder || !at::globalContext().userEnabledMkldnn())
        return nullptr;
      return std::make_unique<OneDnn>(OneDnn{unary->typed<Unary>(), binary->typed<Binary>(),
                                             in_place->typed<InPlace>(),
                                             reorder->typed<Reorder>()});
    }();
    return one.get();
  }
};

at::MemoryFormat channels_last(const at::Tensor& x) {
  return x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

// Weights as packed for one input size. Kept until another size comes.
struct Packed {
  std::vector<std::int64_t> size;
  const void* source = nullptr;
  at::Tensor weight;
};

// Weights for direct_conv_rows.
struct DirectPacked {
  const void* source = nullptr;
  std::vector<float> weight;
};

struct FusedConv {
  Window window;
  std::int64_t group = 1;
  std::string activation;
  double alpha = 0;
  bool in_place = false;
  std::shared_ptr<Packed> packed = std::make_shared<Packed>();
  std::shared_ptr<DirectPacked> direct_packed = std::make_shared<DirectPacked>();

  at::Tensor activated(const at::Tensor& x) const {
    if (activation == "relu") return at::relu(x);
    if (activation == "leaky_relu") return at::leaky_relu(x, alpha);
    if (activation == "sigmoid") return at::sigmoid(x);
    if (activation == "tanh") return at::tanh(x);
    return x;
  }

  const at::Tensor& weight(const OneDnn& dnn, const at::Tensor& x, const at::Tensor& plain,
                           const Window& w, Sizes padding) const {
    const std::vector<std::int64_t> size = x.sizes().vec();
    if (packed->size != size || packed->source != plain.const_data_ptr()) {
      packed->weight = dnn.reorder.call(plain, padding, w.strides, w.dilations, group,
                                        at::OptionalIntArrayRef(size));
      packed->size = size;
      packed->source = plain.const_data_ptr();
    }
    return packed->weight;
  }

  // oneDNN's kernels are for images; where a size is 1 the order of the axes cannot be told from
  // the strides.
  bool suits(const Tensors& in, bool have) const {
    const at::Tensor &x = in[0], &w = in[1];
    if (!have || !x.device().is_cpu() || (x.dim() != 4 && x.dim() != 5) || x.dim() != w.dim() ||
        x.numel() == 0 || w.numel() == 0)
      return false;
    if (group < 1 || w.size(1) * group != x.size(1) || w.size(0) % group != 0) return false;
    for (std::int64_t i = 2; i < x.dim(); ++i)
      if (x.size(i) < 2) return false;
    return x.scalar_type() == w.scalar_type() &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  }

  // Where oneDNN would compute output channels that are not there, or has little to sum over.
  bool suits_direct(const Tensors& in) const {
    const at::Tensor &x = in[0], &w = in[1];
    return direct_conv_usable() && group == 1 && x.dim() == 4 && w.dim() == 4 &&
           x.device().is_cpu() && x.scalar_type() == at::kFloat && w.scalar_type() == at::kFloat &&
           x.numel() > 0 && w.numel() > 0 && w.size(1) == x.size(1) && w.size(0) % 8 == 0 &&
           (w.size(0) % 16 != 0 || w.size(1) < 8) && plain_vector(in, 2, w.size(0));
  }

  static bool plain_vector(const Tensors& in, std::size_t i, std::int64_t size) {
    return in.size() <= i || !in[i].defined() ||
           (in[i].scalar_type() == at::kFloat && in[i].numel() == size && in[i].is_contiguous());
  }

  Tensors direct(const Tensors& in, const Window& w, const at::Tensor& summand) const {
    const at::Tensor x = in[0].contiguous(at::MemoryFormat::ChannelsLast);
    DirectConv c{.batch = x.size(0),
                 .height = x.size(2),
                 .width = x.size(3),
                 .channels = x.size(1),
                 .out_channels = in[1].size(0),
                 .kernel_h = w.kernel[0],
                 .kernel_w = w.kernel[1],
                 .stride_h = w.strides[0],
                 .stride_w = w.strides[1],
                 .dilation_h = w.dilations[0],
                 .dilation_w = w.dilations[1],
                 .pad_h = w.pads[0],
                 .pad_w = w.pads[1]};
    c.out_height = out_size(x, w, 0);
    c.out_width = out_size(x, w, 1);
    if (c.out_height < 1 || c.out_width < 1) return plain(in, summand);
    const bool sums = summand.defined() && same_size(x, in[1], w, summand);
    const bool inside = !summand.defined() || sums;
    if (inside && activation == "relu") c.activation = DirectConv::Activation::Relu;
    if (inside && activation == "leaky_relu") c.activation = DirectConv::Activation::LeakyRelu;
    c.slope = static_cast<float>(alpha);
    if (direct_packed->source != in[1].const_data_ptr()) {
      const at::Tensor rows = in[1].contiguous();
      direct_packed->weight = pack_direct(rows.const_data_ptr<float>(), c.out_channels, c.channels,
                                          c.kernel_h, c.kernel_w);
      direct_packed->source = in[1].const_data_ptr();
    }
    const at::Tensor added =
        sums ? summand.contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
    const at::Tensor out = in_place && sums
                               ? added
                               : at::empty({c.batch, c.out_channels, c.out_height, c.out_width},
                                           x.options(), at::MemoryFormat::ChannelsLast);
    run_direct(c, x.const_data_ptr<float>(), direct_packed->weight.data(),
               in.size() > 2 && in[2].defined() ? in[2].const_data_ptr<float>() : nullptr,
               sums ? added.const_data_ptr<float>() : nullptr, out.data_ptr<float>());
    if (c.activation != DirectConv::Activation::None) return {out};
    return {activated(inside ? out : out + summand)};
  }

  static void run_direct(const DirectConv& c, const float* image, const float* packed,
                         const float* bias, const float* summand, float* out) {
    const std::int64_t work = c.out_width * c.out_channels * c.channels * c.kernel_h * c.kernel_w;
    at::parallel_for(0, c.batch * c.out_height, std::max<std::int64_t>(1, (1 << 18) / work),
                     [&](std::int64_t from, std::int64_t to) {
                       direct_conv_rows(c, image, packed, bias, summand, out, from, to);
                     });
  }

  static std::int64_t out_size(const at::Tensor& x, const Window& w, std::size_t i) {
    const std::int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1,
                       room = x.size(static_cast<std::int64_t>(i) + 2) + w.pads[i] +
                              w.pads[i + w.kernel.size()] - reach;
    return room < 0 ? 0 : room / w.strides[i] + 1;
  }

  Tensors plain(const Tensors& in, const at::Tensor& summand) const {
    const at::Tensor out =
        convolve({in[0], in[1], in.size() > 2 ? in[2] : at::Tensor()}, window, group).front();
    return {activated(summand.defined() ? out + summand : out)};
  }

  Tensors operator()(Tensors& in) const {
    const OneDnn* dnn = OneDnn::find();
    const at::Tensor summand = in.size() > 3 ? in[3] : at::Tensor();
    const bool by_direct = suits_direct(in);
    if (!by_direct && !suits(in, dnn != nullptr)) return plain(in, summand);
    const auto rank = static_cast<std::size_t>(in[1].dim()) - 2;
    Window w = window;
    fill(w, rank);
    w.kernel.assign(in[1].sizes().begin() + 2, in[1].sizes().end());
    resolve_auto_pad(w, in[0], rank);
    if (by_direct) return direct(in, w, summand);
    if (!symmetric(w, rank)) return plain(in, summand);
    const std::vector<std::int64_t> padding(w.pads.begin(),
                                            w.pads.begin() + static_cast<std::ptrdiff_t>(rank));
    const at::Tensor x = in[0].contiguous(channels_last(in[0]));
    const at::Tensor& packed_weight = weight(*dnn, x, in[1], w, padding);
    const std::optional<at::Tensor> bias =
        in.size() > 2 && in[2].defined() ? std::optional<at::Tensor>(in[2]) : std::nullopt;
    Scalars scalars;
    if (activation == "leaky_relu") scalars.push_back(at::Scalar(alpha));
    if (!summand.defined())
      return {dnn->unary.call(x, packed_weight, bias, padding, w.strides, w.dilations, group,
                              activation.empty() ? "none" : activation, scalars, Text())};
    const bool known = (activation.empty() || activation == "relu") && in[1].size(0) > 1;
    const Text unary = activation == "relu" ? Text("relu") : Text();
    if (same_size(x, in[1], w, summand) && known) {
      const Scalars none;
      if (in_place && summand.is_contiguous(channels_last(summand))) {
        at::Tensor sum = summand;
        return {dnn->in_place.call(sum, x, packed_weight, bias, padding, w.strides, w.dilations,
                                   group, "add", at::Scalar(1.0), unary, none, Text())};
      }
      return {dnn->binary.call(x, summand.contiguous(channels_last(summand)), packed_weight, bias,
                               padding, w.strides, w.dilations, group, "add", at::Scalar(1.0),
                               unary, none, Text())};
    }
    return {activated(dnn->unary.call(x, packed_weight, bias, padding, w.strides, w.dilations,
                                      group, "none", scalars, Text()) +
                      summand)};
  }

  static bool same_size(const at::Tensor& x, const at::Tensor& weight, const Window& w,
                        const at::Tensor& summand) {
    if (summand.dim() != x.dim() || summand.scalar_type() != x.scalar_type() ||
        summand.size(0) != x.size(0) || summand.size(1) != weight.size(0))
      return false;
    const std::size_t rank = w.kernel.size();
    for (std::size_t i = 0; i < rank; ++i)
      if (summand.size(static_cast<std::int64_t>(i) + 2) != out_size(x, w, i)) return false;
    return true;
  }
};

// ConvTranspose whose windows do not meet (stride = kernel, no pads): each row of the kernel is a
// 1x1 convolution that makes every kernel_h-th row of the output.
struct UpConv {
  Kernel otherwise;
  std::shared_ptr<DirectPacked> packed = std::make_shared<DirectPacked>();

  static bool suits(const Tensors& in) {
    const at::Tensor &x = in[0], &w = in[1];
    return direct_conv_usable() && x.dim() == 4 && w.dim() == 4 && x.device().is_cpu() &&
           x.scalar_type() == at::kFloat && w.scalar_type() == at::kFloat && x.numel() > 0 &&
           w.numel() > 0 && w.size(0) == x.size(1) && w.size(1) * w.size(3) % 8 == 0 &&
           FusedConv::plain_vector(in, 2, w.size(1));
  }

  // [in, out, kh, kw] as kh packed weights of [kw * out, in].
  const float* weights(const at::Tensor& w) const {
    if (packed->source == w.const_data_ptr()) return packed->weight.data();
    const at::Tensor rows = w.permute({2, 3, 1, 0}).contiguous();
    packed->weight.clear();
    for (std::int64_t i = 0; i < w.size(2); ++i) {
      const auto row =
          pack_direct(rows[i].const_data_ptr<float>(), w.size(1) * w.size(3), w.size(0), 1, 1);
      packed->weight.insert(packed->weight.end(), row.begin(), row.end());
    }
    packed->source = w.const_data_ptr();
    return packed->weight.data();
  }

  Tensors operator()(Tensors& in, const RunMode& mode) const {
    if (!suits(in)) return otherwise(in, mode);
    const at::Tensor x = in[0].contiguous(at::MemoryFormat::ChannelsLast);
    const std::int64_t kernel_h = in[1].size(2), kernel_w = in[1].size(3), channels = in[1].size(1);
    const float* weight = weights(in[1]);
    const at::Tensor bias =
        in.size() > 2 && in[2].defined() ? in[2].repeat({kernel_w}).contiguous() : at::Tensor();
    const at::Tensor out =
        at::empty({x.size(0), channels, x.size(2) * kernel_h, x.size(3) * kernel_w}, x.options(),
                  at::MemoryFormat::ChannelsLast);
    const std::int64_t row = x.size(3) * kernel_w * channels;
    const DirectConv c{.batch = x.size(0),
                       .height = x.size(2),
                       .width = x.size(3),
                       .channels = x.size(1),
                       .out_height = x.size(2),
                       .out_width = x.size(3),
                       .out_channels = kernel_w * channels,
                       .out_row = kernel_h * row};
    for (std::int64_t i = 0; i < kernel_h; ++i)
      FusedConv::run_direct(c, x.const_data_ptr<float>(),
                            weight + i * x.size(1) * kernel_w * channels,
                            bias.defined() ? bias.const_data_ptr<float>() : nullptr, nullptr,
                            out.data_ptr<float>() + i * row);
    return {out};
  }
};

}

void add_fused_kernels(std::unordered_map<std::string, KernelFactory>& t) {
  t["sensorium.FusedConv"] = [](const Node& node, int) -> Kernel {
    const FusedConv fused{window_of(node), node.integer("group", 1), node.text("activation", ""),
                          node.number("alpha", 0), node.integer("in_place", 0) != 0};
    return [fused](Tensors& in, const RunMode&) -> Tensors { return fused(in); };
  };
  t["sensorium.UpConv"] = [](const Node& node, int opset) -> Kernel {
    Node plain = node;
    plain.op = "ConvTranspose";
    plain.domain.clear();
    return UpConv{kernel_for(plain, opset)};
  };
}

}
