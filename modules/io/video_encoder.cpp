#include "modules/core/error.h"
#include "modules/io/opencv_codecs.h"

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

void encode(const Video& video, const fs::path& path) {
  cv::VideoWriter writer;
  const double rate = video.frame_time_ms ? 1000 / *video.frame_time_ms : 25;
  if (!writer.open(path.string(), cv::CAP_FFMPEG, cv::VideoWriter::fourcc('F', 'F', 'V', '1'), rate,
                   {video.width, video.height}))
    throw Error(ErrorCode::Resources, fmt::format("cannot write the video '{}'", path.string()),
                "check the folder, its permissions and the space left");
  for (int t = 0; t < video.frames; ++t) {
    const Buffer frame = video.frame(t);
    const cv::Mat picture(video.height, video.width, video.channels == 3 ? CV_8UC3 : CV_8UC1,
                          const_cast<std::byte*>(frame.bytes().data())); // it has no const view
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, video.channels == 3 ? cv::COLOR_RGB2BGR : cv::COLOR_GRAY2BGR);
    writer.write(bgr);
  }
}

}

void encode_video(const Video& video, const fs::path& path) {
  if (video.type != PixelType::UInt8 || (video.channels != 1 && video.channels != 3))
    throw Error(ErrorCode::Unsupported,
                fmt::format("a video of {} channels of {} is not written", video.channels,
                            name_of(video.type)),
                "convert the frames to grey or RGB of 8 bits first");
  const fs::path staging =
      path.parent_path() / fmt::format(".{}-{}.mkv", path.stem().string(), ::getpid());
  try {
    encode(video, staging);
    fs::rename(staging, path);
  } catch (const fs::filesystem_error& e) {
    std::error_code code;
    fs::remove(staging, code);
    throw Error(ErrorCode::Resources,
                fmt::format("cannot write '{}': {}", path.string(), e.code().message()),
                "check the folder and the space left");
  } catch (...) {
    std::error_code code;
    fs::remove(staging, code);
    throw;
  }
}

}
