#include "pipelines/glioblastoma/phantom.h"

#include "modules/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::glioblastoma {
namespace {

using hyper::Surface;
using hyper::Tissue;
using hyper::TissueScene;

double kept(double value, double low, double high) { return std::clamp(value, low, high); }

// What differs from patient to patient.
struct Patient {
  Tissue grey, white, tumour;
  double tumour_x = 0, tumour_y = 0, tumour_radius = 0, tumour_soft = 0;
  std::array<int, 2> around{}; // kinds of surroundings
  double light_x = 0, light_y = 0, light = 1, glints = 0;
};

Patient draw_patient(Random& r) {
  Patient p;
  p.grey.blood = kept(0.030 + 0.007 * r.normal(), 0.012, 0.055);
  p.grey.oxygenation = kept(0.67 + 0.06 * r.normal(), 0.5, 0.85);
  p.grey.water = kept(0.76 + 0.03 * r.normal(), 0.65, 0.85);
  p.grey.lipid = kept(0.05 + 0.01 * r.normal(), 0.02, 0.1);
  p.grey.scatter_a = 24.2 * 0.85 * std::exp(0.12 * r.normal());
  p.grey.scatter_b = kept(1.611 + 0.12 * r.normal(), 1.2, 2.1);
  p.white = p.grey;
  p.white.blood *= 0.7;
  p.white.lipid *= 2.2;
  p.white.scatter_a *= r.uniform(1.3, 1.8);
  p.tumour = p.grey;
  p.tumour.blood = kept(p.grey.blood * r.uniform(1.2, 2.6), 0.012, 0.12);
  p.tumour.oxygenation = kept(p.grey.oxygenation - r.uniform(0.06, 0.28), 0.2, 0.8);
  p.tumour.water = kept(p.grey.water + r.uniform(0.02, 0.1), 0.6, 0.95);
  p.tumour.scatter_a *= r.uniform(0.6, 1.0);
  p.tumour.scatter_b -= r.uniform(-0.05, 0.35);
  p.tumour_x = r.uniform(-0.4, 0.4);
  p.tumour_y = r.uniform(-0.4, 0.4);
  p.tumour_radius = r.uniform(0.25, 0.5);
  p.tumour_soft = r.uniform(0.03, 0.1);
  p.around = {r.below(5), r.below(5)};
  p.light = r.uniform(0.7, 1.2);
  p.light_x = r.uniform(-0.2, 0.2);
  p.light_y = r.uniform(-0.2, 0.2);
  p.glints = r.uniform(0.75, 1.0);
  return p;
}

Tissue mixed(const Tissue& a, const Tissue& b, double part_of_b) {
  const auto mix = [&](double x, double y) { return (1 - part_of_b) * x + part_of_b * y; };
  Tissue out;
  out.blood = mix(a.blood, b.blood);
  // The oxygenation of mixed blood, not of mixed volumes.
  out.oxygenation = out.blood > 0
                        ? mix(a.blood * a.oxygenation, b.blood * b.oxygenation) / out.blood
                        : a.oxygenation;
  out.water = mix(a.water, b.water);
  out.lipid = mix(a.lipid, b.lipid);
  out.scatter_a = mix(a.scatter_a, b.scatter_a);
  out.scatter_b = mix(a.scatter_b, b.scatter_b);
  return out;
}

struct VesselMap {
  std::vector<double> cover;  // 0 to 1
  std::vector<double> oxygen; // of the vessel that covers most
};

void stamp(VesselMap& map, int width, int height, double x, double y, double radius,
           double oxygen) {
  const int reach = static_cast<int>(std::ceil(radius + 1));
  for (int j = -reach; j <= reach; ++j)
    for (int i = -reach; i <= reach; ++i) {
      const int px = static_cast<int>(std::lround(x)) + i,
                py = static_cast<int>(std::lround(y)) + j;
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const double cover = kept(radius + 0.5 - std::hypot(px - x, py - y), 0, 1);
      const auto at = static_cast<std::size_t>(py) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(px);
      if (cover <= map.cover[at]) continue;
      map.cover[at] = cover;
      map.oxygen[at] = oxygen;
    }
}

VesselMap draw_vessels(Random& r, int width, int height) {
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  VesselMap map{std::vector<double>(pixels), std::vector<double>(pixels, 0.7)};
  const double size = std::min(width, height);
  const int count = 3 + r.poisson(3);
  for (int k = 0; k < count; ++k) {
    double angle = r.uniform(0, 2 * std::numbers::pi);
    double x = width * (0.5 - 0.45 * std::cos(angle)), y = height * (0.5 - 0.45 * std::sin(angle));
    angle += 0.7 * r.normal();
    double radius = size / 96 * r.uniform(0.9, 2.6);
    const double oxygen = r.chance(0.3) ? r.uniform(0.92, 0.98) : r.uniform(0.5, 0.72);
    const int steps = static_cast<int>(size * r.uniform(0.6, 1.4));
    for (int s = 0; s < steps; ++s) {
      stamp(map, width, height, x, y, radius, oxygen);
      x += std::cos(angle);
      y += std::sin(angle);
      angle += 0.12 * r.normal();
      radius *= 0.996;
    }
  }
  return map;
}

Surface surroundings(int kind, double texture) {
  Surface s;
  s.material = true;
  switch (kind) {
  case 0: // gauze, stained
    s.level = 0.72;
    s.slope = 0.01;
    s.stain_um = 20 * std::max(0.0, texture + 0.2);
    break;
  case 1: // surgical drape
    s.level = 0.2;
    s.slope = 0.06;
    s.bump = 0.18;
    s.bump_nm = 510;
    s.bump_width_nm = 45;
    break;
  case 2: // black rubber
    s.level = 0.045;
    s.slope = 0.003;
    break;
  case 3: // bone
    s.material = false;
    s.bulk = {.blood = 0.006,
              .oxygenation = 0.75,
              .water = 0.3,
              .lipid = 0.12,
              .scatter_a = 22.9,
              .scatter_b = 0.716};
    break;
  default: // steel
    s.level = 0.42;
    s.slope = 0.02;
  }
  s.light *= 1 + 0.15 * texture;
  return s;
}

double waves(std::uint64_t key, double x, double y) {
  return 0.65 * value_noise(key, x, y) + 0.35 * value_noise(key + 1, 2.3 * x, 2.3 * y);
}

}

