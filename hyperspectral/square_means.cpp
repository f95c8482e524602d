#include "hyperspectral/square_means.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sensorium::hyper {
namespace {

// Along `count` values `step` apart; `other` such runs, `other_step` apart.
void means_along(std::span<float> values, int count, int step, int other, int other_step,
                 int reach) {
  std::vector<double> sums(static_cast<std::size_t>(count) + 1);
  for (int k = 0; k < other; ++k) {
    float* const first = values.data() + static_cast<std::ptrdiff_t>(k) * other_step;
    for (int i = 0; i < count; ++i)
      sums[static_cast<std::size_t>(i) + 1] =
          sums[static_cast<std::size_t>(i)] + static_cast<double>(first[std::ptrdiff_t{i} * step]);
    for (int i = 0; i < count; ++i) {
      const int from = std::max(0, i - reach), to = std::min(count, i + reach + 1);
      first[std::ptrdiff_t{i} * step] = static_cast<float>(
          (sums[static_cast<std::size_t>(to)] - sums[static_cast<std::size_t>(from)]) /
          (to - from));
    }
  }
}

}

void to_square_means(std::span<float> plane, int lines, int samples, int side) {
  means_along(plane, samples, 1, lines, samples, side / 2);
  means_along(plane, lines, samples, samples, 1, side / 2);
}

}
