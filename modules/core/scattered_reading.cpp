#include "modules/core/scattered_reading.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace sensorium {

ScatteredReading::ScatteredReading(const Buffer& buffer)
    : buffer_(buffer), acts_(buffer.mapped() && buffer.size() > (std::size_t{64} << 20)) {
  if (acts_) advise(MADV_RANDOM);
}

ScatteredReading::~ScatteredReading() {
  if (!acts_) return;
  advise(MADV_NORMAL);
  buffer_.release();
}

void ScatteredReading::advise(int advice) const {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(buffer_.bytes().data()),
             first = begin / page * page;
  ::madvise(reinterpret_cast<void*>(first), begin + buffer_.size() - first, advice);
}

void expect_reading(const Channel& channel, std::uint64_t first, std::uint64_t count) {
  const Buffer& b = channel.samples;
  if (!b.mapped()) return;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t from = channel.first + first * channel.stride,
                      to = std::min<std::uint64_t>(b.size(), from + count * channel.stride);
  if (from >= to) return;
  const auto begin = reinterpret_cast<std::uintptr_t>(b.bytes().data());
  const std::uintptr_t aligned = (begin + from) / page * page;
  ::madvise(reinterpret_cast<void*>(aligned), begin + to - aligned, MADV_WILLNEED);
}

}
