#include "modules/learn/training.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/checkpoint.h"
#include "modules/learn/event_file.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/splits.h"
#include "modules/learn/torch_runtime.h"
#include "modules/learn/training_loss.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <numeric>
#include <set>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct Batch {
  at::Tensor input, target, weight;
  std::vector<std::size_t> samples;
};

at::Tensor stacked(const std::vector<Tensor>& parts) {
  std::vector<std::int64_t> shape = parts.front().shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  at::Tensor out = at::empty(shape, at::kFloat);
  float* to = out.data_ptr<float>();
  for (const Tensor& part : parts) {
    if (part.shape != parts.front().shape) throw Error(ErrorCode::BadInput, "the samples of a batch differ in shape", "crop or resample them to one size");
    to = std::copy(part.values.begin(), part.values.end(), to);
  }
  return out;
}

Batch make_batch(const SampleSource& source, const std::vector<std::size_t>& indices, const std::vector<std::uint64_t>& seeds) {
  std::vector<Tensor> inputs, targets, weights;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Sample sample = source.get(indices[i], seeds[i]);
    for (const auto* tensor : {&sample.input, &sample.target, &sample.weight})
      for (const float v : tensor->values)
        if (!std::isfinite(v)) throw Error(ErrorCode::BadInput, fmt::format("sample {} of group '{}' holds a value that is not a number", indices[i], source.group(indices[i])), "find and repair that recording");
    inputs.push_back(std::move(sample.input));
    targets.push_back(std::move(sample.target));
    if (!sample.weight.values.empty()) weights.push_back(std::move(sample.weight));
  }
  Batch batch{stacked(inputs), stacked(targets), {}, indices};
  if (weights.size() == inputs.size()) batch.weight = stacked(weights);
  if (batch.input.dim() == 4) batch.input = batch.input.contiguous(at::MemoryFormat::ChannelsLast);
  return batch;
}

// Every epoch visits every sample once, in an order that depends on the seed and the epoch alone.
class Sampler {
public:
  Sampler(std::size_t size, std::uint64_t seed) : size_(size), seed_(seed), order_(size) {}
  std::pair<std::size_t, std::uint64_t> at(std::uint64_t position) {
    const std::uint64_t epoch = position / size_;
    if (!shuffled_ || epoch != epoch_) shuffle(epoch);
    return {order_[position % size_], mixed_seed(seed_, position + 1, 77)};
  }

private:
  void shuffle(std::uint64_t epoch) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    for (std::size_t i = size_; i > 1; --i) std::swap(order_[i - 1], order_[mixed_seed(seed_, epoch, i) % i]);
    epoch_ = epoch;
    shuffled_ = true;
  }
  std::size_t size_;
  std::uint64_t seed_;
  std::vector<std::size_t> order_;
  std::uint64_t epoch_ = 0;
  bool shuffled_ = false;
};

double rate_at(const TrainingOptions& o, int step) {
  const double warm = o.warmup_steps > 0 ? std::min(1.0, (step + 1.0) / o.warmup_steps) : 1.0;
  const double progress = static_cast<double>(step) / std::max(1, o.steps);
  if (o.schedule == "cosine") return o.learning_rate * warm * 0.5 * (1 + std::cos(3.14159265358979323846 * progress)); // Loshchilov and Hutter, ICLR 2017, eq. 5
  if (o.schedule == "step") return o.learning_rate * warm * (progress < 0.6 ? 1 : progress < 0.85 ? 0.1 : 0.01);
  return o.learning_rate * warm;
}

class AutocastGuard {
public:
  explicit AutocastGuard(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  }
  ~AutocastGuard() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

private:
  bool on_;
};

class Trainer {
public:
  Trainer(const Graph& initial, const SampleSource& training, const SampleSource& validation, const TrainingOptions& options, fs::path folder, const Context& context)
      : graph_(initial), training_(training), validation_(validation), o_(options), folder_(std::move(folder)), context_(context), executor_(initial), sampler_(training.size(), static_cast<std::uint64_t>(options.seed)) {
    if (o_.threads > 0) at::set_num_threads(o_.threads);
    executor_.use_channels_last();
    executor_.train(true);
    for (auto& p : executor_.parameters()) {
      weights_.push_back(p.tensor);
      first_.push_back(at::zeros_like(p.tensor.detach()));
      second_.push_back(at::zeros_like(p.tensor.detach()));
      counts_.push_back(at::zeros({}, at::kFloat));
    }
    plan_ = {{"options", parameters_json(o_)}, {"network", sha256(serialise_onnx(initial))}, {"samples", training.size()}};
  }

