#include "pipelines/lung_ultrasound/phantom_scene.h"

#include "modules/core/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

namespace sensorium::lung_ultrasound {
namespace {

enum Purpose : std::uint64_t { Anatomy = 1, Signs, Wall, Lung, Noise, Texture, Border };

constexpr double white_db = 10; // what is white, over the amplitude 1 of a perfect mirror

double gauss(double x, double sigma) { return std::exp(-0.5 * x * x / (sigma * sigma)); }
std::size_t index(int line, int depth) {
  return static_cast<std::size_t>(line) * Scene::depths + static_cast<std::size_t>(depth);
}
using Complex = std::complex<float>;

// A Gaussian of this sigma along count values, stride apart; the power stays.
void blur_along(Complex* first, int count, int stride, double sigma, std::vector<Complex>& line) {
  const int reach = std::max(1, static_cast<int>(std::ceil(2.5 * sigma)));
  std::vector<float> weights(static_cast<std::size_t>(reach) + 1);
  float energy = 0;
  for (int k = 0; k <= reach; ++k) {
    float& w = weights[static_cast<std::size_t>(k)];
    w = static_cast<float>(gauss(k, sigma));
    energy += (k == 0 ? 1 : 2) * w * w;
  }
  line.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) line[static_cast<std::size_t>(i)] = first[i * stride];
  for (int i = 0; i < count; ++i) {
    Complex sum = weights[0] * line[static_cast<std::size_t>(i)];
    for (int k = 1; k <= reach; ++k)
      sum += weights[static_cast<std::size_t>(k)] *
             (line[static_cast<std::size_t>(std::max(0, i - k))] +
              line[static_cast<std::size_t>(std::min(count - 1, i + k))]);
    first[i * stride] = sum / std::sqrt(energy);
  }
}

// The point spread: axial 0.35 mm; lateral one line near the focus and wider away from it.
void blur(std::vector<Complex>& echo, double step_mm) {
  std::vector<Complex> scratch;
  for (int l = 0; l < Scene::lines; ++l)
    blur_along(&echo[index(l, 0)], Scene::depths, 1, 0.35 / step_mm, scratch);
  for (int d = 0; d < Scene::depths; ++d)
    blur_along(&echo[static_cast<std::size_t>(d)], Scene::lines, Scene::depths,
               0.9 + 1.2 * std::abs(d / double{Scene::depths} - 0.35), scratch);
}

double across_of(int line) { return line / (Scene::lines - 1.0); }

}

Scene::Scene(const PhantomOptions& options) : options_(options) {
  vary();
  choose_signs();
}

void Scene::vary() {
  PhantomOptions& o = options_;
  Random r(random_key({static_cast<std::uint64_t>(o.seed), Anatomy}));
  const auto around = [&](double middle, double spread) {
    return middle + o.variety * r.uniform(-spread, spread);
  };
  opening_deg_ = around(60, 12);
  pleura_ = around(0.24, 0.07) * o.depth_mm;
  bend_ = around(0, 3);
  breaths_ = around(0.3, 0.12);
  muscle_ = std::exp(around(0, 0.5));
  o.gain_db += around(0, 5);
  o.dynamic_range_db += around(0, 8);
  o.breathing_mm *= std::exp(around(0, 0.5));
  across_mm_ = o.probe == "convex"
                   ? (probe_radius_mm + pleura_) * opening_deg_ * std::numbers::pi / 180
                   : linear_width_mm(o);
  if (o.ribs) ribs_ = {around(0.08, 0.05), around(0.92, 0.05)};
}

