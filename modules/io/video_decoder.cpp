#include "modules/io/opencv_codecs.h"

#include <fmt/format.h>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr int most_pixels_a_side = 16384;

// How far the frames' own time stamps are from an even beat.
struct Clock {
  double frame_ms = 0; // 0: the container states none
  double worst = 0;
  std::optional<double> first, last;
  // The decoder gives 0 for a frame without a stamp (often the last ones): only rising stamps
  // count.
  void add(double stamp_ms, int frame) {
    if (!std::isfinite(stamp_ms) || (last && stamp_ms <= *last)) return;
    if (!first) first = stamp_ms - frame * frame_ms;
    last = stamp_ms;
    worst = std::max(worst, std::abs(stamp_ms - *first - frame * frame_ms));
  }
};

cv::VideoCapture open_capture(const Bytes& file, const fs::path& path) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  // An absolute path cannot be taken for a URL, and FFmpeg alone cannot take it for a numbered
  // series of pictures.
  cv::VideoCapture capture(fs::absolute(path).string(), cv::CAP_FFMPEG);
  if (!capture.isOpened())
    throw file.bad("cannot be decoded as a video: it is damaged or of an unknown codec",
                   "copy it again, or convert it to MP4 (H.264)");
  const double width = capture.get(cv::CAP_PROP_FRAME_WIDTH),
               height = capture.get(cv::CAP_PROP_FRAME_HEIGHT);
  if (!(width >= 1 && width <= most_pixels_a_side && height >= 1 && height <= most_pixels_a_side))
    throw file.bad(fmt::format("claims frames of {} x {} pixels", width, height),
                   "copy or export the video again");
  return capture;
}

void append_rgb(const cv::Mat& frame, std::vector<std::byte>& out) {
  cv::Mat rgb;
  cv::cvtColor(frame, rgb, cv::COLOR_BGR2RGB);
  const auto* data = reinterpret_cast<const std::byte*>(rgb.data);
  out.insert(out.end(), data, data + rgb.total() * rgb.elemSize());
}

void check_frame(const cv::Mat& frame, const Video& v, const Bytes& file) {
  if (frame.type() != CV_8UC3)
    throw file.unsupported("has frames that are not 8 bit RGB", "convert it to MP4 (H.264)");
  if (v.frames > 0 && (frame.cols != v.width || frame.rows != v.height))
    throw file.unsupported(fmt::format("changes its size from {} x {} to {} x {} at frame {}",
                                       v.width, v.height, frame.cols, frame.rows, v.frames + 1),
                           "convert it to one size");
}

void read_frames(cv::VideoCapture& capture, const Bytes& file, Samples samples,
                 const Context& context, Video& v, Clock& clock) {
  const double claimed = capture.get(cv::CAP_PROP_FRAME_COUNT);
  std::vector<std::byte> pixels;
  cv::Mat frame;
  while (capture.grab()) {
    if (v.frames % 16 == 0)
      context.step(claimed > 0 ? std::min(1.0, v.frames / claimed) : 0, "decoding frames");
    clock.add(capture.get(cv::CAP_PROP_POS_MSEC), v.frames);
    if (v.frames == 0 || samples == Samples::Load) {
      if (!capture.retrieve(frame) || frame.empty()) break;
      check_frame(frame, v, file);
      v.width = frame.cols;
      v.height = frame.rows;
    }
    checked_bytes({static_cast<std::uint64_t>(v.width), static_cast<std::uint64_t>(v.height), 3,
                   static_cast<std::uint64_t>(v.frames) + 1},
                  allocation_limit(), fmt::format("'{}'", file.name()));
    if (samples == Samples::Load) append_rgb(frame, pixels);
    ++v.frames;
  }
  if (v.frames == 0)
    throw file.bad("holds no frame that can be decoded", "copy or export the video again");
  v.pixels = Buffer(std::move(pixels));
  if (claimed > 0 && claimed < 1e9 && std::llround(claimed) != v.frames)
    v.origin.warnings.push_back(fmt::format("The container claims {} frames; {} could be decoded.",
                                            std::llround(claimed), v.frames));
}

void set_frame_time(const Clock& clock, Video& v) {
  if (clock.frame_ms <= 0) {
    v.frame_time_source = "the container states no usable frame rate";
    return;
  }
  v.frame_time_ms = clock.frame_ms;
  v.frame_time_source = "container frame rate";
  if (clock.worst > clock.frame_ms)
    v.origin.warnings.push_back(fmt::format("The frames are not evenly spaced in time (up to "
                                            "{:.0f} ms off); the frame time is their mean.",
                                            clock.worst));
}

}

void decode_video(const Bytes& file, const fs::path& path, Samples samples, const Context& context,
                  Video& v) {
  Clock clock;
  try {
    cv::VideoCapture capture = open_capture(file, path);
    const double rate = capture.get(cv::CAP_PROP_FPS);
    if (std::isfinite(rate) && rate >= 0.1 && rate <= 1000) clock.frame_ms = 1000 / rate;
    read_frames(capture, file, samples, context, v, clock);
  } catch (const cv::Exception& e) {
    throw file.bad(fmt::format("is a damaged video: {}", clean_text(e.err)),
                   "copy or export the video again");
  }
  set_frame_time(clock, v);
}

}
