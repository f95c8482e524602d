#include "hyperspectral/spectrum_reader.h"

#include "hyperspectral/project.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sensorium::hyper {

SpectrumReader::SpectrumReader(const Cube& cube, std::vector<int> bands, Preparation preparation,
                               int window, std::shared_ptr<const Calibration> calibration)
    : cube_(cube), preparation_(preparation), calibration_(std::move(calibration)),
      bands_(bands.empty() ? good_bands(cube) : std::move(bands)) {
  const bool known = !cube.wavelengths_nm.empty();
  const auto nm_of = [&](int band) { return cube.wavelengths_nm[static_cast<std::size_t>(band)]; };
  if (preparation != Preparation::None && known) {
    std::stable_sort(bands_.begin(), bands_.end(),
                     [&](int a, int b) { return nm_of(a) < nm_of(b); });
    const auto end = std::unique(bands_.begin(), bands_.end(),
                                 [&](int a, int b) { return nm_of(a) == nm_of(b); });
    left_out_ = static_cast<int>(bands_.end() - end);
    bands_.erase(end, bands_.end());
  }
  if (bands_.empty())
    throw Error(ErrorCode::BadInput,
                fmt::format("every band of '{}' is marked bad", cube.origin.path),
                "correct the bad band list (bbl) of its header");
  for (const int band : bands_) {
    if (known) nm_.push_back(nm_of(band));
    axis_.push_back(known ? nm_of(band) : band);
  }
  if (calibration_ == nullptr) scale_ = 1 / cube.reflectance_scale.value_or(1);
  const int derivative = preparation == Preparation::FirstDerivative    ? 1
                         : preparation == Preparation::SecondDerivative ? 2
                                                                        : 0;
  if (preparation == Preparation::Smooth || derivative > 0)
    filter_.emplace(axis_, window, 2, derivative);
}

std::vector<TileRange> SpectrumReader::tiles() const {
  return tiles_of(cube_, bands_.size(), std::size_t{1} << 19);
}

bool SpectrumReader::prepare(std::span<double> spectrum) const {
  if (preparation_ == Preparation::Continuum) return remove_continuum(axis_, spectrum);
  if (filter_) filter_->apply(spectrum);
  return true;
}

void SpectrumReader::read(const TileRange& tile, std::vector<double>& out,
                          std::vector<std::uint8_t>& valid) const {
  const std::size_t n = bands_.size(), pixels = tile.pixels();
  out.resize(pixels * n);
  valid.assign(pixels, 1);
  read_values<double>(cube_, calibration_.get(), tile, bands_, TileOrder::Pixels, out);
  const bool compare = cube_.ignore_value && calibration_ == nullptr;
  const double ignored = cube_.ignore_value.value_or(0);
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::span<double> v(out.data() + i * n, n);
    for (double& one : v) {
      if (!std::isfinite(one) || (compare && one == ignored)) valid[i] = 0;
      one *= scale_;
    }
    if (valid[i] != 0 && !prepare(v)) valid[i] = 0;
    if (valid[i] == 0) std::fill(v.begin(), v.end(), 0.0);
  }
}

std::vector<double> SpectrumReader::pixel(int line, int sample) const {
  std::vector<double> out;
  std::vector<std::uint8_t> valid;
  read({line, 1, sample, 1}, out, valid);
  if (valid[0] == 0) out.clear();
  return out;
}

void for_each_spectra(const SpectrumReader& reader, const Context& context, std::string_view what,
                      const TileWork& work) {
  const std::vector<TileRange> tiles = reader.tiles();
  InOrder order;
  for_each_tile(reader.cube(), tiles, reader.size(), context, what,
                [&](const TileRange& tile, int) {
                  try {
                    thread_local std::vector<double> values;
                    thread_local std::vector<std::uint8_t> valid;
                    reader.read(tile, values, valid);
                    const std::function<void()> then = work(tile, values, valid);
                    order.at(static_cast<std::size_t>(&tile - tiles.data()), then);
                  } catch (...) {
                    order.fail();
                    throw;
                  }
                });
}

}
