// Deflate data (gzip or zlib) of files: how long it is, its beginning; and gzip for writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium::grid {

bool is_gzip(std::string_view head);
// The first count decompressed bytes of gzip data at the start of head, fewer when it ends before.
std::string inflated_head(std::string_view head, std::size_t count);
// How many bytes the deflate data at offset of the file holds, counted up to limit. Nothing is
// kept. Throws Error BadInput when the data is damaged or ends early.
std::uint64_t inflated_size(const std::filesystem::path& path, std::uint64_t offset,
                            std::uint64_t limit);
// count bytes from offset on, of the file or, when it is compressed, of what its deflate data
// holds. Throws Error BadInput when there are fewer.
std::vector<std::byte> read_bytes(const std::filesystem::path& path, bool compressed,
                                  std::uint64_t compressed_offset, std::uint64_t offset,
                                  std::uint64_t count);
// Throws Error Resources.
std::string gzipped(std::string_view content);

}
