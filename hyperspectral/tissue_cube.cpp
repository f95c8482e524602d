#include "hyperspectral/tissue_cube.h"

#include "hyperspectral/cube_input.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace sensorium::hyper {
namespace {

constexpr double held_nm = 10, widest_gap_nm = 40;
constexpr double least_median = 0.005, greatest_median = 1.2, greatest_high = 3;

BandShare linear(std::span<const double> nm, const std::vector<int>& order, double at) {
  const auto above = std::lower_bound(order.begin(), order.end(), at, [&](int band, double v) {
    return nm[static_cast<std::size_t>(band)] < v;
  });
  if (above == order.begin()) return {{order.front()}, {1.0}};
  if (above == order.end()) return {{order.back()}, {1.0}};
  const double low = nm[static_cast<std::size_t>(*(above - 1))],
               high = nm[static_cast<std::size_t>(*above)];
  const double t = high > low ? (at - low) / (high - low) : 0;
  return {{*(above - 1), *above}, {1 - t, t}};
}

[[noreturn]] void refuse_range(const std::string& name, double first, double last,
                               std::span<const double> wanted) {
  throw Error(ErrorCode::Unsupported,
              fmt::format("'{}' has bands from {:.0f} to {:.0f} nm; the network needs {:.0f} to "
                          "{:.0f} nm",
                          name, first, last, wanted.front(), wanted.back()),
              "take a cube of a camera that covers them, or train a network for this range");
}

[[noreturn]] void refuse_values(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::Unsupported,
              fmt::format("'{}' does not look like calibrated reflectance: {}", name, what),
              "calibrate it with --white and --dark, or state 'reflectance scale factor' in its "
              "header");
}

}

std::vector<BandShare> band_shares(std::span<const double> nm, std::span<const double> wanted,
                                   const std::string& name) {
  std::vector<int> order;
  for (std::size_t i = 0; i < nm.size(); ++i)
    if (std::isfinite(nm[i])) order.push_back(static_cast<int>(i));
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return nm[static_cast<std::size_t>(a)] < nm[static_cast<std::size_t>(b)];
  });
  if (order.empty()) refuse_range(name, 0, 0, wanted);
  const auto at = [&](std::size_t i) { return nm[static_cast<std::size_t>(order[i])]; };
  if (at(0) > wanted.front() + held_nm || at(order.size() - 1) < wanted.back() - held_nm)
    refuse_range(name, at(0), at(order.size() - 1), wanted);
  for (std::size_t i = 1; i < order.size(); ++i)
    if (at(i) > wanted.front() && at(i - 1) < wanted.back() && at(i) - at(i - 1) > widest_gap_nm)
      throw Error(
          ErrorCode::Unsupported,
          fmt::format("'{}' has no good band between {:.0f} and {:.0f} nm", name, at(i - 1), at(i)),
          fmt::format("gaps of up to {:.0f} nm are bridged", widest_gap_nm));
  const double step = wanted.size() > 1 ? wanted[1] - wanted[0] : held_nm;
  std::vector<BandShare> out;
  for (const double w : wanted) {
    BandShare share;
    double sum = 0;
    for (const int band : order) {
      const double part = 1 - std::abs(nm[static_cast<std::size_t>(band)] - w) / step;
      if (part <= 1e-9) continue;
      share.bands.push_back(band);
      share.shares.push_back(part);
      sum += part;
    }
    if (share.bands.size() < 2) {
      out.push_back(linear(nm, order, w));
      continue;
    }
    for (double& s : share.shares) s /= sum;
    out.push_back(std::move(share));
  }
  return out;
}

SpectraReader::SpectraReader(const Cube& cube, std::vector<double> wanted_nm,
                             std::shared_ptr<const Calibration> calibration)
    : cube_(cube), wanted_(std::move(wanted_nm)), calibration_(std::move(calibration)) {
  if (cube.wavelengths_nm.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the wavelengths of '{}' are not known ({})", cube.origin.path,
                            cube.wavelength_note.empty() ? "the file does not state them"
                                                         : cube.wavelength_note),
                "add 'wavelength' and 'wavelength units' to its header, or lay a file "
                "'wavelengths.csv' beside an array");
  if (is_complex(cube.type)) refuse_values(cube.origin.path, "its samples are complex numbers");
  std::vector<double> nm = cube.wavelengths_nm;
  for (int b = 0; b < cube.bands; ++b)
    if (cube.is_bad(b)) nm[static_cast<std::size_t>(b)] = std::nan("");
  shares_ = band_shares(nm, wanted_, cube.origin.path);
  std::map<int, int> place;
  for (const BandShare& share : shares_)
    for (const int band : share.bands) place.emplace(band, 0);
  for (auto& [band, at] : place) {
    at = static_cast<int>(used_.size());
    used_.push_back(band);
  }
  for (BandShare& share : shares_)
    for (int& band : share.bands) band = place.at(band);
  const bool calibrated = calibration_ && calibration_->reflectance;
  check_.stated = calibrated || cube.reflectance_scale.has_value();
  if (!calibrated && cube.reflectance_scale) scale_ = 1 / *cube.reflectance_scale;
  look();
}

