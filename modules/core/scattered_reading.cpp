#include "modules/core/scattered_reading.h"

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

}
