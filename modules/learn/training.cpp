#include "modules/learn/training.h"

#include "modules/core/devices.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/checkpoint.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/rank_group.h"
#include "modules/learn/splits.h"
#include "modules/learn/torch_device.h"
#include "modules/learn/torch_runtime.h"
#include "modules/learn/training_data.h"
#include "modules/learn/training_log.h"
#include "modules/learn/training_loss.h"
#include "modules/learn/training_parts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <future>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

std::string hash_of_groups(const SampleSource& source) {
  std::string all;
  for (const std::string& group : groups_of(source)) all += group + "\n";
  return sha256(all);
}

// A plan made by an older version lacks the newest options; they had their defaults.
json completed(json plan) {
  try {
    plan["options"] = parameters_json(parameters_from<TrainingOptions>(plan.at("options")));
  } catch (const std::exception&) {
  }
  return plan;
}

std::string differences(const json& before, const json& now) {
  std::string out;
  for (const json& change : json::diff(before, now)) {
    const json::json_pointer at(change.at("path").get<std::string>());
    const auto text = [&](const json& plan) {
      return plan.contains(at) ? plan.at(at).dump().substr(0, 40) : "nothing";
    };
    out += fmt::format("{}{} (was {}, is {})", out.empty() ? "" : ", ", at.to_string(),
                       text(before), text(now));
  }
  return out;
}

// All ranks together: batch_size is each one's share.
TrainingOptions of_all(TrainingOptions options, const RankGroup& ranks) {
  options.batch_size *= ranks.size();
  return options;
}

class Trainer {
public:
  Trainer(const Graph& initial, const SampleSource& training, const SampleSource& validation,
          const TrainingOptions& options, fs::path folder, RankGroup& ranks, const Context& context)
      : graph_(initial), training_(training), validation_(validation), o_(options),
        folder_(std::move(folder)), ranks_(ranks), context_(context),
        device_(torch_device(context.device)), executor_(initial, device_),
        steps_(total_steps(of_all(options, ranks), training.size())),
        loader_(training, options, ranks.rank(), ranks.size(), steps_) {
    if (const int threads = o_.threads > 0 ? o_.threads : context.threads; threads > 0)
      at::set_num_threads(threads);
    executor_.use_channels_last();
    executor_.train(true);
    for (auto& p : executor_.parameters()) {
      weights_.push_back(p.tensor);
      first_.push_back(at::zeros_like(p.tensor.detach()));
      second_.push_back(at::zeros_like(p.tensor.detach()));
      counts_.push_back(at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device_)));
    }
    if (weights_.empty())
      throw Error(ErrorCode::BadInput, "the network has no weights that can be trained");
    if (o_.precision == "float16") scale_.value = 65536;
    plan_ = {{"options", parameters_json(o_)},
             {"network", sha256(serialise_onnx(initial))},
             {"samples", training.size()},
             {"validation_samples", validation.size()},
             {"groups", sha256(hash_of_groups(training) + hash_of_groups(validation))}};
    if (!ranks_.alone()) plan_["ranks"] = ranks_.size();
    if (const std::string set = training.layout().identity; !set.empty()) plan_["set"] = set;
    if (o_.average_every == 0) ranks_.average_gradients(weights_);
  }

  TrainingResult run() {
    agree_on_plan();
    ranks_.together([&] {
      if (ranks_.rank() == 0) resume();
    });
    share_state();
    TrainingLog log(folder_, step_);
    waits_before_ = ranks_.waits();
    cost_.begin_s = now();
    cost_.first_step = step_;
    loader_.begin(step_);
    while (step_ < steps_ && !stopped_early_) {
      const bool enough = context_.progress &&
                          !context_.progress(static_cast<double>(step_) / steps_, progress_text());
      stopping_ = ranks_.any(enough || stopping_);
      // Between two averages each rank has weights of its own, which no checkpoint holds.
      if (stopping_ && !apart_) {
        loader_.wait();
        save(log);
        ranks_.together([&] { settle(); });
        throw Error(
            ErrorCode::Cancelled,
            fmt::format("training stopped at step {}; it goes on from there when started again",
                        step_));
      }
      const double rate = learning_rate_at(o_, step_, steps_);
      optimise(rate);
      ++step_;
      apart_ = !ranks_.alone() && o_.average_every > 0;
      const bool validates = step_ % o_.validate_every == 0 || step_ == steps_;
      if (apart_ &&
          (validates || step_ % o_.average_every == 0 || step_ % o_.checkpoint_every == 0))
        average();
      log.record("loss/training", last_loss_, step_);
      log.record("learning_rate", rate, step_);
      if (o_.precision == "float16") log.record("loss_scale", scale_.value, step_);
      if (validates) validate(log);
      if (wants_checkpoint()) save(log);
    }
    loader_.wait();
    ranks_.together([&] { settle(); });
    log.record("loader/waited_s", loader_.waited_s(), step_);
    log.record("steps/seconds", steps_s_, step_);
    tell_waits(log);
    if (ranks_.rank() == 0) {
      log.record("checkpoint/written_s", cost_.written_s, step_);
      context_.info(fmt::format("{} checkpoints: training waited {:.2f} s of {:.1f} s for them, "
                                "which were written beside it in {:.2f} s",
                                cost_.count, cost_.waited_s, now() - cost_.begin_s,
                                cost_.written_s));
      context_.info(
          fmt::format("steps took {:.1f} s, of which training waited {:.2f} s for samples",
                      steps_s_, loader_.waited_s()));
    }
    log.flush();
    return finish();
  }

