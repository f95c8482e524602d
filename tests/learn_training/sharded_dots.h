// The dots (dots.h) as a set on disk. A record holds the number of its dot many times over, so that
// a record that was mixed up or cut shows.
#pragma once

#include "modules/core/error.h"
#include "modules/learn/sharded_samples.h"
#include "tests/learn_training/dots.h"

#include <cstring>

namespace sensorium {

constexpr std::size_t dots_record_bytes = 800, samples_per_dot = 3;

inline std::vector<std::byte> dots_record(std::uint64_t number) {
  std::vector<std::byte> out(dots_record_bytes);
  for (std::size_t at = 0; at < out.size(); at += 8) std::memcpy(out.data() + at, &number, 8);
  return out;
}

inline std::uint64_t dot_of(std::span<const std::byte> record) {
  std::uint64_t number = 0;
  std::memcpy(&number, record.data(), 8);
  const auto wanted = dots_record(number);
  if (record.size() != wanted.size() || std::memcmp(record.data(), wanted.data(), wanted.size()))
    throw Error(ErrorCode::Internal, "a record was mixed up");
  return number;
}

// Training dots 0 .. training - 1 in groups of two, validation dots 1000 ...
inline void write_sharded_dots(const std::filesystem::path& folder, int training, int validation,
                               int shards = 4) {
  ShardWriter writer(folder, "dots", shards);
  for (int i = 0; i < training; ++i)
    writer.add("training", fmt::format("pair {}", i / 2), dots_record(static_cast<unsigned>(i)));
  for (int i = 0; i < validation; ++i)
    writer.add("validation", fmt::format("held out {}", i),
               dots_record(1000 + static_cast<unsigned>(i)));
  writer.finish({{"what", "dots"}});
}

// Blocks of three records, two of them mixed; 4000 bytes: five records.
inline StreamOptions small_stream() {
  return {.block_bytes = 3 * dots_record_bytes - 1, .mixed = 2, .memory = 4000, .readers = 2};
}

inline std::unique_ptr<ShardedSamples> sharded_dots(const std::filesystem::path& folder,
                                                    const std::string& part,
                                                    const StreamOptions& options = small_stream()) {
  const auto make = [](std::span<const std::byte> record, std::size_t, std::uint64_t seed) {
    return Dots(1, dot_of(record)).get(0, seed);
  };
  return std::make_unique<ShardedSamples>(read_shard_index(folder), part, samples_per_dot, make,
                                          options);
}

}
