// Butterworth filters as second-order sections. Judge: scipy.signal.butter(output="sos"), sosfilt,
// sosfiltfilt.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace sensorium {

enum class Pass { Low, High, Band };

// b0, b1, b2, a1, a2 of each section (a0 = 1).
using Sections = std::vector<std::array<double, 5>>;

// order: of the prototype (a band-pass has twice as many poles). low: the edge of a high-pass,
// high: of a low-pass, in Hz, below rate / 2. Throws Error Usage.
Sections butterworth(Pass pass, int order, double low, double high, double rate);

// Forward, from rest.
std::vector<double> filter(const Sections& sections, std::span<const double> x);
// Forward and backward, no shift in time; the ends are continued by odd reflection. Throws Error
// Usage when x is shorter than the reflection (3 (2 sections + 1) samples).
std::vector<double> filter_both_ways(const Sections& sections, std::span<const double> x);

// |x + i H{x}| after a band-pass of order 4, both ways.
std::vector<double> band_envelope(std::span<const double> x, double rate, double low, double high);

}
