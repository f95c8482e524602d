// A PNG written row by row, for pictures larger than memory.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace sensorium {

class PngWriter {
public:
  // channels: 1 or 3, of 8 bits. palette: the colours of values 0, 1 ... of one channel, at most
  // 256. Throws Error Resources; Unsupported above 2^31 - 1 a side.
  PngWriter(const std::filesystem::path& path, int width, int height, int channels,
            std::span<const std::array<std::uint8_t, 3>> palette = {});
  ~PngWriter(); // without finish(): the file is removed
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  void row(std::span<const std::uint8_t> samples); // width * channels
  void finish();                                   // throws Error Resources: disk full

private:
  struct State;
  std::unique_ptr<State> state_;
};

}
