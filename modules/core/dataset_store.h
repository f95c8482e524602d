// A dataset in one file that another process maps: how arrays cross from the worker to the window.
// Layout: "SNSDATA1", uint64 length of the JSON, the JSON, then blobs at 64-byte offsets. Native
// byte order; never an archive.
#pragma once

#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

// Throws Error Resources.
void store_dataset(const Dataset& dataset, const std::filesystem::path& path);
// Maps the file; samples are not copied. Throws Error BadInput when it is damaged.
Dataset map_dataset(const std::filesystem::path& path);

}
