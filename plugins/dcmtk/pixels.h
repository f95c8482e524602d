// The pixels of a DICOM image: described and checked first, then decoded frame by frame.
#pragma once

#include "plugins/dcmtk/dicom_file.h"

#include "modules/core/context.h"

#include <string>
#include <vector>

namespace sensorium::dicom {

struct Rescale {
  double slope = 1, intercept = 0;
};

struct PixelModule {
  int rows = 0, columns = 0, frames = 1, samples = 1;
  int allocated = 8, stored = 8, high_bit = 7;
  bool is_signed = false, planar = false;
  bool real = false; // Float Pixel Data or Double Float Pixel Data
  std::string photometric;
  std::vector<std::uint8_t> palette; // RGB triples, for stored values palette_first and up
  int palette_first = 0;
  std::vector<Rescale> rescale; // empty: none; one for all frames; or one a frame
  // What decode() gives.
  int channels = 1;
  PixelType type = PixelType::UInt8;
  std::vector<std::string> warnings;
};

// Throws Error Unsupported (no image in it, an encoding that is not read) or BadInput: a missing or
// contradicting element; fewer bytes than the header promises (both numbers); more than
// allocation_limit().
// In a clip (by_frames) only each frame must keep to that limit.
PixelModule read_pixel_module(const File& file, bool by_frames = false);

// [frame][y][x][channel]. Stored values with unused bits cleared and the sign extended; YBR_FULL
// and palettes become RGB (PS3.3 C.7.6.3.1.2, C.7.9; 16-bit palettes keep their upper 8 bits); the
// modality rescale is applied. Throws Error BadInput for damaged frames.
std::vector<std::byte> decode(const File& file, const PixelModule& module, const Context& context);

// Whether decode_frame() reads no more than that frame of the file.
bool reads_by_frames(const File& file, const PixelModule& module);
// One frame as in decode(). fragment_at: 0, or where the last frame's compressed data ended when
// frames are read in their order; becomes where this one ends.
std::vector<std::byte> decode_frame(const File& file, const PixelModule& module, std::size_t frame,
                                    std::uint32_t& fragment_at);

// The pixel data element's bytes as they are, for bit-packed frames. At least need bytes, or throws
// Error BadInput.
std::span<const std::byte> native_bytes(const File& file, std::uint64_t need);

}
