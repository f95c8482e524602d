#include "pipelines/oct_hrf/phantom_anatomy.h"

#include "modules/core/random.h"
#include "pipelines/oct_hrf/phantom_vessels.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium::oct_hrf {

namespace {

enum Stream : std::uint64_t { Variety = 1, Shape = 2, Bumps = 3, Content = 4, Keep = 5 };
constexpr std::uint64_t key_version = 1; // of all versions: their lesions and layers are the same

double bell(double r, double sigma) { return std::exp(-(r / sigma) * (r / sigma)); }

// Grey levels of the layers as fourth-root displays show them; read off two real scans
// (docs/BENCHMARKS.md).
constexpr std::array<double, 10> usual_grey = {27, 150, 106, 76, 100, 57, 172, 128, 182, 66};

struct Placer {
  const PhantomOptions& o;
  PhantomScene& scene;
  Random& random;
  int scan;
  int& instance;

  double z_um() const { return scan * o.spacing_z_um; }
  std::array<double, 9> rows(double x) const {
    std::array<double, 9> b = scene.boundaries_um(x * o.spacing_x_um, z_um());
    for (double& v : b) v /= o.spacing_y_um;
    return b;
  }
  double any_x() { return random.uniform(4, o.width - 5); }

  void add(Spot s) {
    if (s.label != PhantomLabel::Background) s.instance = ++instance;
    scene.spots[scan].push_back(std::move(s));
  }
  Spot ellipse(PhantomLabel label, double x, double y, double um, double aspect) {
    return {.label = label,
            .x = x,
            .y = y,
            .rx = 0.5 * um * std::sqrt(aspect) / o.spacing_x_um,
            .ry = 0.5 * um / std::sqrt(aspect) / o.spacing_y_um,
            .angle = 0};
  }
  // As long across B-scans as along them.
  Spot body(PhantomLabel label, double x, double y, double um, double aspect) {
    Spot s = ellipse(label, x, y, um, aspect);
    s.rz_um = s.rx * o.spacing_x_um;
    return s;
  }

  void vessel() {
    const double x = any_x(), um = random.uniform(35, 110);
    const auto b = rows(x);
    if (b[Ipl] - b[Ilm] < 10) return;
    const double y = b[Ilm] + random.uniform(0.25, 0.7) * (b[Ipl] - b[Ilm]);
    Spot s = ellipse(PhantomLabel::Vessel, x, y, um, 1);
    s.grey = random.uniform(135, 190);
    s.ring = 1;
    s.shadow = random.uniform(0.12, 0.5);
    s.layer = "GCL+IPL";
    add(s);
  }

  void capillary() {
    const double x = any_x();
    const auto b = rows(x);
    const int level = random.chance(0.5) ? Ipl : random.chance(0.6) ? Inl : Opl;
    Spot s = ellipse(PhantomLabel::Vessel, x, b[level] + random.normal() * 1.5,
                     random.uniform(10, 24), random.uniform(1, 2));
    s.grey = random.uniform(115, 165);
    s.shadow = random.uniform(0.55, 0.85);
    s.layer = layer_names[level];
    add(s);
  }

  void fragment() {
    const double x = any_x();
    const auto b = rows(x);
    const int level = Ipl + random.below(4);
    const double spread = 0.3 * (b[level] - b[level - 1]);
    Spot s = ellipse(PhantomLabel::Fragment, x, b[level] + random.normal() * spread, 1, 1);
    s.rx = random.uniform(45, 160) * 0.5 / o.spacing_x_um;
    s.ry = random.uniform(4, 11) * 0.5 / o.spacing_y_um;
    s.angle = std::atan(b[level] - rows(x - 4)[level]) / 4;
    s.grey = random.uniform(115, 175);
    s.layer = layer_names[level];
    add(s);
  }

  // Smaller than a focus and as bright: what a single strong speckle looks like.
  void grain() {
    const double x = any_x();
    const auto b = rows(x);
    const double y = random.uniform(b[Rnfl], b[Elm]);
    Spot s = ellipse(PhantomLabel::Background, x, y, random.uniform(5, 9), 2);
    s.grey = random.uniform(130, 215);
    add(s);
  }

  void cyst() {
    const double x = any_x();
    const auto b = rows(x);
    const double y = random.uniform(b[Ipl], b[Elm]);
    Spot s = body(PhantomLabel::Background, x, y, random.uniform(40, 160), random.uniform(1, 2.5));
    s.grey = random.uniform(24, 40);
    add(s);
  }

