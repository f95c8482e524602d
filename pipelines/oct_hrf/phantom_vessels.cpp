#include "pipelines/oct_hrf/phantom_vessels.h"

#include "modules/core/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::oct_hrf {

namespace {

constexpr std::uint64_t stream = 6;
constexpr double usual_width_um = 5786; // the B-scan that the options' means speak of

struct Course {
  double mean_length_um, wander_um, period_um;
};
Course course_of(VesselKind kind) {
  return kind == VesselKind::Large ? Course{3000, 60, 900} : Course{800, 20, 300};
}

int poisson(double mean, Random& random) {
  int count = 0;
  for (; mean > 40; mean -= 40) count += random.poisson(40);
  return count + random.poisson(mean);
}

std::vector<std::array<double, 2>> centre_line(const Course& course, double x, double z,
                                               double length, double angle, std::uint64_t key) {
  constexpr double step = 10;
  const int points = std::max(2, static_cast<int>(length / step) + 1);
  std::vector<std::array<double, 2>> out;
  for (int i = 0; i < points; ++i) {
    const double t = length * (i / (points - 1.0) - 0.5);
    const double aside = course.wander_um * value_noise(key, t / course.period_um + 1000, 0);
    out.push_back({x + t * std::sin(angle) + aside * std::cos(angle),
                   z + t * std::cos(angle) - aside * std::sin(angle)});
  }
  return out;
}

void draw_look(ThroughVessel& v, Random& random) {
  if (v.kind == VesselKind::Large) {
    v.diameter_um = random.uniform(35, 110);
    v.depth = random.uniform(0.25, 0.7);
    v.grey = random.uniform(135, 190);
    v.shadow = random.uniform(0.12, 0.5);
    return;
  }
  v.level = random.chance(0.5) ? Ipl : random.chance(0.6) ? Inl : Opl;
  v.depth = random.normal() * 1.5;
  v.diameter_um = random.uniform(10, 24) / std::sqrt(random.uniform(1, 2));
  v.grey = random.uniform(115, 165);
  v.shadow = random.uniform(0.55, 0.85);
}

// Its section at (x, z), where it runs at a slope of dx / dz.
std::optional<Spot> section(const PhantomScene& scene, const ThroughVessel& v, double x_um,
                            double z_um, double slope) {
  const PhantomOptions& o = scene.options;
  Spot s{.label = PhantomLabel::Vessel, .x = x_um / o.spacing_x_um};
  if (s.x < 4 || s.x > o.width - 5) return std::nullopt;
  std::array<double, 9> b = scene.boundaries_um(x_um, z_um);
  for (double& row : b) row /= o.spacing_y_um;
  const double drift = value_noise(v.key + 1, x_um / 400, z_um / 400);
  if (v.kind == VesselKind::Large) {
    if (b[Ipl] - b[Ilm] < 10) return std::nullopt;
    s.y = b[Ilm] + std::clamp(v.depth + 0.06 * drift, 0.2, 0.75) * (b[Ipl] - b[Ilm]);
    s.ring = 1;
    s.layer = layer_names[Ipl];
  } else {
    s.y = b[v.level] + v.depth + drift;
    s.layer = layer_names[v.level];
  }
  constexpr double longest = 6; // of a vessel that runs along the B-scan, in diameters
  s.rx = 0.5 * v.diameter_um * std::min(longest, std::hypot(1, slope)) / o.spacing_x_um;
  s.ry = 0.5 * v.diameter_um / o.spacing_y_um;
  s.grey = v.grey;
  s.shadow = v.shadow;
  s.body = v.body;
  return s;
}

}

std::vector<ThroughVessel> through_vessels(const PhantomScene& scene, VesselKind kind,
                                           int& last_body) {
  const PhantomOptions& o = scene.options;
  const Course course = course_of(kind);
  const double mean = kind == VesselKind::Large ? o.vessels : o.capillaries;
  const double per_um2 = mean * std::numbers::pi / 2 / (course.mean_length_um * usual_width_um);
  const double margin = 0.75 * course.mean_length_um + course.wander_um;
  const double wide = o.width * o.spacing_x_um, deep = o.scans * o.spacing_z_um;
  Random random(random_key({scene.key, stream, static_cast<std::uint64_t>(kind)}));
  const int count = poisson(per_um2 * (wide + 2 * margin) * (deep + 2 * margin), random);
  std::vector<ThroughVessel> out(count);
  for (ThroughVessel& v : out) {
    v.kind = kind;
    v.key = random.bits();
    v.body = ++last_body;
    const double x = random.uniform(-margin, wide + margin);
    const double z = random.uniform(-margin, deep + margin);
    const double length = course.mean_length_um * random.uniform(0.5, 1.5);
    v.line_um = centre_line(course, x, z, length, random.uniform(0, std::numbers::pi), v.key);
    draw_look(v, random);
  }
  return out;
}

std::vector<Spot> sections_at(const PhantomScene& scene, const std::vector<ThroughVessel>& vessels,
                              int scan) {
  const double z = scan * scene.options.spacing_z_um;
  std::vector<Spot> out;
  for (const ThroughVessel& v : vessels) {
    for (std::size_t i = 1; i < v.line_um.size(); ++i) {
      const auto& [x0, z0] = v.line_um[i - 1];
      const auto& [x1, z1] = v.line_um[i];
      if ((z0 <= z) == (z1 <= z)) continue;
      const double part = (z - z0) / (z1 - z0);
      if (auto s = section(scene, v, x0 + part * (x1 - x0), z, (x1 - x0) / (z1 - z0)))
        out.push_back(std::move(*s));
    }
  }
  return out;
}

}
