// From the network's probabilities of frames to a verdict on a clip, and from clips to an exam.
#pragma once

#include "modules/review/pooling.h"
#include "pipelines/lung_ultrasound/labels.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace sensorium::lung_ultrasound {

using Probabilities = std::array<double, class_count>;
inline constexpr auto rule_names = pooling_rules;

int best_class(const Probabilities& p); // of equals the first
std::optional<int> best_class(const std::optional<Probabilities>& p);

// One answer for several, as pooled_shares() (modules/review/pooling.h). Clips are put together to
// an exam by the same function.
std::optional<Probabilities> pooled(const std::vector<Probabilities>& parts,
                                    const std::string& rule, double top);

struct ClassVerdicts {
  std::array<std::optional<int>, rule_names.size()> by_rule; // in the order of rule_names
  std::optional<int> by_attention;   // of the clip network, where there is one
  std::optional<Probabilities> used; // by the rule that was asked for
  bool agree = true;
};
// The rule of the clip network: its own answer, beside what the other rules make of frames.
inline constexpr const char* attention_rule = "attention";
// attention: the clip network's answer. Without one the rule "attention" gives nothing.
ClassVerdicts class_verdicts(const std::vector<Probabilities>& parts, const std::string& rule,
                             double top, const std::optional<Probabilities>& attention = {});

}
