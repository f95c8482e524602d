#include "modules/review/pooling.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

using Shares = std::vector<double>;

Shares mean_of(const std::vector<Shares>& parts, std::size_t count) {
  Shares out(parts.front().size());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += parts[i].at(k);
  for (double& p : out) p /= static_cast<double>(count);
  return out;
}

double sureness(const Shares& p) { return p.empty() ? 0 : *std::max_element(p.begin(), p.end()); }

}

std::size_t best_share(const Shares& shares) {
  return static_cast<std::size_t>(std::max_element(shares.begin(), shares.end()) - shares.begin());
}

std::optional<Shares> pooled_shares(const std::vector<Shares>& parts, const std::string& rule,
                                    double top) {
  if (std::find(pooling_rules.begin(), pooling_rules.end(), rule) == pooling_rules.end())
    throw Error(ErrorCode::Usage, fmt::format("there is no rule '{}'", rule),
                "choose majority, mean, max or top");
  if (parts.empty()) return std::nullopt;
  const Shares mean = mean_of(parts, parts.size());
  if (rule == "mean") return mean;
  if (rule == "majority") {
    Shares shares(mean.size());
    const auto n = static_cast<double>(parts.size());
    for (const Shares& p : parts) shares[best_share(p)] += 1 / n;
    for (std::size_t k = 0; k < shares.size(); ++k) // less than any difference of two shares
      shares[k] = (shares[k] + mean[k] * 0.5 / n) / (1 + 0.5 / n);
    return shares;
  }
  std::vector<Shares> sorted = parts;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return sureness(a) > sureness(b); });
  const double wanted = rule == "max" ? 1 : std::round(top * static_cast<double>(parts.size()));
  return mean_of(sorted, std::min(parts.size(), static_cast<std::size_t>(std::max(1.0, wanted))));
}

}
