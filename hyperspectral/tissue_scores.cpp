#include "hyperspectral/tissue_scores.h"

#include "modules/core/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sensorium::hyper {

void Confusion::add(const Confusion& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::int64_t Confusion::truths(int c) const {
  std::int64_t sum = 0;
  for (int k = 0; k < classes_; ++k) sum += count(c, k);
  return sum;
}

std::int64_t Confusion::found(int c) const {
  std::int64_t sum = 0;
  for (int k = 0; k < classes_; ++k) sum += count(k, c);
  return sum;
}

double Confusion::f1(int c) const {
  const std::int64_t all = truths(c) + found(c);
  return all == 0 ? 0 : 2.0 * static_cast<double>(count(c, c)) / static_cast<double>(all);
}

double Confusion::macro_f1() const {
  double sum = 0;
  int present = 0;
  for (int c = 0; c < classes_; ++c)
    if (truths(c) + found(c) > 0) {
      sum += f1(c);
      ++present;
    }
  return present == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / present;
}

double Confusion::accuracy() const {
  std::int64_t right = 0, all = 0;
  for (int c = 0; c < classes_; ++c) {
    right += count(c, c);
    all += truths(c);
  }
  return all == 0 ? std::numeric_limits<double>::quiet_NaN()
                  : static_cast<double>(right) / static_cast<double>(all);
}

Range bootstrap(int count, int rounds, std::uint64_t seed,
                const std::function<double(std::span<const int>)>& statistic) {
  Random random(random_key({seed, 0x626f6f74}));
  std::vector<double> values;
  std::vector<int> drawn(static_cast<std::size_t>(count));
  for (int r = 0; r < rounds; ++r) {
    for (int& i : drawn) i = random.below(count);
    if (const double v = statistic(drawn); std::isfinite(v)) values.push_back(v);
  }
  if (values.empty()) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none};
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return values[static_cast<std::size_t>(
        std::lround(part * static_cast<double>(values.size() - 1)))];
  };
  return {at(0.025), at(0.975)};
}

Range wilson(std::int64_t hits, std::int64_t trials) {
  if (trials <= 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n, denominator = 1 + z * z / n;
  const double middle = (p + z * z / (2 * n)) / denominator;
  const double half = z / denominator * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double auc(std::span<const double> positives, std::span<const double> negatives) {
  if (positives.empty() || negatives.empty()) return std::numeric_limits<double>::quiet_NaN();
  double wins = 0;
  for (const double p : positives)
    for (const double n : negatives) wins += p > n ? 1 : p == n ? 0.5 : 0;
  return wins / (static_cast<double>(positives.size()) * static_cast<double>(negatives.size()));
}

}
