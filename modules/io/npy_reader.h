// NumPy arrays of three axes as cubes, mapped in either order.
#pragma once

#include "modules/core/dataset.h"
#include "modules/io/bytes.h"

#include <filesystem>

namespace sensorium::npy {

int sniff(std::span<const std::byte> head);
// Throws Error BadInput (header, or fewer samples than it says), Unsupported (not three axes, a
// type that is no number, structured arrays).
Cube load(const std::filesystem::path& path, Samples samples);
// The same for an array of lines x samples, as a cube of one band; one of three axes as load().
Cube load_map(const std::filesystem::path& path, Samples samples);

}
