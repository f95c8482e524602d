// Three-phase currents: Park's vector, symmetrical components, simple measures.
#pragma once

#include "modules/signal/spectrum.h"

#include <array>

namespace sensorium {

using ThreePhase = std::array<std::span<const double>, 3>; // of one length

// id = sqrt(2/3) ia - ib / sqrt(6) - ic / sqrt(6), iq = (ib - ic) / sqrt(2): the stationary Park
// (Clarke) vector of Cardoso's method. A balanced current of amplitude a runs on a circle of radius
// a sqrt(3/2).
struct ParkVector {
  std::vector<double> d, q;
  std::vector<double> modulus() const; // its spectrum is the extended Park approach
};
ParkVector park(const ThreePhase& currents);

// Fortescue's components of three phasors: zero, positive, negative sequence (C. L. Fortescue,
// Trans. AIEE 37, 1918). Phase order a, b, c with b lagging a by 120 degrees.
struct Sequence {
  Complex zero, positive, negative;
  double ratio() const; // |negative| / |positive|; 0 without a positive one
  // Of negative against positive, in degrees, -180 .. 180. A short in phase a, b, c turns it by 120
  // degrees from one to the next.
  double angle() const;
};
Sequence sequence_of(const std::array<Complex, 3>& phasors);
Sequence sequence_at(const ThreePhase& currents, double rate, double frequency);

// The same over sliding windows of `length` samples, every `hop`: value k covers samples k hop to k
// hop + length.
std::vector<Sequence> sliding_sequence(const ThreePhase& currents, double rate, double frequency,
                                       std::size_t length, std::size_t hop);

double mean_of(std::span<const double> x);
double rms(std::span<const double> x); // with the mean
double
crest_factor(std::span<const double> x);    // max |x - mean| / rms of x - mean; 0 for a constant
double skewness(std::span<const double> x); // third standardised moment
double kurtosis(std::span<const double> x); // fourth standardised moment; 3 for a normal one
// sqrt(sum of harmonics 2 .. last) / fundamental, amplitudes under a Hann window; those above
// rate / 2 are left out. 0 without a fundamental.
double total_harmonic_distortion(std::span<const double> x, double rate, double fundamental,
                                 int last = 40);
// Largest distance of a phase's value from the mean of the three, over that mean (NEMA MG
// 1, 14.36).
double unbalance(const std::array<double, 3>& values);

}
