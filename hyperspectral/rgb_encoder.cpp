#include "hyperspectral/rgb_encoder.h"

#include "hyperspectral/project.h"
#include "hyperspectral/square_means.h"
#include "modules/core/error.h"

#include <Eigen/Dense>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

namespace sensorium::hyper {
namespace {

constexpr int tile_side = 192;
constexpr std::size_t values_at_once = std::size_t{1} << 20, most_written = std::size_t{48} << 20;

template<class T> using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template<class T> using RowsView = Eigen::Map<const Rows<T>>;

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

// The tile with what its means need around it.
TileRange with_margin(const Cube& cube, const TileRange& tile, int margin) {
  const int line = std::max(0, tile.line - margin), sample = std::max(0, tile.sample - margin);
  return {line, std::min(cube.lines, tile.line + tile.lines + margin) - line, sample,
          std::min(cube.samples, tile.sample + tile.samples + margin) - sample};
}

// The mixes of a tile, and which of its pixels are measurements.
struct Mixed {
  Rows<float> planes; // [mix][pixel]
  std::vector<std::uint8_t> usable;
};

// Calibrated values have the ignore value as NaN already.
bool is_measured(const Cube& cube, const RgbEncoding& e, double value) {
  const bool stored = e.calibration == nullptr;
  return std::isfinite(value) && !(stored && cube.ignore_value && value == *cube.ignore_value);
}

void mix_lines(const Cube& cube, const RgbEncoding& e, const TileRange& part, std::size_t from,
               Mixed& out) {
  const std::size_t pixels = part.pixels(), bands = e.bands.size();
  thread_local std::vector<double> values;
  values.resize(pixels * bands);
  const TileOrder order = natural_order(cube);
  read_values<double>(cube, e.calibration.get(), part, e.bands, order, values);
  const bool by_pixels = order == TileOrder::Pixels;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!is_measured(cube, e, values[i])) {
      out.usable[from + (by_pixels ? i / bands : i % pixels)] = 0;
      values[i] = 0; // its mixes are replaced
    }
  const RowsView<double> mix(e.encoder.mix.data(), e.encoder.mixes, index(bands));
  const Eigen::Map<const Eigen::VectorXd> offset(e.encoder.offset.data(), e.encoder.mixes);
  auto columns = out.planes.middleCols(index(from), index(pixels));
  if (by_pixels)
    columns = ((mix * Eigen::Map<const Eigen::MatrixXd>(values.data(), index(bands), index(pixels)))
                   .colwise() +
               offset)
                  .cast<float>();
  else
    columns =
        ((mix * RowsView<double>(values.data(), index(bands), index(pixels))).colwise() + offset)
            .cast<float>();
  for (std::size_t p = from; p < from + pixels; ++p)
    if (out.usable[p] == 0)
      out.planes.col(index(p)) =
          Eigen::Map<const Eigen::VectorXf>(e.encoder.blank.data(), e.encoder.mixes);
}

Mixed mixes_of(const Cube& cube, const RgbEncoding& e, const TileRange& tile) {
  Mixed out{Rows<float>(e.encoder.mixes, index(tile.pixels())),
            std::vector<std::uint8_t>(tile.pixels(), 1)};
  const auto width = static_cast<std::size_t>(tile.samples);
  const int step = static_cast<int>(
      std::clamp<std::size_t>(values_at_once / (width * e.bands.size()), 1, tile_side));
  for (int l = 0; l < tile.lines; l += step)
    mix_lines(cube, e, {tile.line + l, std::min(step, tile.lines - l), tile.sample, tile.samples},
              static_cast<std::size_t>(l) * width, out);
  return out;
}

Rows<float> square_means(Rows<float> planes, const TileRange& tile, int side) {
  for (Eigen::Index m = 0; m < planes.rows(); ++m)
    to_square_means({planes.row(m).data(), tile.pixels()}, tile.lines, tile.samples, side);
  return planes;
}

void encode_tile(const Cube& cube, const RgbEncoding& e, const TileRange& tile, Raster& out) {
  const RgbEncoder& n = e.encoder;
  const TileRange around = with_margin(cube, tile, n.near_side / 2 + n.far_side / 2);
  const Mixed own = mixes_of(cube, e, around);
  const Rows<float> near = square_means(own.planes, around, n.near_side),
                    far = square_means(near, around, n.far_side);
  const RowsView<float> first(n.first.data(), n.hidden, 3 * n.mixes),
      colours(n.colours.data(), 3, n.hidden);
  const Eigen::Map<const Eigen::VectorXf> first_bias(n.first_bias.data(), n.hidden);
  Eigen::MatrixXf seen(3 * n.mixes, tile.samples), units, shown;
  for (int l = 0; l < tile.lines; ++l) {
    const Eigen::Index at =
        Eigen::Index{tile.line + l - around.line} * around.samples + (tile.sample - around.sample);
    seen.topRows(n.mixes) = own.planes.middleCols(at, tile.samples);
    seen.middleRows(n.mixes, n.mixes) = near.middleCols(at, tile.samples);
    seen.bottomRows(n.mixes) = far.middleCols(at, tile.samples);
    units = (first * seen).colwise() + first_bias;
    units = (units.rowwise() - units.colwise().maxCoeff().eval()).array().exp();
    units.array().rowwise() /= units.colwise().sum().array().eval();
    shown = colours * units;
    float* const to = out.rows(tile.line + l, 1).data() + 3 * std::ptrdiff_t{tile.sample};
    for (Eigen::Index s = 0; s < tile.samples; ++s)
      for (Eigen::Index c = 0; c < 3; ++c)
        to[3 * s + c] = own.usable[static_cast<std::size_t>(at + s)] != 0
                            ? shown(c, s)
                            : std::numeric_limits<float>::quiet_NaN();
  }
}

void check_sizes(const RgbEncoding& e, const Cube& cube) {
  const RgbEncoder& n = e.encoder;
  const auto mixes = static_cast<std::size_t>(n.mixes), hidden = static_cast<std::size_t>(n.hidden);
  const bool fits = n.mixes > 0 && n.hidden > 0 && n.mix.size() == mixes * e.bands.size() &&
                    n.offset.size() == mixes && n.blank.size() == mixes &&
                    n.first.size() == hidden * 3 * mixes && n.first_bias.size() == hidden &&
                    n.colours.size() == 3 * hidden;
  const bool inside =
      std::all_of(e.bands.begin(), e.bands.end(), [&](int b) { return b >= 0 && b < cube.bands; });
  if (!fits || !inside) throw Error(ErrorCode::Internal, "an encoder that does not fit its cube");
}

}

void encode(const Cube& cube, const RgbEncoding& encoding, const Context& context, Raster& out) {
  check_sizes(encoding, cube);
  std::vector<TileRange> tiles;
  for (int l = 0; l < cube.lines; l += tile_side)
    for (int s = 0; s < cube.samples; s += tile_side)
      tiles.push_back(
          {l, std::min(tile_side, cube.lines - l), s, std::min(tile_side, cube.samples - s)});
  std::atomic<std::size_t> written{0};
  for_each_tile(cube, tiles, encoding.bands.size(), context, "colours",
                [&](const TileRange& tile, int) {
                  encode_tile(cube, encoding, tile, out);
                  if ((written += 3 * tile.pixels() * sizeof(float)) > most_written) {
                    written = 0;
                    out.release();
                  }
                });
  out.release();
}

}
