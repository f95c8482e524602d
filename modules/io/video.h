// Ordinary video files (MP4, QuickTime, AVI, MPEG, GIF, Matroska) through OpenCV's FFmpeg backend.
// Frames are counted by decoding: containers lie. Pixels are RGB, UInt8. The scale is unknown.
#pragma once

#include "modules/core/context.h"
#include "modules/io/bytes.h"

#include <filesystem>

namespace sensorium {

// Throws Error BadInput (damaged, cut short, no frames, a frame beyond allocation_limit()),
// NotFound or Unsupported. With Samples::Skip the frames are counted, not kept. Every frame is
// decoded once; a clip beyond frame_budget() then gives its frames one by one (Video::source).
Video load_video(const std::filesystem::path& path, Samples samples, const Context& context);

}
