// Samples that are missing without a trace: the file has no gap, but the sines jump.
#pragma once

#include "modules/signal/three_phase.h"

#include <cstdint>

namespace sensorium {

struct PhaseJump {
  std::uint64_t sample = 0; // in the middle of the window that holds the jump
  double degrees = 0;       // of all three phases; above 0: samples are missing
  double missing = 0;       // samples that fit, plus any whole number of periods
};

// Windows of four periods. A jump turns all three currents by the same angle (above 10 degrees,
// within 3 degrees and a fifth of each other) and leaves their sizes (within 4 %): a fault or a
// change of load does neither. The limits are empirical: no window of 52 real recordings whose
// faults begin and end comes near to them. frequency: periods per sample. Angles are
// compared with those of the neighbouring windows, so that a speed that changes slowly is no jump.
// At most `most` jumps.
std::vector<PhaseJump> phase_jumps(const ThreePhase& currents, double frequency,
                                   std::size_t most = 16);

}
