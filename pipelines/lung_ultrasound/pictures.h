// What the network sees of a frame: the beam alone, straightened line by line, as a small square.
// Banner, scale and the shape of the probe never reach it.
#pragma once

#include "modules/core/registry.h"
#include "pipelines/lung_ultrasound/beam.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

using Picture = std::vector<std::uint8_t>; // [depth][line], side * side; 0 outside the frame

// Mean of the beam's greys in each of side x side cells.
Picture picture_of(const std::vector<float>& grey, const Beam& beam, int side);

struct SmallClip {
  int side = 0, frames = 0;      // frames: of the clip
  std::vector<Picture> pictures; // evenly spread over the clip
  std::vector<char> readable;    // of each: a pleural line was found
  std::string failure;           // empty, or why there is none

  bool any_readable() const;
};

// At most `count` pictures of a clip; the beam is looked for in up to 32 frames. Kept in
// cache_folder() for the next time, by the file's path, size and time. What cannot be opened or has
// no beam is a failure, not an error.
SmallClip small_clip(Registry& registry, const std::filesystem::path& file, int count, int side);
SmallClip small_clip(const Dataset& dataset, int count, int side);

}
