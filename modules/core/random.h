// Random numbers that depend on a key and on nothing else, so that any thread may draw any of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace sensorium {

// The finaliser of SplitMix64: Steele, Lea, Flood 2014, OOPSLA, figure 15.
inline std::uint64_t mix_bits(std::uint64_t v) {
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ull;
  v = (v ^ (v >> 27)) * 0x94d049bb133111ebull;
  return v ^ (v >> 31);
}

inline std::uint64_t random_key(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t key = 0x9e3779b97f4a7c15ull;
  for (std::uint64_t part : parts) key = mix_bits(key + 0x9e3779b97f4a7c15ull + mix_bits(part));
  return key;
}

// SplitMix64. Copyable; the same key gives the same sequence everywhere.
class Random {
public:
  explicit Random(std::uint64_t key) : state_(key) {}
  std::uint64_t bits() { return mix_bits(state_ += 0x9e3779b97f4a7c15ull); }
  // [0, 1)
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // 0 .. count-1
  int below(int count) { return static_cast<int>(uniform() * count); }
  bool chance(double probability) { return uniform() < probability; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Knuth's product method; for means below 50.
  int poisson(double mean) {
    const double limit = std::exp(-mean);
    int count = 0;
    for (double product = uniform(); product > limit; product *= uniform()) ++count;
    return count;
  }

private:
  std::uint64_t state_;
};

// Smooth noise in [-1, 1] with one independent value per unit of x and y: bilinear between hashed
// lattice values with a cubic fade (Perlin 1985, value-noise form).
inline double value_noise(std::uint64_t key, double x, double y) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto at = [&](double ix, double iy) {
    const std::uint64_t h = mix_bits(key ^ mix_bits(static_cast<std::uint64_t>(
                                               static_cast<std::int64_t>(ix) * 0x1f123bb5 +
                                               static_cast<std::int64_t>(iy) * 0x5bd1e995 + 77)));
    return static_cast<double>(h >> 11) * 0x1.0p-52 - 1.0;
  };
  const auto fade = [](double t) { return t * t * (3 - 2 * t); };
  const double u = fade(x - fx), v = fade(y - fy);
  const double top = at(fx, fy) * (1 - u) + at(fx + 1, fy) * u;
  const double low = at(fx, fy + 1) * (1 - u) + at(fx + 1, fy + 1) * u;
  return top * (1 - v) + low * v;
}

}
