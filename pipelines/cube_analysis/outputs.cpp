#include "pipelines/cube_analysis/outputs.h"

#include "hyperspectral/anomaly.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/imaging/spectra.h"
#include "modules/io/envi_writer.h"
#include "modules/io/png_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace sensorium::cube_analysis {
namespace fs = std::filesystem;
using hyper::Raster;
using nlohmann::json;
namespace {

constexpr std::size_t most_pictures = 12;
using Colour = std::array<std::uint8_t, 3>;

// Hue 0 to 1, saturation and brightness 0 to 1.
Colour from_hue(double hue, double saturation, double value) {
  Colour out{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double k = std::fmod(5.0 - 2.0 * static_cast<double>(c) + 6 * hue, 6.0);
    const double part = std::clamp(std::min(k, 4 - k), 0.0, 1.0);
    out[c] = static_cast<std::uint8_t>(std::lround(255 * value * (1 - saturation * part)));
  }
  return out;
}

void write_classes(const Raster& map, std::size_t classes, const fs::path& path) {
  PngWriter png(path, map.samples(), map.lines(), 1, class_colours(static_cast<int>(classes)));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(map.samples()));
  for (int line = 0; line < map.lines(); ++line) {
    const auto row = map.rows(line, 1);
    for (std::size_t s = 0; s < bytes.size(); ++s)
      bytes[s] = std::isfinite(row[2 * s]) ? static_cast<std::uint8_t>(row[2 * s]) : 0;
    png.row(bytes);
    if (line % 1024 == 1023) map.release();
  }
  map.release();
  png.finish();
}

void write_grey(const Raster& map, int channel, double low, double high, const fs::path& path) {
  PngWriter png(path, map.samples(), map.lines(), 1);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(map.samples()));
  const double range = high > low ? high - low : 1;
  for (int line = 0; line < map.lines(); ++line) {
    const auto row = map.rows(line, 1);
    for (std::size_t s = 0; s < bytes.size(); ++s) {
      const double v =
          row[s * static_cast<std::size_t>(map.channels()) + static_cast<std::size_t>(channel)];
      bytes[s] =
          std::isfinite(v)
              ? static_cast<std::uint8_t>(255 * std::clamp((v - low) / range, 0.0, 1.0) + 0.5)
              : 0;
    }
    png.row(bytes);
    if (line % 1024 == 1023) map.release();
  }
  map.release();
  png.finish();
}

struct Closed {
  void operator()(std::FILE* file) const {
    if (file != nullptr) std::fclose(file);
  }
};

template<class Each> void write_floats(const fs::path& path, const Each& each) {
  std::unique_ptr<std::FILE, Closed> file(std::fopen(path.c_str(), "wb"));
  bool whole = file != nullptr;
  if (whole)
    each([&](std::span<const float> values) {
      whole = whole &&
              std::fwrite(values.data(), sizeof(float), values.size(), file.get()) == values.size();
    });
  if (!whole || std::fflush(file.get()) != 0)
    throw Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path.string()),
                "is the disk full, or the folder read-only?");
}

const Raster& shown(const Result& r) { return r.abundances ? *r.abundances : *r.map; }

Cube map_header(const Result& r, const std::string& source) {
  Cube c;
  c.lines = shown(r).lines();
  c.samples = shown(r).samples();
  c.bands = shown(r).channels();
  c.type = SampleType::Float32;
  c.interleave = Interleave::Bip;
  c.origin.path = source;
  if (r.abundances) {
    c.band_names = r.names;
    c.band_names.push_back("root mean square of the rest");
  } else {
    c.band_names = {"class (0: none)", r.score};
  }
  return c;
}

std::string spectra_table(const Result& r, const Cube& cube) {
  std::vector<NamedSpectrum> out;
  const auto bands = static_cast<std::size_t>(cube.bands);
  for (std::size_t k = 0; k < r.names.size(); ++k) {
    NamedSpectrum one{.name = r.names[k], .place = {0, 1, 0, 2}, .values = {}};
    one.values.mean.assign(bands, std::nan(""));
    one.values.sd = one.values.mean;
    one.values.count.assign(bands, 0);
    for (std::size_t b = 0; b < r.bands.size(); ++b) {
      const auto at = static_cast<std::size_t>(r.bands[b]);
      one.values.mean[at] = r.statistics[k].mean[b];
      one.values.sd[at] = r.statistics[k].sd[b];
      one.values.count[at] = r.statistics[k].pixels;
    }
    out.push_back(std::move(one));
  }
  return spectra_csv(cube, out);
}

