#include "pipelines/oct_hrf/phantom.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "modules/core/random.h"
#include "pipelines/oct_hrf/phantom_anatomy.h"
#include "pipelines/oct_hrf/phantom_speckle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::oct_hrf {

namespace {

enum Stream : std::uint64_t { Texture = 11, Speckle = 12, Noise = 13 };

// What one B-scan is made of while it is painted.
struct Canvas {
  int width, height;
  std::vector<float> grey;  // mean grey level
  std::vector<float> shade; // factor on the intensity
  std::vector<std::uint8_t> labels;
  std::vector<std::uint16_t> instances;
};

double smooth_step(double t) {
  t = std::clamp(t, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// The choroid darkens with depth, from the choriocapillaris to the sclera.
double choroid_grey(double um, double level) {
  if (um < 0) return level;
  return 22 + (level * 2.1 - 22) * std::exp(-um / 14) * 0.55 + (level - 22) * std::exp(-um / 190);
}

void paint_layers(const PhantomScene& scene, int scan, Canvas& c,
                  std::vector<std::vector<float>>& surfaces) {
  const PhantomOptions& o = scene.options;
  const std::uint64_t key = random_key({scene.key, Texture, static_cast<std::uint64_t>(scan)});
  for (int x = 0; x < c.width; ++x) {
    const auto b = scene.boundaries_um(x * o.spacing_x_um, scan * o.spacing_z_um);
    for (std::size_t k = 0; k < b.size(); ++k)
      surfaces[k][static_cast<std::size_t>(scan) * c.width + x] =
          static_cast<float>(std::clamp(b[k] / o.spacing_y_um, 0.0, c.height - 1.0));
    for (int y = 0; y < c.height; ++y) {
      const double um = y * o.spacing_y_um;
      int layer = 0;
      while (layer < 9 && um >= b[layer]) ++layer;
      double grey =
          layer == 9 ? choroid_grey(um - b[8], scene.layer_grey[9]) : scene.layer_grey[layer];
      if (layer == 8) grey = scene.layer_grey[um - b[7] < 22 || b[8] - um < 8 ? 8 : 4];
      if (layer < 9) {
        const double to_next = (b[layer] - um) / o.spacing_y_um;
        const double next =
            layer == 8 ? choroid_grey(0, scene.layer_grey[9]) : scene.layer_grey[layer + 1];
        if (to_next < 1) grey += (next - grey) * (1 - to_next) * 0.5;
      }
      if (layer == 5 && std::abs(um - (b[5] - 6)) < 4) grey += 20;
      const std::size_t i = static_cast<std::size_t>(y) * c.width + x;
      c.grey[i] = static_cast<float>(grey);
      const double coarse = value_noise(key, x * o.spacing_x_um / 60, um / 14);
      const double fine = value_noise(key + 1, x * o.spacing_x_um / 22, um / 9);
      c.shade[i] =
          layer == 0 ? 1.0f : static_cast<float>(std::exp(o.texture * (1.5 * coarse + fine)));
    }
  }
}

// Radius in units of the ellipse: 1 on its edge.
double radius_in(const Spot& s, double x, double y) {
  const double dx = x - s.x, dy = y - s.y, ca = std::cos(s.angle), sa = std::sin(s.angle);
  return std::hypot((ca * dx + sa * dy) / s.rx, (ca * dy - sa * dx) / s.ry);
}

void shadow_below(const Spot& s, Canvas& c) {
  const double reach = s.rx + 2;
  for (int x = std::max(0, static_cast<int>(s.x - reach));
       x <= std::min<int>(c.width - 1, static_cast<int>(s.x + reach)); ++x) {
    const double depth = smooth_step((s.rx + 1 - std::abs(x - s.x)) / 2);
    const double factor = std::pow(s.shadow, depth);
    for (int y = std::max(0, static_cast<int>(s.y)); y < c.height; ++y) {
      const double in = smooth_step((y - s.y) / std::max(1.0, s.ry));
      c.shade[static_cast<std::size_t>(y) * c.width + x] *=
          static_cast<float>(1 + (factor - 1) * in);
    }
  }
}

void paint_spot(const Spot& s, Canvas& c) {
  if (s.shadow < 1) shadow_below(s, c);
  const double reach_x = 2 * std::max(s.rx, s.ry) + 2, reach_y = reach_x;
  const int x0 = std::max(0, static_cast<int>(s.x - reach_x));
  const int x1 = std::min<int>(c.width - 1, static_cast<int>(s.x + reach_x));
  const int y0 = std::max(0, static_cast<int>(s.y - reach_y));
  const int y1 = std::min<int>(c.height - 1, static_cast<int>(s.y + reach_y));
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const double rho = radius_in(s, x, y);
      double weight = std::exp(-std::numbers::ln2 * rho * rho * rho * rho);
      if (weight < 0.02) continue;
      if (s.ring > 0) {
        const double side = std::abs(y - s.y) / s.ry;
        weight *= std::exp(-std::pow((side - 0.75) / 0.3, 2.0));
      }
      const std::size_t i = static_cast<std::size_t>(y) * c.width + x;
      const double wanted = std::max(s.grey, c.grey[i] + s.least_above);
      c.grey[i] += static_cast<float>(weight * (wanted - c.grey[i]));
      if (s.label == PhantomLabel::Focus || s.label == PhantomLabel::Exudate ||
          s.label == PhantomLabel::ChoroidalFocus)
        c.shade[i] = static_cast<float>(c.shade[i] + weight * (1 - c.shade[i]) * 0.7);
      if (s.instance > 0 && rho <= 1) {
        c.labels[i] = static_cast<std::uint8_t>(s.label);
        c.instances[i] = static_cast<std::uint16_t>(s.instance);
      }
    }
  }
}

std::vector<std::uint8_t> expose(const PhantomScene& scene, int scan, const Canvas& c) {
  const PhantomOptions& o = scene.options;
  const auto z = static_cast<std::uint64_t>(scan);
  const std::vector<float> grain =
      speckle(c.width, c.height, {o.looks, o.speckle_x_px, o.speckle_y_px},
              random_key({scene.key, Speckle, z}));
  const std::vector<float> noise =
      speckle(c.width, c.height, {std::min(o.looks, 4), 0, 0.5}, random_key({scene.key, Noise, z}));
  // Greys of the scene are those of a fourth-root display, whichever display follows.
  const auto floor = static_cast<float>(grey_to_intensity(o.noise_grey, "fourth_root"));
  std::vector<float> intensity(c.grey.size());
  for (std::size_t i = 0; i < intensity.size(); ++i) {
    const auto mean = static_cast<float>(grey_to_intensity(c.grey[i], "fourth_root"));
    intensity[i] = static_cast<float>(o.gain) * (mean * c.shade[i] * grain[i] + floor * noise[i]);
  }
  return to_grey(intensity, o.display);
}

std::vector<PhantomObject> objects_of(const PhantomScene& scene, int scan, const Canvas& c) {
  const PhantomOptions& o = scene.options;
  std::vector<PhantomObject> out;
  for (const Spot& s : scene.spots[scan]) {
    if (s.instance == 0 || (!out.empty() && out.back().instance == s.instance)) continue;
    out.push_back({.instance = s.instance,
                   .label = s.label,
                   .scan = scan,
                   .grey = s.grey,
                   .layer = s.layer,
                   .shadow = s.shadow < 0.5,
                   .body = s.body});
  }
  for (PhantomObject& object : out) {
    double sx = 0, sy = 0;
    int x0 = c.width, x1 = -1, y0 = c.height, y1 = -1;
    for (std::size_t i = 0; i < c.instances.size(); ++i) {
      if (c.instances[i] != object.instance) continue;
      const int x = static_cast<int>(i % c.width), y = static_cast<int>(i / c.width);
      sx += x;
      sy += y;
      ++object.pixels;
      x0 = std::min(x0, x), x1 = std::max(x1, x), y0 = std::min(y0, y), y1 = std::max(y1, y);
    }
    if (object.pixels == 0) continue;
    object.x = sx / object.pixels;
    object.y = sy / object.pixels;
    object.width_um = (x1 - x0 + 1) * o.spacing_x_um;
    object.height_um = (y1 - y0 + 1) * o.spacing_y_um;
    object.diameter_um =
        2 * std::sqrt(object.pixels * o.spacing_x_um * o.spacing_y_um / std::numbers::pi);
  }
  std::erase_if(out, [](const PhantomObject& object) { return object.pixels == 0; });
  return out;
}

Volume like(const PhantomOptions& o, PixelType type, Buffer pixels) {
  Volume v;
  v.width = o.width;
  v.height = o.height;
  v.depth = o.scans;
  v.type = type;
  v.pixels = std::move(pixels);
  v.spacing = {known_spacing(o.spacing_x_um, ScaleSource::Phantom, "phantom"),
               known_spacing(o.spacing_y_um, ScaleSource::Phantom, "phantom"),
               known_spacing(o.spacing_z_um, ScaleSource::Phantom, "phantom")};
  v.modality = "OCT";
  v.laterality = o.eye == "left" ? Laterality::Left : Laterality::Right;
  v.origin.path = fmt::format("phantom seed {}", o.seed);
  v.origin.format = "phantom";
  return v;
}

void check(const PhantomOptions& o) {
  if (o.width < 32 || o.height < 32 || o.scans < 1 || o.scans > 255)
    throw Error(ErrorCode::Usage,
                fmt::format("a phantom of {} x {} x {} is too small or too large", o.width,
                            o.height, o.scans),
                "at least 32 x 32 pixels and 1 to 255 B-scans");
  if (o.phantom_version < 1 || o.phantom_version > latest_phantom_version)
    throw Error(ErrorCode::Usage, fmt::format("there is no phantom version {}", o.phantom_version),
                fmt::format("1 to {}", latest_phantom_version));
  if (!(o.spacing_z_um >= 1))
    throw Error(ErrorCode::Usage,
                fmt::format("B-scans {} um apart cannot be drawn", o.spacing_z_um),
                "give spacing_z_um of 1 or more");
  if (o.height * o.spacing_y_um < 800)
    throw Error(ErrorCode::Usage,
                fmt::format("a phantom {:.0f} um deep holds no retina", o.height * o.spacing_y_um),
                "height times depth spacing must be 800 um at least");
}

}

