#include "hyperspectral/tissue_camera.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "modules/core/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::hyper {
namespace {

constexpr double stored_scale = 10000;

Chromophores between(const Chromophores& a, const Chromophores& b, double t) {
  const auto mix = [t](double x, double y) { return x + t * (y - x); };
  return {mix(a.oxy_blood, b.oxy_blood),   mix(a.deoxy_blood, b.deoxy_blood),
          mix(a.melanosome, b.melanosome), mix(a.water, b.water),
          mix(a.lipid, b.lipid),           mix(a.skin, b.skin)};
}

}

double noise_shape(double nm, const CameraOptions& c) {
  const double middle = (c.first_nm + c.last_nm) / 2, half = (c.last_nm - c.first_nm) / 2;
  const double u = (nm - middle) / half;
  return 1 + 2 * u * u;
}

void describe(ParameterVisitor& v, CameraOptions& p) {
  v.number("first_nm", p.first_nm, {.help = "First band.", .unit = "nm", .min = 400, .max = 990});
  v.number("last_nm", p.last_nm, {.help = "Last band.", .unit = "nm", .min = 410, .max = 1000});
  v.integer("bands", p.bands, {.help = "Number of bands.", .min = 8, .max = 1000});
  v.number("fwhm_nm", p.fwhm_nm,
           {.help = "Full width of a band at half of its greatest sensitivity.",
            .unit = "nm",
            .min = 0,
            .max = 50});
  v.number("snr_db", p.snr_db,
           {.help = "Signal to noise: 10 log10 of the mean squares over all bands.",
            .unit = "dB",
            .min = -10,
            .max = 100});
  v.number("smile_nm", p.smile_nm,
           {.help = "By how much the sensor's outer samples see longer waves than its middle.",
            .unit = "nm",
            .min = -20,
            .max = 20});
  v.integer("dead_lines", p.dead_lines,
            {.help = "Samples of the sensor that give nothing.", .min = 0, .max = 100});
}

std::vector<double> camera_bands(const CameraOptions& c) {
  if (!(c.first_nm >= 400) || !(c.last_nm <= 1000) || !(c.last_nm > c.first_nm) || c.bands < 2)
    throw Error(ErrorCode::Usage,
                fmt::format("a camera with {} bands from {} to {} nm cannot be made", c.bands,
                            c.first_nm, c.last_nm),
                "take at least two bands between 400 and 1000 nm");
  std::vector<double> nm;
  for (int b = 0; b < c.bands; ++b)
    nm.push_back(c.first_nm + (c.last_nm - c.first_nm) * b / (c.bands - 1));
  return nm;
}

std::vector<float> exposed(const TissueScene& scene, const CameraOptions& camera, int threads) {
  const std::vector<double> nm = camera_bands(camera);
  const std::size_t bands = nm.size();
  const auto samples = static_cast<std::size_t>(scene.samples);
  const double least = camera.first_nm + std::min(0.0, camera.smile_nm) - 1;
  std::vector<Chromophores> table; // every nanometre
  for (double at = least; at <= camera.last_nm + std::max(0.0, camera.smile_nm) + 2; ++at)
    table.push_back(chromophores(at, camera.fwhm_nm));
  std::vector<double> centre(samples * bands);
  std::vector<Chromophores> seen(samples * bands);
  for (std::size_t x = 0; x < samples; ++x)
    for (std::size_t b = 0; b < bands; ++b) {
      const double u = samples > 1 ? 2.0 * static_cast<double>(x) / (samples - 1.0) - 1 : 0;
      const std::size_t i = x * bands + b;
      centre[i] = nm[b] + camera.smile_nm * u * u;
      const double place = centre[i] - least;
      const auto row = static_cast<std::size_t>(place);
      seen[i] = between(table[row], table[row + 1], place - static_cast<double>(row));
    }
  std::vector<float> out(scene.surfaces.size() * bands);
  parallel_for(scene.lines, threads, [&](int y) {
    for (std::size_t x = 0; x < samples; ++x) {
      const std::size_t pixel = static_cast<std::size_t>(y) * samples + x;
      const Surface& surface = scene.surfaces[pixel];
      for (std::size_t b = 0; b < bands; ++b)
        out[pixel * bands + b] =
            static_cast<float>(reflectance(surface, centre[x * bands + b], seen[x * bands + b]));
    }
  });
  return out;
}

