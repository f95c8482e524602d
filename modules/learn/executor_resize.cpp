// Resize and Upsample by ONNX's formulas ("coordinate_transformation_mode"): separable, an axis at
// a time.
#include "modules/core/error.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {
namespace {
using Tensors = std::vector<at::Tensor>;

bool given(const Tensors& in, std::size_t i) { return in.size() > i && in[i].defined(); }

struct ResizeRule {
  std::string mode, coordinates, nearest;
  double cubic_a = -0.75;
  bool exclude_outside = false, antialias = false; // of linear and cubic only
  std::vector<std::int64_t> axes;
  std::string policy;
};

struct Axis {
  std::int64_t in = 0, out = 0;
  double scale = 1;
};

double source_position(const ResizeRule& rule, std::int64_t i, const Axis& a) {
  const auto x = static_cast<double>(i);
  const double length = static_cast<double>(a.in) * a.scale;
  if (rule.coordinates == "asymmetric") return x / a.scale;
  if (rule.coordinates == "align_corners")
    return length == 1 ? 0 : x * static_cast<double>(a.in - 1) / (length - 1);
  if (rule.coordinates == "pytorch_half_pixel") return a.out > 1 ? (x + 0.5) / a.scale - 0.5 : 0;
  if (rule.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / a.scale;
  const double centre = static_cast<double>(a.in) / 2;
  const double shift = rule.coordinates == "half_pixel_symmetric"
                           ? centre * (1 - static_cast<double>(a.out) / length)
                           : 0;
  return shift + (x + 0.5) / a.scale - 0.5;
}

std::int64_t nearest_index(const ResizeRule& rule, double x) {
  if (rule.nearest == "floor") return static_cast<std::int64_t>(std::floor(x));
  if (rule.nearest == "ceil") return static_cast<std::int64_t>(std::ceil(x));
  if (rule.nearest == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(x + 0.5));
  return static_cast<std::int64_t>(std::ceil(x - 0.5));
}

// Triangle, or Keys' cubic kernel (IEEE Trans. ASSP 29(6), 1981, eq. 15).
double kernel_at(const ResizeRule& rule, double x) {
  x = std::abs(x);
  if (rule.mode == "linear") return std::max(0.0, 1 - x);
  const double a = rule.cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// [out, in]: the weight of each input sample; samples outside repeat the border, or are left out.
std::vector<float> weights_of(const ResizeRule& rule, const Axis& a) {
  std::vector<float> all(static_cast<std::size_t>(a.out * a.in));
  const double stretch = rule.antialias && a.scale < 1 ? 1 / a.scale : 1;
  const double radius = (rule.mode == "linear" ? 1 : 2) * stretch;
  for (std::int64_t i = 0; i < a.out; ++i) {
    const double x = source_position(rule, i, a);
    const auto from = static_cast<std::int64_t>(std::ceil(x - radius));
    const auto to = static_cast<std::int64_t>(std::floor(x + radius));
    std::vector<double> row(static_cast<std::size_t>(a.in));
    double sum = 0;
    for (std::int64_t k = from; k <= to; ++k) {
      if (rule.exclude_outside && (k < 0 || k >= a.in)) continue;
      const double w = kernel_at(rule, (static_cast<double>(k) - x) / stretch);
      row[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, a.in - 1))] += w;
      sum += w;
    }
    for (std::int64_t k = 0; k < a.in; ++k)
      all[static_cast<std::size_t>(i * a.in + k)] =
          static_cast<float>(row[static_cast<std::size_t>(k)] / sum);
  }
  return all;
}

at::Tensor resize_axis(const at::Tensor& x, const ResizeRule& rule, std::int64_t axis,
                       const Axis& a) {
  if (rule.mode == "nearest") {
    std::vector<std::int64_t> index;
    for (std::int64_t i = 0; i < a.out; ++i)
      index.push_back(
          std::clamp<std::int64_t>(nearest_index(rule, source_position(rule, i, a)), 0, a.in - 1));
    return x.index_select(axis, at::tensor(index, at::kLong).to(x.device()));
  }
  const at::Tensor weights = at::tensor(weights_of(rule, a), at::kFloat).view({a.out, a.in});
  const at::Tensor last = x.movedim(axis, -1).to(at::kFloat);
  return at::matmul(last, weights.to(x.device()).t()).movedim(-1, axis).to(x.scalar_type());
}

at::Tensor resized(const at::Tensor& x, const ResizeRule& rule, const std::vector<Axis>& axes) {
  const bool image = x.dim() == 4 && axes[0].scale == 1 && axes[1].scale == 1 &&
                     at::isFloatingType(x.scalar_type());
  if (image && rule.mode == "nearest" && rule.coordinates == "asymmetric" &&
      rule.nearest == "floor" && axes[2].scale == 2 && axes[3].scale == 2)
    return at::upsample_nearest2d(x, {axes[2].out, axes[3].out}, 2.0, 2.0);
  if (image && rule.mode == "linear" && rule.coordinates == "half_pixel" && axes[2].scale >= 1 &&
      axes[3].scale >= 1)
    return at::upsample_bilinear2d(x, {axes[2].out, axes[3].out}, false, axes[2].scale,
                                   axes[3].scale);
  at::Tensor out = x;
  for (std::int64_t i = 0; i < x.dim(); ++i)
    if (const Axis& a = axes[static_cast<std::size_t>(i)]; a.out != a.in || a.scale != 1)
      out = resize_axis(out, rule, i, a);
  return out;
}

std::vector<double> doubles_of(const at::Tensor& t) {
  const at::Tensor plain = t.to(at::kCPU).to(at::kDouble).contiguous().view({-1});
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

// From the inputs scales or sizes to one entry for each axis. Throws Error BadInput for sizes
// nobody can mean.
std::vector<Axis> axes_of(const at::Tensor& x, const ResizeRule& rule,
                          const std::optional<at::Tensor>& scales,
                          const std::optional<at::Tensor>& sizes) {
  std::vector<Axis> out(static_cast<std::size_t>(x.dim()));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i].in = out[i].out = x.size(static_cast<std::int64_t>(i));
  std::vector<std::int64_t> chosen = rule.axes;
  if (chosen.empty())
    for (std::int64_t i = 0; i < x.dim(); ++i) chosen.push_back(i);
  const std::vector<double> wanted = doubles_of(sizes ? *sizes : *scales);
  if (wanted.size() != chosen.size())
    throw Error(ErrorCode::BadInput,
                fmt::format("Resize is given {} sizes for {} axes", wanted.size(), chosen.size()),
                "the model is damaged");
  const auto axis = [&](std::size_t i) -> Axis& {
    return out.at(static_cast<std::size_t>(chosen[i] < 0 ? chosen[i] + x.dim() : chosen[i]));
  };
  double common = 0;
  for (std::size_t i = 0; sizes && i < wanted.size(); ++i) {
    const double ratio = wanted[i] / static_cast<double>(axis(i).in);
    common = i == 0                        ? ratio
             : rule.policy == "not_larger" ? std::min(common, ratio)
                                           : std::max(common, ratio);
  }
  double elements = 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Axis& a = axis(i);
    if (!(wanted[i] > 0 && wanted[i] < 1e6))
      throw Error(ErrorCode::BadInput, fmt::format("Resize to {} is not possible", wanted[i]),
                  "the model is damaged");
    if (!sizes) {
      a.scale = static_cast<double>(static_cast<float>(wanted[i]));
      a.out = static_cast<std::int64_t>(std::floor(static_cast<double>(a.in) * a.scale));
    } else {
      const bool keep = rule.policy != "stretch";
      a.out = keep ? static_cast<std::int64_t>(std::floor(common * static_cast<double>(a.in) + 0.5))
                   : static_cast<std::int64_t>(wanted[i]);
      a.scale = keep ? common : static_cast<double>(a.out) / static_cast<double>(a.in);
    }
  }
  for (const Axis& a : out) elements *= static_cast<double>(std::max(a.out, a.in));
  if (elements > 4e9)
    throw Error(ErrorCode::BadInput,
                fmt::format("Resize to {} values is more than this program makes", elements),
                "use smaller tiles");
  return out;
}