private:
  std::string progress_text() const {
    return fmt::format("step {} of {}, loss {:.4f}", step_, steps_, last_loss_);
  }

  void optimise(double rate) {
    const double begin = now();
    const Arena::Scope scope(executor_.arena());
    at::manual_seed(mixed_seed(static_cast<std::uint64_t>(o_.seed),
                               static_cast<std::uint64_t>(step_),
                               5 + 1000 * static_cast<std::uint64_t>(ranks_.rank())));
    at::Tensor sum = at::zeros({1}, at::kDouble);
    std::vector<std::size_t> samples;
    for (int part = 0; part < o_.accumulate; ++part) {
      const bool last = part + 1 == o_.accumulate;
      at::Tensor loss;
      ranks_.together([&] {
        const Batch batch = loader_.next();
        samples.insert(samples.end(), batch.samples.begin(), batch.samples.end());
        loss = loss_on(training_, batch, true);
        const double value = loss.item<double>();
        if (!std::isfinite(value))
          refuse_number(fmt::format("the loss became {}", value), training_, batch.samples);
        sum += value;
      });
      ranks_.backward(loss * (scale_.value / o_.accumulate), last);
    }
    ranks_.average({sum});
    last_loss_ = sum.item<double>() / o_.accumulate;
    update(rate, samples);
    steps_s_ += now() - begin;
  }

  at::Tensor loss_on(const SampleSource& source, const Batch& batch, bool training,
                     ValidationScore* score = nullptr) {
    const auto to = [this](const at::Tensor& t) { return t.defined() ? t.to(device_) : t; };
    const Autocast autocast(o_.precision, device_.type());
    const std::vector<at::Tensor> outputs = executor_.forward({to(batch.input)}, training);
    const at::Tensor& logits = outputs.front();
    const float largest =
        takes_classes(o_) ? static_cast<float>(logits.dim() > 1 ? logits.size(1) - 1 : 0) : 1;
    if (batch.smallest_target < 0 || batch.largest_target > largest)
      throw Error(
          ErrorCode::BadInput,
          fmt::format("a target holds {}; the loss {} takes 0 to {}. The batch held the samples {}",
                      batch.smallest_target < 0 ? batch.smallest_target : batch.largest_target,
                      o_.loss, largest, names_of(source, batch.samples)),
          "correct these labels, or choose the loss that fits them");
    const at::Tensor target = to(batch.target), weight = to(batch.weight);
    const at::Tensor loss = loss_of(o_, logits, target, weight);
    if (score) score->add(logits, target, weight);
    return loss;
  }

  [[noreturn]] void refuse_number(const std::string& what, const SampleSource& source,
                                  const std::vector<std::size_t>& samples) const {
    throw Error(
        ErrorCode::BadInput,
        fmt::format("{} at step {}; the batch held the samples {}", what, step_,
                    names_of(source, samples)),
        "lower the learning rate, or look at these samples; the last good checkpoint is kept");
  }

  void update(double rate, const std::vector<std::size_t>& samples) {
    const at::NoGradGuard guard;
    std::vector<at::Tensor> gradients;
    for (at::Tensor& w : weights_)
      gradients.push_back(w.grad().defined() ? w.grad() : at::zeros_like(w));
    const double norm = norm_of(gradients) / scale_.value;
    if (std::isfinite(norm)) {
      double factor = 1 / scale_.value;
      if (o_.gradient_clip > 0 && norm > o_.gradient_clip) factor *= o_.gradient_clip / norm;
      if (factor != 1) at::_foreach_mul_(gradients, at::Scalar(factor));
      apply(gradients, rate);
      if (o_.precision == "float16") scale_.good();
    } else {
      if (o_.precision != "float16" || scale_.value < 1)
        refuse_number("a gradient became infinite or no number", training_, samples);
      scale_.overflow();
    }
    for (at::Tensor& w : weights_) w.mutable_grad().reset();
  }

  static double norm_of(const std::vector<at::Tensor>& tensors) {
    double square = 0;
    for (const at::Tensor& t : at::_foreach_norm(tensors, 2))
      square += std::pow(t.item<double>(), 2);
    return std::sqrt(square);
  }

  void apply(const std::vector<at::Tensor>& gradients, double rate) {
    if (o_.optimiser == "sgd") {
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        first_[i].mul_(o_.momentum).add_(gradients[i] + o_.weight_decay * weights_[i]);
        weights_[i].add_(first_[i], -rate);
      }
      return;
    }
    for (at::Tensor& c : counts_) c.add_(1);
    at::_fused_adamw_(weights_, gradients, first_, second_, {}, counts_, rate, 0.9, 0.999,
                      o_.weight_decay, 1e-8, false, false);
  }

  void validate(TrainingLog& log) {
    const at::NoGradGuard guard;
    for (const auto& b : executor_.buffers()) ranks_.broadcast(b.tensor);
    double sum = 0;
    ValidationScore score(o_);
    const auto look = [&](const Batch& batch) {
      const double value = loss_on(validation_, batch, false, &score).item<double>();
      if (!std::isfinite(value))
        refuse_number(fmt::format("the validation loss became {}", value), validation_,
                      batch.samples);
      sum += value * static_cast<double>(batch.samples.size());
    };
    ranks_.together([&] {
      for_each_batch(validation_, static_cast<std::size_t>(o_.batch_size), ranks_.rank(),
                     ranks_.size(), look);
    });
    const at::Tensor whole = at::full({1}, sum, at::kDouble);
    ranks_.sum(whole);
    ranks_.sum(score.counts());
    const double loss = whole.item<double>() / static_cast<double>(validation_.size());
    log.record("loss/validation", loss, step_);
    log.record("score/validation", score.value(), step_);
    context_.info(fmt::format("step {}: validation loss {:.5f}", step_, loss));
    if (best_step_ == 0 || loss < best_loss_) {
      best_loss_ = loss;
      best_score_ = score.value();
      best_step_ = step_;
      executor_.copy_into(graph_);
      write_onnx(graph_, folder_ / "best.onnx");
    } else if (o_.patience > 0 && step_ - best_step_ >= o_.patience * o_.validate_every) {
      stopped_early_ = true;
    }
  }

  // Every tensor that a run depends on, by the name it has in a checkpoint.
  std::vector<std::pair<std::string, at::Tensor>> state_tensors() {
    std::vector<std::pair<std::string, at::Tensor>> out;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const std::string& name = executor_.parameters()[i].name;
      out.emplace_back("weight/" + name, weights_[i]);
      out.emplace_back("first/" + name, first_[i]);
      out.emplace_back("second/" + name, second_[i]);
      out.emplace_back("count/" + name, counts_[i]);
    }
    for (const auto& b : executor_.buffers()) out.emplace_back("buffer/" + b.name, b.tensor);
    return out;
  }

  bool wants_checkpoint() {
    if (step_ == steps_ || stopped_early_) return true;
    if (o_.checkpoint_every > 0) return step_ % o_.checkpoint_every == 0;
    const int due = ranks_.rank() == 0 && step_ >= next_checkpoint() ? 1 : 0;
    const at::Tensor decided = at::full({1}, due, at::kInt);
    ranks_.broadcast(decided);
    return decided.item<int>() != 0;
  }

  // So that what checkpoints cost, waiting and writing, is one hundredth of the time of training.
  int next_checkpoint() {
    constexpr int first = 10;
    if (cost_.count == 0) return cost_.first_step + first;
    if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      return step_ + 1;
    settle();
    const double step_s =
        (now() - cost_.begin_s - cost_.waited_s) / std::max(1, step_ - cost_.first_step);
    const double each = (cost_.waited_s + cost_.written_s) / cost_.count;
    return cost_.last_step + std::max(first, static_cast<int>(each / (0.01 * step_s)));
  }

  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  // Training waits for the copy of the state, not for the disk; the write before this one has
  // ended.
  void save(TrainingLog& log) {
    const double begin = now();
    log.flush();
    ranks_.together([&] {
      if (ranks_.rank() != 0) return;
      settle();
      auto checkpoint = std::make_shared<const Checkpoint>(state());
      double bytes = 0;
      for (const auto& [name, tensor] : checkpoint->tensors)
        bytes += static_cast<double>(tensor.bytes.size());
      log.record("checkpoint/bytes", bytes, step_);
      writing_ = std::async(std::launch::async, [checkpoint, folder = folder_, step = step_,
                                                 keep = o_.keep_checkpoints] {
        const double start = now();
        write_checkpoint(*checkpoint, folder / fmt::format("checkpoint-{:09d}.ckpt", step));
        keep_newest(folder, keep);
        return now() - start;
      });
    });
    ++cost_.count;
    cost_.last_step = step_;
    cost_.waited_s += now() - begin;
    log.record("checkpoint/waited_s", now() - begin, step_);
  }

  // Throws what the write in the background threw.
  void settle() {
    if (writing_.valid()) cost_.written_s += writing_.get();
  }

  json progress() const {
    return {{"step", step_},
            {"best_loss", best_loss_},
            {"best_score", best_score_},
            {"best_step", best_step_},
            {"stopped_early", stopped_early_},
            {"last_loss", last_loss_},
            {"loss_scale", scale_.value},
            {"good_steps", scale_.good_steps}};
  }

  // Takes all of it or, throwing json::exception, nothing.
  void take_progress(const json& said) {
    const int step = said.at("step").get<int>(), best_step = said.at("best_step").get<int>();
    const double best_loss = said.at("best_loss").get<double>(),
                 best_score = said.value("best_score", 0.0),
                 last_loss = said.at("last_loss").get<double>();
    const bool stopped = said.at("stopped_early").get<bool>();
    const LossScale scale{said.value("loss_scale", 1.0), said.value("good_steps", 0)};
    if (step < 0 || step > steps_ || !(scale.value > 0))
      throw Error(ErrorCode::BadInput,
                  fmt::format("a checkpoint in '{}' names an impossible step", folder_.string()));
    step_ = step, best_step_ = best_step, best_loss_ = best_loss, best_score_ = best_score,
    last_loss_ = last_loss, stopped_early_ = stopped, scale_ = scale;
  }

  Checkpoint state() {
    Checkpoint checkpoint;
    checkpoint.state = progress();
    checkpoint.state["plan"] = plan_;
    checkpoint.state["threads"] = at::get_num_threads();
    for (const auto& [name, tensor] : state_tensors()) checkpoint.tensors[name] = to_host(tensor);
    return checkpoint;
  }

  void agree_on_plan() {
    const std::string first = ranks_.broadcast(plan_.dump());
    ranks_.together([&] {
      if (first != plan_.dump())
        throw Error(
            ErrorCode::BadInput,
            fmt::format("rank {} was started with another plan than rank 0; it differs in: {}",
                        ranks_.rank(), differences(json::parse(first), plan_)),
            "start every rank with the same command and files");
    });
  }

  // Rank 0 read the checkpoint; the others may not see its folder.
  void share_state() {
    if (ranks_.alone()) return;
    take_progress(json::parse(ranks_.broadcast(progress().dump())));
    const at::NoGradGuard guard;
    for (auto& [name, tensor] : state_tensors()) ranks_.broadcast(tensor);
  }

  void average() {
    const at::NoGradGuard guard;
    std::vector<at::Tensor> all = weights_;
    all.insert(all.end(), first_.begin(), first_.end());
    all.insert(all.end(), second_.begin(), second_.end());
    ranks_.average(all);
    apart_ = false;
  }

  void resume() {
    remove_leftovers(folder_);
    for (const fs::path& path : checkpoints_in(folder_)) {
      try {
        restore(read_checkpoint(path));
        context_.info(fmt::format("going on from step {}", step_));
        return;
      } catch (const Error& e) {
        if (e.code() == ErrorCode::Conflict) throw;
        context_.warn(e.what());
      } catch (const json::exception&) {
        context_.warn(fmt::format("the checkpoint '{}' lacks a part of its state", path.string()));
      }
    }
  }

  void restore(const Checkpoint& checkpoint) {
    const json& state = checkpoint.state;
    const json before = completed(state.at("plan"));
    if (before != plan_)
      throw Error(ErrorCode::Conflict,
                  fmt::format("'{}' holds a run of another plan; it differs in: {}",
                              folder_.string(), differences(before, plan_)),
                  "use another folder, or the plan that the run was started with");
    auto tensors = state_tensors();
    for (const auto& [name, tensor] : tensors) {
      const auto found = checkpoint.tensors.find(name);
      if (found == checkpoint.tensors.end() || found->second.shape != tensor.sizes() ||
          scalar_type(found->second.type) != tensor.scalar_type())
        throw Error(
            ErrorCode::BadInput,
            fmt::format("a checkpoint in '{}' lacks the tensor '{}', or holds it in another shape",
                        folder_.string(), name));
    }
    take_progress(state);
    const at::NoGradGuard guard;
    for (auto& [name, tensor] : tensors) tensor.copy_(to_torch(checkpoint.tensors.at(name)));
    if (const int threads = state.value("threads", 0); threads != at::get_num_threads())
      context_.warn(fmt::format("this run was started with {} threads and goes on with {}: its "
                                "result may differ in the last digits",
                                threads, at::get_num_threads()));
  }

  void tell_waits(TrainingLog& log) {
    if (ranks_.alone()) return;
    RankGroup::Waits waits = ranks_.waits();
    waits.calls_s -= waits_before_.calls_s;
    waits.slowest_rank_s -= waits_before_.slowest_rank_s;
    const double whole = now() - cost_.begin_s;
    if (ranks_.rank() != 0) return;
    log.record("ranks/communication_share", waits.calls_s / whole, step_);
    log.record("ranks/waiting_share", waits.slowest_rank_s / whole, step_);
    context_.info(fmt::format("{} ranks: {:.1f} % of the time went into communication that no "
                              "computation hid, {:.1f} % into waiting for the slowest rank",
                              ranks_.size(), 100 * waits.calls_s / whole,
                              100 * waits.slowest_rank_s / whole));
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
    if (const std::string first = ranks_.broadcast(sha256(all)); first != sha256(all))
      throw Error(ErrorCode::Internal,
                  fmt::format("rank {} ended with other weights than rank 0", ranks_.rank()),
                  "this is a fault of the program: please report it");
    return {.steps = step_,
            .stopped_early = stopped_early_,
            .best_validation_loss = best_loss_,
            .best_step = best_step_,
            .best_validation_score = best_score_,
            .best = folder_ / "best.onnx",
            .last = folder_ / "last.onnx",
            .weights_sha256 = sha256(all),
            .steps_s = steps_s_,
            .loader_waited_s = loader_.waited_s()};
  }

  Graph graph_;
  const SampleSource& training_;
  const SampleSource& validation_;
  TrainingOptions o_;
  fs::path folder_;
  RankGroup& ranks_;
  const Context& context_;
  at::Device device_;
  Executor executor_;
  int steps_;
  BatchLoader loader_;
  double steps_s_ = 0;
  std::vector<at::Tensor> weights_, first_, second_, counts_;
  json plan_;
  LossScale scale_;
  int step_ = 0, best_step_ = 0;
  double best_loss_ = 0, best_score_ = 0, last_loss_ = 0;
  bool stopped_early_ = false, stopping_ = false;
  RankGroup::Waits waits_before_;
  bool apart_ = false; // each rank has stepped alone since the last average
  struct {
    int count = 0, first_step = 0, last_step = 0;
    double begin_s = 0, waited_s = 0, written_s = 0;
  } cost_;                      // of checkpoints
  std::future<double> writing_; // the last member: its end is waited for before all others go
};

}

