#include "modules/learn/training_loss.h"

#include "modules/core/error.h"

#include <fmt/format.h>

namespace sensorium {
namespace {

at::Tensor weighted_mean(const at::Tensor& values, const at::Tensor& weight) {
  return weight.defined() ? (values * weight).sum() / weight.sum().clamp_min(1) : values.mean();
}

at::Tensor element_bce(const at::Tensor& x, const at::Tensor& y) { return at::binary_cross_entropy_with_logits(x, y, {}, {}, at::Reduction::None); }

// Focal loss: Lin et al., ICCV 2017, eq. 4, without alpha.
at::Tensor focal(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double gamma) {
  const at::Tensor bce = element_bce(x, y);
  return weighted_mean(at::pow(1 - at::exp(-bce), gamma) * bce, weight);
}

struct Overlap {
  at::Tensor both, prediction_only, target_only;
};

// Over the batch and the pixels, by channel.
Overlap overlap_of(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight) {
  at::Tensor p = at::sigmoid(x), t = y;
  if (weight.defined()) {
    p = p * weight;
    t = t * weight;
  }
  std::vector<std::int64_t> axes;
  for (std::int64_t i = 0; i < x.dim(); ++i)
    if (i != 1) axes.push_back(i);
  const at::Tensor both = (p * t).sum(axes);
  return {both, p.sum(axes) - both, t.sum(axes) - both};
}

// Soft Dice: Milletari et al., 3DV 2016, section 3; smoothed by one.
at::Tensor dice(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight) {
  const Overlap o = overlap_of(x, y, weight);
  return (1 - (2 * o.both + 1) / (2 * o.both + o.prediction_only + o.target_only + 1)).mean();
}

// Focal Tversky: Abraham and Khan, ISBI 2019, eq. 3 and 5.
at::Tensor focal_tversky(const TrainingOptions& options, const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight) {
  const Overlap o = overlap_of(x, y, weight);
  const at::Tensor index = (o.both + 1) / (o.both + options.tversky_alpha * o.prediction_only + options.tversky_beta * o.target_only + 1);
  return at::pow((1 - index).clamp_min(1e-7), options.focal_tversky_gamma).mean();
}

at::Tensor single_loss(const std::string& name, const TrainingOptions& options, const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight) {
  if (name == "bce") return weighted_mean(element_bce(x, y), weight);
  if (name == "focal") return focal(x, y, weight, options.focal_gamma);
  if (name == "dice") return dice(x, y, weight);
  if (name == "focal_tversky") return focal_tversky(options, x, y, weight);
  if (name == "cross_entropy") return weighted_mean(at::cross_entropy_loss(x, y.dim() == x.dim() ? y.squeeze(1).to(at::kLong) : y.reshape({x.size(0)}).to(at::kLong), {}, at::Reduction::None), weight.defined() && weight.dim() == x.dim() ? weight.squeeze(1) : weight);
  throw Error(ErrorCode::Usage, fmt::format("there is no loss '{}'", name));
}

}

at::Tensor loss_of(const TrainingOptions& options, const at::Tensor& logits, const at::Tensor& target, const at::Tensor& weight) {
  const at::Tensor x = logits.to(at::kFloat);
  const auto plus = options.loss.find('+');
  if (plus == std::string::npos) return single_loss(options.loss, options, x, target, weight);
  return single_loss(options.loss.substr(0, plus), options, x, target, weight) + options.second_loss_weight * single_loss(options.loss.substr(plus + 1), options, x, target, weight);
}

}
