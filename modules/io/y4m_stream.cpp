#include "modules/io/y4m_stream.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace sensorium {
namespace {

constexpr std::size_t longest_line = 1024;
constexpr int greatest_size = 8192;

int whole(const std::string& text, const std::string& name) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 1 || value > greatest_size)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' says a size of '{}', not 1 to {}", name, text.substr(0, 20),
                            greatest_size),
                "check the program that writes the stream");
  return value;
}

std::optional<double> milliseconds(const std::string& text) {
  std::int64_t frames = 0, seconds = 0;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  std::from_chars(text.data(), text.data() + colon, frames);
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), seconds);
  if (frames <= 0 || seconds <= 0) return std::nullopt;
  return 1000.0 * static_cast<double>(seconds) / static_cast<double>(frames);
}

std::size_t chroma_bytes(const std::string& space, int width, int height, const std::string& name) {
  const auto w = static_cast<std::size_t>(width), h = static_cast<std::size_t>(height);
  if (space == "mono") return 0;
  if (space == "420" || space == "420jpeg" || space == "420mpeg2" || space == "420paldv")
    return 2 * ((w + 1) / 2) * ((h + 1) / 2);
  if (space == "422") return 2 * ((w + 1) / 2) * h;
  if (space == "444") return 2 * w * h;
  throw Error(ErrorCode::Unsupported,
              fmt::format("'{}' has the colour space '{}'", name, space.substr(0, 20)),
              "write 420, 422, 444 or mono of 8 bits (ffmpeg -pix_fmt yuv420p)");
}

}

Y4mStream::Y4mStream(Read read, std::string name) : read_(std::move(read)), name_(std::move(name)) {
  std::istringstream words(line("header"));
  std::string word, space = "420";
  words >> word;
  if (word != "YUV4MPEG2")
    throw Error(ErrorCode::BadInput, fmt::format("'{}' is no YUV4MPEG2 stream", name_),
                "ffmpeg -i CLIP -f yuv4mpegpipe - | sensorium follow lung_ultrasound - -o DIR");
  while (words >> word) {
    const std::string rest = word.substr(1);
    if (word[0] == 'W') width_ = whole(rest, name_);
    if (word[0] == 'H') height_ = whole(rest, name_);
    if (word[0] == 'F') frame_time_ms_ = milliseconds(rest);
    if (word[0] == 'C') space = rest;
  }
  if (width_ == 0 || height_ == 0)
    throw Error(ErrorCode::BadInput, fmt::format("'{}' does not say its size", name_),
                "check the program that writes the stream");
  chroma_ = chroma_bytes(space, width_, height_, name_);
}

// Up to the end of a line, or of the stream when nothing was read.
std::string Y4mStream::line(const char* what) {
  std::string out;
  for (std::uint8_t c = 0; fill(&c, 1);) {
    if (c == '\n') return out.empty() ? " " : out;
    out += static_cast<char>(c);
    if (out.size() > longest_line)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}': the {} of frame {} is no line of text", name_, what, frames_),
                  "check the program that writes the stream");
  }
  if (!out.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' ends within the {} of frame {}", name_, what, frames_),
                "the stream was cut short");
  return out;
}

// False when the stream ends before the first byte of these.
bool Y4mStream::fill(std::uint8_t* to, std::size_t count) {
  for (std::size_t got = 0; got < count;) {
    const std::size_t n = read_(to + got, count - got);
    if (n == 0 && got == 0) return false;
    if (n == 0)
      throw Error(ErrorCode::BadInput, fmt::format("'{}' ends within frame {}", name_, frames_ + 1),
                  "the stream was cut short; what came before it was looked at");
    got += n;
  }
  return true;
}

bool Y4mStream::next(std::vector<std::uint8_t>& luma) {
  const std::string head = line("head");
  if (head.empty()) return false;
  if (!head.starts_with("FRAME"))
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}': frame {} does not begin as frames do", name_, frames_ + 1),
                "check the program that writes the stream");
  luma.resize(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_));
  skipped_.resize(chroma_);
  if (!fill(luma.data(), luma.size()) || (chroma_ > 0 && !fill(skipped_.data(), chroma_)))
    throw Error(ErrorCode::BadInput, fmt::format("'{}' ends within frame {}", name_, frames_ + 1),
                "the stream was cut short; what came before it was looked at");
  ++frames_;
  return true;
}

}
