#include "pipelines/cube_analysis/analyse.h"

#include "hyperspectral/anomaly.h"
#include "hyperspectral/unmixing.h"
#include "modules/core/error.h"
#include "pipelines/cube_analysis/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace sensorium::cube_analysis {
namespace {

using nlohmann::json;
using namespace hyper;

constexpr std::size_t least_bands = 3;

Preparation preparation_of(const CubeParameters& p) {
  static const std::map<std::string, Preparation> all{
      {"none", Preparation::None},
      {"continuum", Preparation::Continuum},
      {"smooth", Preparation::Smooth},
      {"derivative1", Preparation::FirstDerivative},
      {"derivative2", Preparation::SecondDerivative}};
  const Preparation out = all.at(p.preparation);
  if (out != Preparation::None && (p.method == "rx" || p.method == "unmix"))
    throw Error(ErrorCode::Usage,
                fmt::format("method {} works on the spectra as they are, not on preparation '{}'",
                            p.method, p.preparation),
                "--preparation none, or another method");
  return out;
}

std::shared_ptr<const Calibration> calibration_for(const Cube& cube, const CubeParameters& p,
                                                   const Context& context, Result& out) {
  const FileCalibration of_files = calibration_from(cube, p.files, context);
  const auto& made = of_files.calibration;
  if (!made) return nullptr;
  out.record["calibration"] = of_files.record;
  if (made->bad > 0)
    out.notes.push_back(fmt::format("{} of {} elements of the sensor have no usable reference: "
                                    "pixels that need them are left out.",
                                    made->bad, made->gain.size()));
  return made;
}

// The places in the list of the bands at which every reference has a value.
std::vector<std::size_t> covered(const SpectrumReader& reader, const Spectra& spectra) {
  std::vector<std::size_t> out;
  for (std::size_t b = 0; b < reader.size(); ++b)
    if (std::all_of(spectra.begin(), spectra.end(),
                    [&](const auto& s) { return std::isfinite(s[b]); }))
      out.push_back(b);
  if (out.size() < least_bands)
    throw Error(ErrorCode::Unsupported,
                fmt::format("the known spectra and '{}' share {} bands", reader.cube().origin.path,
                            out.size()),
                "choose spectra that cover the cube's wavelengths, for example with --only");
  return out;
}

struct Known {
  std::unique_ptr<SpectrumReader> reader;
  Spectra spectra; // on its bands, prepared
  std::vector<std::string> names;
};

Known known_spectra(const SpectrumReader& plain, const CubeParameters& p, Preparation preparation,
                    std::uint64_t seed, const Context& context, Result& out) {
  cube_analysis::References found = references_for(plain, p, seed, context);
  const std::vector<std::size_t> shared = covered(plain, found.spectra);
  std::vector<int> bands;
  for (const std::size_t b : shared) bands.push_back(plain.bands()[b]);
  if (shared.size() < plain.size())
    out.notes.push_back(fmt::format("{} of {} bands were compared: the known spectra do not cover "
                                    "the others.",
                                    shared.size(), plain.size()));
  Known known{.reader = std::make_unique<SpectrumReader>(plain.cube(), bands, preparation, p.window,
                                                         plain.calibration()),
              .spectra = {},
              .names = found.names};
  for (std::size_t i = 0; i < found.spectra.size(); ++i) {
    std::vector<double> one;
    for (const int band : known.reader->bands()) {
      const auto at = std::find(plain.bands().begin(), plain.bands().end(), band);
      one.push_back(found.spectra[i][static_cast<std::size_t>(at - plain.bands().begin())]);
    }
    double square = 0;
    const bool prepared = known.reader->prepare(one);
    for (const double v : one) square += v * v;
    if (!prepared || !(square > 0))
      throw Error(
          ErrorCode::BadInput,
          fmt::format("the known spectrum '{}' is zero, or not positive where its continuum "
                      "must be",
                      found.names[i]),
          "leave it out, or choose another --preparation");
    known.spectra.push_back(std::move(one));
  }
  out.record["references"] = found.record;
  out.notes.insert(out.notes.end(), found.notes.begin(), found.notes.end());
  return known;
}

void note_bands(const SpectrumReader& reader, Result& out) {
  out.record["bands"] = reader.size();
  if (reader.left_out() > 0)
    out.notes.push_back(fmt::format(
        "{} bands have the wavelength of another one and were left out.", reader.left_out()));
}

void run_k_means(const Cube& cube, const CubeParameters& p, Preparation preparation,
                 const std::shared_ptr<const Calibration>& calibration, std::uint64_t seed,
                 const Context& context, Raster& map, Result& out) {
  const SpectrumReader reader(cube, {}, preparation, p.window, calibration);
  note_bands(reader, out);
  const Clusters found = k_means(reader, spread_starts(reader, p.count, seed, context.part(0, 0.1)),
                                 p.passes, context.part(0.1, 1), map);
  for (int i = 1; i <= p.count; ++i) out.names.push_back(fmt::format("cluster {}", i));
  out.score = "distance to the cluster's mean";
  out.record["passes"] = found.iterations;
  out.record["settled"] = found.settled;
  out.record["starts"] = {{"method", "k-means++"}, {"seed", seed}};
  if (!found.settled)
    out.notes.push_back(fmt::format("The clusters had not settled after {} passes: some pixels "
                                    "still changed theirs.",
                                    found.iterations));
}

void run_rx(const SpectrumReader& reader, const CubeParameters& p, const Context& context,
            Raster& map, Result& out) {
  note_bands(reader, out);
  const AnomalySpace space = rx_anomaly(reader, context, map);
  out.threshold = score_at(map, 100 - p.percent);
  mark_above(map, out.threshold);
  out.names = {"anomaly"};
  out.score = "squared Mahalanobis distance";
  out.record["dimensions"] = space.dimensions;
  out.record["threshold"] = out.threshold;
}

// The largest share of each pixel as its class.
std::shared_ptr<Raster> largest_share(const Raster& shares, Result& out) {
  const auto map = std::make_shared<Raster>(shares.lines(), shares.samples(), 2);
  const auto channels = static_cast<std::size_t>(shares.channels());
  double rest = 0;
  std::uint64_t pixels = 0;
  for (int line = 0; line < shares.lines(); ++line) {
    const auto row = shares.rows(line, 1);
    const auto into = map->rows(line, 1);
    for (std::size_t s = 0; s < static_cast<std::size_t>(shares.samples()); ++s) {
      const float* a = row.data() + channels * s;
      const float* most = std::max_element(a, a + channels - 1);
      const bool none = !std::isfinite(a[0]);
      into[2 * s] = none ? a[0] : static_cast<float>(most - a + 1);
      into[2 * s + 1] = none ? a[0] : *most;
      if (none) continue;
      rest += static_cast<double>(a[channels - 1]);
      ++pixels;
    }
    if (line % 1024 == 1023) shares.release();
  }
  shares.release();
  map->release();
  out.mean_rest = pixels > 0 ? rest / static_cast<double>(pixels) : 0;
  return map;
}

void count_map(const Raster& map, Result& out) {
  ClassRegionFinder regions(map.samples());
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(map.samples()));
  std::vector<float> scores(classes.size());
  for (int line = 0; line < map.lines(); ++line) {
    const auto row = map.rows(line, 1);
    for (std::size_t s = 0; s < classes.size(); ++s) {
      const bool none = std::isnan(row[2 * s]);
      out.blank += none ? 1 : 0;
      out.unclassified += row[2 * s] == 0 ? 1 : 0;
      classes[s] = none ? 0 : static_cast<std::uint8_t>(row[2 * s]);
      scores[s] = row[2 * s + 1];
    }
    regions.add_line(classes, scores);
    if (line % 1024 == 1023) map.release();
  }
  map.release();
  out.regions = regions.finish(most_regions);
}

}

