// Part of the video decoder: opening a capture, and the frames of a long clip one by one.
#pragma once

#include "modules/core/dataset.h"

#include <opencv2/videoio.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace sensorium {

constexpr int most_frames = 10'000'000;

// Throws Error BadInput.
cv::VideoCapture open_capture(const std::filesystem::path& path);
std::vector<std::byte> rgb_of(const cv::Mat& bgr);
// To tell frames apart, not to protect them.
std::uint64_t frame_hash(std::span<const std::byte> frame);

// Decodes forward, or seeks by the container's index; containers lie about places, so each frame
// must have the hash that it had when the clip was opened, else the clip is decoded from its start.
std::shared_ptr<const FrameSource> frames_by_hash(const std::filesystem::path& path, const Video& v,
                                                  std::vector<std::uint64_t> hashes);

}
