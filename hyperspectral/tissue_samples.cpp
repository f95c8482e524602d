#include "hyperspectral/tissue_samples.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_cube.h"
#include "hyperspectral/tissue_segment.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium::hyper {
namespace {

// Of noise_shape, 1 + 2 u^2, over u from -1 to 1: 1 + 4/3 + 4/5.
constexpr double mean_square_shape = 1 + 4.0 / 3 + 4.0 / 5;
constexpr int row_scene = 96; // pixels a side of the scenes that rows are taken from

TissueScene cut(const TissueScene& scene, int line, int sample, int side) {
  TissueScene out{.lines = side, .samples = side};
  for (int y = line; y < line + side; ++y)
    for (int x = sample; x < sample + side; ++x) {
      const auto i = static_cast<std::size_t>(y) * static_cast<std::size_t>(scene.samples) +
                     static_cast<std::size_t>(x);
      out.surfaces.push_back(scene.surfaces[i]);
      out.labels.push_back(scene.labels[i]);
    }
  return out;
}

// A square about a pixel of a class that is drawn first, so that rare classes are seen.
TissueScene square(const TissueScene& scene, int classes, int side, Random& random) {
  const int wanted = random.below(classes);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < scene.labels.size(); ++i)
    if (scene.labels[i] == wanted) places.push_back(i);
  const std::size_t at =
      places.empty()
          ? static_cast<std::size_t>(random.below(static_cast<int>(scene.labels.size())))
          : places[static_cast<std::size_t>(random.below(static_cast<int>(places.size())))];
  const int y = static_cast<int>(at) / scene.samples, x = static_cast<int>(at) % scene.samples;
  const auto start = [&](int centre, int size) {
    return std::clamp(centre - random.below(side), 0, size - side);
  };
  const int line = start(y, scene.lines);
  return cut(scene, line, start(x, scene.samples), side);
}

}

CameraOptions random_camera(Random& r) {
  CameraOptions c;
  if (r.chance(0.5)) {
    c.first_nm = 450;
    c.last_nm = 950;
  }
  c.bands = 80 + r.below(81);
  c.fwhm_nm = r.uniform(3, 10);
  c.snr_db = r.uniform(5, 45);
  c.smile_nm = r.uniform(-1.5, 1.5);
  c.dead_lines = r.chance(0.3) ? 1 : 0;
  return c;
}

Photograph photograph(const TissueScene& scene, const CameraOptions& camera, std::uint64_t key) {
  return read_photograph(scene, photographed(scene, camera, key, 1));
}

Photograph read_photograph(const TissueScene& scene, const Cube& cube) {
  const SpectraReader reader(cube, tissue_wavelengths());
  Photograph out{.lines = scene.lines,
                 .samples = scene.samples,
                 .bands = static_cast<int>(reader.wavelengths_nm().size())};
  reader.read({0, scene.lines, 0, scene.samples}, out.spectra, out.usable);
  out.labels = scene.labels;
  return out;
}

std::string ScenePatches::group(std::size_t index) const {
  return "patient " + std::to_string(first_ + static_cast<int>(index) / views_);
}

ScenePatches::ScenePatches(SceneMaker maker, int classes, int first_patient, int patients,
                           int views, int side, bool whole)
    : maker_(std::move(maker)), classes_(classes), first_(first_patient), views_(views),
      side_(side), whole_(whole),
      squares_(static_cast<std::size_t>(patients) * static_cast<std::size_t>(views)) {}

ScenePatches::Square ScenePatches::draw(std::size_t index) const {
  const int patient = first_ + static_cast<int>(index) / views_;
  Random random(
      random_key({static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(patient)}));
  const TissueScene scene = whole_ ? maker_(patient, side_)
                                   : square(maker_(patient, 2 * side_ + random.below(2 * side_)),
                                            classes_, side_, random);
  const std::vector<double> nm = tissue_wavelengths();
  CameraOptions camera{.first_nm = nm.front(),
                       .last_nm = nm.back(),
                       .bands = static_cast<int>(nm.size()),
                       .fwhm_nm = random.uniform(10, 14),
                       .smile_nm = random.uniform(-1.5, 1.5)};
  const std::vector<float> seen = exposed(scene, camera, 1);
  Square out{std::vector<float>(seen.size()), scene.labels};
  const std::size_t pixels = scene.labels.size(), bands = nm.size();
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t b = 0; b < bands; ++b) out.reflectance[b * pixels + i] = seen[i * bands + b];
  return out;
}

