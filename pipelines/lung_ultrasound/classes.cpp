#include "pipelines/lung_ultrasound/classes.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

Probabilities mean_of(const std::vector<Probabilities>& parts, std::size_t count) {
  Probabilities out{};
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += parts[i][k];
  for (double& p : out) p /= static_cast<double>(count);
  return out;
}

double sureness(const Probabilities& p) { return *std::max_element(p.begin(), p.end()); }

}

int best_class(const Probabilities& p) {
  return static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
}

std::optional<int> best_class(const std::optional<Probabilities>& p) {
  return p ? std::optional(best_class(*p)) : std::nullopt;
}

std::optional<Probabilities> pooled(const std::vector<Probabilities>& parts,
                                    const std::string& rule, double top) {
  if (std::find(rule_names.begin(), rule_names.end(), rule) == rule_names.end())
    throw Error(ErrorCode::Usage, fmt::format("there is no rule '{}'", rule),
                "choose majority, mean, max or top");
  if (parts.empty()) return std::nullopt;
  const Probabilities mean = mean_of(parts, parts.size());
  if (rule == "mean") return mean;
  if (rule == "majority") {
    Probabilities shares{};
    const auto n = static_cast<double>(parts.size());
    for (const Probabilities& p : parts) shares[static_cast<std::size_t>(best_class(p))] += 1 / n;
    for (std::size_t k = 0; k < shares.size(); ++k) // less than any difference of two shares
      shares[k] = (shares[k] + mean[k] * 0.5 / n) / (1 + 0.5 / n);
    return shares;
  }
  std::vector<Probabilities> sorted = parts;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return sureness(a) > sureness(b); });
  const double wanted = rule == "max" ? 1 : std::round(top * static_cast<double>(parts.size()));
  return mean_of(sorted, std::min(parts.size(), static_cast<std::size_t>(std::max(1.0, wanted))));
}

ClassVerdicts class_verdicts(const std::vector<Probabilities>& parts, const std::string& rule,
                             double top) {
  ClassVerdicts out;
  out.used = pooled(parts, rule, top);
  for (std::size_t r = 0; r < rule_names.size(); ++r) {
    out.by_rule[r] = best_class(pooled(parts, rule_names[r], top));
    out.agree = out.agree && out.by_rule[r] == out.by_rule[0];
  }
  return out;
}

}
