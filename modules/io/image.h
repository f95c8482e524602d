// Pictures and multi-page pictures through OpenCV's codecs (PNG, TIFF, BMP) and libjpeg (JPEG).
// Samples keep their stored type (16 bit stays 16 bit); colour is RGB, transparency is dropped. A
// picture has no scale: a print resolution is none. The exception is a TIFF that ImageJ calibrated
// in micrometres or millimetres.
#pragma once

#include "modules/core/context.h"
#include "modules/io/image_header.h"

#include <functional>

namespace sensorium {

// A picture file's pages as a volume of depth = pages; all pages must have one size. Throws Error
// BadInput (cut short, damaged, lying sizes, pages of several sizes) or Unsupported. name: the
// file, for messages.
Volume parse_picture(std::span<const std::byte> file, const std::string& name,
                     Samples samples = Samples::Load);

// The first page of a picture file. Throws as above.
Image parse_image(std::span<const std::byte> file, const std::string& name);

}
