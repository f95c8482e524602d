// Intervals for figures over cases, by a seeded bootstrap over whole cases (patients), so that
// lesions of one eye are never counted as independent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium {

struct Interval {
  double value = 0;            // of the sample itself
  double lower = 0, upper = 0; // percentile interval (Efron B, Tibshirani RJ. An introduction to
                               // the bootstrap, 1993, ch. 13); NaN for fewer than two groups
  int groups = 0;              // resampled units
  int resamples = 0;
  double level = 0.95;
};

struct BootstrapOptions {
  int resamples = 2000;
  double level = 0.95;
  std::uint64_t seed = 1;
};

// Lesions of one case under one model (or reader).
struct LesionCounts {
  double matched = 0, missed = 0, extra = 0;
};

struct LesionFigures {
  double sensitivity = 0, precision = 0, f1 = 0; // NaN where the denominator is 0
};
LesionFigures figures_of(const std::vector<LesionCounts>& cases); // pooled over the cases

struct PairedFigures {
  Interval sensitivity_a, sensitivity_b, sensitivity_change; // change: b - a
  Interval precision_a, precision_b, precision_change;
  Interval f1_a, f1_b, f1_change;
};
// Both models on the same cases: each resample draws the same groups for both. group: the patient
// of each case; empty: each case is its own. Throws Error Usage when the lengths differ or no case
// is given.
PairedFigures paired_figures(const std::vector<LesionCounts>& a, const std::vector<LesionCounts>& b,
                             const std::vector<std::string>& group = {},
                             const BootstrapOptions& options = {});
// The mean of b - a over pairs.
Interval paired_mean_change(const std::vector<double>& a, const std::vector<double>& b,
                            const std::vector<std::string>& group = {},
                            const BootstrapOptions& options = {});
Interval mean_interval(const std::vector<double>& values,
                       const std::vector<std::string>& group = {},
                       const BootstrapOptions& options = {});

}
