#include "modules/io/opencv_codecs.h"
#include "modules/io/video_frames.h"

#include <fmt/format.h>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

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

void check_frame(const cv::Mat& frame, const Video& v, const Bytes& file) {
  if (frame.type() != CV_8UC3)
    throw file.unsupported("has frames that are not 8 bit RGB", "convert it to MP4 (H.264)");
  if (v.frames > 0 && (frame.cols != v.width || frame.rows != v.height))
    throw file.unsupported(fmt::format("changes its size from {} x {} to {} x {} at frame {}",
                                       v.width, v.height, frame.cols, frame.rows, v.frames + 1),
                           "convert it to one size");
}

// What is decoded: kept while it is little, else only remembered by hashes.
class Collected {
public:
  // claimed: frames, as the container says; only memory is planned by it.
  Collected(Samples samples, double claimed)
      : keeps_(samples == Samples::Load), claimed_(claimed > 0 && claimed < 1e9 ? claimed : 0) {}
  void add(const cv::Mat& frame) {
    const auto rgb = rgb_of(frame);
    if (frame_bytes_ == 0 && keeps_) plan(static_cast<double>(rgb.size()) * claimed_);
    frame_bytes_ = rgb.size();
    if (keeps_ && pixels_.size() + rgb.size() > frame_budget()) leave_whole();
    if (keeps_)
      pixels_.insert(pixels_.end(), rgb.begin(), rgb.end());
    else
      hashes_.push_back(frame_hash(rgb));
  }
  bool whole() const { return keeps_; }
  Buffer pixels() { return Buffer(std::move(pixels_)); }
  std::vector<std::uint64_t> hashes() { return std::move(hashes_); }

private:
  void plan(double bytes) {
    const auto budget = static_cast<double>(frame_budget());
    keeps_ = bytes <= 2 * budget; // it may claim too much
    if (keeps_) pixels_.reserve(static_cast<std::size_t>(std::min(bytes, budget)));
  }
  void leave_whole() {
    keeps_ = false;
    for (std::size_t at = 0; at < pixels_.size(); at += frame_bytes_)
      hashes_.push_back(frame_hash(std::span(pixels_).subspan(at, frame_bytes_)));
    pixels_ = {};
  }

  bool keeps_;
  double claimed_;
  std::size_t frame_bytes_ = 0;
  std::vector<std::byte> pixels_;
  std::vector<std::uint64_t> hashes_;
};

void read_frames(cv::VideoCapture& capture, const Bytes& file, const fs::path& path,
                 Samples samples, const Context& context, Video& v, Clock& clock) {
  const double claimed = capture.get(cv::CAP_PROP_FRAME_COUNT);
  Collected collected(samples, claimed);
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
    if (v.frames == 0)
      checked_bytes({static_cast<std::uint64_t>(v.width), static_cast<std::uint64_t>(v.height), 3},
                    allocation_limit(), fmt::format("'{}'", file.name()));
    if (samples == Samples::Load) collected.add(frame);
    if (++v.frames > most_frames)
      throw file.unsupported(fmt::format("has more than {} frames", most_frames),
                             "cut it into shorter clips");
  }
  if (v.frames == 0)
    throw file.bad("holds no frame that can be decoded", "copy or export the video again");
  if (collected.whole())
    v.pixels = collected.pixels();
  else if (samples == Samples::Load)
    v.source = frames_by_hash(path, v, collected.hashes());
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
    cv::VideoCapture capture = open_capture(path);
    const double rate = capture.get(cv::CAP_PROP_FPS);
    if (std::isfinite(rate) && rate >= 0.1 && rate <= 1000) clock.frame_ms = 1000 / rate;
    read_frames(capture, file, path, samples, context, v, clock);
  } catch (const cv::Exception& e) {
    throw file.bad(fmt::format("is a damaged video: {}", clean_text(e.err)),
                   "copy or export the video again");
  }
  set_frame_time(clock, v);
}

}
