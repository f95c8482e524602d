// `sensorium evaluate lung_ultrasound labels.csv -o DIR`: the signs against labels, by patient.
#pragma once

#include "modules/core/extension.h"

namespace sensorium::lung_ultrasound {

PipelineCommand evaluate_command();

// The area under the ROC curve: the share of pairs (positive, negative) in which the positive one
// has the greater score, equals counting a half (Hanley, McNeil 1982, Radiology 143:29). NaN when
// one class is missing.
double area_under_curve(const std::vector<double>& scores, const std::vector<int>& positive);
// Cohen's kappa with quadratic weights (Cohen 1968, Psychol Bull 70:213) of two lists of grades
// 0 .. grades - 1. NaN when either list is constant and both agree by chance alone.
double weighted_kappa(const std::vector<int>& a, const std::vector<int>& b, int grades);

}
