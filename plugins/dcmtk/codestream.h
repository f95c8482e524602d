// The compressed frames inside an encapsulated pixel data element, and what their own headers say.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace sensorium::dicom {

struct FrameSize {
  std::uint64_t rows = 0, columns = 0, components = 0;
};

// The fragments of the pixel sequence, without the offset table. Throws Error BadInput when there
// are none.
std::size_t fragment_count(const File& file);
std::vector<std::byte> fragment(const File& file, std::size_t index);
// The bytes of one frame: one fragment a frame, all fragments of a single frame, or by the offset
// table. Throws Error BadInput when the fragments cannot be told apart.
std::vector<std::byte> frame_bytes(const File& file, std::size_t frame, std::size_t frames);
// From the SOF marker of JPEG and JPEG-LS or the SIZ marker of JPEG 2000; nothing when there is
// neither.
std::optional<FrameSize> size_in_codestream(std::span<const std::byte> bytes);

}
