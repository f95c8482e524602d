#include "modules/learn/training_loss.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sensorium {
namespace {

constexpr int thresholds = 1000;

// What a loss compares: logits with a target of the same shape, and the probabilities they stand
// for.
struct Case {
  at::Tensor logits, probability, target, weight;
};

at::Tensor weighted_mean(const at::Tensor& values, const at::Tensor& weight) {
  return weight.defined() ? (values * weight).sum() / weight.sum().clamp_min(1) : values.mean();
}

at::Tensor element_bce(const Case& c) {
  return at::binary_cross_entropy_with_logits(c.logits, c.target, {}, {}, at::Reduction::None);
}

// Focal loss: Lin et al., ICCV 2017, eq. 4, without alpha.
at::Tensor focal(const Case& c, double gamma) {
  const at::Tensor bce = element_bce(c);
  return weighted_mean(at::pow(1 - at::exp(-bce), gamma) * bce, c.weight);
}

struct Overlap {
  at::Tensor both, prediction_only, target_only;
};

// Over the batch and the pixels, by channel.
Overlap overlap_of(const Case& c) {
  at::Tensor p = c.probability, t = c.target;
  if (c.weight.defined()) {
    p = p * c.weight;
    t = t * c.weight;
  }
  std::vector<std::int64_t> axes;
  for (std::int64_t i = 0; i < p.dim(); ++i)
    if (i != 1) axes.push_back(i);
  const at::Tensor both = (p * c.target).sum(axes);
  return {both, p.sum(axes) - both, t.sum(axes) - both};
}

// Soft Dice: Milletari et al., 3DV 2016, section 3; smoothed by one.
at::Tensor dice(const Case& c) {
  const Overlap o = overlap_of(c);
  return (1 - (2 * o.both + 1) / (2 * o.both + o.prediction_only + o.target_only + 1)).mean();
}

// Focal Tversky: Abraham and Khan, ISBI 2019, eq. 3 and 5.
at::Tensor focal_tversky(const TrainingOptions& options, const Case& c) {
  const Overlap o = overlap_of(c);
  const at::Tensor index = (o.both + 1) / (o.both + options.tversky_alpha * o.prediction_only +
                                           options.tversky_beta * o.target_only + 1);
  return at::pow((1 - index).clamp_min(1e-7), options.focal_tversky_gamma).mean();
}

at::Tensor single_loss(const std::string& name, const TrainingOptions& options, const Case& c) {
  if (name == "bce") return weighted_mean(element_bce(c), c.weight);
  if (name == "focal") return focal(c, options.focal_gamma);
  if (name == "dice") return dice(c);
  if (name == "focal_tversky") return focal_tversky(options, c);
  throw Error(ErrorCode::Usage, fmt::format("there is no loss '{}'", name));
}

[[noreturn]] void refuse_shape(const at::Tensor& logits, const at::Tensor& target) {
  throw Error(ErrorCode::BadInput,
              fmt::format("the network's output has the shape [{}], the target [{}]",
                          fmt::join(logits.sizes(), ","), fmt::join(target.sizes(), ",")),
              "make the network's outputs and the samples' targets agree, or choose another loss");
}

// [N, 1, ...] or [N] of class numbers, or [N, 1] for whole-image classes, to [N, ...].
at::Tensor classes_of(const at::Tensor& logits, const at::Tensor& target) {
  std::vector<std::int64_t> wanted{logits.size(0)};
  for (std::int64_t i = 2; i < logits.dim(); ++i) wanted.push_back(logits.size(i));
  std::int64_t count = 1;
  for (const std::int64_t d : wanted) count *= d;
  if (target.size(0) != logits.size(0) || target.numel() != count ||
      (target.dim() == logits.dim() && target.size(1) != 1))
    refuse_shape(logits, target);
  return target.reshape(wanted);
}

at::Tensor class_loss(const TrainingOptions& options, const std::string& second,
                      const at::Tensor& logits, const at::Tensor& target,
                      const at::Tensor& weight) {
  const at::Tensor classes = classes_of(logits, target).to(at::kLong);
  const at::Tensor w = weight.defined() ? classes_of(logits, weight) : weight;
  const at::Tensor entropy =
      weighted_mean(at::cross_entropy_loss(logits, classes, {}, at::Reduction::None), w);
  if (second.empty()) return entropy;
  const Case c{logits, at::softmax(logits, 1),
               at::one_hot(classes, logits.size(1)).movedim(-1, 1).to(at::kFloat),
               w.defined() ? w.unsqueeze(1) : w};
  return entropy + options.second_loss_weight * single_loss(second, options, c);
}

}

