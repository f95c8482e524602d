// How much each parameter of a study matters.
#pragma once

#include "modules/sweep/study_file.h"

namespace sensorium {

struct Importance {
  std::string name;
  double share = 0; // 0 to 1: of the variance of the result over the search space
};

inline constexpr int fewest_for_importance = 10; // complete trials

// Functional analysis of variance of a random forest (Hutter, Hoos and Leyton-Brown, ICML 2014,
// section 4.2, the terms of one parameter): the share of the variance over the whole search space
// that each parameter explains by itself; what is missing to 1 is what parameters do together. The
// forest is Breiman's (2001): 64 regression trees, each of a sample drawn with replacement, grown
// until a leaf is pure. Numbers with "log" are taken by their logarithm (Optuna's
// evaluator takes their plain values). Only complete trials
// count. Largest first; empty for fewer than ten of them, or when all results are equal. The same
// study and seed give the same shares.
std::vector<Importance> importances_of(const Study& study, std::uint64_t seed = 1);

}
