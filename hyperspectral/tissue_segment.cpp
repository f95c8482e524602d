#include "hyperspectral/tissue_segment.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/kept_model.h"
#endif

namespace sensorium::hyper {

std::vector<float> block_spectra(const std::vector<float>& spectra,
                                 const std::vector<std::uint8_t>& usable, int lines, int samples,
                                 int bands) {
  constexpr int side = 8, least = 16;
  const std::size_t pixels = usable.size(), width = static_cast<std::size_t>(bands);
  std::vector<float> out, one(width);
  for (int y0 = 0; y0 < lines; y0 += side)
    for (int x0 = 0; x0 < samples; x0 += side) {
      std::vector<double> sum(width);
      int count = 0;
      for (int y = y0; y < std::min(lines, y0 + side); ++y)
        for (int x = x0; x < std::min(samples, x0 + side); ++x) {
          const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(samples) +
                                static_cast<std::size_t>(x);
          if (usable[i] == 0) continue;
          for (std::size_t b = 0; b < width; ++b) sum[b] += spectra[b * pixels + i];
          ++count;
        }
      if (count < least) continue;
      for (std::size_t b = 0; b < width; ++b) one[b] = static_cast<float>(sum[b] / count);
      normalise_spectrum(one);
      out.insert(out.end(), one.begin(), one.end());
    }
  return out;
}

#ifndef SENSORIUM_HAS_LEARN

struct TissueSegmenter::Loaded {};
bool has_tissue_network() { return false; }
TissueMap TissueSegmenter::run(const std::filesystem::path&, const Cube&,
                               std::shared_ptr<const Calibration>, const Context&) {
  throw Error(ErrorCode::Unsupported, "this build has no LibTorch and cannot run networks",
              "use a build with LibTorch");
}
std::string TissueSegmenter::card_json() const { return {}; }

#else

struct TissueSegmenter::Loaded {
  KeptModel model;
  TissueModelFacts facts;
};

namespace {

// Multiples of 8, so that blocks and pooling fall on the same pixels in every tile.
constexpr int tile_side = 192, margin = 24;

// One tile with its margin: [first - margin, first + side + margin), cut at the cube's border.
struct Window {
  TileRange read;
  int line = 0, sample = 0, lines = 0, samples = 0; // what is kept, in the cube
};

std::vector<Window> windows_of(const Cube& cube) {
  std::vector<Window> out;
  for (int y = 0; y < cube.lines; y += tile_side)
    for (int x = 0; x < cube.samples; x += tile_side) {
      Window w;
      w.line = y;
      w.sample = x;
      w.lines = std::min(tile_side, cube.lines - y);
      w.samples = std::min(tile_side, cube.samples - x);
      w.read.line = std::max(0, y - margin);
      w.read.sample = std::max(0, x - margin);
      w.read.lines = std::min(cube.lines, y + w.lines + margin) - w.read.line;
      w.read.samples = std::min(cube.samples, x + w.samples + margin) - w.read.sample;
      out.push_back(w);
    }
  return out;
}

struct Tile {
  std::vector<float> spectra; // [band][pixel]
  std::vector<std::uint8_t> usable;
};

void keep(const Window& w, const Tile& tile, const Tensor& logits, std::span<const double> nm,
          TissueMap& out) {
  const std::size_t pixels = tile.usable.size(), classes = out.probability.size();
  std::vector<double> p(classes);
  for (int y = 0; y < w.lines; ++y)
    for (int x = 0; x < w.samples; ++x) {
      const auto from = static_cast<std::size_t>(w.line + y - w.read.line) *
                            static_cast<std::size_t>(w.read.samples) +
                        static_cast<std::size_t>(w.sample + x - w.read.sample);
      const auto to = static_cast<std::size_t>(w.line + y) * static_cast<std::size_t>(out.samples) +
                      static_cast<std::size_t>(w.sample + x);
      if (tile.usable[from] == 0) {
        ++out.without_spectrum;
        continue;
      }
      double sum = 0;
      float most = logits.values[from];
      for (std::size_t c = 0; c < classes; ++c)
        most = std::max(most, logits.values[c * pixels + from]);
      for (std::size_t c = 0; c < classes; ++c)
        sum += p[c] = std::exp(static_cast<double>(logits.values[c * pixels + from] - most));
      out.classes[to] = static_cast<std::uint8_t>(std::max_element(p.begin(), p.end()) - p.begin());
      for (std::size_t c = 0; c < classes; ++c)
        out.probability[c][to] = static_cast<std::uint8_t>(std::lround(255 * p[c] / sum));
      double grey = 0;
      int bands = 0;
      for (std::size_t b = 0; b < nm.size(); ++b)
        if (nm[b] >= 600 && nm[b] <= 700) {
          grey += tile.spectra[b * pixels + from];
          ++bands;
        }
      out.grey[to] = static_cast<float>(grey / std::max(1, bands));
    }
}

}

bool has_tissue_network() { return true; }

void TissueSegmenter::load(const std::filesystem::path& path, const Context& context) {
  if (!loaded_) loaded_ = std::make_unique<Loaded>();
  loaded_->model.load(path, context, [&](Model& model) {
    loaded_->facts = facts_of_card(model.card_json(), path.filename().string());
    if (loaded_->facts.classes != classes_)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' knows the classes {}, not {}", path.filename().string(),
                              fmt::join(loaded_->facts.classes, ", "), fmt::join(classes_, ", ")),
                  "choose a model that was trained for this pipeline");
  });
}

