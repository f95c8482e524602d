#include "modules/io/image_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr std::string_view png_magic = "\x89PNG\r\n\x1a\n";

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::uint8_t byte_at(const Bytes& file, std::uint64_t at) {
  return file.little<std::uint8_t>(at, "the picture");
}

// CRC-32 of the PNG specification, annex D.
std::uint32_t crc_of(std::span<const std::byte> bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      t[i] = i;
      for (int k = 0; k < 8; ++k) t[i] = (t[i] & 1u) != 0 ? (t[i] >> 1) ^ 0xEDB88320u : t[i] >> 1;
    }
    return t;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::byte b : bytes)
    crc = table[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xFFu] ^ (crc >> 8);
  return ~crc;
}

PicturePage png_page(const Bytes& file, std::uint64_t at) {
  PicturePage page;
  page.width = file.big<std::uint32_t>(at, "IHDR");
  page.height = file.big<std::uint32_t>(at + 4, "IHDR");
  const int bits = byte_at(file, at + 8), colour = byte_at(file, at + 9);
  page.type = bits == 16 ? PixelType::UInt16 : PixelType::UInt8;
  page.alpha = colour == 4 || colour == 6;
  page.stored_channels = colour == 0 ? 1 : colour == 4 ? 2 : colour == 6 ? 4 : 3;
  if (colour > 6 || colour == 1 || colour == 5 || bits > 16)
    throw file.bad(fmt::format("is a damaged PNG: colour type {} with {} bits", colour, bits));
  return page;
}

PictureHeader png_header(const Bytes& file) {
  PictureHeader out{PictureFormat::Png, {}, {}, {}};
  bool data = false;
  for (std::uint64_t at = png_magic.size();;) {
    const std::uint64_t length = file.big<std::uint32_t>(at, "a PNG chunk");
    const std::string kind = file.text(at + 4, 4, "a PNG chunk");
    file.part(at + 8, length + 4, fmt::format("the PNG chunk {}", kind));
    const bool critical = kind == "IHDR" || kind == "PLTE" || kind == "IDAT";
    if (critical && crc_of(file.part(at + 4, length + 4, kind)) !=
                        file.big<std::uint32_t>(at + 8 + length, "a checksum"))
      throw file.bad(
          fmt::format("is a damaged PNG: the checksum of its chunk {} at {} is wrong", kind, at));
    if (out.pages.empty()) {
      if (kind != "IHDR" || length != 13)
        throw file.bad("is a damaged PNG: it does not begin with a header chunk");
      out.pages.push_back(png_page(file, at + 8));
    }
    data = data || kind == "IDAT";
    if (kind == "pHYs" && length == 9 && byte_at(file, at + 16) == 1)
      out.print_resolution =
          fmt::format("{:.0f} dpi", file.big<std::uint32_t>(at + 8, "pHYs") * 0.0254);
    if (kind == "IEND") break;
    at += length + 12;
  }
  if (!data) throw file.bad("is a damaged PNG: it holds no picture data");
  return out;
}

PicturePage jpeg_page(const Bytes& file, std::uint64_t at, int marker) {
  if (marker > 0xC2)
    throw file.unsupported(
        fmt::format("is a JPEG of a rare kind (lossless or arithmetic, SOF{})", marker - 0xC0),
        "convert it to PNG or TIFF");
  PicturePage page;
  const int bits = byte_at(file, at + 4);
  page.height = file.big<std::uint16_t>(at + 5, "the JPEG frame header");
  page.width = file.big<std::uint16_t>(at + 7, "the JPEG frame header");
  const int components = byte_at(file, at + 9);
  if (bits != 8)
    throw file.unsupported(fmt::format("is a JPEG with {} bits a sample", bits),
                           "convert it to PNG or TIFF");
  if (components != 1 && components != 3)
    throw file.unsupported(fmt::format("is a JPEG with {} colour components", components),
                           "convert it to RGB or grey");
  page.stored_channels = components;
  return page;
}

// First position at or after `at` of a marker that is neither a stuffed byte nor a restart marker.
std::uint64_t skip_entropy_coded(const Bytes& file, std::uint64_t at) {
  const auto bytes = file.all();
  for (; at + 1 < bytes.size(); ++at) {
    if (bytes[at] != std::byte{0xFF}) continue;
    const auto next = std::to_integer<int>(bytes[at + 1]);
    if (next != 0x00 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return at;
  }
  throw file.bad("is cut short: the JPEG data end before their end marker");
}

PictureHeader jpeg_header(const Bytes& file) {
  PictureHeader out{PictureFormat::Jpeg, {}, {}, {}};
  bool scan = false;
  for (std::uint64_t at = 2;;) {
    if (byte_at(file, at) != 0xFF)
      throw file.bad(fmt::format("is a damaged JPEG: no marker at byte {}", at));
    const int marker = byte_at(file, at + 1);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    at += 2;
    if (marker == 0xD9) break;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) continue;
    const std::uint64_t length = file.big<std::uint16_t>(at, "a JPEG segment");
    if (length < 2) throw file.bad(fmt::format("is a damaged JPEG: a segment of {} bytes", length));
    file.part(at, length, "a JPEG segment");
    const bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame && !out.pages.empty())
      throw file.bad("is a damaged JPEG: it holds two frame headers");
    if (frame) out.pages.push_back(jpeg_page(file, at - 2, marker));
    if (marker == 0xE0 && length >= 12 && file.text(at + 2, 4, "JFIF") == "JFIF" &&
        byte_at(file, at + 9) != 0)
      out.print_resolution =
          fmt::format("{:.0f} dpi", file.big<std::uint16_t>(at + 10, "JFIF") *
                                        (byte_at(file, at + 9) == 2 ? 2.54 : 1.0));
    at += length;
    if (marker == 0xDA) {
      scan = true;
      at = skip_entropy_coded(file, at);
    }
  }
  if (out.pages.empty() || !scan) throw file.bad("is a damaged JPEG: it holds no picture");
  return out;
}