  TrainingResult run() {
    resume();
    EventFile events(folder_ / "events");
    std::future<Batch> next = prefetch(step_);
    while (step_ < o_.steps && !stopped_early_) {
      context_.info(fmt::format("step {}", step_));
      if (context_.progress && !context_.progress(static_cast<double>(step_) / o_.steps, fmt::format("step {} of {}, loss {:.4f}", step_, o_.steps, last_loss_))) {
        next.wait();
        save();
        throw Error(ErrorCode::Cancelled, fmt::format("training stopped at step {}; it goes on from there when started again", step_));
      }
      optimise(next);
      ++step_;
      record(events, "loss/training", last_loss_);
      record(events, "learning_rate", rate_at(o_, step_ - 1));
      if (step_ % o_.validate_every == 0 || step_ == o_.steps) validate(events);
      if (step_ % o_.checkpoint_every == 0 || step_ == o_.steps || stopped_early_) save();
    }
    if (next.valid()) next.wait();
    return finish();
  }

private:
  std::future<Batch> prefetch(int step) {
    std::vector<std::size_t> indices;
    std::vector<std::uint64_t> seeds;
    for (int i = 0; i < o_.batch_size; ++i) {
      const auto [index, seed] = sampler_.at(position_of(step, accumulated_) + static_cast<std::uint64_t>(i));
      indices.push_back(index);
      seeds.push_back(seed);
    }
    return std::async(std::launch::async, [this, indices, seeds] { return make_batch(training_, indices, seeds); });
  }

  std::uint64_t position_of(int step, int part) const { return (static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(o_.accumulate) + static_cast<std::uint64_t>(part)) * static_cast<std::uint64_t>(o_.batch_size); }

  void optimise(std::future<Batch>& next) {
    at::manual_seed(mixed_seed(static_cast<std::uint64_t>(o_.seed), static_cast<std::uint64_t>(step_), 5));
    double loss_sum = 0;
    for (accumulated_ = 0; accumulated_ < o_.accumulate; ++accumulated_) {
      const Batch batch = next.get();
      const int part = accumulated_;
      accumulated_ = (part + 1) % o_.accumulate;
      next = prefetch(accumulated_ == 0 ? step_ + 1 : step_);
      accumulated_ = part;
      at::Tensor loss;
      {
        const AutocastGuard autocast(o_.precision == "bfloat16");
        loss = loss_of(o_, executor_.forward({batch.input}, true).front(), batch.target, batch.weight);
      }
      const double value = loss.item<double>();
      if (!std::isfinite(value)) refuse_loss(batch, value);
      loss_sum += value;
      torch::autograd::backward({loss / static_cast<double>(o_.accumulate)}, {});
    }
    accumulated_ = 0;
    last_loss_ = loss_sum / o_.accumulate;
    update();
  }

  [[noreturn]] void refuse_loss(const Batch& batch, double value) const {
    std::string names;
    for (const std::size_t i : batch.samples) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", i, training_.group(i));
    throw Error(ErrorCode::BadInput, fmt::format("the loss became {} at step {}; the batch held the samples {}", value, step_, names), "lower the learning rate, or look at these samples; the last good checkpoint is kept");
  }