TissueMap TissueSegmenter::run(const std::filesystem::path& path, const Cube& cube,
                               std::shared_ptr<const Calibration> calibration,
                               const Context& context) {
  load(path, context);
  const TissueModelFacts& facts = loaded_->facts;
  const SpectraReader reader(cube, facts.wavelengths_nm, std::move(calibration));
  const int bands = static_cast<int>(facts.wavelengths_nm.size());
  TissueMap out{.lines = cube.lines, .samples = cube.samples};
  out.classes.assign(cube.pixels(), no_class);
  out.probability.assign(classes_.size(), std::vector<std::uint8_t>(cube.pixels()));
  out.grey.assign(cube.pixels(), 0);
  out.check = reader.check();
  const std::vector<Window> windows = windows_of(cube);
  std::size_t blocks = 0, unlike = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(windows.size()), "network");
    const Window& w = windows[i];
    Tile tile;
    reader.read(w.read, tile.spectra, tile.usable);
    const std::vector<float> means =
        block_spectra(tile.spectra, tile.usable, w.read.lines, w.read.samples, bands);
    const auto width = static_cast<std::size_t>(bands);
    for (std::size_t k = 0; k + width <= means.size(); k += width) {
      ++blocks;
      unlike += facts.likeness.distance({means.data() + k, width}) > facts.likeness.limit;
    }
    const Tensor image{{1, bands, w.read.lines, w.read.samples}, tile.spectra};
    Context quiet = context;
    quiet.progress = {};
    const Tensor logits =
        run_tiled(*loaded_->model, image, {.tile = 512, .overlap = margin, .multiple = 8}, quiet);
    if (logits.values.size() != tile.usable.size() * classes_.size())
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' gives other than {} values a pixel", path.filename().string(),
                              classes_.size()),
                  "choose a model that was trained for this pipeline");
    keep(w, tile, logits, facts.wavelengths_nm, out);
  }
  out.unlike = blocks == 0 ? 0 : static_cast<double>(unlike) / static_cast<double>(blocks);
  return out;
}

std::string TissueSegmenter::card_json() const {
  return loaded_ && loaded_->model ? loaded_->model->card_json() : std::string();
}

#endif

TissueSegmenter::TissueSegmenter(std::vector<std::string> classes) : classes_(std::move(classes)) {}
TissueSegmenter::~TissueSegmenter() = default;

std::vector<std::string> notes_on(const TissueMap& map) {
  constexpr double unlike_said = 0.1;
  std::vector<std::string> out;
  if (!map.check.text.empty()) out.push_back(map.check.text);
  if (map.unlike > unlike_said)
    out.push_back(fmt::format("{:.0f} % of this cube looks like nothing the network was trained "
                              "on: its classes mean nothing there.",
                              100 * map.unlike));
  if (map.without_spectrum > 0)
    out.push_back(fmt::format("{} pixels have no spectrum (no number, ignore value, or a dead "
                              "element of the sensor) and no class.",
                              map.without_spectrum));
  return out;
}

}
