#include "modules/learn/training.h"

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr double pi = 3.14159265358979323846;

double cosine_between(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1 + std::cos(pi * progress));
}

// Smith and Topin, "Super-Convergence", 2018; in cosine form: from a 25th up over 30 % of the
// steps, then to nearly nothing.
double one_cycle(double highest, double step, double steps) {
  const double top = std::max(1.0, 0.3 * steps), last = std::max(top + 1, steps - 1);
  return step <= top
             ? cosine_between(highest / 25, highest, step / top)
             : cosine_between(highest, highest / 25e4, std::min(1.0, (step - top) / (last - top)));
}

}

int total_steps(const TrainingOptions& o, std::size_t samples) {
  if (o.epochs == 0) return o.steps;
  const double per_step = static_cast<double>(o.batch_size) * o.accumulate;
  const double steps = std::ceil(o.epochs * static_cast<double>(samples) / per_step);
  return static_cast<int>(std::clamp(steps, 1.0, 1e9));
}

double learning_rate_at(const TrainingOptions& o, int step, int steps) {
  if (o.schedule == "one_cycle") return one_cycle(o.learning_rate, step, steps);
  const double warm = o.warmup_steps > 0 ? std::min(1.0, (step + 1.0) / o.warmup_steps) : 1.0;
  const double progress = static_cast<double>(step) / std::max(1, steps);
  // Loshchilov and Hutter, ICLR 2017, eq. 5
  if (o.schedule == "cosine") return o.learning_rate * warm * 0.5 * (1 + std::cos(pi * progress));
  if (o.schedule == "step")
    return o.learning_rate * warm * (progress < 0.6 ? 1 : progress < 0.85 ? 0.1 : 0.01);
  return o.learning_rate * warm;
}

void describe(ParameterVisitor& v, TrainingOptions& o) {
  v.choice("loss", o.loss,
           {"bce", "focal", "dice", "focal_tversky", "cross_entropy", "bce+dice", "focal+dice",
            "bce+focal_tversky", "focal+focal_tversky", "cross_entropy+dice",
            "cross_entropy+focal_tversky"},
           {.help = "loss on the logits"});
  v.number("focal_gamma", o.focal_gamma,
           {.help = "focusing exponent of the focal loss", .min = 0, .max = 10, .expert = true});
  v.number("tversky_alpha", o.tversky_alpha,
           {.help = "weight of false positives", .min = 0, .max = 1, .expert = true});
  v.number("tversky_beta", o.tversky_beta,
           {.help = "weight of false negatives", .min = 0, .max = 1, .expert = true});
  v.number("focal_tversky_gamma", o.focal_tversky_gamma,
           {.help = "exponent of the focal Tversky loss", .min = 0.1, .max = 5, .expert = true});
  v.number("second_loss_weight", o.second_loss_weight,
           {.help = "weight of the second loss of a pair", .min = 0, .max = 100});
  v.choice("optimiser", o.optimiser, {"adamw", "sgd"}, {.help = "AdamW, or SGD with momentum"});
  v.number("learning_rate", o.learning_rate,
           {.help = "highest learning rate", .min = 1e-8, .max = 10});
  v.number("weight_decay", o.weight_decay,
           {.help = "weight decay: decoupled from the gradient in AdamW, added to it in SGD",
            .min = 0,
            .max = 1});
  v.number("momentum", o.momentum,
           {.help = "momentum of SGD", .min = 0, .max = 0.999, .expert = true});
  v.choice("schedule", o.schedule, {"cosine", "constant", "step", "one_cycle"},
           {.help = "how the learning rate falls"});
  v.integer("warmup_steps", o.warmup_steps,
            {.help = "steps over which the rate rises (one_cycle has its own)",
             .min = 0,
             .max = 1000000});
  v.integer("batch_size", o.batch_size, {.help = "samples in a step", .min = 1, .max = 65536});
  v.integer("accumulate", o.accumulate,
            {.help = "batches whose gradients are added before a step", .min = 1, .max = 1024});
  v.integer("steps", o.steps, {.help = "steps in all", .min = 1, .max = 100000000});
  v.integer(
      "epochs", o.epochs,
      {.help = "passes over the training samples; 0: as steps says", .min = 0, .max = 1000000});
  v.number("gradient_clip", o.gradient_clip,
           {.help = "largest gradient norm; 0: no limit", .min = 0, .max = 1e6});
  v.choice(
      "precision", o.precision, {"float32", "bfloat16", "float16"},
      {.help = "in which layers compute that LibTorch's autocast allows; weights stay float32"});
  v.integer("validate_every", o.validate_every,
            {.help = "steps between validations", .min = 1, .max = 1000000});
  v.integer(
      "patience", o.patience,
      {.help = "validations without progress before stopping; 0: never", .min = 0, .max = 100000});
  v.integer("checkpoint_every", o.checkpoint_every,
            {.help = "steps between checkpoints; 0: as many as cost one hundredth of the time",
             .min = 0,
             .max = 1000000});
  v.integer("keep_checkpoints", o.keep_checkpoints,
            {.help = "checkpoints kept", .min = 1, .max = 1000});
  v.integer("seed", o.seed, {.help = "seed of weights, order and augmentation", .min = 0});
  v.integer(
      "threads", o.threads,
      {.help = "processor threads; 0: as the program says", .min = 0, .max = 1024, .expert = true});
  v.integer("average_every", o.average_every,
            {.help = "with several ranks: steps between averages of the weights; 0: average the "
                     "gradients of every step",
             .min = 0,
             .max = 1000000,
             .expert = true});
}

}
