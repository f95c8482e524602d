// What a picture file says about itself, read without decoding it, so that a lying header allocates
// nothing and a truncated file is refused before a decoder fills the rest with grey.
#pragma once

#include "modules/io/bytes.h"

#include <vector>

namespace sensorium {

enum class PictureFormat { None, Png, Jpeg, Tiff, Bmp };
std::string_view name_of(PictureFormat format); // "PNG" ...
// From the first bytes.
PictureFormat picture_format(std::span<const std::byte> head);

struct PicturePage {
  std::uint64_t width = 0, height = 0;
  int stored_channels = 1; // with alpha
  bool alpha = false;      // the last stored channel is transparency
  PixelType type = PixelType::UInt8;
  bool reduced = false;        // a thumbnail of another page (TIFF NewSubfileType bit 0)
  std::uint64_t directory = 0; // where a TIFF page's directory lies
  int channels() const { return stored_channels - (alpha ? 1 : 0) >= 3 ? 3 : 1; }
};

struct PictureHeader {
  PictureFormat format = PictureFormat::None;
  std::vector<PicturePage> pages;
  std::string print_resolution; // "300 dpi", empty when none is stated
  // ImageJ's calibration in a TIFF: micrometres per pixel (x, y) and per page (z), 0 where it gives
  // none.
  std::array<double, 3> imagej_um{};
};

// Throws Error BadInput (cut short, contradictory, too large) or Unsupported. A picture that
// decodes to more than 64 MiB and to more than 3000 times the file's size is taken as a lie.
PictureHeader read_picture_header(const Bytes& file);

// Used by read_picture_header.
PictureHeader read_tiff_header(const Bytes& file);

}
