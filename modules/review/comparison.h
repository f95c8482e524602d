// Two layers side by side over one or more cases: what `sensorium compare` prints and the window
// shows.
#pragma once

#include "modules/review/readers.h"

namespace sensorium {

// Label of a in the rows, of b in the columns; "none" where the other layer has no such lesion.
struct Confusion {
  std::vector<std::string> labels; // sorted, "none" last
  std::vector<std::vector<int>> counts;
};

struct CaseComparison {
  std::string name; // of the case
  Agreement agreement;
  Confusion confusion;
  std::vector<std::string> ids_a, ids_b;        // of the findings of each layer, in order
  std::vector<std::string> labels_a, labels_b;  // the same
  std::vector<double> per_slice_a, per_slice_b; // counts by B-scan
  BlandAltman by_slice;                         // over the B-scans of this case
  int undecided_a = 0, undecided_b = 0;
};

struct Comparison {
  std::string a, b; // names of the layers
  std::vector<CaseComparison> cases;
  int count_a = 0, count_b = 0, matched = 0, only_a = 0, only_b = 0, same_label = 0;
  double f1 = 1;          // over all lesions of all cases
  double mean_dice = 1;   // mean of the cases' Dice
  Confusion confusion;    // summed
  BlandAltman by_case;    // counts per case; limits from two cases on
  BlandAltman by_slice;   // counts per B-scan, all cases together (B-scans of one eye are not
                          // independent: the limits describe these B-scans only)
  std::string rule, note; // matching rule and what undecided findings counted as, in words
};

CaseComparison compare_case(const std::string& name, const Layer& a, const Layer& b, int slices,
                            const std::array<Spacing, 3>& spacing, const MatchRule& rule = {});
Comparison compared(const std::string& a, const std::string& b, std::vector<CaseComparison> cases);

nlohmann::json to_json(const Comparison& comparison);
// One row a lesion: case, state (matched, only A, only B), ids, labels, slice.
std::string lesions_csv(const Comparison& comparison);
// One row a case: counts, matched, F1, Dice.
std::string cases_csv(const Comparison& comparison);
std::string text_of(const Comparison& comparison); // a table for a terminal

}
