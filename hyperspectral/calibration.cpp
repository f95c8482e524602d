#include "hyperspectral/calibration.h"

#include "hyperspectral/project.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/envi_reader.h"
#include "modules/io/npy_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace sensorium::hyper {
namespace {

constexpr double guard = 0.01;
constexpr std::array<double, 6> full_counts{255, 1023, 4095, 16383, 32767, 65535};

bool is_ignored(const Cube& cube, double value) {
  return !std::isfinite(value) || (cube.ignore_value && value == *cube.ignore_value);
}

Error unfit(const Cube& reference, const Cube& cube, const std::string& what, std::string hint) {
  return Error(ErrorCode::Usage,
               fmt::format("the reference '{}' does not fit '{}': {}", reference.origin.path,
                           cube.origin.path, what),
               std::move(hint));
}

// The first sample of the reference that belongs to the cube's first.
int first_of(const Cube& reference, const Cube& cube, int first_sample) {
  if (reference.bands != cube.bands)
    throw unfit(reference, cube,
                fmt::format("it has {} bands, the cube {}", reference.bands, cube.bands),
                "take a reference of the same binning");
  for (std::size_t b = 0; b < std::min(reference.wavelengths_nm.size(), cube.wavelengths_nm.size());
       ++b)
    if (std::abs(reference.wavelengths_nm[b] - cube.wavelengths_nm[b]) > 1)
      throw unfit(reference, cube,
                  fmt::format("its band {} lies at {:g} nm, the cube's at {:g} nm", b + 1,
                              reference.wavelengths_nm[b], cube.wavelengths_nm[b]),
                  "take a reference of the same sensor");
  if (reference.samples == 1) return 0;
  if (first_sample < 0 && reference.samples != cube.samples)
    throw unfit(reference, cube,
                fmt::format("it is {} samples wide, the cube {}", reference.samples, cube.samples),
                reference.samples > cube.samples
                    ? fmt::format("where the cube is a part of the width, say which sample of the "
                                  "reference is its first: --reference_first_sample 1 to {}",
                                  reference.samples - cube.samples + 1)
                    : "take a reference of the same width");
  const int first = std::max(0, first_sample);
  if (reference.samples - cube.samples < first)
    throw unfit(reference, cube,
                fmt::format("from its sample {} on it has {} samples, the cube {}", first + 1,
                            std::max(0, reference.samples - first), cube.samples),
                "give an earlier first sample");
  return first;
}

// Means over the lines, [sample][band] of the cube's samples; NaN where nothing was measured.
std::vector<float> mean_of(const Cube& reference, const Cube& cube, int first_sample,
                           const Context& context) {
  const int first = first_of(reference, cube, first_sample),
            width = reference.samples == 1 ? 1 : cube.samples;
  const auto bands = static_cast<std::size_t>(cube.bands),
             columns = static_cast<std::size_t>(width);
  std::vector<double> sum(columns * bands, 0.0), values(sum.size());
  std::vector<std::uint32_t> count(sum.size(), 0);
  for (int line = 0; line < reference.lines; ++line) {
    context.step(static_cast<double>(line) / reference.lines, "reference");
    read_tile<double>(reference, {line, 1, first, width}, {}, TileOrder::Pixels, values);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!is_ignored(reference, values[i])) {
        sum[i] += values[i];
        ++count[i];
      }
    if (line % 64 == 63) reference.data.release();
  }
  reference.data.release();
  std::vector<float> out(static_cast<std::size_t>(cube.samples) * bands);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t from = width == 1 ? i % bands : i;
    out[i] = count[from] == 0 ? std::numeric_limits<float>::quiet_NaN()
                              : static_cast<float>(sum[from] / count[from]);
  }
  return out;
}