void Scene::choose_signs() {
  PhantomOptions& o = options_;
  Random r(random_key({static_cast<std::uint64_t>(o.seed), Signs}));
  static constexpr std::array patterns = {"a_lines", "b_lines", "coalescent", "consolidation"};
  const char* drawn = patterns[static_cast<std::size_t>(r.below(4))];
  if (o.pattern == "random") {
    o.pattern = drawn;
    o.b_lines = 1 + r.below(5);
  }
  const auto line = [&](double across, double half_width) {
    b_lines_.push_back(
        {across, half_width, r.uniform(0.55, 1.1), r.uniform(0, 2 * std::numbers::pi)});
  };
  if (o.pattern == "b_lines")
    for (int i = 0; i < o.b_lines; ++i)
      line(0.16 + 0.68 * (i + 0.5 + r.uniform(-0.2, 0.2)) / o.b_lines, r.uniform(0.012, 0.022));
  if (o.pattern == "coalescent") {
    const double half = r.uniform(0.3, 0.4);
    for (double at = 0.5 - half; at < 0.5 + half; at += r.uniform(0.03, 0.05))
      line(at, r.uniform(0.022, 0.04));
  }
  if (o.pattern == "consolidation") {
    consolidation_at_ = r.uniform(0.38, 0.62);
    consolidation_half_ = r.uniform(0.14, 0.26);
    consolidation_mm_ = r.uniform(0.15, 0.35) * o.depth_mm;
    for (int i = r.below(3); i > 0; --i)
      line(consolidation_at_ + consolidation_half_ * r.uniform(-1, 1), r.uniform(0.012, 0.02));
  }
  a_lines_ = o.pattern == "a_lines" || o.pattern == "b_lines";
}

double Scene::pleura_mm(double across) const {
  const double x = 2 * across - 1;
  return pleura_ + bend_ * x * x +
         0.5 * value_noise(random_key({static_cast<std::uint64_t>(options_.seed), Texture}),
                           across * 6, 0);
}

double Scene::slide(int t) const {
  return options_.breathing_mm *
         std::sin(2 * std::numbers::pi * breaths_ * t / options_.frame_rate);
}

// Thickness of the consolidation below the pleura, with a ragged far border.
double Scene::border_mm(double across) const {
  const double x = (across - consolidation_at_) / std::max(consolidation_half_, 1e-6);
  if (std::abs(x) >= 1) return 0;
  const auto key = random_key({static_cast<std::uint64_t>(options_.seed), Border});
  return consolidation_mm_ * std::sqrt(1 - x * x) *
         (1 + 0.25 * value_noise(key, across * 40, 0) + 0.2 * value_noise(key, across * 14, 9));
}

std::vector<Scene::BLine> Scene::shown_at(double shift) const {
  std::vector<BLine> shown;
  for (BLine line : b_lines_) {
    line.across += shift;
    if (line.across > 0.02 && line.across < 0.98) shown.push_back(line);
  }
  return shown;
}

// Skin, fat, muscle with its striae, two fasciae; nothing of it moves.
void Scene::draw_wall(Field& field) const {
  const auto key = random_key({static_cast<std::uint64_t>(options_.seed), Texture, 2});
  const double step = options_.depth_mm / depths;
  for (int l = 0; l < lines; ++l) {
    const double pleura = pleura_mm(across_of(l));
    const int last = std::min(depths, static_cast<int>(pleura / step));
    for (int d = 0; d < last; ++d) {
      const double mm = d * step, part = mm / pleura;
      const double noise = value_noise(key, across_of(l) * 5, mm * 0.8);
      double power = part < 0.12   ? 0.5
                     : part < 0.42 ? 0.02 * (1 + 0.6 * noise)
                                   : 0.035 * muscle_ * (1 + 0.8 * std::sin(mm * 3 + 2 * noise));
      for (const double fascia : {0.42, 0.8})
        power += 0.25 * gauss(mm - pleura * fascia - 0.6 * noise, 0.4);
      field.scattering[index(l, d)] = static_cast<float>(std::max(power, 0.004));
    }
  }
}

