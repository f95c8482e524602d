// Internal: batches and the order in which samples are visited.
#pragma once

#include "modules/learn/torch_headers.h"
#include "modules/learn/training.h"

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

// Every epoch visits every sample once, in an order that depends on the seed and the epoch alone.
class Sampler {
public:
  Sampler(std::size_t size, std::uint64_t seed) : size_(size), seed_(seed), order_(size) {}
  // The sample and its augmentation seed at a position counted from the start of the run.
  std::pair<std::size_t, std::uint64_t> at(std::uint64_t position);

private:
  void shuffle(std::uint64_t epoch);
  std::size_t size_;
  std::uint64_t seed_;
  std::vector<std::size_t> order_;
  std::uint64_t epoch_ = 0;
  bool shuffled_ = false;
};

}
