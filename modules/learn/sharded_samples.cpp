#include "modules/learn/sharded_samples.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {

RecordCache::RecordCache(const ShardReader& reader, std::uint64_t memory, int readers)
    : reader_(reader), memory_(memory) {
  for (int i = 0; i < readers; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void RecordCache::touch(Kept& kept) { by_use_.splice(by_use_.begin(), by_use_, kept.place); }

RecordCache::Bytes RecordCache::load(std::size_t record, std::unique_lock<std::mutex>& lock) {
  being_read_.insert(record);
  lock.unlock();
  Bytes bytes;
  std::exception_ptr failure;
  try {
    bytes = std::make_shared<const std::vector<std::byte>>(reader_.read(record));
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  being_read_.erase(record);
  changed_.notify_all();
  if (failure) std::rethrow_exception(failure);
  ++reads_;
  held_ += bytes->size();
  by_use_.push_front(record);
  kept_[record] = {bytes, by_use_.begin()};
  while (held_ > memory_ && by_use_.size() > 1) {
    const auto oldest = kept_.find(by_use_.back());
    held_ -= oldest->second.bytes->size();
    kept_.erase(oldest);
    by_use_.pop_back();
  }
  return bytes;
}

RecordCache::Bytes RecordCache::get(std::size_t record) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !being_read_.contains(record); });
  if (const auto found = kept_.find(record); found != kept_.end()) {
    touch(found->second);
    return found->second.bytes;
  }
  return load(record, lock);
}

void RecordCache::expect(std::size_t record) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = kept_.find(record); found != kept_.end())
    touch(found->second);
  else
    wanted_.push_back(record);
  changed_.notify_all();
}

// What fails here fails again when it is asked for, and is told then.
void RecordCache::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !wanted_.empty(); })) {
    if (stop.stop_requested()) return;
    const std::size_t record = wanted_.front();
    wanted_.pop_front();
    if (kept_.contains(record) || being_read_.contains(record)) continue;
    try {
      load(record, lock);
    } catch (const Error&) {
    }
  }
}

std::uint64_t RecordCache::held() const {
  const std::scoped_lock lock(mutex_);
  return held_;
}

std::uint64_t RecordCache::reads() const {
  const std::scoped_lock lock(mutex_);
  return reads_;
}

ShardedSamples::ShardedSamples(const ShardIndex& set, const std::string& part,
                               std::size_t samples_per_record, Make make,
                               const StreamOptions& options)
    : reader_(set, part), per_record_(samples_per_record), make_(std::move(make)),
      cache_(reader_, options.memory, options.readers) {
  layout_.blocks = reader_.blocks(options.block_bytes);
  for (std::size_t& block : layout_.blocks) block *= per_record_;
  layout_.mixed = static_cast<std::size_t>(std::max(1, options.mixed));
  layout_.identity =
      fmt::format("{} {} {} {}", set.sha256, part, options.block_bytes, options.mixed);
}

std::size_t ShardedSamples::size() const { return reader_.records() * per_record_; }

std::string ShardedSamples::group(std::size_t index) const {
  return reader_.group(index / per_record_);
}

Sample ShardedSamples::get(std::size_t index, std::uint64_t seed) const {
  const RecordCache::Bytes bytes = cache_.get(index / per_record_);
  return make_(*bytes, index, seed);
}

SampleLayout ShardedSamples::layout() const { return layout_; }

void ShardedSamples::expect(const std::vector<std::size_t>& indices) const {
  for (const std::size_t index : indices) cache_.expect(index / per_record_);
}

}
