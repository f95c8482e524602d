// Samples that are missing (no number) within a signal.
#pragma once

#include <cstdint>
#include <span>

namespace sensorium {

// Puts a straight line between the neighbours in place of values that are no number, the nearest
// value at the ends, 0 where there is none at all. Returns how many were replaced.
std::uint64_t bridge_gaps(std::span<double> x);

}
