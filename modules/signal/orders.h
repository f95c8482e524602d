// Order tracking: a signal over the angle of the machine instead of over time, so that a line which
// goes with the speed stays one line while the speed changes. The angle comes from the current
// itself; no tachometer is needed.
#pragma once

#include "modules/signal/spectrum.h"

namespace sensorium {

// Values of a natural cubic spline through y (at 0, 1, 2 ...) at these places, each within 0 ..
// y.size() - 1. Judge: scipy.interpolate.CubicSpline(bc_type="natural"). At least two values.
std::vector<double> spline_values(std::span<const double> y, std::span<const double> places);

// Least and greatest frequency of the strongest sine between low and high over short pieces.
struct FrequencyRange {
  double least = 0, greatest = 0; // Hz; 0: there is none
};
FrequencyRange fundamental_range(std::span<const std::span<const double>> signals, double rate,
                                 double low, double high);

// Turns of the fundamental since the first sample, ascending: of Park's vector of three currents,
// else of the first signal's analytic signal, after a band-pass (low, high; in Hz) that holds the
// fundamental throughout. Empty where more than one step in a hundred would turn back: there is no
// clear fundamental.
std::vector<double> fundamental_turns(std::span<const std::span<const double>> signals, double rate,
                                      double low, double high);

// Amplitude spectrum over orders of the fundamental: x resampled (natural cubic spline) at equal
// steps of the turns, as many a turn that nothing folds back at the lowest speed. Orders that the
// rate did not hold at the greatest speed are left out. `step` of the result is in orders. Lines
// above a fifth of the rate come out too low (the spline). Empty where the turns do not suffice
// (fewer than eight).
FrequencySpectrum order_spectrum(std::span<const double> x, std::span<const double> turns,
                                 double rate, std::string_view window_name);

}
