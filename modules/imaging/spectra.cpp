#include "modules/imaging/spectra.h"

#include "modules/core/error.h"
#include "modules/core/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium {
namespace {

constexpr std::size_t values_at_once = std::size_t{1} << 21;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// Rectangles of whole lines, or of parts of one, with at most values_at_once values each.
std::vector<TileRange> parts_of(const Cube& cube, const TileRange& place) {
  const auto most = static_cast<int>(
      std::max<std::size_t>(1, values_at_once / static_cast<std::size_t>(cube.bands)));
  const int width = std::min(place.samples, most), height = std::max(1, most / width);
  std::vector<TileRange> out;
  for (int line = 0; line < place.lines; line += height)
    for (int sample = 0; sample < place.samples; sample += width)
      out.push_back({place.line + line, std::min(height, place.lines - line), place.sample + sample,
                     std::min(width, place.samples - sample)});
  return out;
}

bool inside(const Cube& cube, const TileRange& p) {
  return p.line >= 0 && p.sample >= 0 && p.lines > 0 && p.samples > 0 &&
         p.lines <= cube.lines - p.line && p.samples <= cube.samples - p.sample;
}

// Welford 1962, Technometrics 4:419: mean and sum of squares about it, in one pass.
struct Sums {
  std::uint64_t n = 0;
  double mean = 0, squares = 0;
  void add(double value) {
    const double delta = value - mean;
    mean += delta / static_cast<double>(++n);
    squares += delta * (value - mean);
  }
};

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : std::string();
}

}

Spectrum spectrum_of(const Cube& cube, const TileRange& place, const Context& context) {
  if (!inside(cube, place))
    throw Error(ErrorCode::Internal, "a spectrum was asked of a place outside the cube");
  const auto bands = static_cast<std::size_t>(cube.bands);
  std::vector<Sums> sums(bands);
  std::vector<double> values;
  const std::vector<TileRange> parts = parts_of(cube, place);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(parts.size()), "mean spectrum");
    values.resize(parts[i].pixels() * bands);
    read_tile<double>(cube, parts[i], {}, TileOrder::Pixels, values);
    for (std::size_t k = 0; k < values.size(); ++k)
      if (std::isfinite(values[k]) && (!cube.ignore_value || values[k] != *cube.ignore_value))
        sums[k % bands].add(values[k]);
    if (parts.size() > 1) cube.data.release();
  }
  const double scale = cube.reflectance_scale.value_or(1);
  Spectrum out;
  for (const Sums& s : sums) {
    out.count.push_back(s.n);
    out.mean.push_back(s.n > 0 ? s.mean / scale : nothing);
    out.sd.push_back(s.n > 1 ? std::sqrt(s.squares / static_cast<double>(s.n - 1)) / scale
                             : nothing);
  }
  return out;
}

std::string spectra_csv(const Cube& cube, const std::vector<NamedSpectrum>& spectra) {
  const bool known = !cube.wavelengths_nm.empty();
  std::string out = known ? "band,wavelength_nm,bad" : "band,bad";
  for (const NamedSpectrum& s : spectra) {
    out += "," + csv_cell(s.name);
    if (s.place.pixels() > 1)
      out += "," + csv_cell(s.name + " sd") + "," + csv_cell(s.name + " pixels");
  }
  out += "\r\n";
  for (int b = 0; b < cube.bands; ++b) {
    const auto band = static_cast<std::size_t>(b);
    out += std::to_string(b + 1);
    if (known) out += "," + number(cube.wavelengths_nm[band]);
    out += cube.is_bad(b) ? ",1" : ",0";
    for (const NamedSpectrum& s : spectra) {
      out += "," + number(s.values.mean.at(band));
      if (s.place.pixels() > 1)
        out += "," + number(s.values.sd.at(band)) + "," + std::to_string(s.values.count.at(band));
    }
    out += "\r\n";
  }
  return out;
}

}