Sample ScenePatches::get(std::size_t index, std::uint64_t seed) const {
  std::shared_ptr<const Square> known;
  {
    const std::lock_guard lock(mutex_);
    known = squares_.at(index);
  }
  if (!known) {
    known = std::make_shared<const Square>(draw(index));
    const std::lock_guard lock(mutex_);
    squares_[index] = known;
  }
  Random random(random_key({seed, static_cast<std::uint64_t>(index), 0x76696577}));
  const std::vector<double> nm = tissue_wavelengths();
  const auto side = static_cast<std::size_t>(side_), pixels = side * side, bands = nm.size();
  const CameraOptions camera = random_camera(random);
  double square = 0, mean = 0;
  for (const float v : known->reflectance) {
    square += static_cast<double>(v) * v;
    mean += v;
  }
  const auto count = static_cast<double>(known->reflectance.size());
  mean = std::max(1e-6, mean / count);
  // Triangles as wide as the network's step to either side leave the root of 2 / (3 n) of the
  // noise, n bands of the camera a step.
  const double native_step = (camera.last_nm - camera.first_nm) / (camera.bands - 1);
  const double kept = std::sqrt(std::min(1.0, 2 * native_step / (3 * (nm[1] - nm[0]))));
  const double deviation =
      kept * std::sqrt(square / count / mean_square_shape) * std::pow(10, -camera.snr_db / 20);
  const bool flip_x = random.chance(0.5), flip_y = random.chance(0.5), turn = random.chance(0.5);
  const std::size_t dead =
      camera.dead_lines > 0 ? static_cast<std::size_t>(random.below(side_)) : side;
  Sample out{{{static_cast<std::int64_t>(bands), side_, side_}, std::vector<float>(bands * pixels)},
             {{1, side_, side_}, std::vector<float>(pixels)},
             {{1, side_, side_}, std::vector<float>(pixels, 1)}};
  std::vector<std::size_t> from(pixels);
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t fy = flip_y ? side - 1 - y : y, fx = flip_x ? side - 1 - x : x;
      from[y * side + x] = turn ? fx * side + fy : fy * side + fx;
      out.target.values[y * side + x] = known->labels[from[y * side + x]];
      if (x == dead) out.weight.values[y * side + x] = 0;
    }
  for (std::size_t b = 0; b < bands; ++b) {
    const double shape = deviation * noise_shape(nm[b], camera);
    for (std::size_t i = 0; i < pixels; ++i) {
      if (out.weight.values[i] == 0) continue;
      const double clean = known->reflectance[b * pixels + from[i]];
      const double sigma = shape * std::sqrt(0.5 + 0.5 * std::max(0.0, clean) / mean);
      out.input.values[b * pixels + i] = static_cast<float>(clean + sigma * random.normal());
    }
  }
  return out;
}

void spectrum_at(const Photograph& photo, std::size_t pixel, int box, std::vector<float>& out) {
  const auto bands = static_cast<std::size_t>(photo.bands), pixels = photo.labels.size();
  const int y = static_cast<int>(pixel) / photo.samples,
            x = static_cast<int>(pixel) % photo.samples;
  std::vector<double> sum(bands);
  int count = 0;
  for (int j = std::max(0, y - box / 2); j <= std::min(photo.lines - 1, y + box / 2); ++j)
    for (int i = std::max(0, x - box / 2); i <= std::min(photo.samples - 1, x + box / 2); ++i) {
      const auto at = static_cast<std::size_t>(j) * static_cast<std::size_t>(photo.samples) +
                      static_cast<std::size_t>(i);
      if (photo.usable[at] == 0) continue;
      for (std::size_t b = 0; b < bands; ++b) sum[b] += photo.spectra[b * pixels + at];
      ++count;
    }
  out.resize(bands);
  for (std::size_t b = 0; b < bands; ++b) out[b] = static_cast<float>(sum[b] / std::max(1, count));
}

PixelRows pixel_rows(const SceneMaker& maker, int classes, int first_patient, int patients,
                     int per_class, int box, bool normalised, const Context& context) {
  PixelRows out;
  std::vector<float> row;
  for (int p = first_patient; p < first_patient + patients; ++p) {
    context.step(static_cast<double>(p - first_patient) / patients, "phantoms");
    Random random(random_key({static_cast<std::uint64_t>(p), 0x726f7773}));
    const Photograph photo =
        photograph(maker(p, row_scene), random_camera(random), static_cast<std::uint64_t>(p));
    out.bands = photo.bands;
    std::vector<std::vector<std::size_t>> places(static_cast<std::size_t>(classes));
    for (std::size_t i = 0; i < photo.labels.size(); ++i)
      if (photo.usable[i] != 0) places[photo.labels[i]].push_back(i);
    for (int c = 0; c < classes; ++c) {
      const auto& of_class = places[static_cast<std::size_t>(c)];
      for (int k = 0; k < per_class && !of_class.empty(); ++k) {
        spectrum_at(
            photo,
            of_class[static_cast<std::size_t>(random.below(static_cast<int>(of_class.size())))],
            box, row);
        if (normalised) normalise_spectrum(row);
        out.rows.insert(out.rows.end(), row.begin(), row.end());
        out.labels.push_back(c);
        out.patients.push_back(p);
      }
    }
  }
  return out;
}

Likeness likeness_of_scenes(const SceneMaker& maker, int patients, int validation_patients,
                            int side, const Context& context) {
  constexpr int most_patients = 60, directions = 8;
  const int bands = static_cast<int>(tissue_wavelengths().size());
  const auto blocks = [&](int first, int count, const Context& part) {
    std::vector<float> rows;
    for (int i = first; i < first + count; ++i) {
      part.step(static_cast<double>(i - first) / count, "how training looks");
      Random random(random_key({static_cast<std::uint64_t>(i), 0x6c6f6f6b}));
      CameraOptions camera = random_camera(random);
      camera.snr_db = std::max(15.0, camera.snr_db);
      const Photograph photo = photograph(maker(i, side), camera, random.bits());
      const auto one =
          block_spectra(photo.spectra, photo.usable, photo.lines, photo.samples, bands);
      rows.insert(rows.end(), one.begin(), one.end());
    }
    return rows;
  };
  return likeness_of(blocks(1, std::min(patients, most_patients), context.part(0, 0.7)),
                     blocks(first_validation_patient, validation_patients, context.part(0.7, 1)),
                     bands, directions);
}

Sample RowSource::get(std::size_t index, std::uint64_t) const {
  const auto bands = static_cast<std::size_t>(rows_.bands);
  const auto begin = rows_.rows.begin() + static_cast<std::ptrdiff_t>(index * bands);
  return {{{rows_.bands}, {begin, begin + rows_.bands}},
          {{1}, {static_cast<float>(rows_.labels.at(index))}},
          {}};
}

}

#endif
