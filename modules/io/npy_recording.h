// One- and two-dimensional NumPy arrays (.npy, versions 1 to 3) as recordings.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>

namespace sensorium {

// The header of a .npy file. Throws Error BadInput, Unsupported (structured, complex or text
// types).
struct NpyHeader {
  std::string type; // "<f4" ...
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::size_t data_offset = 0;
};
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& name);

// 92 for one axis, or for two of which one is at most 64; else 0: a picture or a cube.
int sniff_npy_recording(std::span<const std::byte> head);

// The shorter axis of two is the channels. Values in this machine's byte order are mapped; others
// are converted. A NumPy array has no rate, names or units.
Recording load_npy_recording(const std::filesystem::path& path, const Context& context);

}