hyper::TissueScene make_brain(const BrainOptions& o) {
  const std::uint64_t key = random_key({static_cast<std::uint64_t>(o.seed), 0x627261696e});
  Random r(key);
  const Patient p = draw_patient(r);
  const VesselMap vessels = draw_vessels(r, o.samples, o.lines);
  const double vessel_blood = r.uniform(0.15, 0.45);
  const double size = std::min(o.lines, o.samples);
  TissueScene scene{.lines = o.lines, .samples = o.samples};
  for (int y = 0; y < o.lines; ++y)
    for (int x = 0; x < o.samples; ++x) {
      const double u = 2.0 * (x + 0.5) / o.samples - 1, v = 2.0 * (y + 0.5) / o.lines - 1;
      const double fx = x / size, fy = y / size; // places in parts of the picture
      const double edge = std::cbrt(std::pow(std::abs(u), 3) + std::pow(std::abs(v), 3)) +
                          0.1 * waves(key + 10, 4 * fx, 4 * fy);
      const double coarse = waves(key + 20, 6 * fx, 6 * fy),
                   fine = waves(key + 30, 24 * fx, 24 * fy);
      Surface s;
      TissueClass label = TissueClass::Background;
      if (edge > 0.9) {
        s = surroundings(p.around[value_noise(key + 40, 3 * fx, 3 * fy) > 0 ? 1 : 0], fine);
      } else {
        const double away =
            std::hypot(u - p.tumour_x, v - p.tumour_y) + 0.12 * waves(key + 50, 5 * fx, 5 * fy);
        const double part =
            o.tumour ? 1 / (1 + std::exp((away - p.tumour_radius) / p.tumour_soft)) : 0;
        const Tissue normal = mixed(p.grey, p.white, kept(0.3 + 0.5 * coarse, 0, 0.8));
        s.bulk = mixed(normal, p.tumour, part);
        s.bulk.blood *= 1 + 0.25 * fine + 0.2 * coarse;
        s.bulk.oxygenation = kept(s.bulk.oxygenation + 0.03 * fine, 0.05, 1);
        const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(o.samples) +
                        static_cast<std::size_t>(x);
        const double cover = vessels.cover[at];
        Tissue vessel = s.bulk;
        vessel.blood = vessel_blood;
        vessel.oxygenation = vessels.oxygen[at];
        s.bulk = mixed(s.bulk, vessel, cover);
        label = cover > 0.5  ? TissueClass::Vessel
                : part > 0.5 ? TissueClass::Tumour
                             : TissueClass::Normal;
        const double glint = value_noise(key + 60, 16 * fx, 16 * fy);
        if (glint > p.glints) s.glint = 0.6 * (glint - p.glints);
      }
      s.light *= p.light * (1 + p.light_x * u + p.light_y * v + 0.08 * coarse);
      scene.surfaces.push_back(s);
      scene.labels.push_back(static_cast<std::uint8_t>(label));
    }
  return scene;
}

void describe(ParameterVisitor& v, PhantomOptions& p) {
  v.integer("seed", p.brain.seed, {.help = "Of the patient and of the noise.", .min = 0});
  v.integer("lines", p.brain.lines, {.help = "Lines.", .unit = "px", .min = 16, .max = 4096});
  v.integer("samples", p.brain.samples, {.help = "Samples.", .unit = "px", .min = 16, .max = 4096});
  v.flag("tumour", p.brain.tumour, {.help = "Whether there is a tumour."});
  describe(v, p.camera);
}

}
