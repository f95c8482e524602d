// What a sweep over seeds says of its variants, and what it does not.
#pragma once

#include "modules/sweep/study_file.h"

namespace sensorium {

// One variant: all trials that differ in their seed alone.
struct VariantFigures {
  nlohmann::json parameters;  // without the seed
  std::vector<double> values; // of its complete trials, in the order of their seeds
  double mean = 0;
  // Over the seeds that it shares with the best variant: this one less the best, and the 95 %
  // interval of that mean by Student's t for pairs (Student 1908). Not for the best one.
  int pairs = 0;
  double difference = 0, low = 0, high = 0;
  // "best"; "worse"; "no difference" (the interval holds 0); "too few seeds" (fewer than five
  // pairs)
  std::string verdict;
};

// Best first. Empty when the study has no parameter "seed", or one variant alone. The best is
// chosen by these same figures, so the others' differences lean to their disadvantage.
std::vector<VariantFigures> variants_of(const Study& study);
// The sentences that say which differences mean nothing; empty: all can be told apart.
std::string note_of(const std::vector<VariantFigures>& variants);
// A line for each, and the note.
std::string table_of(const std::vector<VariantFigures>& variants);

}