Result analyse_cube(const Cube& cube, const CubeParameters& p, std::uint64_t seed,
                    const Context& context) {
  Result out;
  out.record = {{"method", p.method}, {"preparation", p.preparation}};
  const Preparation preparation = preparation_of(p);
  const auto calibration = calibration_for(cube, p, context.part(0, 0.05), out);
  const SpectrumReader plain(cube, {}, Preparation::None, 1, calibration);
  const Context work = context.part(0.05, 0.85);
  auto map = std::make_shared<Raster>(cube.lines, cube.samples, 2);
  if (p.method == "kmeans") {
    run_k_means(cube, p, preparation, calibration, seed, work, *map, out);
  } else if (p.method == "rx") {
    run_rx(plain, p, work, *map, out);
  } else {
    const Known known = known_spectra(plain, p, preparation, seed, work.part(0, 0.4), out);
    note_bands(*known.reader, out);
    out.names = known.names;
    if (p.method == "unmix") {
      const auto shares = std::make_shared<Raster>(cube.lines, cube.samples,
                                                   static_cast<int>(known.spectra.size()) + 1);
      unmix(*known.reader, FullyConstrained(known.spectra), work.part(0.4, 1), *shares);
      out.abundances = shares;
      out.score = "largest abundance";
      map = largest_share(*shares, out);
      if (!p.library.empty() && calibration == nullptr && !cube.reflectance_scale)
        out.notes.push_back("The cube states no reflectance scale: abundances are right only where "
                            "it holds the same quantity as the library.");
    } else {
      const bool sam = p.method == "sam";
      match(*known.reader, known.spectra, sam ? Likeness::Angle : Likeness::Divergence, p.limit,
            work.part(0.4, 1), *map);
      out.score = sam ? "spectral angle, rad" : "information divergence";
    }
  }
  count_map(*map, out);
  if (out.blank == cube.pixels())
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}' has no pixel with a measurement in every band used", cube.origin.path),
        "check the data ignore value and the bad band list of its header");
  out.bands = plain.bands();
  out.statistics =
      class_statistics(plain, *map, static_cast<int>(out.names.size()), context.part(0.85, 0.98));
  out.map = map;
  return out;
}

}
