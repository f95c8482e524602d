// Figures of agreement, and their intervals over patients.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sensorium::lung_ultrasound {

// Share of pairs (positive, negative) in which the positive has the greater score; equal ones count
// a half. NaN without pairs. Hanley and McNeil 1982, Radiology 143:29.
double area_under_curve(const std::vector<double>& scores, const std::vector<int>& positive);
// Cohen's kappa with quadratic weights (Cohen 1968, Psychol Bull 70:213); NaN where it is not
// defined.
double weighted_kappa(const std::vector<int>& a, const std::vector<int>& b, int grades);

// [truth][answer], counts. An answer of -1 (none was given) has a column of its own, the last.
using Confusion = std::vector<std::vector<int>>;
Confusion confusion_of(const std::vector<int>& truth, const std::vector<int>& answer, int classes);
// Right answers of a class over all of its clips, answered or not; NaN for a class that is not
// there.
double recall(const Confusion& confusion, int of);
// Mean recall over the classes that are there; NaN without any.
double balanced_accuracy(const Confusion& confusion);

// Expected calibration error over ten bins of equal width (Guo et al., ICML 2017, eq. 3).
double calibration_error(const std::vector<double>& confidence, const std::vector<int>& right);
struct ReliabilityBin {
  int count = 0;
  double confidence = 0, right = 0; // means
};
std::vector<ReliabilityBin> reliability(const std::vector<double>& confidence,
                                        const std::vector<int>& right);

// The 2.5 and 97.5 percentiles of a figure over resampled groups (Efron and Tibshirani 1993, ch.
// 13). group: of each item; the figure gets the items drawn. Values that are no numbers are left
// out. {NaN, NaN} with fewer than two groups.
std::pair<double, double>
bootstrap_interval(const std::vector<std::string>& group, int rounds, std::uint64_t seed,
                   const std::function<double(const std::vector<std::size_t>&)>& figure);

}
