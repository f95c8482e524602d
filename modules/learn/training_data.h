// Internal: batches, made beside the training.
#pragma once

#include "modules/learn/torch_headers.h"
#include "modules/learn/training.h"

#include <functional>
#include <future>

namespace sensorium {

struct Batch {
  at::Tensor input, target, weight; // weight: undefined when no sample has one
  std::vector<std::size_t> samples;
  float smallest_target = 0, largest_target = 0;
};

// Throws Error BadInput naming the sample: values that do not fill the shape, shapes that differ,
// values that are no numbers.
Batch make_batch(const SampleSource& source, const std::vector<std::size_t>& indices,
                 const std::vector<std::uint64_t>& seeds);

// "3 (patient7), 9 (patient2)"
std::string names_of(const SampleSource& source, const std::vector<std::size_t>& indices);
std::vector<std::string> groups_of(const SampleSource& source);

// The batches of a run, one rank's share of each, in order: every part of every step. While one is
// used the next is made, and a source on disk is told what the eight after that need.
class BatchLoader {
public:
  BatchLoader(const SampleSource& source, const TrainingOptions& options, int rank, int ranks,
              int steps);
  void begin(int step);
  // Throws what making it threw.
  Batch next();
  void wait(); // until none is being made
  double waited_s() const { return waited_s_; }

private:
  std::vector<std::pair<std::size_t, std::uint64_t>> of_batch(std::uint64_t number,
                                                              Sampler& sampler) const;
  void start();
  const SampleSource& source_;
  std::uint64_t batch_size_, accumulate_, rank_, ranks_, end_;
  bool told_ = false; // the source wants to know what comes
  Sampler sampler_, far_sampler_;
  std::uint64_t number_ = 0, announced_ = 0;
  double waited_s_ = 0;
  std::future<Batch> next_;
};

// All batches of `batch_size` of a validation in order, of which every `ranks`-th is this rank's.
// The next is made while one is used.
void for_each_batch(const SampleSource& source, std::size_t batch_size, int rank, int ranks,
                    const std::function<void(const Batch&)>& use);

}
