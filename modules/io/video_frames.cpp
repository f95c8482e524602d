#include "modules/io/video_frames.h"

#include "modules/core/error.h"
#include "modules/io/opencv_codecs.h"

#include <fmt/format.h>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cstring>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr int most_pixels_a_side = 16384;
constexpr int near = 100;       // frames ahead that are decoded rather than sought
constexpr int most_before = 48; // frames decoded before the one asked for when going backwards

class SoughtFrames : public DecodedFrames {
public:
  SoughtFrames(fs::path path, const Video& v, std::vector<std::uint64_t> hashes)
      : path_(std::move(path)), width_(v.width), height_(v.height), hashes_(std::move(hashes)) {}

  std::string index() const override {
    std::string out;
    for (const std::uint64_t h : hashes_) out += fmt::format("{:016x}", h);
    return out;
  }

protected:
  void decode(int t, const Keep& keep) const override {
    if (t < 0 || t >= static_cast<int>(hashes_.size()))
      throw Error(ErrorCode::BadInput, fmt::format("'{}' has no frame {}", path_.string(), t + 1));
    try {
      const int before = t < next_ ? std::min(most_before, room(frame_bytes()) / 2) : 0;
      const int from = std::max(0, t - before);
      if (!capture_.isOpened() || t < next_ || (seeks_ && t > next_ + near)) seek(from);
      if (forward(t, seeks_ ? next_ : from, keep)) return;
      seeks_ = false;
      seek(0);
      if (forward(t, from, keep)) return;
    } catch (const cv::Exception&) {
      capture_.release();
    }
    throw Error(ErrorCode::Conflict,
                fmt::format("frame {} of '{}' is not the one that was opened: the file has changed",
                            t + 1, path_.string()),
                "open it again");
  }

private:
  std::size_t frame_bytes() const {
    return std::size_t{3} * static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
  }
  void seek(int to) const {
    if (!capture_.isOpened() || to == 0 || !seeks_) {
      capture_ = open_capture(path_);
      next_ = 0;
      if (!seeks_) return;
    }
    if (to > 0) capture_.set(cv::CAP_PROP_POS_FRAMES, to);
    next_ = to;
  }
  // Those before `from` are passed over without a look.
  bool forward(int t, int from, const Keep& keep) const {
    cv::Mat frame;
    for (; next_ <= t; ++next_) {
      if (!capture_.grab()) return false;
      if (next_ < from) continue;
      if (!capture_.retrieve(frame) || frame.type() != CV_8UC3 || frame.cols != width_ ||
          frame.rows != height_)
        return false;
      auto rgb = rgb_of(frame);
      if (frame_hash(rgb) != hashes_[static_cast<std::size_t>(next_)]) return false;
      keep(next_, Buffer(std::move(rgb)));
    }
    return true;
  }

  fs::path path_;
  int width_, height_;
  std::vector<std::uint64_t> hashes_;
  mutable cv::VideoCapture capture_;
  mutable int next_ = 0; // the frame that the capture gives next
  mutable bool seeks_ = true;
};

}

cv::VideoCapture open_capture(const fs::path& path) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  // An absolute path cannot be taken for a URL, and FFmpeg alone cannot take it for a numbered
  // series of pictures.
  cv::VideoCapture capture(fs::absolute(path).string(), cv::CAP_FFMPEG);
  if (!capture.isOpened())
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' cannot be decoded as a video: it is damaged or of an unknown "
                            "codec",
                            path.string()),
                "copy it again, or convert it to MP4 (H.264)");
  const double width = capture.get(cv::CAP_PROP_FRAME_WIDTH),
               height = capture.get(cv::CAP_PROP_FRAME_HEIGHT);
  if (!(width >= 1 && width <= most_pixels_a_side && height >= 1 && height <= most_pixels_a_side))
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' claims frames of {} x {} pixels", path.string(), width, height),
                "copy or export the video again");
  return capture;
}

std::vector<std::byte> rgb_of(const cv::Mat& bgr) {
  std::vector<std::byte> out(bgr.total() * bgr.elemSize());
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, out.data());
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return out;
}

std::uint64_t frame_hash(std::span<const std::byte> frame) {
  std::uint64_t hash = 0x9E3779B97F4A7C15u ^ frame.size();
  std::size_t at = 0;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
    hash ^= hash >> 32;
  };
  for (; at + 8 <= frame.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, frame.data() + at, 8);
    mix(word);
  }
  for (; at < frame.size(); ++at) mix(std::to_integer<std::uint64_t>(frame[at]));
  return hash;
}

std::shared_ptr<const FrameSource> frames_by_hash(const fs::path& path, const Video& v,
                                                  std::vector<std::uint64_t> hashes) {
  return std::make_shared<SoughtFrames>(path, v, std::move(hashes));
}

std::shared_ptr<const FrameSource> video_frames(const fs::path& path, const Video& v,
                                                const std::string& index) {
  std::vector<std::uint64_t> hashes;
  for (std::size_t at = 0; at + 16 <= index.size(); at += 16)
    hashes.push_back(std::strtoull(index.substr(at, 16).c_str(), nullptr, 16));
  if (hashes.size() != static_cast<std::size_t>(v.frames) || index.size() % 16 != 0)
    throw Error(ErrorCode::BadInput,
                fmt::format("the stored list of frames of '{}' is damaged", path.string()),
                "open it again");
  return frames_by_hash(path, v, std::move(hashes));
}

}