  void lumen() {
    const double x = any_x();
    const double y = rows(x)[Bm] + random.uniform(25, 160) / o.spacing_y_um;
    Spot s =
        ellipse(PhantomLabel::Background, x, y, random.uniform(35, 130), random.uniform(1, 2.2));
    s.grey = random.uniform(30, 44);
    add(s);
  }

  void focus() {
    const double x = any_x();
    const auto b = rows(x);
    const double part = random.uniform();
    const int layer = part < 0.2 ? Ipl : part < 0.5 ? Inl : part < 0.75 ? Opl : Elm;
    if (b[layer] - b[layer - 1] < 4) return;
    const double y = random.uniform(b[layer - 1] + 1, b[layer] - 1);
    Spot s = body(PhantomLabel::Focus, x, y, random.uniform(o.focus_min_um, o.focus_max_um),
                  random.uniform(0.75, 1.35));
    s.angle = random.uniform(0, std::numbers::pi);
    s.grey = scene.layer_grey[1] * random.uniform(0.92, 1.18);
    s.least_above = o.focus_contrast;
    s.layer = layer_names[layer];
    add(s);
  }

  void exudate() {
    const double x = any_x();
    const auto b = rows(x);
    const double y = random.uniform(b[Inl], b[Elm]);
    Spot s = body(PhantomLabel::Exudate, x, y, random.uniform(o.exudate_min_um, o.exudate_max_um),
                  random.uniform(0.9, 2));
    s.grey = scene.layer_grey[8] * random.uniform(0.92, 1.12);
    s.least_above = o.focus_contrast;
    s.shadow = random.uniform(0.1, 0.4);
    s.layer = y < b[Opl] ? "OPL" : "ONL";
    add(s);
    const int lobes = random.below(3);
    for (int i = 0; i < lobes; ++i) {
      Spot lobe = s;
      lobe.x += random.uniform(-1, 1) * s.rx;
      lobe.y += random.uniform(-0.8, 0.8) * s.ry;
      lobe.rx *= random.uniform(0.4, 0.8);
      lobe.ry *= random.uniform(0.4, 0.8);
      lobe.instance = instance;
      scene.spots[scan].push_back(lobe);
    }
  }

  void choroidal_focus() {
    const double x = any_x();
    const double y = rows(x)[Bm] + random.uniform(20, 130) / o.spacing_y_um;
    Spot s =
        body(PhantomLabel::ChoroidalFocus, x, y, random.uniform(18, 45), random.uniform(0.8, 1.5));
    s.grey = random.uniform(110, 160);
    s.least_above = o.focus_contrast;
    s.layer = "choroid";
    add(s);
  }

