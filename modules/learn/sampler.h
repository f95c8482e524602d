// The order in which a training visits its samples: a function of the seed and of the position
// alone, so that a run that goes on, and one of several ranks, need no more than their step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sensorium {

// How samples lie on disk, so that those that lie together are visited together.
struct SampleLayout {
  std::vector<std::size_t> blocks; // samples of each, in order; their sum is the source's size
  std::size_t mixed = 1;           // so many blocks are shuffled into each other
  std::string identity;            // of the content: a run goes on with the same content only
};

// Every epoch visits every sample once. Without a layout all samples are shuffled; with one, the
// blocks are, and then the samples of every `mixed` blocks that follow one another.
class Sampler {
public:
  // Throws Error Internal when the blocks do not hold `size` samples.
  Sampler(std::size_t size, std::uint64_t seed, SampleLayout layout = {});
  // The sample and its augmentation seed at a position counted from the start of the run. Fast
  // where positions grow; a step back to the epoch before shuffles again.
  std::pair<std::size_t, std::uint64_t> at(std::uint64_t position);

private:
  void shuffle(std::uint64_t epoch);
  void shuffle_blocks(std::uint64_t epoch);
  std::size_t size_;
  std::uint64_t seed_;
  SampleLayout layout_;
  std::vector<std::size_t> order_;
  std::uint64_t epoch_ = 0;
  bool shuffled_ = false;
};

}
