// Frames from a stream that may still be growing: YUV4MPEG2, the uncompressed format that ffmpeg,
// GStreamer and mjpegtools write to pipes (`ffmpeg -i CLIP -f yuv4mpegpipe -`). Brightness only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sensorium {

class Y4mStream {
public:
  // read(to, count): up to count bytes, at least one, and 0 at the end of the stream; it may wait.
  // name is for messages. Reads the header. Throws Error BadInput (no such stream, sizes that are
  // missing or beyond 8192, more than 8 bits), Unsupported (an unknown colour space).
  using Read = std::function<std::size_t(std::uint8_t* to, std::size_t count)>;
  Y4mStream(Read read, std::string name);

  int width() const { return width_; }
  int height() const { return height_; }
  std::optional<double> frame_time_ms() const { return frame_time_ms_; }
  // The next frame's brightness, [y][x]; false at the end. Throws Error BadInput when the stream
  // ends within a frame or a frame does not begin as frames do.
  bool next(std::vector<std::uint8_t>& luma);
  int frames() const { return frames_; } // so far

private:
  std::string line(const char* what);
  bool fill(std::uint8_t* to, std::size_t count);
  Read read_;
  std::string name_;
  int width_ = 0, height_ = 0, frames_ = 0;
  std::size_t chroma_ = 0; // bytes after the brightness of a frame
  std::optional<double> frame_time_ms_;
  std::vector<std::uint8_t> skipped_;
};

}