  void times(double mean, void (Placer::*what)()) {
    const int count = random.poisson(mean * o.width * o.spacing_x_um / 5786.0);
    for (int i = 0; i < count; ++i) (this->*what)();
  }
};

// The lesion or cyst that begins at `first`, its lobes included.
std::size_t end_of_body(const std::vector<Spot>& spots, std::size_t first) {
  std::size_t end = first + 1;
  while (spots[first].instance > 0 && end < spots.size() &&
         spots[end].instance == spots[first].instance)
    ++end;
  return end;
}

// Shows bodies in the neighbouring B-scans that they reach. Of those in n B-scans one in n is
// kept, so that the mean number of sections of a B-scan stays what the options say.
void extend_bodies(PhantomScene& scene, std::vector<int>& last_instance, int& last_body) {
  const PhantomOptions& o = scene.options;
  struct Reaching {
    std::vector<Spot> spots;
    int scan;
  };
  std::vector<Reaching> reaching;
  for (int scan = 0; scan < o.scans; ++scan) {
    std::vector<Spot>& spots = scene.spots[scan];
    Random random(random_key({scene.key, Keep, static_cast<std::uint64_t>(scan)}));
    std::vector<Spot> kept;
    for (std::size_t i = 0, end; i < spots.size(); i = end) {
      end = end_of_body(spots, i);
      const int steps = static_cast<int>(std::ceil(spots[i].rz_um / o.spacing_z_um)) - 1;
      if (steps > 0) {
        if (!random.chance(1.0 / (1 + 2 * steps))) continue;
        ++last_body;
        for (std::size_t k = i; k < end; ++k) spots[k].body = last_body;
        reaching.push_back({{spots.begin() + i, spots.begin() + end}, scan});
      }
      kept.insert(kept.end(), spots.begin() + i, spots.begin() + end);
    }
    spots = std::move(kept);
  }
  for (const Reaching& body : reaching) {
    const int steps = static_cast<int>(std::ceil(body.spots.front().rz_um / o.spacing_z_um)) - 1;
    for (int step = -steps; step <= steps; ++step) {
      const int scan = body.scan + step;
      if (step == 0 || scan < 0 || scan >= o.scans) continue;
      const bool lesion = body.spots.front().label != PhantomLabel::Background;
      const int instance = lesion ? ++last_instance[scan] : 0;
      for (Spot s : body.spots) {
        const double out = step * o.spacing_z_um / std::max(s.rz_um, 1e-9);
        if (std::abs(out) >= 1) continue;
        const int line = s.label == PhantomLabel::ChoroidalFocus ? Bm : Opl;
        const double x_um = s.x * o.spacing_x_um;
        s.y += (scene.boundaries_um(x_um, scan * o.spacing_z_um)[line] -
                scene.boundaries_um(x_um, body.scan * o.spacing_z_um)[line]) /
               o.spacing_y_um;
        s.rx *= std::sqrt(1 - out * out);
        s.ry *= std::sqrt(1 - out * out);
        s.instance = instance;
        auto& there = scene.spots[scan];
        there.insert(lesion ? there.end() : there.begin(), s);
      }
    }
  }
}

void fill(PhantomScene& scene) {
  const PhantomOptions& o = scene.options;
  const bool through = o.phantom_version >= 2;
  int last_body = 0;
  std::vector<ThroughVessel> small, large;
  if (through) {
    small = through_vessels(scene, VesselKind::Small, last_body);
    large = through_vessels(scene, VesselKind::Large, last_body);
  }
  scene.spots.resize(o.scans);
  std::vector<int> last_instance(o.scans);
  for (int scan = 0; scan < o.scans; ++scan) {
    Random random(random_key({scene.key, Content, static_cast<std::uint64_t>(scan)}));
    int& instance = last_instance[scan];
    instance = scan * 256;
    Placer place{o, scene, random, scan, instance};
    // Version 2 draws version 1's vessels too and forgets them: what follows stays the same.
    const auto vessels = [&](double mean, void (Placer::*local)(),
                             const std::vector<ThroughVessel>& others) {
      const std::size_t before = scene.spots[scan].size();
      const int instance_before = instance;
      place.times(mean, local);
      if (!through) return;
      scene.spots[scan].resize(before);
      instance = instance_before;
      for (Spot& s : sections_at(scene, others, scan)) place.add(std::move(s));
    };
    place.times(45, &Placer::lumen);
    place.times(o.cysts, &Placer::cyst);
    place.times(o.fragments, &Placer::fragment);
    place.times(o.grains, &Placer::grain);
    vessels(o.capillaries, &Placer::capillary, small);
    vessels(o.vessels, &Placer::vessel, large);
    place.times(o.exudates, &Placer::exudate);
    place.times(o.choroidal_foci, &Placer::choroidal_focus);
    place.times(o.foci, &Placer::focus);
  }
  if (through) extend_bodies(scene, last_instance, last_body);
}

}

