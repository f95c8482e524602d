// A dataset in one file that another process maps: how arrays cross from the worker to the window.
// Layout: "SNSDATA1", uint64 length of the JSON, the JSON, then blobs at 64-byte offsets. Native
// byte order; never an archive.
#pragma once

#include "modules/core/dataset.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace sensorium {

// Throws Error Resources.
void store_dataset(const Dataset& dataset, const std::filesystem::path& path);
// How the frames of a stored clip are decoded again, from its header and FrameSource::index().
using FrameOpener =
    std::function<std::shared_ptr<const FrameSource>(const Video&, const std::string& index)>;
// Maps the file; samples are not copied. A clip that is decoded frame by frame is named in it, not
// copied, and opened by `frames`. Throws Error BadInput when it is damaged, Unsupported for such a
// clip without an opener.
Dataset map_dataset(const std::filesystem::path& path, const FrameOpener& frames = {});

}
