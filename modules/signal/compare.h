// Two spectra beside each other.
#pragma once

#include "modules/signal/spectrum.h"

namespace sensorium {

// A spectrum with what its levels and frequencies are relative to.
struct RelativeSpectrum {
  const FrequencySpectrum& amplitudes;
  double fundamental = 0; // in the unit of amplitudes.step; > 0
  double reference = 0;   // amplitude of the fundamental; > 0
};

// Level of a less the level of b in dB, each relative to its own fundamental. Lines are compared by
// their order (frequency over fundamental), so that supplies of 49.9 and 50.1 Hz fall together.
// Cells are as wide as the coarser resolution of the two and take the greatest amplitude inside;
// cell k lies at k * step on a's axis and covers half a step on either side. Levels below floor_db
// count as floor_db. Ends with the shorter axis. Empty where a fundamental or reference is not
// positive.
FrequencySpectrum spectrum_difference(const RelativeSpectrum& a, const RelativeSpectrum& b,
                                      double floor_db = -100);

}
