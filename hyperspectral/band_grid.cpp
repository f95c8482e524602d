#include "hyperspectral/band_grid.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::hyper {
namespace {

constexpr double held_nm = 10, widest_gap_nm = 40, least_share = 1e-9;

struct Sensor {
  std::vector<int> bands; // by rising wavelength
  std::vector<double> nm;
};

Sensor sorted(std::span<const double> given) {
  Sensor s;
  for (std::size_t i = 0; i < given.size(); ++i)
    if (std::isfinite(given[i])) s.bands.push_back(static_cast<int>(i));
  std::stable_sort(s.bands.begin(), s.bands.end(), [&](int a, int b) {
    return given[static_cast<std::size_t>(a)] < given[static_cast<std::size_t>(b)];
  });
  for (const int band : s.bands) s.nm.push_back(given[static_cast<std::size_t>(band)]);
  return s;
}

BandMix triangle(const Sensor& s, double at, double below, double above) {
  BandMix mix;
  double sum = 0;
  for (std::size_t i = 0; i < s.nm.size(); ++i) {
    const double d = s.nm[i] - at, part = 1 - (d < 0 ? -d / below : d / above);
    if (part <= least_share) continue;
    mix.bands.push_back(s.bands[i]);
    mix.shares.push_back(part);
    sum += part;
  }
  for (double& share : mix.shares) share /= sum;
  return mix;
}

BandMix linear(const Sensor& s, double at, const std::string& name) {
  const auto above =
      static_cast<std::size_t>(std::lower_bound(s.nm.begin(), s.nm.end(), at) - s.nm.begin());
  if (above == 0) return {{s.bands.front()}, {1.0}};
  if (above == s.nm.size()) return {{s.bands.back()}, {1.0}};
  const double low = s.nm[above - 1], high = s.nm[above];
  if (high - low > widest_gap_nm && std::min(at - low, high - at) > held_nm)
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' has no good band between {:.0f} and {:.0f} nm; {:.0f} nm is "
                            "needed",
                            name, low, high, at),
                fmt::format("gaps of up to {:.0f} nm are bridged", widest_gap_nm));
  const double t = (at - low) / (high - low);
  if (t > 1 - least_share) return {{s.bands[above]}, {1.0}};
  return {{s.bands[above - 1], s.bands[above]}, {1 - t, t}};
}

double median_step(std::span<const double> nm) {
  if (nm.size() < 2) return held_nm;
  std::vector<double> steps;
  for (std::size_t i = 1; i < nm.size(); ++i) steps.push_back(nm[i] - nm[i - 1]);
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2),
                   steps.end());
  return steps[steps.size() / 2];
}

}

std::vector<BandMix> resampled_bands(std::span<const double> given, std::span<const double> wanted,
                                     const std::string& name) {
  const Sensor s = sorted(given);
  if (s.nm.empty() || s.nm.front() > wanted.front() + held_nm ||
      s.nm.back() < wanted.back() - held_nm)
    throw Error(ErrorCode::Unsupported,
                s.nm.empty()
                    ? fmt::format("'{}' has no good band", name)
                    : fmt::format("'{}' has bands from {:.0f} to {:.0f} nm; {:.0f} to {:.0f} nm "
                                  "are needed",
                                  name, s.nm.front(), s.nm.back(), wanted.front(), wanted.back()),
                "take a cube of a camera that covers them, or train a model for this range");
  const double widest = 2 * median_step(wanted);
  std::vector<BandMix> out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    double below = i > 0 ? wanted[i] - wanted[i - 1] : widest,
           above = i + 1 < wanted.size() ? wanted[i + 1] - wanted[i] : widest;
    if (i == 0) below = above;
    if (i + 1 == wanted.size()) above = below;
    below = std::min(below, widest);
    above = std::min(above, widest);
    // Half a triangle would be the spectrum at another wavelength.
    const bool both_sides = s.nm.front() <= wanted[i] - below && s.nm.back() >= wanted[i] + above;
    BandMix mix = triangle(s, wanted[i], below, above);
    out.push_back(both_sides && mix.bands.size() >= 3 ? std::move(mix)
                                                      : linear(s, wanted[i], name));
  }
  return out;
}

}
