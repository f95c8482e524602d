#include "modules/signal/gaps.h"

#include <cmath>
#include <cstddef>

namespace sensorium {

std::uint64_t bridge_gaps(std::span<double> x) {
  std::uint64_t absent = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i])) continue;
    std::size_t end = i;
    while (end < x.size() && !std::isfinite(x[end])) ++end;
    const double before = i > 0 ? x[i - 1] : end < x.size() ? x[end] : 0;
    const double after = end < x.size() ? x[end] : before;
    for (std::size_t k = i; k < end; ++k, ++absent)
      x[k] = before +
             (after - before) * static_cast<double>(k - i + 1) / static_cast<double>(end - i + 1);
    i = end;
  }
  return absent;
}

}
