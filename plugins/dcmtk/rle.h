// RLE Lossless frames (PS3.5 annex G). Own code because DCMTK's decoder trusts the segment offsets
// and reads outside the frame when they lie.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace sensorium::dicom {

struct RleFrame {
  std::vector<std::byte> bytes; // pixel by pixel, samples of a pixel together, little endian
  std::string failure;          // what is wrong with the frame; empty when it is right
};

// One compressed frame of `pixels` pixels with `samples` samples of `width` bytes each. A segment
// may be followed by padding; one that is short or lies outside the frame is a failure.
RleFrame decode_rle(std::span<const std::byte> frame, std::size_t pixels, std::size_t samples,
                    std::size_t width);

}
