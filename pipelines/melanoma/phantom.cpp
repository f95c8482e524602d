#include "pipelines/melanoma/phantom.h"

#include "hyperspectral/tissue_phantom.h"
#include "modules/core/random.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::melanoma {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

using hyper::Surface;
using hyper::Tissue;
using hyper::TissueScene;

double kept(double value, double low, double high) { return std::clamp(value, low, high); }

double waves(std::uint64_t key, double x, double y) {
  return 0.65 * value_noise(key, x, y) + 0.35 * value_noise(key + 1, 2.3 * x, 2.3 * y);
}

// Lengths in halves of the picture.
struct Lesion {
  bool none = false, melanoma = false;
  double x = 0, y = 0, radius = 0, squeeze = 1, angle = 0, soft = 0.03;
  double border = 0, border_waves = 3;     // how far, and how often, the border is notched
  double pigment = 0, mottle = 0;          // melanosomes in the epidermis, and their unevenness
  double deep = 0;                         // melanosomes in the dermis
  double blood = 1, oxygen_lost = 0;       // times the skin's; less oxygenation
  double lobe_x = 0, lobe_y = 0, lobe = 0; // a darker part to one side
};

struct Skin {
  Tissue epidermis, dermis;
  double epidermis_um = 70, light = 1, light_x = 0, light_y = 0;
};

Skin draw_skin(Random& r) {
  Skin s;
  s.epidermis = {.melanin = kept(0.012 * std::exp(0.6 * r.normal()), 0.004, 0.08), .skin = 1};
  s.epidermis_um = r.uniform(55, 95);
  s.dermis = {.blood = kept(0.006 * std::exp(0.4 * r.normal()), 0.002, 0.025),
              .oxygenation = kept(0.65 + 0.07 * r.normal(), 0.45, 0.85),
              .water = kept(0.65 + 0.04 * r.normal(), 0.5, 0.75),
              .lipid = 0.03,
              .skin = 1,
              .scatter_a = 46 * std::exp(0.15 * r.normal()),
              .scatter_b = kept(1.421 + 0.12 * r.normal(), 1.0, 1.8)};
  s.light = r.uniform(0.75, 1.15);
  s.light_x = r.uniform(-0.15, 0.15);
  s.light_y = r.uniform(-0.15, 0.15);
  return s;
}

Lesion draw_lesion(Random& r, const std::string& kind) {
  Lesion l;
  const bool drawn = r.chance(0.5);
  l.none = kind == "none";
  l.melanoma = kind == "melanoma" || (kind == "drawn" && drawn);
  const auto range = [&](double nevus_low, double nevus_high, double low, double high) {
    const double u = r.uniform();
    return l.melanoma ? low + u * (high - low) : nevus_low + u * (nevus_high - nevus_low);
  };
  l.x = r.uniform(-0.2, 0.2);
  l.y = r.uniform(-0.2, 0.2);
  l.radius = range(0.25, 0.5, 0.3, 0.55);
  l.squeeze = range(0.75, 1.0, 0.6, 1.0);
  l.angle = r.uniform(0, std::numbers::pi);
  l.soft = range(0.02, 0.06, 0.015, 0.06);
  l.border = range(0.02, 0.1, 0.05, 0.17);
  l.border_waves = range(2, 4, 3, 6);
  l.pigment = range(0.05, 0.2, 0.06, 0.26);
  l.mottle = range(0.1, 0.4, 0.2, 0.75);
  l.deep = range(0, 0.006, 0.001, 0.014);
  l.blood = range(0.9, 1.6, 1.0, 2.4);
  l.oxygen_lost = range(0, 0.08, 0, 0.2);
  l.lobe = range(0, 0.4, 0, 0.9);
  const double side = r.uniform(0, 2 * std::numbers::pi);
  l.lobe_x = l.x + 0.6 * l.radius * std::cos(side);
  l.lobe_y = l.y + 0.6 * l.radius * std::sin(side);
  return l;
}

// 0 outside, 1 inside.
double inside(const Lesion& l, std::uint64_t key, double u, double v) {
  if (l.none) return 0;
  const double dx = u - l.x, dy = v - l.y;
  const double a = std::cos(l.angle) * dx + std::sin(l.angle) * dy,
               b = (std::cos(l.angle) * dy - std::sin(l.angle) * dx) / l.squeeze;
  const double away =
      std::hypot(a, b) + l.border * waves(key, l.border_waves * u, l.border_waves * v);
  return 1 / (1 + std::exp((away - l.radius) / l.soft));
}