TrainingResult train(const Graph& initial, const SampleSource& training,
                     const SampleSource& validation, const TrainingOptions& options,
                     const fs::path& run_folder, const Context& context) {
  if (training.size() == 0 || validation.size() == 0)
    throw Error(ErrorCode::BadInput,
                fmt::format("training has {} samples and validation {}: both need some",
                            training.size(), validation.size()));
  if (initial.inputs.size() != 1)
    throw Error(ErrorCode::Unsupported,
                fmt::format("a network of {} inputs cannot be trained; one input is supported",
                            initial.inputs.size()));
  refuse_leakage(groups_of(training), groups_of(validation));
  const RankSetup setup = rank_setup();
  if (setup.ranks > 1 && options.average_every > 0 && options.precision == "float16")
    throw Error(ErrorCode::Unsupported,
                "average_every cannot be used with float16, whose loss scale would differ by rank",
                "use precision float32 or bfloat16");
  if (setup.ranks > 1 && options.average_every > 0 && options.checkpoint_every == 0)
    throw Error(ErrorCode::Usage,
                "average_every needs to know when checkpoints are written, which average too",
                "give checkpoint_every, a number of steps");
  make_folder(run_folder);
  const FolderLock lock(run_folder);
  try {
    Context own = context;
    own.device = device_of_rank(context.device, setup, static_cast<int>(devices().size()) - 1);
    RankGroup ranks(setup, torch_device(own.device));
    if (!ranks.alone()) context.info(ranks.transport_text());
    if (!ranks.alone() && setup.rank == 0)
      write_atomically(run_folder / "transport.txt", ranks.transport_text() + "\n");
    return Trainer(initial, training, validation, options, run_folder, ranks, own).run();
  } catch (const c10::OutOfMemoryError&) {
    throw Error(ErrorCode::Resources, "out of memory while training",
                "use a smaller batch_size and a larger accumulate");
  } catch (const c10::Error& e) {
    throw Error(ErrorCode::Internal, fmt::format("training failed: {}", e.what_without_backtrace()),
                "this is a fault of the program: please report it");
  }
}

}