std::array<double, 9> PhantomScene::boundaries_um(double x_um, double z_um) const {
  const double dx = (x_um - fovea_x_um) / 1000, dz = (z_um - fovea_z_um) / 1000;
  const double r = std::hypot(dx, dz);
  const double nasal = options.eye == "left" ? -dx : dx;
  const double p = options.pit;
  const auto wavy = [&](int k, double um, double period) {
    return um * value_noise(random_key({key, Shape, static_cast<std::uint64_t>(k)}), x_um / period,
                            z_um / 400);
  };
  const double open = 1 - p * bell(r, 0.45);
  const double t = options.thickness;
  std::array<double, 9> thick{};
  thick[Rnfl] = 4 + t * open * (16 + 9 * std::clamp(nasal + r, 0.0, 3.0));
  thick[Ipl] = 4 + t * open * (10 + 82 * bell(std::max(0.0, r - 0.9), 1.6));
  thick[Inl] = 4 + t * (1 - p * bell(r, 0.4)) * 36;
  thick[Opl] = 7 + t * (1 - p * bell(r, 0.3)) * 16;
  thick[Elm] = t * (78 + 28 * p * bell(r, 0.45));
  thick[Ez] = 20;
  thick[Rpe] = 32 + 8 * p * bell(r, 0.3);
  thick[Bm] = 12;
  double raise = 0;
  for (const Druse& d : druse)
    raise += d.height_um * bell(std::hypot(x_um - d.x_um, z_um - d.z_um), d.sigma_um * 1.4142);
  std::array<double, 9> y{};
  y[Bm] = base_um + slope * dx * 1000 - options.curvature_um_per_mm2 * dx * dx + wavy(0, 10, 700);
  y[Rpe] = y[Bm] - thick[Bm] - raise;
  y[Ez] = y[Rpe] - thick[Rpe];
  y[Elm] = y[Ez] - thick[Ez];
  y[Opl] = y[Bm] - thick[Bm] - thick[Rpe] - thick[Ez] - thick[Elm] - 0.3 * raise;
  y[Opl] = std::min(y[Opl], y[Elm] - 20);
  for (int k = Inl; k >= Ilm; --k)
    y[k] = std::min(y[k + 1] - 3, y[k + 1] - thick[k + 1] + wavy(k + 1, 2.5, 90));
  return y;
}

PhantomOptions varied(const PhantomOptions& given) {
  PhantomOptions o = given;
  const double v = std::clamp(o.variety, 0.0, 1.0);
  if (v == 0) return o;
  Random random(random_key({static_cast<std::uint64_t>(o.seed), Variety}));
  const auto around = [&](double deviation) { return std::exp(v * deviation * random.normal()); };
  for (double* mean : {&o.foci, &o.exudates, &o.choroidal_foci, &o.vessels, &o.capillaries,
                       &o.fragments, &o.grains, &o.drusen, &o.cysts})
    *mean = std::min(40.0, *mean * around(0.5));
  if (random.chance(0.5 * v)) o.cysts = 0;
  if (random.chance(0.5 * v)) o.drusen = 0;
  o.looks = std::clamp(static_cast<int>(std::lround(o.looks * around(0.6))), 2, 16);
  o.speckle_x_px *= around(0.3);
  o.speckle_y_px *= around(0.2);
  o.noise_grey = std::clamp(o.noise_grey * around(0.3), 8.0, 60.0);
  o.gain *= around(0.35);
  o.texture *= around(0.3);
  if (random.chance(0.2 * v)) o.display = "log";
  o.tilt_deg = o.tilt_deg + v * 4 * random.normal();
  o.curvature_um_per_mm2 += v * 8 * random.normal();
  o.pit = std::clamp(o.pit * (1 - v * 0.6 * random.uniform() * random.uniform()), 0.0, 1.0);
  o.thickness *= around(0.12);
  return o;
}

PhantomScene make_scene(const PhantomOptions& o) {
  PhantomScene scene;
  scene.options = o;
  scene.key = random_key({static_cast<std::uint64_t>(o.seed), key_version});
  Random random(random_key({scene.key, Shape}));
  const double v = std::clamp(o.variety, 0.0, 1.0);
  const double wide = o.width * o.spacing_x_um, deep = o.height * o.spacing_y_um;
  scene.fovea_x_um = wide * (0.5 + 0.15 * v * random.normal());
  scene.fovea_z_um = o.scans * o.spacing_z_um * (0.5 + 0.3 * v * random.normal());
  scene.base_um = std::clamp(deep * (0.45 + 0.07 * v * random.normal()), 520.0, deep - 260.0);
  scene.slope = std::tan(std::clamp(o.tilt_deg, -8.0, 8.0) * std::numbers::pi / 180);
  scene.layer_grey = usual_grey;
  for (double& grey : scene.layer_grey) grey *= std::exp(0.06 * v * random.normal());
  Random bumps(random_key({scene.key, Bumps}));
  const int count = bumps.poisson(std::min(40.0, o.drusen * o.scans));
  for (int i = 0; i < count; ++i)
    scene.druse.push_back({bumps.uniform(0, wide), bumps.uniform(0, o.scans * o.spacing_z_um),
                           bumps.uniform(20, 80), bumps.uniform(50, 160)});
  fill(scene);
  return scene;
}

}