Surface surface_at(const Skin& s, const Lesion& l, std::uint64_t key, double part, double u,
                   double v) {
  const double fine = waves(key + 10, 12 * u, 12 * v), coarse = waves(key + 20, 3 * u, 3 * v),
               spots = waves(key + 30, 7 * u, 7 * v);
  const double lobe =
      std::exp(-std::pow(std::hypot(u - l.lobe_x, v - l.lobe_y) / (0.5 * l.radius + 1e-9), 2));
  Surface out;
  out.bulk = s.dermis;
  out.layer = s.epidermis;
  out.layer_um = s.epidermis_um;
  out.layer.melanin *= 1 + 0.15 * fine;
  const double uneven = std::max(0.1, 1 + l.mottle * spots + l.lobe * lobe);
  out.layer.melanin += part * l.pigment * uneven;
  out.bulk.melanin = part * l.deep * std::max(0.0, 1 + coarse + l.lobe * lobe);
  out.bulk.blood *= (1 + 0.2 * coarse) * (1 + part * (l.blood - 1));
  out.bulk.oxygenation = kept(s.dermis.oxygenation - part * l.oxygen_lost, 0.05, 1);
  out.light = s.light * (1 + s.light_x * u + s.light_y * v);
  return out;
}

void draw_hairs(TissueScene& scene, Random& r) {
  const int hairs = r.chance(0.4) ? 1 + r.below(5) : 0;
  for (int h = 0; h < hairs; ++h) {
    double x = r.uniform(0, scene.samples), y = r.uniform(0, scene.lines),
           angle = r.uniform(0, 2 * std::numbers::pi);
    const double level = r.uniform(0.04, 0.12);
    for (int s = 0; s < scene.samples; ++s) {
      const int px = static_cast<int>(x), py = static_cast<int>(y);
      if (px >= 0 && py >= 0 && px < scene.samples && py < scene.lines) {
        Surface& at =
            scene.surfaces[static_cast<std::size_t>(py) * static_cast<std::size_t>(scene.samples) +
                           static_cast<std::size_t>(px)];
        at.material = true;
        at.level = level;
        at.slope = 0.03;
      }
      x += std::cos(angle);
      y += std::sin(angle);
      angle += 0.04 * r.normal();
    }
  }
}

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  hyper::refuse_recordings("phantom melanoma", files);
  const auto o = parameters_from<PhantomOptions>(parameters);
  context.step(0, "making the phantom");
  return hyper::write_phantom(make_skin(o.skin), o.camera, static_cast<std::uint64_t>(o.skin.seed),
                              class_names, "synthetic skin (phantom), no patient",
                              parameters_json(o), output, context);
}

}

TissueScene make_skin(const SkinOptions& o) {
  const std::uint64_t key = random_key({static_cast<std::uint64_t>(o.seed), 0x736b696e});
  Random r(key);
  const Skin skin = draw_skin(r);
  const Lesion lesion = draw_lesion(r, o.lesion);
  TissueScene scene{.lines = o.lines, .samples = o.samples};
  for (int y = 0; y < o.lines; ++y)
    for (int x = 0; x < o.samples; ++x) {
      const double u = 2.0 * (x + 0.5) / o.samples - 1, v = 2.0 * (y + 0.5) / o.lines - 1;
      const double part = inside(lesion, key + 40, u, v);
      scene.surfaces.push_back(surface_at(skin, lesion, key + 50, part, u, v));
      scene.labels.push_back(static_cast<std::uint8_t>(part <= 0.5       ? SkinClass::Skin
                                                       : lesion.melanoma ? SkinClass::Melanoma
                                                                         : SkinClass::Nevus));
    }
  draw_hairs(scene, r);
  return scene;
}

void describe(ParameterVisitor& v, PhantomOptions& p) {
  v.integer("seed", p.skin.seed, {.help = "Of the patient and of the noise.", .min = 0});
  v.integer("lines", p.skin.lines, {.help = "Lines.", .unit = "px", .min = 16, .max = 4096});
  v.integer("samples", p.skin.samples, {.help = "Samples.", .unit = "px", .min = 16, .max = 4096});
  v.choice("lesion", p.skin.lesion, {"drawn", "nevus", "melanoma", "none"},
           {.help = "What lies on the skin; drawn: by the seed."});
  describe(v, p.camera);
}

PipelineCommand phantom_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic cube of skin with a lesion whose kind is known",
          .parameters = specs_of<PhantomOptions>(),
          .run = run};
}

}
