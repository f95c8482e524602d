#include "pipelines/lung_ultrasound/phantom.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "pipelines/lung_ultrasound/phantom_scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

constexpr double pi = 3.14159265358979323846;

// Where line and depth of the beam are in the picture.
struct Geometry {
  bool convex = true;
  double scale = 1; // pixels per mm
  double apex_x = 0, apex_y = 0, half_angle = 0, left = 0, top = 0, across_mm = 0;

  Geometry(const PhantomOptions& o, double opening_deg) : convex(o.probe == "convex") {
    const double room = o.banner ? 20 : 4;
    half_angle = convex ? opening_deg / 2 * pi / 180 : 0;
    const double far = probe_radius_mm + o.depth_mm;
    const double high = convex ? far - probe_radius_mm * std::cos(half_angle) : o.depth_mm;
    across_mm = convex ? 2 * far * std::sin(half_angle) : linear_width_mm(o);
    scale = std::min((o.height - room - 4) / high, (o.width - 8) / across_mm);
    top = room;
    left = (o.width - across_mm * scale) / 2;
    apex_x = o.width / 2.0;
    apex_y = top - probe_radius_mm * std::cos(half_angle) * scale;
  }

  // Fractions across (0 .. 1) and depth in mm; false outside the beam.
  bool place(double x, double y, double depth_mm, double& across, double& depth) const {
    if (!convex) {
      across = (x - left) / (across_mm * scale);
      depth = (y - top) / scale;
    } else {
      const double dx = (x - apex_x) / scale, dy = (y - apex_y) / scale;
      across = (std::atan2(dx, dy) / half_angle + 1) / 2;
      depth = std::hypot(dx, dy) - probe_radius_mm;
    }
    return across >= 0 && across <= 1 && depth >= 0 && depth < depth_mm;
  }
};

// Bilinear along the beam.
double sample(const std::vector<float>& grey, double line, double depth) {
  const int l = std::min(static_cast<int>(line), Scene::lines - 2),
            d = std::min(static_cast<int>(depth), Scene::depths - 2);
  const double fl = line - l, fd = depth - d;
  const auto at = [&](int a, int b) {
    return static_cast<double>(
        grey[static_cast<std::size_t>(a) * Scene::depths + static_cast<std::size_t>(b)]);
  };
  return (1 - fl) * ((1 - fd) * at(l, d) + fd * at(l, d + 1)) +
         fl * ((1 - fd) * at(l + 1, d) + fd * at(l + 1, d + 1));
}

// A dozen strokes that look like a line of text and say nothing.
void draw_banner(std::uint8_t* rgb, int width) {
  for (int letter = 0; letter < 12 && 12 + letter * 9 < width; ++letter)
    for (int y = 5; y < 14; ++y)
      for (int x = 0; x < 6; ++x) {
        const bool on = (letter * 7 + 3) >> (x % 3) & 1 ? x == letter % 6 || y == 5 + letter % 9
                                                        : y == 13 || x == (letter + 2) % 6;
        if (!on) continue;
        std::uint8_t* at = rgb + 3 * (y * width + 8 + letter * 9 + x);
        at[0] = at[1] = at[2] = 220;
      }
}

void draw(const std::vector<float>& grey, const Geometry& geometry, const PhantomOptions& o,
          std::uint8_t* rgb) {
  for (int y = 0; y < o.height; ++y)
    for (int x = 0; x < o.width; ++x) {
      double across = 0, depth = 0;
      if (!geometry.place(x + 0.5, y + 0.5, o.depth_mm, across, depth)) continue;
      const double value =
          sample(grey, across * (Scene::lines - 1), depth / o.depth_mm * (Scene::depths - 1));
      const auto level = static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
      std::uint8_t* at =
          rgb + 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(o.width) +
                     static_cast<std::size_t>(x));
      at[0] = at[1] = at[2] = level;
    }
  if (o.banner) draw_banner(rgb, o.width);
}

}

LungPhantom make_phantom(const PhantomOptions& options, int threads) {
  const std::size_t bytes = static_cast<std::size_t>(options.width) *
                            static_cast<std::size_t>(options.height) * 3,
                    all = bytes * static_cast<std::size_t>(options.frames);
  if (all > (512u << 20))
    throw Error(ErrorCode::Usage,
                fmt::format("{} frames of {} x {} are {} MB, more than 512", options.frames,
                            options.width, options.height, all >> 20),
                "ask for fewer frames or a smaller picture");
  const Scene scene(options);
  const PhantomOptions& used = scene.options();
  const Geometry geometry(used, scene.opening_deg());
  LungPhantom out;
  out.pattern = used.pattern;
  out.pleura_mm = scene.pleura_mm(0.5);
  out.mm_per_px = 1 / geometry.scale;
  out.opening_deg = geometry.convex ? scene.opening_deg() : 0;
  if (geometry.convex) out.apex_x = geometry.apex_x, out.apex_y = geometry.apex_y;
  std::vector<std::uint8_t> pixels(all);
  out.frames.resize(static_cast<std::size_t>(used.frames));
  parallel_for(used.frames, threads, [&](int t) {
    const auto k = static_cast<std::size_t>(t);
    draw(scene.frame(t, out.frames[k]), geometry, used, pixels.data() + k * bytes);
  });
  Video& v = out.video;
  v.width = used.width;
  v.height = used.height;
  v.frames = used.frames;
  v.channels = 3;
  v.pixels = Buffer::of(std::move(pixels));
  v.frame_time_ms = 1000 / used.frame_rate;
  v.frame_time_source = "phantom";
  v.modality = "US";
  v.spacing.fill(known_spacing(1000 * out.mm_per_px, ScaleSource::Phantom, "phantom"));
  return out;
}

}
