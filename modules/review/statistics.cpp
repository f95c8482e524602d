#include "modules/review/statistics.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

namespace sensorium {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole > 0 ? part / whole : nan; }

// Indices of the cases of each group.
std::vector<std::vector<std::size_t>> groups_of(std::size_t cases,
                                                const std::vector<std::string>& group) {
  if (cases == 0) throw Error(ErrorCode::Usage, "an interval needs at least one case");
  if (!group.empty() && group.size() != cases)
    throw Error(ErrorCode::Usage, fmt::format("{} groups for {} cases", group.size(), cases));
  std::map<std::string, std::vector<std::size_t>> by_name;
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t i = 0; i < cases; ++i)
    if (group.empty())
      out.push_back({i});
    else
      by_name[group[i]].push_back(i);
  for (auto& [name, members] : by_name) out.push_back(std::move(members));
  return out;
}

void same_length(std::size_t a, std::size_t b) {
  if (a != b)
    throw Error(ErrorCode::Usage, fmt::format("{} cases cannot be paired with {}", a, b),
                "compare both on the same cases");
}

// A number below n without the library's distribution, whose values differ between platforms.
std::size_t below(std::mt19937_64& random, std::size_t n) {
  const std::uint64_t limit = std::mt19937_64::max() - std::mt19937_64::max() % n;
  std::uint64_t value = random();
  while (value >= limit) value = random();
  return static_cast<std::size_t>(value % n);
}

double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

using Sample = std::vector<std::size_t>;
using Statistic = std::function<double(const Sample&)>;

// One resampling for all statistics, so that they are paired.
std::vector<Interval> bootstrap(std::size_t cases, const std::vector<std::string>& group,
                                const std::vector<Statistic>& statistics,
                                const BootstrapOptions& options) {
  const auto groups = groups_of(cases, group);
  if (options.resamples < 1 || !(options.level > 0 && options.level < 1))
    throw Error(ErrorCode::Usage, fmt::format("{} resamples at level {} make no interval",
                                              options.resamples, options.level));
  Sample all(cases);
  for (std::size_t i = 0; i < cases; ++i) all[i] = i;
  std::vector<std::vector<double>> values(statistics.size());
  std::mt19937_64 random(options.seed);
  for (int r = 0; r < options.resamples && groups.size() > 1; ++r) {
    Sample drawn;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const auto& members = groups[below(random, groups.size())];
      drawn.insert(drawn.end(), members.begin(), members.end());
    }
    for (std::size_t s = 0; s < statistics.size(); ++s)
      if (const double value = statistics[s](drawn); std::isfinite(value))
        values[s].push_back(value);
  }
  std::vector<Interval> out;
  for (std::size_t s = 0; s < statistics.size(); ++s) {
    std::sort(values[s].begin(), values[s].end());
    const double tail = (1 - options.level) / 2;
    out.push_back({statistics[s](all), values[s].empty() ? nan : quantile(values[s], tail),
                   values[s].empty() ? nan : quantile(values[s], 1 - tail),
                   static_cast<int>(groups.size()), static_cast<int>(values[s].size()),
                   options.level});
  }
  return out;
}

Statistic mean_of(const std::vector<double>& values) {
  return [&values](const Sample& sample) {
    double sum = 0;
    for (const std::size_t i : sample) sum += values[i];
    return sum / static_cast<double>(sample.size());
  };
}

LesionFigures figures_of_sample(const std::vector<LesionCounts>& cases, const Sample& sample) {
  double matched = 0, missed = 0, extra = 0;
  for (const std::size_t i : sample) {
    matched += cases[i].matched;
    missed += cases[i].missed;
    extra += cases[i].extra;
  }
  return {ratio(matched, matched + missed), ratio(matched, matched + extra),
          ratio(2 * matched, 2 * matched + missed + extra)};
}

}

LesionFigures figures_of(const std::vector<LesionCounts>& cases) {
  Sample all(cases.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return figures_of_sample(cases, all);
}

PairedFigures paired_figures(const std::vector<LesionCounts>& a, const std::vector<LesionCounts>& b,
                             const std::vector<std::string>& group,
                             const BootstrapOptions& options) {
  same_length(a.size(), b.size());
  std::vector<Statistic> statistics;
  for (double LesionFigures::* figure :
       {&LesionFigures::sensitivity, &LesionFigures::precision, &LesionFigures::f1}) {
    statistics.push_back([&, figure](const Sample& s) { return figures_of_sample(a, s).*figure; });
    statistics.push_back([&, figure](const Sample& s) { return figures_of_sample(b, s).*figure; });
    statistics.push_back([&, figure](const Sample& s) {
      return figures_of_sample(b, s).*figure - figures_of_sample(a, s).*figure;
    });
  }
  const std::vector<Interval> i = bootstrap(a.size(), group, statistics, options);
  return {i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7], i[8]};
}

Interval paired_mean_change(const std::vector<double>& a, const std::vector<double>& b,
                            const std::vector<std::string>& group,
                            const BootstrapOptions& options) {
  same_length(a.size(), b.size());
  std::vector<double> change(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) change[i] = b[i] - a[i];
  return mean_interval(change, group, options);
}

Interval mean_interval(const std::vector<double>& values, const std::vector<std::string>& group,
                       const BootstrapOptions& options) {
  return bootstrap(values.size(), group, {mean_of(values)}, options).front();
}

}
