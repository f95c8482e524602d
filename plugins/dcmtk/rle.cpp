#include "plugins/dcmtk/rle.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace sensorium::dicom {
namespace {

constexpr std::size_t header_bytes = 64;
using Offsets = std::array<std::size_t, 16>; // number of segments, then where each begins

std::size_t word(std::span<const std::byte> bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::to_integer<std::size_t>(bytes[at + i]) << (8 * i);
  return value;
}

// PackBits (PS3.5 G.3.1) into every `stride`-th byte of `out`; false when the segment ends early.
bool unpack(std::span<const std::byte> segment, std::size_t count, std::byte* out,
            std::size_t stride) {
  std::size_t done = 0, at = 0;
  const auto put = [&](std::byte value) { out[stride * done++] = value; };
  while (done < count) {
    if (at >= segment.size()) return false;
    const int code = static_cast<std::int8_t>(segment[at++]);
    if (code == -128) continue;
    const auto run = static_cast<std::size_t>(code < 0 ? 1 - code : code + 1);
    const std::size_t used = code < 0 ? 1 : run;
    if (segment.size() - at < used) return false;
    for (std::size_t i = 0; i < run && done < count; ++i) put(segment[code < 0 ? at : at + i]);
    at += used;
  }
  return true;
}

}

RleFrame decode_rle(std::span<const std::byte> frame, std::size_t pixels, std::size_t samples,
                    std::size_t width) {
  if (frame.size() < header_bytes)
    return {{}, fmt::format("it has {} bytes, less than its header of 64", frame.size())};
  const std::size_t segments = samples * width; // 0 when a sample is less than a byte
  Offsets offsets;
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = word(frame, 4 * i);
  if (segments == 0 || segments + 1 > offsets.size() || offsets[0] != segments)
    return {{}, fmt::format("it has {} segments where {} are needed", offsets[0], segments)};
  RleFrame out;
  out.bytes.resize(pixels * segments);
  for (std::size_t s = 0; s < segments; ++s) {
    const std::size_t begin = offsets[s + 1],
                      end = s + 1 < segments ? offsets[s + 2] : frame.size();
    if (begin < header_bytes || begin > end || end > frame.size())
      return {
          {},
          fmt::format("segment {} lies from byte {} to {} of {}", s + 1, begin, end, frame.size())};
    // The most significant byte of a sample comes first (G.2).
    std::byte* first = out.bytes.data() + s / width * width + (width - 1 - s % width);
    if (!unpack(frame.subspan(begin, end - begin), pixels, first, segments))
      return {{}, fmt::format("segment {} ends before {} pixels", s + 1, pixels)};
  }
  return out;
}

}
