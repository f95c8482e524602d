#include "modules/signal/continuity.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
namespace {

constexpr double degree = std::numbers::pi / 180;

double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  return *middle;
}

}

std::vector<PhaseJump> phase_jumps(const ThreePhase& currents, double frequency, std::size_t most) {
  std::vector<PhaseJump> out;
  if (!(frequency > 0) || !(frequency < 0.5)) return out;
  const auto length = static_cast<std::size_t>(std::lround(4 / frequency));
  const std::size_t count = length >= 16 ? currents[0].size() / length : 0;
  if (count < 7) return out;
  std::array<std::vector<Complex>, 3> phasors;
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k < count; ++k)
      phasors[c].push_back(
          phasor(currents[c].subspan(k * length, length), 1, frequency) *
          std::polar(1.0, -2 * std::numbers::pi * frequency * static_cast<double>(k * length)));
  // From the window before each one to the window after it.
  std::array<std::vector<double>, 3> turned;
  std::vector<double> grown;
  for (std::size_t k = 1; k + 1 < count; ++k) {
    double most_grown = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const Complex before = phasors[c][k - 1], after = phasors[c][k + 1];
      turned[c].push_back(std::arg(after * std::conj(before)) / degree);
      const double size = std::abs(before);
      most_grown = std::max(most_grown, size > 0 ? std::abs(std::abs(after) / size - 1) : 1);
    }
    grown.push_back(most_grown);
  }
  double greatest = 0;
  for (const Complex& v : phasors[0]) greatest = std::max(greatest, std::abs(v));
  // What the neighbours turn by: nothing, or what the supply's frequency is off by.
  const auto usual = [&](std::size_t c, std::size_t k) {
    std::vector<double> beside;
    for (std::size_t i = k < 8 ? 0 : k - 8; i < std::min(turned[c].size(), k + 9); ++i)
      if (i + 2 < k || i > k + 2) beside.push_back(turned[c][i]);
    return beside.empty() ? 0 : median(std::move(beside));
  };
  const auto jump_at = [&](std::size_t k) { // 0: none
    if (!(grown[k] < 0.04) || std::abs(phasors[0][k]) < greatest / 2) return 0.0;
    double low = 1e9, high = -1e9, sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const double v = std::remainder(turned[c][k] - usual(c, k), 360);
      low = std::min(low, v), high = std::max(high, v), sum += v / 3;
    }
    return std::abs(sum) > 10 && high - low < std::min(3.0, std::abs(sum) / 5) ? sum : 0.0;
  };
  std::size_t found = 0;
  for (std::size_t k = 0; k < grown.size(); ++k) {
    const double here = jump_at(k);
    if (here == 0) continue;
    ++found;
    if (out.size() >= most) continue;
    // A jump near the edge of two windows is seen from both: one entry.
    if (!out.empty() && (k + 1) * length <= out.back().sample + 3 * length / 2) continue;
    const double part = here / 360 - std::floor(here / 360);
    out.push_back({(k + 1) * length + length / 2, here, part / frequency});
  }
  // So many are a speed that changes.
  return found * 20 > grown.size() + 40 ? std::vector<PhaseJump>{} : out;
}

}