Kernel resize_kernel(const Node& node, int opset) {
  ResizeRule rule{node.text("mode", "nearest"),
                  "asymmetric",
                  "floor",
                  node.number("cubic_coeff_a", -0.75f),
                  node.integer("exclude_outside", 0) != 0,
                  node.integer("antialias", 0) != 0,
                  node.integers("axes"),
                  node.text("keep_aspect_ratio_policy", "stretch")};
  if (opset >= 11 && node.op == "Resize") {
    rule.coordinates = node.text("coordinate_transformation_mode", "half_pixel");
    rule.nearest = node.text("nearest_mode", "round_prefer_floor");
  }
  if (rule.mode == "bilinear") rule.mode = "linear"; // Upsample-7
  if (rule.mode != "nearest" && rule.mode != "linear" && rule.mode != "cubic")
    refuse(node, "mode=" + rule.mode);
  if (rule.coordinates == "tf_crop_and_resize")
    refuse(node, "coordinate_transformation_mode=" + rule.coordinates);
  const std::size_t at = opset >= 11 && node.op == "Resize" ? 2 : 1;
  const bool fixed = node.op == "Upsample" && opset < 9;
  std::vector<float> scales;
  if (const auto found = node.attributes.find("scales"); fixed && found != node.attributes.end())
    if (const auto* v = std::get_if<std::vector<float>>(&found->second)) scales = *v;
  return [node, rule, at, fixed, scales](Tensors& in, const RunMode&) -> Tensors {
    const bool by_size = given(in, 3) && in[3].numel() > 0;
    if (!by_size && !fixed && !given(in, at))
      throw Error(ErrorCode::BadInput,
                  fmt::format("node {} has neither scales nor sizes", node.label()),
                  "the model is damaged");
    const std::optional<at::Tensor> factors =
        by_size ? std::nullopt
                : std::optional<at::Tensor>(fixed ? at::tensor(scales, at::kFloat) : in[at]);
    return {resized(
        in[0], rule,
        axes_of(in[0], rule, factors, by_size ? std::optional<at::Tensor>(in[3]) : std::nullopt))};
  };
}

}

void add_resize_kernels(std::unordered_map<std::string, KernelFactory>& t) {
  t["Resize"] = resize_kernel;
  t["Upsample"] = resize_kernel;
}

}
