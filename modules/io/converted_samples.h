// Samples that lie compressed or scattered in a file are unpacked once into a file of the cache,
// which is then mapped like any other: memory stays small, and the next opening is immediate.
#pragma once

#include "modules/core/origin.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace sensorium {

struct StoredSamples {
  Buffer data;
  std::string path; // where data is mapped from, and from which byte; empty: in memory
  std::uint64_t offset = 0;
};

// Puts a piece at a byte of the unpacked samples.
using PutSamples = std::function<void(std::uint64_t offset, std::span<const std::byte> piece)>;

// bytes samples of source; what: names the variable and layout, so that another question unpacks
// anew. Up to 32 MiB stay in memory; more goes to cache_folder()/cubes, where what has not been
// used for 30 days is removed. fill is called when it is not there yet. Throws Error Resources
// (disk full, with both numbers).
StoredSamples converted_samples(const std::filesystem::path& source, std::string_view what,
                                std::uint64_t bytes,
                                const std::function<void(const PutSamples&)>& fill);

}
