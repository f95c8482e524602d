// JPEG through libjpeg itself: OpenCV's codec hands out damaged pictures, partly grey, without a
// word.
#pragma once

#include "modules/io/image_header.h"

namespace sensorium {

// The samples [y][x][channel], grey or RGB as page.channels() says. Throws Error BadInput for data
// that are cut short or damaged, also where the decoder could go on; only stray bytes between
// segments are let pass.
std::vector<std::byte> decode_jpeg(const Bytes& file, const PicturePage& page);

}