// A sample of the pixels, spread over the cube.
void SpectraReader::look() {
  std::vector<float> values;
  std::vector<std::uint8_t> usable;
  std::vector<float> all;
  std::size_t pixels = 0, unit = 0;
  const int rows = std::min(cube_.lines, 16), width = std::min(cube_.samples, 256);
  for (int i = 0; i < rows; ++i) {
    const int line =
        static_cast<int>(static_cast<std::int64_t>(cube_.lines - 1) * i / std::max(1, rows - 1));
    read({line, 1, (cube_.samples - width) / 2, width}, values, usable);
    const std::size_t count = usable.size();
    for (std::size_t p = 0; p < count; ++p) {
      if (usable[p] == 0) continue;
      float least = values[p], most = values[p];
      for (std::size_t b = 0; b < wanted_.size(); ++b) {
        const float v = values[b * count + p];
        all.push_back(v);
        least = std::min(least, v);
        most = std::max(most, v);
      }
      ++pixels;
      unit += std::abs(least) < 0.06f && std::abs(most - 1) < 0.06f;
    }
  }
  if (pixels == 0)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' has no spectrum in the pixels looked at: they are no number, the "
                            "ignore value, or the same in every band",
                            cube_.origin.path),
                "check the data type and the data ignore value of its header");
  const auto at = [&](double part) {
    const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(all.size() - 1));
    std::nth_element(all.begin(), all.begin() + place, all.end());
    return static_cast<double>(all[static_cast<std::size_t>(place)]);
  };
  check_.median = at(0.5);
  check_.high = at(0.99);
  const std::string found = fmt::format("half of its values exceed {:.4g}, a hundredth {:.4g}",
                                        check_.median, check_.high);
  if (!check_.stated && is_integer(cube_.type))
    refuse_values(cube_.origin.path, "it holds integers and states no reflectance scale; " + found);
  if (check_.median < least_median || check_.median > greatest_median ||
      check_.high > greatest_high)
    refuse_values(cube_.origin.path, found + "; reflectance lies between 0 and 1");
  check_.scaled_by_pixel = pixels >= 16 && 10 * unit >= 9 * pixels;
  if (check_.scaled_by_pixel)
    check_.text =
        "Each spectrum of this cube runs from 0 to 1: it was scaled pixel by pixel and is "
        "no calibrated reflectance any more.";
  else if (!check_.stated)
    check_.text = fmt::format("The file states no reflectance scale; its values are taken as "
                              "reflectance ({}).",
                              found);
}

void SpectraReader::read(const TileRange& tile, std::vector<float>& out,
                         std::vector<std::uint8_t>& usable) const {
  const std::size_t pixels = tile.pixels();
  std::vector<float> raw(pixels * used_.size());
  if (calibration_)
    read_values<float>(cube_, calibration_.get(), tile, used_, TileOrder::Bands, raw);
  else
    read_tile<float>(cube_, tile, used_, TileOrder::Bands, raw);
  usable.assign(pixels, 1);
  const auto ignored = cube_.ignore_value ? static_cast<float>(*cube_.ignore_value) : 0.0f;
  for (std::size_t p = 0; p < pixels; ++p) {
    bool differs = false;
    for (std::size_t b = 0; b < used_.size(); ++b) {
      const float v = raw[b * pixels + p];
      if (!std::isfinite(v) || (!calibration_ && cube_.ignore_value && v == ignored)) usable[p] = 0;
      differs = differs || v != raw[p];
    }
    if (!differs) usable[p] = 0;
  }
  out.assign(pixels * wanted_.size(), 0);
  for (std::size_t b = 0; b < wanted_.size(); ++b)
    for (std::size_t k = 0; k < shares_[b].bands.size(); ++k) {
      const float share = static_cast<float>(shares_[b].shares[k] * scale_);
      const float* from = raw.data() + static_cast<std::size_t>(shares_[b].bands[k]) * pixels;
      float* to = out.data() + b * pixels;
      for (std::size_t p = 0; p < pixels; ++p)
        if (usable[p] != 0) to[p] += share * from[p];
    }
}

std::shared_ptr<const Calibration> calibration_from_files(const Cube& cube,
                                                          const std::string& white,
                                                          const std::string& dark,
                                                          const Context& context) {
  if (white.empty() && dark.empty()) return nullptr;
  if (white.empty())
    throw Error(ErrorCode::Usage, "a dark reference alone gives no reflectance",
                "give the white reference too, with --white");
  return calibration_from(cube, {.white = white, .dark = dark}, context).calibration;
}

}