  void update() {
    const at::NoGradGuard guard;
    std::vector<at::Tensor> gradients;
    for (at::Tensor& w : weights_) gradients.push_back(w.grad().defined() ? w.grad() : at::zeros_like(w));
    if (o_.gradient_clip > 0) {
      double square = 0;
      for (const double norm_square : squared_norms(gradients)) square += norm_square;
      const double norm = std::sqrt(square);
      if (norm > o_.gradient_clip)
        for (at::Tensor& g : gradients) g.mul_(o_.gradient_clip / norm);
    }
    const double rate = rate_at(o_, step_);
    if (o_.optimiser == "sgd") {
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        first_[i].mul_(o_.momentum).add_(gradients[i] + o_.weight_decay * weights_[i]);
        weights_[i].add_(first_[i], -rate);
      }
    } else {
      for (at::Tensor& c : counts_) c.add_(1);
      at::_fused_adamw_(weights_, gradients, first_, second_, {}, counts_, rate, 0.9, 0.999, o_.weight_decay, 1e-8, false, false);
    }
    for (at::Tensor& w : weights_) w.mutable_grad().reset();
  }

  static std::vector<double> squared_norms(const std::vector<at::Tensor>& tensors) {
    std::vector<double> out;
    for (const at::Tensor& t : at::_foreach_norm(tensors, 2)) out.push_back(std::pow(t.item<double>(), 2));
    return out;
  }

  void validate(EventFile& events) {
    const at::NoGradGuard guard;
    double sum = 0;
    std::size_t batches = 0;
    for (std::size_t from = 0; from < validation_.size(); from += static_cast<std::size_t>(o_.batch_size)) {
      std::vector<std::size_t> indices;
      for (std::size_t i = from; i < std::min(validation_.size(), from + static_cast<std::size_t>(o_.batch_size)); ++i) indices.push_back(i);
      const Batch batch = make_batch(validation_, indices, std::vector<std::uint64_t>(indices.size(), 0));
      const AutocastGuard autocast(o_.precision == "bfloat16");
      sum += loss_of(o_, executor_.forward({batch.input}, false).front(), batch.target, batch.weight).item<double>();
      ++batches;
    }
    const double loss = sum / static_cast<double>(std::max<std::size_t>(1, batches));
    record(events, "loss/validation", loss);
    events.flush();
    if (best_step_ == 0 || loss < best_loss_) {
      best_loss_ = loss;
      best_step_ = step_;
      executor_.copy_into(graph_);
      write_onnx(graph_, folder_ / "best.onnx");
    } else if (o_.patience > 0 && step_ - best_step_ >= o_.patience * o_.validate_every) {
      stopped_early_ = true;
    }
  }

  void record(EventFile& events, const std::string& tag, double value) {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    events.scalar(tag, value, step_, now);
    std::ofstream(folder_ / "log.jsonl", std::ios::app) << json{{"step", step_}, {"tag", tag}, {"value", value}, {"time", now}}.dump() << "\n";
  }

  void save() {
    Checkpoint checkpoint;
    checkpoint.state = {{"plan", plan_}, {"step", step_}, {"best_loss", best_loss_}, {"best_step", best_step_}, {"stopped_early", stopped_early_}, {"last_loss", last_loss_}, {"threads", at::get_num_threads()}};
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const std::string& name = executor_.parameters()[i].name;
      checkpoint.tensors["weight/" + name] = to_host(weights_[i]);
      checkpoint.tensors["first/" + name] = to_host(first_[i]);
      checkpoint.tensors["second/" + name] = to_host(second_[i]);
      checkpoint.tensors["count/" + name] = to_host(counts_[i]);
    }
    for (const auto& b : executor_.buffers()) checkpoint.tensors["buffer/" + b.name] = to_host(b.tensor);
    write_checkpoint(checkpoint, folder_ / fmt::format("checkpoint-{:09d}.ckpt", step_));
    keep_newest(folder_, o_.keep_checkpoints);
  }

  void resume() {
    make_folder(folder_);
    std::vector<std::string> warnings;
    const auto checkpoint = newest_checkpoint(folder_, warnings);
    for (const std::string& warning : warnings) context_.warn(warning);
    if (!checkpoint) return;
    if (checkpoint->state.at("plan") != plan_) {
      std::string differs;
      for (const json& change : json::diff(checkpoint->state.at("plan"), plan_)) differs += fmt::format(" {}", change.at("path").get<std::string>());
      throw Error(ErrorCode::Conflict, fmt::format("'{}' holds a run of another plan; it differs in:{}", folder_.string(), differs), "use another folder, or the plan that the run was started with");
    }
    const at::NoGradGuard guard;
    const auto restore = [&](const std::string& key, at::Tensor& into) { into.copy_(to_torch(checkpoint->tensors.at(key))); };
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const std::string& name = executor_.parameters()[i].name;
      restore("weight/" + name, weights_[i]);
      restore("first/" + name, first_[i]);
      restore("second/" + name, second_[i]);
      restore("count/" + name, counts_[i]);
    }
    for (auto& b : executor_.buffers()) restore("buffer/" + b.name, b.tensor);
    step_ = checkpoint->state.at("step");
    best_loss_ = checkpoint->state.at("best_loss");
    best_step_ = checkpoint->state.at("best_step");
    stopped_early_ = checkpoint->state.at("stopped_early");
    last_loss_ = checkpoint->state.at("last_loss");
    context_.info(fmt::format("going on from step {}", step_));
  }

  TrainingResult finish() {
    executor_.copy_into(graph_);
    write_onnx(graph_, folder_ / "last.onnx");
    std::string all;
    for (const auto* list : {&executor_.parameters(), &executor_.buffers()})
      for (const auto& named : *list) {
        const HostTensor host = to_host(named.tensor);
        all += named.name + sha256(std::span(host.bytes));
      }
    return {step_, stopped_early_, best_loss_, best_step_, folder_ / "best.onnx", folder_ / "last.onnx", sha256(all)};
  }

  Graph graph_;
  const SampleSource& training_;
  const SampleSource& validation_;
  TrainingOptions o_;
  fs::path folder_;
  const Context& context_;
  Executor executor_;
  Sampler sampler_;
  std::vector<at::Tensor> weights_, first_, second_, counts_;
  json plan_;
  int step_ = 0, best_step_ = 0, accumulated_ = 0;
  double best_loss_ = 0, last_loss_ = 0;
  bool stopped_early_ = false;
};

