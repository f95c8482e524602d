// Currents of a motor that was never built: what the network is pre-trained on, and what tests use.
//
// Phase currents are sums of sequence components. An inter-turn short of a part m of one phase's
// turns injects a current in that phase alone (Tallam, Habetler and Harley, IEEE Trans. Ind. Appl.
// 38(3), 2002): as much negative as positive sequence, whose angle turns by 120 degrees from phase
// to phase. Its size is machine dependent; here 0.09 to 0.13 of I1 for 10 %, growing less than in
// proportion. Broken bars give lines at (1 +- 2s) f, mixed eccentricity at f +- fr, a bearing at |f
// +- fv| (the reference of modules/signal/machine.h). Supply: unbalance, harmonics 5 and 7
// (negative and positive sequence), 3 (zero sequence). Then noise, unequal gains, clipping.
#pragma once

#include "modules/core/dataset.h"
#include "modules/core/parameters.h"

#include <cstdint>

namespace sensorium::motor_fault {

struct SyntheticOptions {
  int seed = 1;
  std::string fault = "inter-turn short";
  int phase = 0; // 0, 1, 2
  int step = 2;  // 1 .. 4: 10 to 40 % of the turns; for other faults incipient .. severe
  double seconds = 5;
  double rate = 1000; // Hz
  double supply_hz = 60;
  int pole_pairs = 2;
  double slip = 0.02;
  double onset = 0.3, end = 0.7; // parts of the recording; a fault before and after: 0, 1
  double noise_db = -45;         // white noise, relative to the fundamental
  double clip_at = 0;            // parts of the peak value, 0: nothing is clipped
  // 0: a clean supply and equal sensors; 1: harmonics up to 0.3, gains up to 10 % apart, a zero
  // sequence up to 0.12 of the fundamental
  double disturbance = 0;
};
void describe(ParameterVisitor& v, SyntheticOptions& o);

// Channels ia, ib, ic in A, rate stated as "synthetic". The same options, the same bits.
Recording make_motor(const SyntheticOptions& options);

}