bool takes_classes(const TrainingOptions& options) {
  return options.loss.starts_with("cross_entropy");
}

at::Tensor loss_of(const TrainingOptions& options, const at::Tensor& logits,
                   const at::Tensor& target, const at::Tensor& weight) {
  const at::Tensor x = logits.to(at::kFloat);
  const auto plus = options.loss.find('+');
  const std::string first = options.loss.substr(0, plus);
  const std::string second = plus == std::string::npos ? "" : options.loss.substr(plus + 1);
  if (first == "cross_entropy") return class_loss(options, second, x, target, weight);
  if (x.sizes() != target.sizes()) refuse_shape(x, target);
  const Case c{x, at::sigmoid(x), target, weight};
  const at::Tensor loss = single_loss(first, options, c);
  return second.empty() ? loss
                        : loss + options.second_loss_weight * single_loss(second, options, c);
}

ValidationScore::ValidationScore(const TrainingOptions& options)
    : classes_(takes_classes(options)),
      counts_(classes_ ? at::zeros({2}, at::kDouble) : at::zeros({2, thresholds}, at::kDouble)) {}

void ValidationScore::add(const at::Tensor& logits, const at::Tensor& target,
                          const at::Tensor& weight) {
  const at::Tensor w = (weight.defined() ? weight : at::ones_like(target)).to(at::kDouble);
  if (classes_) {
    const at::Tensor right = logits.argmax(1).eq(classes_of(logits, target).to(at::kLong));
    const at::Tensor part = classes_of(logits, w);
    counts_ += at::stack({(right * part).sum(), part.sum()}).cpu();
    return;
  }
  const at::Tensor bin = (at::sigmoid(logits.to(at::kFloat)) * thresholds)
                             .to(at::kLong)
                             .clamp(0, thresholds - 1)
                             .flatten();
  const auto counted = [&](const at::Tensor& of) {
    return at::bincount(bin, (w * of).flatten(), thresholds).cpu();
  };
  const at::Tensor in = target.to(at::kDouble);
  counts_ += at::stack({counted(1 - in), counted(in)});
}

double ValidationScore::value() const {
  const auto* count = counts_.const_data_ptr<double>();
  if (classes_) return count[1] > 0 ? count[0] / count[1] : 0;
  double all = 0, found = 0, wrong = 0, best = 0;
  for (int i = 0; i < thresholds; ++i) all += count[thresholds + i];
  for (int i = thresholds - 1; i >= 0 && all > 0; --i) {
    wrong += count[i];
    found += count[thresholds + i];
    best = std::max(best, 2 * found / (found + wrong + all));
  }
  return best;
}

static at::Tensor view_of(const Tensor& t) {
  return t.values.empty() ? at::Tensor()
                          : at::from_blob(const_cast<float*>(t.values.data()), t.shape, at::kFloat);
}

double loss_value(const TrainingOptions& options, const Tensor& logits, const Tensor& target,
                  const Tensor& weight) {
  const at::NoGradGuard guard;
  return loss_of(options, view_of(logits), view_of(target), view_of(weight)).item<double>();
}

double score_value(const TrainingOptions& options, const Tensor& logits, const Tensor& target,
                   const Tensor& weight) {
  ValidationScore score(options);
  score.add(view_of(logits), view_of(target), view_of(weight));
  return score.value();
}

}
