#include "modules/imaging/spectral_library.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace sensorium {
namespace {

constexpr std::uint64_t most_spectra = 10000, most_values = std::uint64_t{64} << 20;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr double least_share = 1e-9;
constexpr std::size_t least_bands = 3;

std::vector<std::size_t> rising(std::span<const double> nm) {
  std::vector<std::size_t> order(nm.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return nm[a] < nm[b]; });
  return order;
}

Error unfit(const SpectralLibrary& library, const std::string& what) {
  return Error(ErrorCode::Unsupported,
               fmt::format("the library '{}' cannot be laid on the cube: {}", library.source, what),
               "give both files their wavelengths");
}

}

SpectralLibrary library_of(const Cube& cube) {
  const auto bands = static_cast<std::uint64_t>(cube.bands);
  if (cube.pixels() > most_spectra || cube.pixels() > most_values / bands)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' has {} spectra of {} bands: no library", cube.origin.path,
                            cube.pixels(), cube.bands),
                fmt::format("a library has at most {} spectra", most_spectra));
  SpectralLibrary out{
      .source = cube.origin.path, .nm = cube.wavelengths_nm, .names = {}, .values = {}};
  const double scale = cube.reflectance_scale.value_or(1);
  for (int line = 0; line < cube.lines; ++line)
    for (int sample = 0; sample < cube.samples; ++sample) {
      std::vector<double> values = read_spectrum(cube, line, sample);
      for (std::size_t b = 0; b < values.size(); ++b) {
        const bool none = !std::isfinite(values[b]) || cube.is_bad(static_cast<int>(b)) ||
                          (cube.ignore_value && values[b] == *cube.ignore_value);
        values[b] = none ? nothing : values[b] / scale;
      }
      out.values.push_back(std::move(values));
      out.names.push_back(fmt::format("spectrum {}", out.values.size()));
    }
  for (const Fact& fact : cube.origin.facts)
    if (fact.field == "spectra names")
      for (std::size_t i = 0; i < out.names.size(); ++i)
        if (fact.name == fmt::format("spectrum {}", i + 1) && !fact.value.empty()) {
          out.names[i] = fact.value;
          break;
        }
  return out;
}

std::vector<double> on_bands(const SpectralLibrary& library, std::size_t spectrum,
                             std::span<const double> nm, std::size_t bands) {
  const std::vector<double>& values = library.values.at(spectrum);
  if (library.nm.empty() && nm.empty()) {
    if (values.size() == bands) return values;
    throw unfit(library,
                fmt::format("{} bands against {}, and no wavelengths", values.size(), bands));
  }
  if (library.nm.empty()) throw unfit(library, "its wavelengths are not known");
  if (nm.empty()) throw unfit(library, "the cube's wavelengths are not known");
  const std::vector<std::size_t> order = rising(library.nm);
  std::vector<double> out;
  for (const double at : nm) {
    const auto above =
        std::lower_bound(order.begin(), order.end(), at,
                         [&](std::size_t i, double wanted) { return library.nm[i] < wanted; });
    if (above == order.end()) {
      out.push_back(nothing);
    } else if (library.nm[*above] == at) {
      out.push_back(values[*above]);
    } else if (above == order.begin()) {
      out.push_back(nothing);
    } else {
      const std::size_t low = *(above - 1), high = *above;
      const double t = (at - library.nm[low]) / (library.nm[high] - library.nm[low]);
      out.push_back((1 - t) * values[low] + t * values[high]);
    }
  }
  return out;
}

double spectral_angle(std::span<const double> a, std::span<const double> b) {
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) continue;
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  if (!(aa > 0) || !(bb > 0)) return nothing;
  return std::acos(std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0));
}

double information_divergence(std::span<const double> a, std::span<const double> b) {
  const std::size_t n = std::min(a.size(), b.size());
  double sum_a = 0, sum_b = 0;
  const auto both = [&](std::size_t i) { return std::isfinite(a[i]) && std::isfinite(b[i]); };
  for (std::size_t i = 0; i < n; ++i)
    if (both(i)) {
      sum_a += a[i];
      sum_b += b[i];
    }
  if (!(sum_a > 0) || !(sum_b > 0)) return nothing;
  double out = 0;
  for (std::size_t i = 0; i < n; ++i)
    if (both(i)) {
      const double p = std::max(least_share, a[i] / sum_a), q = std::max(least_share, b[i] / sum_b);
      out += (p - q) * std::log(p / q);
    }
  return out;
}

std::vector<LibraryMatch> best_matches(const SpectralLibrary& library,
                                       std::span<const double> values, std::span<const double> nm,
                                       std::span<const std::uint8_t> bad, std::size_t most) {
  std::vector<double> good(values.begin(), values.end());
  for (std::size_t b = 0; b < std::min(good.size(), bad.size()); ++b)
    if (bad[b] != 0) good[b] = nothing;
  std::vector<LibraryMatch> out;
  for (std::size_t i = 0; i < library.values.size(); ++i) {
    const std::vector<double> known = on_bands(library, i, nm, good.size());
    LibraryMatch match{.spectrum = i, .angle = spectral_angle(known, good)};
    for (std::size_t b = 0; b < good.size(); ++b)
      match.bands += std::isfinite(known[b]) && std::isfinite(good[b]) ? 1 : 0;
    if (match.bands >= least_bands && std::isfinite(match.angle)) out.push_back(match);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const LibraryMatch& a, const LibraryMatch& b) { return a.angle < b.angle; });
  if (out.size() > most) out.resize(most);
  return out;
}

}
