#include "modules/core/frames.h"

#include "modules/core/error.h"

#include <algorithm>
#include <cstdlib>

namespace sensorium {

std::uint64_t frame_budget() {
  std::uint64_t budget = std::uint64_t{256} << 20;
  if (const char* own = std::getenv("SENSORIUM_FRAME_BYTES"))
    if (const std::uint64_t value = std::strtoull(own, nullptr, 10); value > 0) budget = value;
  return std::min(budget, allocation_limit());
}

int DecodedFrames::room(std::uint64_t frame_bytes) {
  const std::uint64_t fit = frame_budget() / 2 / std::max<std::uint64_t>(1, frame_bytes);
  return static_cast<int>(std::clamp<std::uint64_t>(fit, 2, 100000));
}

Buffer DecodedFrames::frame(int t) const {
  const std::lock_guard lock(mutex_);
  if (const auto known = where_.find(t); known != where_.end()) {
    kept_.splice(kept_.begin(), kept_, known->second);
    return kept_.front().frame;
  }
  Buffer wanted;
  decode(t, [&](int k, Buffer frame) {
    if (k == t) wanted = frame;
    if (where_.contains(k)) return;
    const auto most = static_cast<std::size_t>(room(frame.size()));
    kept_.push_front({k, std::move(frame)});
    where_[k] = kept_.begin();
    for (; kept_.size() > most; kept_.pop_back()) where_.erase(kept_.back().t);
  });
  return wanted;
}

}