std::vector<std::string> groups_of(const SampleSource& source) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < source.size(); ++i) names.insert(source.group(i));
  return {names.begin(), names.end()};
}

}

void describe(ParameterVisitor& v, TrainingOptions& o) {
  v.choice("loss", o.loss, {"bce", "focal", "dice", "focal_tversky", "cross_entropy", "bce+dice", "focal+dice", "bce+focal_tversky", "focal+focal_tversky"}, {.help = "loss on the logits"});
  v.number("focal_gamma", o.focal_gamma, {.help = "focusing exponent of the focal loss", .min = 0, .max = 10, .expert = true});
  v.number("tversky_alpha", o.tversky_alpha, {.help = "weight of false positives", .min = 0, .max = 1, .expert = true});
  v.number("tversky_beta", o.tversky_beta, {.help = "weight of false negatives", .min = 0, .max = 1, .expert = true});
  v.number("focal_tversky_gamma", o.focal_tversky_gamma, {.help = "exponent of the focal Tversky loss", .min = 0.1, .max = 5, .expert = true});
  v.number("second_loss_weight", o.second_loss_weight, {.help = "weight of the second loss of a pair", .min = 0, .max = 100});
  v.choice("optimiser", o.optimiser, {"adamw", "sgd"}, {.help = "AdamW, or SGD with momentum"});
  v.number("learning_rate", o.learning_rate, {.help = "highest learning rate", .min = 1e-8, .max = 10});
  v.number("weight_decay", o.weight_decay, {.help = "decoupled weight decay", .min = 0, .max = 1});
  v.number("momentum", o.momentum, {.help = "momentum of SGD", .min = 0, .max = 0.999, .expert = true});
  v.choice("schedule", o.schedule, {"cosine", "constant", "step"}, {.help = "how the learning rate falls"});
  v.integer("warmup_steps", o.warmup_steps, {.help = "steps over which the rate rises", .min = 0, .max = 1000000});
  v.integer("batch_size", o.batch_size, {.help = "samples in a step", .min = 1, .max = 65536});
  v.integer("accumulate", o.accumulate, {.help = "batches whose gradients are added before a step", .min = 1, .max = 1024});
  v.integer("steps", o.steps, {.help = "steps in all", .min = 1, .max = 100000000});
  v.number("gradient_clip", o.gradient_clip, {.help = "largest gradient norm; 0: no limit", .min = 0, .max = 1e6});
  v.choice("precision", o.precision, {"float32", "bfloat16"}, {.help = "bfloat16 where LibTorch's autocast allows it"});
  v.integer("validate_every", o.validate_every, {.help = "steps between validations", .min = 1, .max = 1000000});
  v.integer("patience", o.patience, {.help = "validations without progress before stopping; 0: never", .min = 0, .max = 100000});
  v.integer("checkpoint_every", o.checkpoint_every, {.help = "steps between checkpoints", .min = 1, .max = 1000000});
  v.integer("keep_checkpoints", o.keep_checkpoints, {.help = "checkpoints kept", .min = 1, .max = 1000});
  v.integer("seed", o.seed, {.help = "seed of weights, order and augmentation", .min = 0});
  v.integer("threads", o.threads, {.help = "processor threads; 0: all", .min = 0, .max = 1024, .expert = true});
}

TrainingResult train(const Graph& initial, const SampleSource& training, const SampleSource& validation, const TrainingOptions& options, const fs::path& run_folder, const Context& context) {
  if (training.size() == 0 || validation.size() == 0) throw Error(ErrorCode::BadInput, fmt::format("training has {} samples and validation {}: both need some", training.size(), validation.size()));
  refuse_leakage(groups_of(training), groups_of(validation));
  return Trainer(initial, training, validation, options, run_folder, context).run();
}

}