// Pleural line, its repeats, B-lines; the lung itself, full of air, shows nothing but clutter.
void Scene::draw_lung(Field& field, double shift, double time,
                      const std::vector<BLine>& shown) const {
  const auto key = random_key({static_cast<std::uint64_t>(options_.seed), Texture, 3});
  const double step = options_.depth_mm / depths, fluid = options_.effusion_mm;
  for (int l = 0; l < lines; ++l) {
    const double across = across_of(l), pleura = pleura_mm(across), lung = pleura + fluid;
    const double inside = border_mm(across - shift);
    double comet = 0, phase = 0;
    for (const BLine& b : shown)
      if (const double g = b.brightness * (0.8 + 0.2 * std::sin(2 * time + b.phase)) *
                           gauss(across - b.across, b.half_width);
          g > comet)
        comet = g, phase = b.phase;
    const double moving = 1 + 0.35 * value_noise(key, (across - shift) * 30, 0);
    for (int d = static_cast<int>(pleura / step); d < depths; ++d) {
      const double mm = d * step;
      double mirror = 0.9 * moving * gauss(mm - lung, 0.7) * (inside > 0 ? 0.4 : 1);
      if (fluid > 0) mirror = std::max(mirror, 0.5 * gauss(mm - pleura, 0.5));
      double power = mm < lung ? 2e-5 : 6e-4 * std::exp(-(mm - lung) / 30);
      if (mm > lung + 1 && inside <= 0) {
        const double air = a_lines_ ? std::max(0.0, 1 - 1.5 * comet) : 0.12 * (1 - comet);
        for (int k = 2; k <= 5; ++k)
          mirror += air * 0.55 * std::pow(0.5, k - 2) * gauss(mm - k * lung, 0.6 + 0.1 * k);
        if (mm < 2 * lung) // the chest wall once more, faint
          power += 0.02 * air *
                   static_cast<double>(field.scattering[index(
                       l, std::clamp(static_cast<int>((mm - lung) / step), 0, depths - 1))]);
      }
      if (comet > 0.02 && mm > lung + inside) {
        power += 0.18 * comet * comet;
        mirror += 0.3 * comet * std::max(0.0, std::sin(mm * 4.2 + phase));
      }
      field.scattering[index(l, d)] = static_cast<float>(power);
      field.mirror[index(l, d)] = static_cast<float>(mirror);
    }
  }
}

void Scene::draw_consolidation(Field& field, double shift) const {
  if (consolidation_mm_ <= 0) return;
  const auto key = random_key({static_cast<std::uint64_t>(options_.seed), Texture, 4});
  const double step = options_.depth_mm / depths;
  for (int l = 0; l < lines; ++l) {
    const double across = across_of(l), inside = border_mm(across - shift);
    const double top = pleura_mm(across) + options_.effusion_mm + 1;
    for (int d = static_cast<int>(top / step); d < depths && d * step < top + inside; ++d) {
      const double mm = d * step;
      const double bronchogram = value_noise(key, (across - shift) * 22, mm * 0.35);
      field.scattering[index(l, d)] =
          static_cast<float>(0.014 + (bronchogram > 0.62 ? 0.35 * (bronchogram - 0.62) / 0.38 : 0));
      field.mirror[index(l, d)] =
          static_cast<float>(mm > top + inside - 1.2 ? 0.25 : 0.0); // the shred border
    }
  }
}

void Scene::shade_ribs(Field& field) const {
  const double step = options_.depth_mm / depths;
  for (const double rib : ribs_)
    for (int l = 0; l < lines; ++l) {
      const double away = (across_of(l) - rib) * across_mm_ / 7; // half a rib is 7 mm
      if (std::abs(away) >= 1) continue;
      const double surface = pleura_mm(across_of(l)) * (0.72 - 0.12 * std::sqrt(1 - away * away));
      for (int d = static_cast<int>(surface / step); d < depths; ++d) {
        field.scattering[index(l, d)] *= 0.004f;
        field.mirror[index(l, d)] = static_cast<float>(0.9 * gauss(d * step - surface, 0.7));
      }
    }
}

