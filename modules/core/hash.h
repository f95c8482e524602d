// SHA-256, as lower-case hex. The identity of inputs, models and event chains.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace sensorium {

std::string sha256(std::string_view text);
std::string sha256(std::span<const std::byte> bytes);

// A file's content; for a folder, the hash over the sorted "hash  relative path" lines of its
// regular files. Throws Error NotFound or Resources.
std::string sha256_of_path(const std::filesystem::path& path);

}
