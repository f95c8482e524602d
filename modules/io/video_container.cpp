#include "modules/io/video_container.h"

#include <fmt/format.h>

namespace sensorium {
namespace {

using namespace std::string_view_literals;

bool holds(std::span<const std::byte> bytes, std::size_t at, std::string_view magic) {
  return bytes.size() >= at + magic.size() &&
         std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

Error cut(const Bytes& file, const std::string& what) {
  return file.bad(fmt::format("is cut short: {}; the file has {} bytes", what, file.size()),
                  "copy or export the video again");
}

// ISO/IEC 14496-12, section 4.2: top-level boxes up to the end of the file, among them the index
// (moov).
void check_mp4(const Bytes& file) {
  bool index = false;
  for (std::uint64_t at = 0; at < file.size();) {
    if (!file.has(at, 8)) {
      if (index) return; // a few stray bytes behind the last box are harmless
      throw cut(file, fmt::format("a box begins at {}", at));
    }
    std::uint64_t size = file.big<std::uint32_t>(at, "a box");
    const std::string kind = file.text(at + 4, 4, "a box");
    if (size == 1)
      size = file.has(at + 8, 8) ? file.big<std::uint64_t>(at + 8, "a box") : 0;
    else if (size == 0)
      size = file.size() - at;
    if (size < 8) {
      if (index) return;
      throw file.bad(fmt::format("is a damaged video: a box of {} bytes at {}", size, at),
                     "copy or export the video again");
    }
    if (!file.has(at, size))
      throw cut(file, fmt::format("its box '{}' at {} has {} bytes", kind, at, size));
    index = index || kind == "moov";
    at += size;
  }
  if (!index) throw cut(file, "its index (moov) is missing");
}

void check_avi(const Bytes& file) {
  const std::uint64_t size = file.little<std::uint32_t>(4, "the RIFF header");
  if (size != 0 && size != 0xFFFFFFFFu && size > file.size() - 8)
    throw cut(file, fmt::format("its RIFF header says {} bytes", size + 8));
}

// GIF89a specification, sections 18 to 27: blocks up to the trailer.
void check_gif(const Bytes& file) {
  const auto byte = [&](std::uint64_t at) { return file.little<std::uint8_t>(at, "the GIF data"); };
  const auto table = [](unsigned flags) {
    return (flags & 0x80u) != 0 ? std::uint64_t{3} << ((flags & 7u) + 1) : 0;
  };
  const auto skip_blocks = [&](std::uint64_t at) {
    while (byte(at) != 0) at += byte(at) + std::uint64_t{1};
    return at + 1;
  };
  for (std::uint64_t at = 13 + table(byte(10));;) {
    const unsigned kind = byte(at);
    if (kind == 0x3B) return;
    if (kind == 0x21)
      at = skip_blocks(at + 2);
    else if (kind == 0x2C)
      at = skip_blocks(at + 11 + table(byte(at + 9)));
    else
      throw file.bad(fmt::format("is a damaged GIF: an unknown block at {}", at),
                     "copy or export the video again");
  }
}

}

std::string_view name_of(Container container) {
  constexpr std::array<std::string_view, 6> names{"",    "MP4 or QuickTime", "AVI", "MPEG",
                                                  "GIF", "Matroska or WebM"};
  return names[static_cast<std::size_t>(container)];
}

Container video_container(std::span<const std::byte> head) {
  for (const auto box : {"ftyp"sv, "moov"sv, "mdat"sv, "wide"sv})
    if (holds(head, 4, box)) return Container::Mp4;
  if (holds(head, 0, "RIFF") && holds(head, 8, "AVI ")) return Container::Avi;
  if (holds(head, 0, "\0\0\1\xBA"sv) || holds(head, 0, "\0\0\1\xB3"sv)) return Container::Mpeg;
  if (holds(head, 0, "G") && holds(head, 188, "G") && holds(head, 376, "G"))
    return Container::Mpeg; // transport stream
  if (holds(head, 0, "GIF87a") || holds(head, 0, "GIF89a")) return Container::Gif;
  if (holds(head, 0, "\x1A\x45\xDF\xA3"sv)) return Container::Matroska;
  return Container::None;
}

void check_complete(const Bytes& file, Container container) {
  if (container == Container::Mp4) check_mp4(file);
  if (container == Container::Avi) check_avi(file);
  if (container == Container::Gif) check_gif(file);
}

}
