// Samples made of records on disk (shards.h), of which only those that are needed soon are in
// memory. The order of the samples (sampler.h) keeps to blocks of neighbours, so that a record is
// read once an epoch however many samples are made of it, as long as `mixed` blocks fit into
// `memory`.
#pragma once

#include "modules/learn/shards.h"
#include "modules/learn/training.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <thread>

namespace sensorium {

struct StreamOptions {
  std::uint64_t block_bytes = 8u << 20;
  int mixed = 16;
  std::uint64_t memory = 256u << 20; // of records that are kept; one record is always
  int readers = 2;                   // threads
};

// Records by number, read ahead of their use. Thread-safe.
class RecordCache {
public:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  RecordCache(const ShardReader& reader, std::uint64_t memory, int readers);
  // Reads it now when it is not there yet. Throws Error as ShardReader::read.
  Bytes get(std::size_t record);
  // Will be asked for: the threads read it, after those that were named before.
  void expect(std::size_t record);
  std::uint64_t held() const;  // bytes
  std::uint64_t reads() const; // records that were read from disk so far

private:
  struct Kept {
    Bytes bytes;
    std::list<std::size_t>::iterator place;
  };
  Bytes load(std::size_t record, std::unique_lock<std::mutex>& lock);
  void touch(Kept& kept);
  void work(const std::stop_token& stop);
  const ShardReader& reader_;
  std::uint64_t memory_, held_ = 0, reads_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::size_t, Kept> kept_;
  std::list<std::size_t> by_use_; // the latest first
  std::deque<std::size_t> wanted_;
  std::set<std::size_t> being_read_;
  std::vector<std::jthread> threads_; // the last member: they end before all else goes
};

class ShardedSamples : public SampleSource {
public:
  // The sample of a record; index and seed as in SampleSource::get. Thread-safe.
  using Make = std::function<Sample(std::span<const std::byte> record, std::size_t index,
                                    std::uint64_t seed)>;
  // Throws Error as ShardReader.
  ShardedSamples(const ShardIndex& set, const std::string& part, std::size_t samples_per_record,
                 Make make, const StreamOptions& options = {});
  std::size_t size() const override;
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;
  SampleLayout layout() const override;
  void expect(const std::vector<std::size_t>& indices) const override;
  std::size_t records() const { return reader_.records(); }
  const RecordCache& cache() const { return cache_; }

private:
  ShardReader reader_;
  std::size_t per_record_;
  Make make_;
  SampleLayout layout_;
  mutable RecordCache cache_;
};

}
