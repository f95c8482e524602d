// Which file mapped memory belongs to: so that another process can map the same bytes instead of
// receiving a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace sensorium {

struct MappedPlace {
  std::filesystem::path path; // absolute, as it was opened
  std::uint64_t offset = 0;   // of the address, bytes
};

// Of an address inside a MappedFile that is still open; nothing for other memory.
std::optional<MappedPlace> mapped_place(const std::byte* address);

}