double median_of(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Gains from white less dark, in place.
void turn_to_gains(Calibration& c, double panel) {
  const auto bands = static_cast<std::size_t>(c.bands);
  for (std::size_t b = 0; b < bands; ++b) {
    std::vector<double> spans;
    for (std::size_t i = b; i < c.gain.size(); i += bands)
      if (const double span = static_cast<double>(c.gain[i]) - static_cast<double>(c.offset[i]);
          std::isfinite(span))
        spans.push_back(span);
    const double least = std::max(0.0, guard * median_of(spans));
    for (std::size_t i = b; i < c.gain.size(); i += bands) {
      const double span = static_cast<double>(c.gain[i]) - static_cast<double>(c.offset[i]);
      c.gain[i] =
          span > least ? static_cast<float>(panel / span) : std::numeric_limits<float>::quiet_NaN();
    }
  }
}

template<class T>
void apply(const Cube& cube, const Calibration& c, const TileRange& tile,
           std::span<const int> bands, TileOrder order, std::span<T> out) {
  const std::size_t width = static_cast<std::size_t>(tile.samples), n = bands.size(),
                    pixels = tile.pixels(), all = static_cast<std::size_t>(c.bands);
  const bool check = cube.ignore_value.has_value();
  const T ignored = static_cast<T>(cube.ignore_value.value_or(0));
  const auto one = [&](T& value, std::size_t element) {
    value = check && value == ignored
                ? std::numeric_limits<T>::quiet_NaN()
                : (value - static_cast<T>(c.offset[element])) * static_cast<T>(c.gain[element]);
  };
  const auto first = static_cast<std::size_t>(tile.sample);
  for (std::size_t p = 0; p < pixels && order == TileOrder::Pixels; ++p)
    for (std::size_t k = 0; k < n; ++k)
      one(out[p * n + k], (first + p % width) * all + static_cast<std::size_t>(bands[k]));
  for (std::size_t k = 0; k < n && order == TileOrder::Bands; ++k)
    for (std::size_t p = 0; p < pixels; ++p)
      one(out[k * pixels + p], (first + p % width) * all + static_cast<std::size_t>(bands[k]));
}

// One worker's findings.
struct Share {
  std::vector<float> least, most; // [band][sample]
  std::array<std::uint64_t, full_counts.size()> at_full{};
  std::uint64_t above = 0;
  double greatest = -std::numeric_limits<double>::infinity();
};

void look(const Cube& cube, const TileRange& tile, std::span<const int> bands,
          std::optional<double> level, Share& share) {
  const std::size_t pixels = tile.pixels(), width = static_cast<std::size_t>(tile.samples),
                    all = static_cast<std::size_t>(cube.samples),
                    first = static_cast<std::size_t>(tile.sample);
  thread_local std::vector<float> values, brightest;
  values.resize(pixels * bands.size());
  brightest.assign(pixels, -std::numeric_limits<float>::infinity());
  read_tile<float>(cube, tile, bands, TileOrder::Bands, values);
  for (std::size_t k = 0; k < bands.size(); ++k)
    for (std::size_t l = 0; l < static_cast<std::size_t>(tile.lines); ++l) {
      const float* v = values.data() + k * pixels + l * width;
      float* low = share.least.data() + k * all + first;
      float* high = share.most.data() + k * all + first;
      float* b = brightest.data() + l * width;
      for (std::size_t x = 0; x < width; ++x) {
        low[x] = std::min(low[x], v[x]);
        high[x] = std::max(high[x], v[x]);
        b[x] = std::max(b[x], v[x]);
      }
    }
  for (const float b : brightest) {
    share.greatest = std::max(share.greatest, static_cast<double>(b));
    share.above += level && static_cast<double>(b) >= *level ? 1 : 0;
    for (std::size_t i = 0; i < full_counts.size(); ++i)
      share.at_full[i] += static_cast<double>(b) == full_counts[i] ? 1 : 0;
  }
}

void join(const Share& from, Share& into) {
  for (std::size_t i = 0; i < into.least.size(); ++i) {
    into.least[i] = std::min(into.least[i], from.least[i]);
    into.most[i] = std::max(into.most[i], from.most[i]);
  }
  for (std::size_t i = 0; i < full_counts.size(); ++i) into.at_full[i] += from.at_full[i];
  into.above += from.above;
  into.greatest = std::max(into.greatest, from.greatest);
}

}

