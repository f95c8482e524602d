// One JPEG 2000 codestream to samples, by OpenJPEG (Debian's DCMTK has no such decoder).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sensorium::dicom {

struct Jpeg2000Image {
  std::uint32_t width = 0, height = 0, components = 0, precision = 0;
  bool is_signed = false;
  std::vector<std::int32_t> samples; // [y][x][component]
  std::string failure;               // empty, or why there are no samples
};

// Never throws for bad data: failure says what is wrong. Refuses images of more than max_samples.
Jpeg2000Image decode_jpeg2000(std::span<const std::byte> bytes, std::uint64_t max_samples);

}
