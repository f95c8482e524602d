#include "pipelines/lung_ultrasound/classes.h"

#include "modules/review/pooling.h"

#include <algorithm>

namespace sensorium::lung_ultrasound {
int best_class(const Probabilities& p) {
  return static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
}

std::optional<int> best_class(const std::optional<Probabilities>& p) {
  return p ? std::optional(best_class(*p)) : std::nullopt;
}

std::optional<Probabilities> pooled(const std::vector<Probabilities>& parts,
                                    const std::string& rule, double top) {
  std::vector<std::vector<double>> shares;
  for (const Probabilities& p : parts) shares.emplace_back(p.begin(), p.end());
  const auto all = pooled_shares(shares, rule, top);
  if (!all) return std::nullopt;
  Probabilities out{};
  std::copy(all->begin(), all->end(), out.begin());
  return out;
}

ClassVerdicts class_verdicts(const std::vector<Probabilities>& parts, const std::string& rule,
                             double top, const std::optional<Probabilities>& attention) {
  ClassVerdicts out;
  out.used = rule == attention_rule ? attention : pooled(parts, rule, top);
  out.by_attention = best_class(attention);
  for (std::size_t r = 0; r < rule_names.size(); ++r) {
    out.by_rule[r] = best_class(pooled(parts, rule_names[r], top));
    out.agree = out.agree && out.by_rule[r] == out.by_rule[0];
  }
  if (out.by_attention) out.agree = out.agree && out.by_attention == out.by_rule[0];
  return out;
}

}