std::vector<float> Scene::frame(int t, PhantomFrame& signs) const {
  const double shift = slide(t) / across_mm_, time = t / options_.frame_rate;
  const std::vector<BLine> shown = shown_at(shift);
  Field field{std::vector<float>(std::size_t{lines} * depths, 1e-6f),
              std::vector<float>(std::size_t{lines} * depths)};
  draw_wall(field);
  draw_lung(field, shift, time, shown);
  draw_consolidation(field, shift);
  shade_ribs(field);

  std::vector<char> under(lines);
  for (const BLine& b : shown) {
    const double low = std::max(0.0, b.across - 1.5 * b.half_width),
                 high = std::min(1.0, b.across + 1.5 * b.half_width);
    signs.b_lines.push_back({low, high});
    for (int l = 0; l < lines; ++l)
      if (across_of(l) >= low && across_of(l) <= high) under[static_cast<std::size_t>(l)] = 1;
  }
  signs.covered = static_cast<double>(std::count(under.begin(), under.end(), 1)) / lines;
  signs.a_lines = a_lines_;
  signs.consolidation = consolidation_mm_ > 0;
  signs.score = signs.consolidation                ? 3
                : options_.pattern == "coalescent" ? 2
                : signs.b_lines.size() >= 3        ? 1
                                                   : 0;
  return envelope(field, t, shift);
}

// Speckle: scatterers of the wall stand still, those of the lung move with it and lose a part of
// themselves from frame to frame.
std::vector<float> Scene::envelope(const Field& field, int t, double shift) const {
  const auto seed = static_cast<std::uint64_t>(options_.seed);
  const double step = options_.depth_mm / depths;
  std::vector<Complex> echo(field.scattering.size());
  const auto scatterer = [&](Purpose purpose, int l, int d, std::uint64_t extra) {
    Random r(random_key({seed, purpose, static_cast<std::uint64_t>(l + 4096),
                         static_cast<std::uint64_t>(d), extra}));
    const double radius = std::sqrt(-2 * std::log(1 - r.uniform())),
                 angle = 2 * std::numbers::pi * r.uniform();
    return std::polar(static_cast<float>(radius), static_cast<float>(angle));
  };
  const int moved = static_cast<int>(std::lround(shift * (lines - 1)));
  for (int l = 0; l < lines; ++l) {
    const int pleura = static_cast<int>(pleura_mm(across_of(l)) / step);
    for (int d = 0; d < depths; ++d) {
      const bool wall = d < pleura;
      const Complex kept = scatterer(wall ? Wall : Lung, wall ? l : l - moved, d, 0),
                    fresh = scatterer(Noise, l, d, static_cast<std::uint64_t>(t) + 1);
      const float part = wall ? 0.05f : 0.35f;
      echo[index(l, d)] = std::sqrt(field.scattering[index(l, d)]) *
                          (std::sqrt(1 - part * part) * kept + part * fresh);
    }
  }
  blur(echo, step);
  std::vector<float> grey(echo.size());
  for (int l = 0; l < lines; ++l)
    for (int d = 0; d < depths; ++d) {
      Random r(random_key({seed, Noise, 7, static_cast<std::uint64_t>(l),
                           static_cast<std::uint64_t>(d), static_cast<std::uint64_t>(t)}));
      const Complex receiver(static_cast<float>(r.normal()), static_cast<float>(r.normal()));
      const float noise = 0.0025f * (1 + 2.5f * static_cast<float>(d) / depths);
      const double amplitude =
          std::abs(echo[index(l, d)] + Complex(field.mirror[index(l, d)]) + noise * receiver);
      grey[index(l, d)] =
          static_cast<float>(1 + (20 * std::log10(amplitude + 1e-9) + options_.gain_db - white_db) /
                                     options_.dynamic_range_db);
    }
  return grey;
}

}
