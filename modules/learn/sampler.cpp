#include "modules/learn/sampler.h"

#include "modules/core/error.h"
#include "modules/learn/splits.h"

#include <algorithm>
#include <numeric>

namespace sensorium {
namespace {

// Fisher and Yates; Durstenfeld, CACM 1964, algorithm 235.
void shuffle_part(std::span<std::size_t> part, std::uint64_t seed, std::uint64_t epoch) {
  for (std::size_t i = part.size(); i > 1; --i)
    std::swap(part[i - 1], part[mixed_seed(seed, epoch, i) % i]);
}

}

Sampler::Sampler(std::size_t size, std::uint64_t seed, SampleLayout layout)
    : size_(size), seed_(seed), layout_(std::move(layout)), order_(size) {
  const auto& blocks = layout_.blocks;
  if (!blocks.empty() && (layout_.mixed == 0 ||
                          std::accumulate(blocks.begin(), blocks.end(), std::size_t{0}) != size_))
    throw Error(ErrorCode::Internal, "a source's blocks do not hold its samples");
}

std::pair<std::size_t, std::uint64_t> Sampler::at(std::uint64_t position) {
  const std::uint64_t epoch = position / size_;
  if (!shuffled_ || epoch != epoch_) shuffle(epoch);
  return {order_[position % size_], mixed_seed(seed_, position + 1, 77)};
}

void Sampler::shuffle(std::uint64_t epoch) {
  if (layout_.blocks.empty()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    shuffle_part(order_, seed_, epoch);
  } else {
    shuffle_blocks(epoch);
  }
  epoch_ = epoch;
  shuffled_ = true;
}

void Sampler::shuffle_blocks(std::uint64_t epoch) {
  const std::size_t count = layout_.blocks.size();
  std::vector<std::size_t> first(count), blocks(count);
  std::exclusive_scan(layout_.blocks.begin(), layout_.blocks.end(), first.begin(), std::size_t{0});
  std::iota(blocks.begin(), blocks.end(), std::size_t{0});
  shuffle_part(blocks, mixed_seed(seed_, 1, 88), epoch);
  std::size_t filled = 0;
  for (std::size_t from = 0; from < count; from += layout_.mixed) {
    const std::size_t begin = filled;
    for (std::size_t k = from; k < std::min(count, from + layout_.mixed); ++k)
      for (std::size_t i = 0; i < layout_.blocks[blocks[k]]; ++i)
        order_[filled++] = first[blocks[k]] + i;
    shuffle_part(std::span(order_).subspan(begin, filled - begin), mixed_seed(seed_, from + 2, 88),
                 epoch);
  }
}

}
