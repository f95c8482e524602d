// Floats a pixel (three unless said), for pictures and maps of any size: in memory while small,
// else in a nameless file.
#pragma once

#include "modules/core/cube.h"

#include <cstddef>
#include <memory>
#include <span>

namespace sensorium::hyper {

class Raster {
public:
  // Zeros. A raster above 64 MiB lies in a file of the cache folder that has no name and ends with
  // it. Throws Error Resources.
  Raster(int lines, int samples, int channels = 3);
  ~Raster();
  Raster(const Raster&) = delete;
  Raster& operator=(const Raster&) = delete;

  int lines() const { return lines_; }
  int samples() const { return samples_; }
  int channels() const { return channels_; }
  // [sample][channel] of consecutive lines.
  std::span<float> rows(int line, int count);
  std::span<const float> rows(int line, int count) const;
  // What lies in a file is written there, and its memory given back.
  void release() const;

private:
  int lines_, samples_, channels_;
  float* data_ = nullptr;
  std::size_t bytes_ = 0;
  bool mapped_ = false;
};

}
