// Agreement of two layers: two readers, or reader and pipeline.
#pragma once

#include "modules/review/fold.h"

namespace sensorium {

// Findings are paired one to one, largest overlap first; a pair must share at least one voxel or
// have centroids no farther apart than max_distance_um (max_distance_px where a spacing is
// unknown).
struct MatchRule {
  double max_distance_um = 30;
  double max_distance_px = 5;
};

struct Agreement {
  int count_a = 0, count_b = 0, matched = 0;
  std::vector<std::array<int, 2>> pairs; // indices into a and b
  std::vector<int> only_a, only_b;
  int same_label = 0; // among the pairs
  double f1 = 1;      // 2 matched / (count_a + count_b); 1 when both are empty
  double dice = 1;    // 2 |A and B| / (|A| + |B|) over voxels; 1 when both are empty
  std::string rule;   // in words, for the report
};

// What a layer holds: findings not rejected (proposed ones only when asked for).
std::vector<Finding> layer_of(const ReviewState& state, bool with_proposed);

Agreement agreement(const std::vector<Finding>& a, const std::vector<Finding>& b,
                    const std::array<Spacing, 3>& spacing, const MatchRule& rule = {});

// Bland JM, Altman DG. Lancet 1986;327:307-310: mean difference a - b and mean +- 1.96 standard
// deviations (n - 1).
struct BlandAltman {
  int n = 0;
  double bias = 0, deviation = 0, lower = 0, upper = 0; // deviation and limits are NaN for n < 2
};
BlandAltman bland_altman(const std::vector<double>& a, const std::vector<double>& b);

// Counts per slice of two layers, for Bland-Altman within one volume.
std::vector<double> counts_per_slice(const std::vector<Finding>& layer, int slices);

}
