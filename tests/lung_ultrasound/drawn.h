// Clips drawn by hand, so that the truth is known.
#pragma once

#include "pipelines/lung_ultrasound/beam.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

namespace sensorium::lung_ultrasound::test {

inline constexpr double apex_x = 160, apex_y = -20, near = 40, far = 230;
inline constexpr double half_angle = 30 * std::numbers::pi / 180;

// grey(line, depth) in fractions of the beam, 0 .. 1; speckle moves from frame to frame. A banner
// of bright, still letters lies in the upper left corner, a scale at the right rim.
using Grey = std::function<double(double, double)>;

inline Video sector_clip(int frames, const Grey& grey, double speckle = 0.3) {
  Video v{.width = 320, .height = 240, .frames = frames, .channels = 1};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(v.width) * v.height * frames);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(1 - speckle, 1 + speckle);
  for (int f = 0; f < frames; ++f)
    for (int y = 0; y < v.height; ++y)
      for (int x = 0; x < v.width; ++x) {
        const double dx = x - apex_x, dy = y - apex_y;
        const double line = (std::atan2(dx, dy) + half_angle) / (2 * half_angle);
        const double depth = (std::hypot(dx, dy) - near) / (far - near);
        double value = 0;
        if (line >= 0 && line < 1 && depth >= 0 && depth < 1)
          value = 255 * grey(line, depth) * noise(random);
        if (x < 60 && y < 12 && (x / 4 + y / 3) % 2 == 0) value = 250;
        if (x > 312 && y % 20 < 2) value = 250;
        pixels[(static_cast<std::size_t>(f) * v.height + y) * v.width + x] =
            static_cast<std::uint8_t>(std::min(255.0, value));
      }
  v.pixels = Buffer::of(pixels);
  v.origin.path = "drawn";
  return v;
}

// The same along the beam, without speckle.
inline Lines drawn_lines(const Grey& grey, int lines = 96, int depths = 192) {
  Lines out{lines, depths, {}};
  for (int a = 0; a < lines; ++a)
    for (int d = 0; d < depths; ++d)
      out.value.push_back(static_cast<float>(grey((a + 0.5) / lines, (d + 0.5) / depths)));
  return out;
}

// Chest wall, pleural line at a fifth of the depth, lung that fades.
inline double aerated(double, double depth) {
  if (std::abs(depth - 0.2) < 0.012) return 0.8;
  return depth < 0.2 ? 0.3 : 0.22 * std::exp(-3 * (depth - 0.2)) + 0.04;
}
inline double with_a_line(double line, double depth) {
  return std::abs(depth - 0.4) < 0.012 ? 0.45 : aerated(line, depth);
}
// `count` rays of a twentieth of the width, evenly spread.
inline Grey with_b_lines(int count) {
  return [count](double line, double depth) {
    for (int k = 0; k < count; ++k)
      if (depth > 0.2 && std::abs(line - (k + 0.5) / count) < 0.025) return 0.6;
    return aerated(line, depth);
  };
}

}