Calibration calibrate(const Cube& cube, const References& r, const Context& context) {
  Calibration out{.samples = cube.samples, .bands = cube.bands, .offset = {}, .gain = {}};
  const std::size_t count =
      static_cast<std::size_t>(cube.samples) * static_cast<std::size_t>(cube.bands);
  out.offset = r.dark == nullptr ? std::vector<float>(count, 0.0f)
                                 : mean_of(*r.dark, cube, r.first_sample, context.part(0, 0.5));
  out.reflectance = r.white != nullptr;
  if (r.white == nullptr) {
    out.gain.assign(count, 1.0f);
  } else {
    out.gain = mean_of(*r.white, cube, r.first_sample, context.part(0.5, 1));
    turn_to_gains(out, r.panel);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(out.offset[i])) out.gain[i] = std::numeric_limits<float>::quiet_NaN();
    out.bad += std::isnan(out.gain[i]) ? 1 : 0;
  }
  if (out.bad == count)
    throw Error(ErrorCode::BadInput,
                fmt::format("the white reference '{}' is nowhere brighter than the dark one",
                            r.white != nullptr ? r.white->origin.path : r.dark->origin.path),
                "are the two exchanged?");
  return out;
}

Cube load_reference(const std::string& path) {
  if (!std::filesystem::exists(path))
    throw Error(ErrorCode::NotFound, fmt::format("there is no file '{}'", path),
                "give an ENVI or npy file");
  return npy::sniff(read_head(path)) > 0 ? npy::load(path, Samples::Load)
                                         : envi::load(path, Samples::Load);
}

template<class T>
void read_values(const Cube& cube, const Calibration* calibration, const TileRange& tile,
                 std::span<const int> bands, TileOrder order, std::span<T> out) {
  read_tile<T>(cube, tile, bands, order, out);
  if (calibration != nullptr) apply<T>(cube, *calibration, tile, bands, order, out);
}
template void read_values<float>(const Cube&, const Calibration*, const TileRange&,
                                 std::span<const int>, TileOrder, std::span<float>);
template void read_values<double>(const Cube&, const Calibration*, const TileRange&,
                                  std::span<const int>, TileOrder, std::span<double>);

PixelCheck check_pixels(const Cube& cube, std::span<const int> bands, std::optional<double> level,
                        const Context& context) {
  const std::size_t elements = bands.size() * static_cast<std::size_t>(cube.samples);
  std::vector<Share> shares(static_cast<std::size_t>(std::max(1, context.thread_count())));
  for (Share& share : shares) {
    share.least.assign(elements, std::numeric_limits<float>::infinity());
    share.most.assign(elements, -std::numeric_limits<float>::infinity());
  }
  for_each_tile(cube, tiles_of(cube, bands.size(), std::size_t{1} << 18), bands.size(), context,
                "saturated and dead pixels", [&](const TileRange& tile, int worker) {
                  look(cube, tile, bands, level, shares[static_cast<std::size_t>(worker)]);
                });
  Share& all = shares.front();
  for (std::size_t i = 1; i < shares.size(); ++i) join(shares[i], all);
  PixelCheck out{.elements = elements, .greatest = all.greatest};
  if (level) {
    out.level = level;
    out.saturated = all.above;
  } else if (is_integer(cube.type)) {
    for (std::size_t i = 0; i < full_counts.size(); ++i)
      if (all.greatest == full_counts[i] && all.at_full[i] >= 2) {
        out.level = full_counts[i];
        out.saturated = all.at_full[i];
      }
  }
  if (cube.lines >= 16)
    for (std::size_t i = 0; i < elements; ++i) out.dead += all.least[i] == all.most[i] ? 1 : 0;
  return out;
}

}
