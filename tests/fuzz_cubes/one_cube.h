// As one_file.h, and every corner of a cube that opens is read: what the header promises must lie
// in the file.
#pragma once

#include "tests/fuzz_medical/one_file.h"

namespace sensorium::fuzz {

inline void touch_corners(const Cube& cube) {
  for (const int line : {0, cube.lines - 1})
    for (const int sample : {0, cube.samples - 1})
      for (const int band : {0, cube.bands - 1}) {
        double value = 0;
        const std::array<int, 1> one{band};
        read_tile<double>(cube, {line, 1, sample, 1}, one, natural_order(cube), {&value, 1});
      }
}

inline void read_cube(const ReaderDefinition& reader, const std::filesystem::path& path) {
  read(reader, path);
  try {
    const Dataset dataset = reader.load(path, Context{});
    if (const auto* cube = std::get_if<Cube>(&dataset)) touch_corners(*cube);
  } catch (const Error&) {
  }
}

}