// Without the samples: a cube of 20 GB must not be kept for its list of wavelengths.
Cube without_data(const Cube& cube) {
  Cube out = cube;
  out.data = Buffer();
  return out;
}

}

std::vector<Colour> class_colours(int count) {
  // Okabe and Ito's colours and some between them, bright enough for black ground.
  static constexpr std::array<Colour, 12> first{{{230, 159, 0},
                                                 {86, 180, 233},
                                                 {0, 158, 115},
                                                 {240, 228, 66},
                                                 {204, 121, 167},
                                                 {213, 94, 0},
                                                 {60, 120, 200},
                                                 {190, 190, 190},
                                                 {160, 110, 60},
                                                 {140, 210, 130},
                                                 {150, 110, 220},
                                                 {250, 170, 160}}};
  std::vector<Colour> out{{0, 0, 0}};
  for (int i = 0; i < count; ++i)
    out.push_back(i < 12 ? first[static_cast<std::size_t>(i)]
                         : from_hue(std::fmod(0.618033988749895 * i, 1.0), i % 2 == 0 ? 0.75 : 0.45,
                                    i % 3 == 0 ? 0.75 : 0.95));
  return out;
}

std::vector<ResultFile> files_of(std::shared_ptr<const Result> r, const Cube& cube,
                                 const json& parameters, const std::string& made_by) {
  const std::string method = r->record.at("method");
  std::vector<ResultFile> out;
  out.push_back({"classes.png", "Classes: " + method, [r](const fs::path& path, const Origin&) {
                   write_classes(*r->map, r->names.size(), path);
                 }});
  for (std::size_t k = 0; r->abundances && k < std::min(r->names.size(), most_pictures); ++k)
    out.push_back({fmt::format("abundance_{}.png", k + 1),
                   "Abundance of " + r->names[k] + ", black 0 to white 1",
                   [r, k](const fs::path& path, const Origin&) {
                     write_grey(*r->abundances, static_cast<int>(k), 0, 1, path);
                   }});
  if (!r->abundances && method != "kmeans")
    out.push_back({"score.png", r->score + ", from the 2nd to the 98th percentile",
                   [r](const fs::path& path, const Origin&) {
                     write_grey(*r->map, 1, hyper::score_at(*r->map, 2),
                                hyper::score_at(*r->map, 98), path);
                   }});
  out.push_back({"maps.hdr", "The maps as an ENVI cube (float32)",
                 [r](const fs::path& path, const Origin& input) {
                   write_atomically(path, envi::header_text(map_header(*r, input.path)));
                 }});
  out.push_back({"maps.img", "Samples of maps.hdr", [r](const fs::path& path, const Origin&) {
                   write_floats(path, [&](const auto& put) {
                     for (int line = 0; line < shown(*r).lines(); ++line) {
                       put(shown(*r).rows(line, 1));
                       if (line % 1024 == 1023) shown(*r).release();
                     }
                   });
                 }});
  const auto known = std::make_shared<const Cube>(without_data(cube));
  out.push_back({"spectra.csv", "Mean, standard deviation and pixels of each class",
                 [r, known](const fs::path& path, const Origin&) {
                   write_atomically(path, spectra_table(*r, *known));
                 }});
  out.push_back({"spectra.hdr", "Mean spectra of the classes as an ENVI library",
                 [r, known](const fs::path& path, const Origin& input) {
                   std::vector<double> nm;
                   for (const int band : r->bands)
                     if (!known->wavelengths_nm.empty())
                       nm.push_back(known->wavelengths_nm[static_cast<std::size_t>(band)]);
                   write_atomically(path, envi::library_header_text(r->names, r->bands.size(), nm,
                                                                    known->wavelength_source,
                                                                    input.path));
                 }});
  out.push_back({"spectra.sli", "Samples of spectra.hdr", [r](const fs::path& path, const Origin&) {
                   write_floats(path, [&](const auto& put) {
                     for (const hyper::ClassStatistics& s : r->statistics)
                       put(std::vector<float>(s.mean.begin(), s.mean.end()));
                   });
                 }});
  out.push_back({"analysis.json", "How it was made",
                 [r, parameters, made_by](const fs::path& path, const Origin& input) {
                   const json record = {
                       {"format", "sensorium-cube-analysis"},
                       {"version", 1},
                       {"made_by", made_by},
                       {"made", utc_now()},
                       {"input", {{"path", input.path}, {"sha256", hash_of(input)}}},
                       {"parameters", parameters},
                       {"method", r->record},
                       {"classes", r->names},
                       {"notes", r->notes}};
                   write_atomically(path, record.dump(2) + "\n");
                 }});
  return out;
}

}
