// From three values a pixel to the bytes of a picture.
#pragma once

#include "hyperspectral/raster.h"
#include "modules/core/context.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace sensorium::hyper {

// How a channel's value becomes 0..1: (value - low) / (high - low); then, for linear light, sRGB's
// curve.
struct Tone {
  std::array<double, 3> low{0, 0, 0}, high{1, 1, 1};
  bool linear_light = false;
};

struct Channel {
  double least = 0, most = 0; // of the finite values
  std::uint64_t finite = 0;
};
std::array<Channel, 3> channels_of(const Raster& raster, const Context& context);

// The value below which percent of the finite values of weights . pixel lie, to 1/65536 of their
// range. weights {1, 0, 0}: the first channel. 0 when nothing is finite.
double percentile(const Raster& raster, const std::array<double, 3>& weights, double percent);

// From the low to the high percentile of each channel; common: one range for all three.
Tone stretch(const Raster& raster, double low_percent, double high_percent, bool common);

struct PictureCounts {
  std::uint64_t blank = 0;   // no measurement: black
  std::uint64_t clipped = 0; // a channel above the brightest shade
  std::uint64_t below = 0;   // a channel below 0: outside of sRGB, or of the stretch
};
// 8-bit RGB of some lines; adds to counts when they are asked for.
void render_lines(const Raster& raster, const Tone& tone, int line, int count,
                  std::vector<std::uint8_t>& out, PictureCounts* counts = nullptr);
PictureCounts count_picture(const Raster& raster, const Tone& tone);
// Throws Error Resources.
void write_png(const Raster& raster, const Tone& tone, const std::filesystem::path& path);

}