bool grey_palette(const Bytes& file, std::uint64_t at, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = file.part(at + 4 * i, 4, "the BMP palette");
    if (entry[0] != entry[1] || entry[1] != entry[2]) return false;
  }
  return true;
}

PictureHeader bmp_header(const Bytes& file) {
  const auto data_at = file.little<std::uint32_t>(10, "the BMP header");
  const auto header_size = file.little<std::uint32_t>(14, "the BMP header");
  if (header_size < 40) throw file.unsupported("is a BMP of the OS/2 kind", "convert it to PNG");
  const auto width = file.little<std::int32_t>(18, "the BMP header");
  const std::int64_t height = file.little<std::int32_t>(22, "the BMP header"); // negative: top-down
  const auto bits = file.little<std::uint16_t>(28, "the BMP header");
  const auto compression = file.little<std::uint32_t>(30, "the BMP header");
  PicturePage page;
  if (width <= 0 || height == 0)
    throw file.bad(fmt::format("is a damaged BMP of {} x {}", width, height));
  page.width = static_cast<std::uint64_t>(width);
  page.height = static_cast<std::uint64_t>(std::abs(height));
  page.stored_channels = bits == 32 ? 4 : 3;
  page.alpha = bits == 32;
  if (bits <= 8) {
    const std::uint64_t most = std::uint64_t{1} << bits,
                        used = file.little<std::uint32_t>(46, "the BMP header");
    if (grey_palette(file, 14 + header_size, used == 0 ? most : std::min(used, most)))
      page.stored_channels = 1;
  }
  const std::uint64_t row = (page.width * bits + 31) / 32 * 4;
  if (compression != 1 && compression != 2)
    file.part(data_at, row * page.height, "the BMP picture data");
  return {PictureFormat::Bmp, {page}, {}, {}};
}

void check_sizes(const PictureHeader& header, const Bytes& file) {
  std::uint64_t total = 0;
  for (const PicturePage& page : header.pages) {
    if (page.width == 0 || page.height == 0 || page.width > (1u << 20) || page.height > (1u << 20))
      throw file.bad(
          fmt::format("claims to be a picture of {} x {} pixels", page.width, page.height));
    total += checked_bytes({page.width, page.height,
                            static_cast<std::uint64_t>(page.stored_channels), size_of(page.type)},
                           allocation_limit(), fmt::format("'{}'", file.name()));
    checked_bytes({total}, allocation_limit(), fmt::format("'{}'", file.name()));
  }
  if (total > (64u << 20) && total / 3000 > file.size())
    throw file.bad(fmt::format("claims to hold {} bytes of pixels, which {} bytes cannot", total,
                               file.size()));
}

}

std::string_view name_of(PictureFormat format) {
  constexpr std::array<std::string_view, 5> names{"", "PNG", "JPEG", "TIFF", "BMP"};
  return names[static_cast<std::size_t>(format)];
}

PictureFormat picture_format(std::span<const std::byte> head) {
  using namespace std::string_view_literals;
  if (begins_with(head, png_magic)) return PictureFormat::Png;
  if (begins_with(head, "\xff\xd8\xff")) return PictureFormat::Jpeg;
  for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (begins_with(head,
                    magic)) // a DICOM file may carry a TIFF header in its preamble (PS3.10, 7.1)
      return begins_with(head.subspan(std::min<std::size_t>(128, head.size())), "DICM")
                 ? PictureFormat::None
                 : PictureFormat::Tiff;
  // "BM" alone is common: the reserved words must be 0 and the header size a known one.
  if (begins_with(head, "BM") && head.size() >= 18 &&
      std::memcmp(head.data() + 6, "\0\0\0\0", 4) == 0 && std::to_integer<int>(head[14]) >= 12 &&
      std::to_integer<int>(head[14]) <= 124 && std::memcmp(head.data() + 15, "\0\0\0", 3) == 0)
    return PictureFormat::Bmp;
  return PictureFormat::None;
}

PictureHeader read_picture_header(const Bytes& file) {
  PictureHeader header;
  switch (picture_format(file.all())) {
  case PictureFormat::Png:
    header = png_header(file);
    break;
  case PictureFormat::Jpeg:
    header = jpeg_header(file);
    break;
  case PictureFormat::Tiff:
    header = read_tiff_header(file);
    break;
  case PictureFormat::Bmp:
    header = bmp_header(file);
    break;
  case PictureFormat::None:
    throw file.unsupported("is no PNG, JPEG, TIFF or BMP picture", "convert it to one of these");
  }
  check_sizes(header, file);
  return header;
}

}
