// Training of any executor graph: the same files go in and come out on a desktop and on a cluster
// node.
#pragma once

#include "modules/core/context.h"
#include "modules/core/parameters.h"
#include "modules/learn/graph.h"
#include "modules/learn/model.h"
#include "modules/learn/sampler.h"

#include <filesystem>

namespace sensorium {

// input and target without the batch axis; weight is empty or of target's shape (0: not counted).
struct Sample {
  Tensor input, target, weight;
};

// Thread-safe: samples are made in the background.
class SampleSource {
public:
  virtual ~SampleSource() = default;
  virtual std::size_t size() const = 0;
  // Patient, volume or seed: no group may be in training and validation.
  virtual std::string group(std::size_t index) const = 0;
  // The seed drives augmentation: same index and seed, same sample. Validation always asks with
  // seed 0.
  virtual Sample get(std::size_t index, std::uint64_t seed) const = 0;
  // Of a source on disk (sharded_samples.h). Empty: one order is as good as another.
  virtual SampleLayout layout() const { return {}; }
  // These will be asked for next, in this order: a source on disk begins to read them.
  virtual void expect(const std::vector<std::size_t>& /*indices*/) const {}
};

struct TrainingOptions {
  std::string loss = "bce+dice";
  double focal_gamma = 2;
  double tversky_alpha = 0.3, tversky_beta = 0.7, focal_tversky_gamma = 0.75;
  double second_loss_weight = 1;
  std::string optimiser = "adamw";
  double learning_rate = 2e-3, weight_decay = 1e-4, momentum = 0.9;
  std::string schedule = "cosine";
  int warmup_steps = 50;
  int batch_size = 8, accumulate = 1;
  int steps = 1000, epochs = 0;
  double gradient_clip = 1;
  std::string precision = "float32";
  int validate_every = 100, patience = 0; // patience in validations; 0: never stops early
  int checkpoint_every = 100, keep_checkpoints = 2;
  int seed = 1, threads = 0;
  int average_every = 0; // with several ranks; 0: the gradients of every step
};
void describe(ParameterVisitor& v, TrainingOptions& o);

// Steps in all: options.steps, or what options.epochs passes over the samples take.
int total_steps(const TrainingOptions& options, std::size_t samples);
// The schedule: the rate of step 0 .. steps - 1.
double learning_rate_at(const TrainingOptions& options, int step, int steps);

// The loss that training would see, of a batch with its axis: for evaluation, and for tests with
// numbers worked by hand.
double loss_value(const TrainingOptions& options, const Tensor& logits, const Tensor& target,
                  const Tensor& weight = {});
// What TrainingResult calls the score, of one batch.
double score_value(const TrainingOptions& options, const Tensor& logits, const Tensor& target,
                   const Tensor& weight = {});

struct TrainingResult {
  int steps = 0;
  bool stopped_early = false;
  double best_validation_loss = 0;
  int best_step = 0;
  // Of the best step, whatever the loss: the greatest Dice index over all thresholds, or with class
  // targets the part that is right.
  double best_validation_score = 0;
  std::filesystem::path best, last; // ONNX files below the run folder
  std::string weights_sha256;       // of the last weights
  // Of this process: time in steps, and the part of it in which it waited for samples.
  double steps_s = 0, loader_waited_s = 0;
};

// Trains on context.device with options.threads (0: context.threads). Goes on from the newest
// checkpoint of the run folder that verifies. Writes best.onnx, last.onnx, log.jsonl, a TensorBoard
// event file and checkpoints. With the same plan, samples and thread count, a run that was killed
// and resumed ends with the very weights of one that was not (on the CPU; a GPU's sums may differ
// in order). Losses act on logits; with "cross_entropy" the target holds class numbers in one
// channel, else values of 0 .. 1. float16 scales the loss and skips steps whose gradients overflow
// (Micikevicius et al., ICLR 2018, section 3.2). Throws Error: BadInput (a group in both sources;
// NaN in data or loss, naming step and samples; the last good checkpoint stays), Conflict (the run
// folder belongs to another plan, saying what differs, or another process trains in it), Resources
// (disk full, out of memory, a rank that is gone), Unsupported (device), Cancelled (after writing a
// checkpoint).
//
// Started as one of several ranks (ranks.h), it trains with them: batch_size is each rank's share,
// so R ranks of batch B see the samples of one of R * B; all end with the same weights, those of
// any other run of as many ranks. Losses that are means over elements (cross-entropy, focal) give
// the gradients of the whole batch; Dice and Tversky indices are of each rank's share, like batch
// norm's statistics. With average_every N each rank steps alone, and weights and moments are
// averaged every N steps and before each validation and checkpoint (local SGD: Stich, ICLR 2019).
// Rank 0's run folder holds the checkpoints, that of another rank its log; the folders must differ.
TrainingResult train(const Graph& initial, const SampleSource& training,
                     const SampleSource& validation, const TrainingOptions& options,
                     const std::filesystem::path& run_folder, const Context& context);

}
