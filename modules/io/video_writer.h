// Clips to files, without loss: FFV1 in Matroska, through OpenCV's FFmpeg backend.
#pragma once

#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

// RGB or grey, UInt8. The frame time is kept where it is known, else 25 frames a second are
// written. The file appears when it is whole. Throws Error Unsupported (pixels of another type, a
// program without FFmpeg's FFV1) or Resources.
void write_video(const Video& video, const std::filesystem::path& path);

}
