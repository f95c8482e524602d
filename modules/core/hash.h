// SHA-256, as lower-case hex. The identity of inputs, models and event chains.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

std::string sha256(std::string_view text);
std::string sha256(std::span<const std::byte> bytes);

// A file's content; for a folder, the hash over the sorted "hash  relative path" lines of its
// regular files. Throws Error NotFound or Resources.
std::string sha256_of_path(const std::filesystem::path& path);
// A recording that consists of several files: as for a folder, over path and the others, which are
// named relative to its folder. With no others: sha256_of_path(path).
std::string sha256_of_files(const std::filesystem::path& path,
                            const std::vector<std::string>& others);

}
