// ENVI cubes, mapped. Either of the two files may be given: the header or the samples.
#pragma once

#include "modules/core/dataset.h"
#include "modules/io/bytes.h"

#include <filesystem>

namespace sensorium::envi {

// 0: not mine. The content of a header, or of the header beside a file of samples, decides.
int sniff_path(const std::filesystem::path& path, std::span<const std::byte> head);
// Throws Error NotFound (no header, or no samples beside it, naming what was looked for), BadInput
// (sizes: expected and found bytes and what would fit), Unsupported.
Cube load(const std::filesystem::path& path, Samples samples);
// The other of the two files.
std::vector<std::string> companions(const std::filesystem::path& path);

}