std::string_view name_of(PhantomLabel label) {
  switch (label) {
  case PhantomLabel::Background:
    return "background";
  case PhantomLabel::Focus:
    return "focus";
  case PhantomLabel::Exudate:
    return "exudate";
  case PhantomLabel::ChoroidalFocus:
    return "choroidal";
  case PhantomLabel::Vessel:
    return "vessel";
  case PhantomLabel::Fragment:
    return "fragment";
  }
  return "background";
}

Phantom make_phantom(const PhantomOptions& options, int threads) {
  check(options);
  const PhantomScene scene = make_scene(varied(options));
  const PhantomOptions& o = scene.options;
  const std::size_t plane = static_cast<std::size_t>(o.width) * o.height;
  std::vector<std::uint8_t> pixels(plane * o.scans), labels(plane * o.scans);
  std::vector<std::uint16_t> instances(plane * o.scans);
  std::vector<std::vector<float>> surfaces(
      boundary_names.size(), std::vector<float>(static_cast<std::size_t>(o.width) * o.scans));
  std::vector<std::vector<PhantomObject>> objects(o.scans);
  parallel_for(o.scans, threads, [&](int scan) {
    Canvas c{o.width,
             o.height,
             std::vector<float>(plane),
             std::vector<float>(plane),
             std::vector<std::uint8_t>(plane),
             std::vector<std::uint16_t>(plane)};
    paint_layers(scene, scan, c, surfaces);
    for (const Spot& spot : scene.spots[scan]) paint_spot(spot, c);
    const std::vector<std::uint8_t> grey = expose(scene, scan, c);
    std::copy(grey.begin(), grey.end(), pixels.begin() + scan * plane);
    std::copy(c.labels.begin(), c.labels.end(), labels.begin() + scan * plane);
    std::copy(c.instances.begin(), c.instances.end(), instances.begin() + scan * plane);
    objects[scan] = objects_of(scene, scan, c);
  });
  Phantom out{like(o, PixelType::UInt8, Buffer::of(std::move(pixels))),
              like(o, PixelType::UInt8, Buffer::of(std::move(labels))),
              like(o, PixelType::UInt16, Buffer::of(std::move(instances))),
              {},
              o};
  for (std::size_t k = 0; k < boundary_names.size(); ++k)
    out.volume.surfaces.push_back({boundary_names[k], std::move(surfaces[k]), "phantom", ""});
  for (auto& list : objects) out.objects.insert(out.objects.end(), list.begin(), list.end());
  return out;
}

}