void add_noise(std::vector<float>& values, const TissueScene& scene, const CameraOptions& camera,
               std::uint64_t key) {
  const std::vector<double> nm = camera_bands(camera);
  const std::size_t bands = nm.size();
  double signal = 0, mean = 0;
  for (const float v : values) {
    signal += static_cast<double>(v) * v;
    mean += v;
  }
  mean = std::max(1e-9, mean / static_cast<double>(values.size()));
  signal /= static_cast<double>(values.size());
  const auto variance = [&](std::size_t i) {
    const double shape = noise_shape(nm[i % bands], camera);
    return shape * shape * (0.5 + 0.5 * std::max(0.0f, values[i]) / mean);
  };
  double unit = 0;
  for (std::size_t i = 0; i < values.size(); ++i) unit += variance(i);
  unit /= static_cast<double>(values.size());
  const double scale = std::sqrt(signal / unit) * std::pow(10, -camera.snr_db / 20);
  Random random(random_key({key, 0x6e6f697365}));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] += static_cast<float>(scale * std::sqrt(variance(i)) * random.normal());
  const auto samples = static_cast<std::size_t>(scene.samples);
  Random sensor(random_key({key, 0x64656164}));
  for (int d = 0; d < std::min(camera.dead_lines, scene.samples - 1); ++d) {
    const auto x = static_cast<std::size_t>(sensor.below(scene.samples));
    for (std::size_t y = 0; y < static_cast<std::size_t>(scene.lines); ++y)
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>((y * samples + x) * bands), bands,
                  0.0f);
  }
}

Cube photographed(const TissueScene& scene, const CameraOptions& camera, std::uint64_t key,
                  int threads) {
  std::vector<float> values = exposed(scene, camera, threads);
  add_noise(values, scene, camera, key);
  Cube c;
  c.wavelengths_nm = camera_bands(camera);
  c.wavelength_source = WavelengthSource::Stated;
  c.fwhm_nm.assign(c.wavelengths_nm.size(), camera.fwhm_nm);
  c.lines = scene.lines;
  c.samples = scene.samples;
  c.bands = static_cast<int>(c.wavelengths_nm.size());
  c.type = SampleType::Int16;
  c.interleave = Interleave::Bil;
  c.reflectance_scale = stored_scale;
  set_dense_strides(c);
  const auto samples = static_cast<std::size_t>(c.samples),
             bands = static_cast<std::size_t>(c.bands);
  std::vector<std::int16_t> stored(values.size());
  for (std::size_t y = 0; y < static_cast<std::size_t>(c.lines); ++y)
    for (std::size_t x = 0; x < samples; ++x)
      for (std::size_t b = 0; b < bands; ++b)
        stored[(y * bands + b) * samples + x] = static_cast<std::int16_t>(std::lround(
            std::clamp(stored_scale * values[(y * samples + x) * bands + b], -32768.0, 32767.0)));
  c.data = Buffer::of(std::move(stored));
  c.origin.path = "phantom.hdr";
  return c;
}

Cube truth_cube(const TissueScene& scene, const std::string& names) {
  Cube c;
  c.lines = scene.lines;
  c.samples = scene.samples;
  c.bands = 1;
  c.type = SampleType::UInt8;
  c.interleave = Interleave::Bsq;
  c.band_names = {names};
  set_dense_strides(c);
  c.data = Buffer::of(std::vector<std::uint8_t>(scene.labels));
  c.origin.path = "truth.hdr";
  return c;
}

}
