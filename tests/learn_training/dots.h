// A task small enough for tests: find the bright dots in a noisy square.
#pragma once

#include "modules/learn/splits.h"
#include "modules/learn/training.h"

#include <fmt/format.h>

#include <limits>
#include <random>

namespace sensorium {

class Dots : public SampleSource {
public:
  Dots(std::size_t count, std::uint64_t first) : count_(count), first_(first) {}
  std::size_t size() const override { return count_; }
  std::string group(std::size_t i) const override { return fmt::format("dots{}", first_ + i); }
  Sample get(std::size_t i, std::uint64_t seed) const override {
    std::mt19937_64 engine(mixed_seed(first_ + i, 1));
    std::mt19937_64 noise(mixed_seed(first_ + i, seed + 2));
    Sample s{{{1, 16, 16}, std::vector<float>(256)}, {{1, 16, 16}, std::vector<float>(256)}, {}};
    for (float& v : s.input.values) v = static_cast<float>(noise() % 1000) / 2000.0f;
    for (int k = 0; k < 6; ++k) {
      const std::size_t at = engine() % 256;
      s.input.values[at] += 1;
      s.target.values[at] = 1;
    }
    if (poisoned == static_cast<int>(i))
      s.input.values[3] = std::numeric_limits<float>::quiet_NaN();
    return s;
  }
  int poisoned = -1;

private:
  std::size_t count_;
  std::uint64_t first_;
};

}
