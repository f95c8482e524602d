#include "pipelines/lung_ultrasound/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace sensorium::lung_ultrasound {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int bins = 10;

}

double area_under_curve(const std::vector<double>& scores, const std::vector<int>& positive) {
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t k = 0; k < scores.size(); ++k)
      if (positive[i] == 1 && positive[k] == 0) {
        wins += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
        ++pairs;
      }
  return pairs > 0 ? wins / pairs : nan;
}

double weighted_kappa(const std::vector<int>& a, const std::vector<int>& b, int grades) {
  const auto n = static_cast<double>(a.size());
  std::vector<double> of_a(static_cast<std::size_t>(grades)), of_b(of_a.size());
  double seen = 0, chance = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++of_a[static_cast<std::size_t>(a[i])];
    ++of_b[static_cast<std::size_t>(b[i])];
    seen += (a[i] - b[i]) * (a[i] - b[i]);
  }
  for (int i = 0; i < grades; ++i)
    for (int k = 0; k < grades; ++k)
      chance += of_a[static_cast<std::size_t>(i)] * of_b[static_cast<std::size_t>(k)] * (i - k) *
                (i - k) / n;
  return chance > 0 ? 1 - seen / chance : nan;
}

Confusion confusion_of(const std::vector<int>& truth, const std::vector<int>& answer, int classes) {
  Confusion out(static_cast<std::size_t>(classes),
                std::vector<int>(static_cast<std::size_t>(classes) + 1));
  for (std::size_t i = 0; i < truth.size(); ++i)
    ++out[static_cast<std::size_t>(truth[i])]
         [static_cast<std::size_t>(answer[i] < 0 ? classes : answer[i])];
  return out;
}

double recall(const Confusion& confusion, int of) {
  const auto& row = confusion[static_cast<std::size_t>(of)];
  const int all = std::accumulate(row.begin(), row.end(), 0);
  return all > 0 ? static_cast<double>(row[static_cast<std::size_t>(of)]) / all : nan;
}

double balanced_accuracy(const Confusion& confusion) {
  double sum = 0, n = 0;
  for (std::size_t k = 0; k < confusion.size(); ++k)
    if (const double r = recall(confusion, static_cast<int>(k)); std::isfinite(r)) sum += r, ++n;
  return n > 0 ? sum / n : nan;
}

std::vector<ReliabilityBin> reliability(const std::vector<double>& confidence,
                                        const std::vector<int>& right) {
  std::vector<ReliabilityBin> out(bins);
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const int k = std::clamp(static_cast<int>(confidence[i] * bins), 0, bins - 1);
    ReliabilityBin& bin = out[static_cast<std::size_t>(k)];
    ++bin.count;
    bin.confidence += confidence[i];
    bin.right += right[i];
  }
  for (ReliabilityBin& bin : out)
    if (bin.count > 0) bin.confidence /= bin.count, bin.right /= bin.count;
  return out;
}

double calibration_error(const std::vector<double>& confidence, const std::vector<int>& right) {
  double sum = 0;
  for (const ReliabilityBin& bin : reliability(confidence, right))
    sum += bin.count * std::abs(bin.confidence - bin.right);
  return confidence.empty() ? nan : sum / static_cast<double>(confidence.size());
}

std::pair<double, double>
bootstrap_interval(const std::vector<std::string>& group, int rounds, std::uint64_t seed,
                   const std::function<double(const std::vector<std::size_t>&)>& figure) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < group.size(); ++i) groups[group[i]].push_back(i);
  std::vector<const std::vector<std::size_t>*> list;
  for (const auto& [name, members] : groups) list.push_back(&members);
  std::mt19937_64 random(seed);
  std::vector<double> values;
  for (int r = 0; r < rounds && list.size() > 1; ++r) {
    std::vector<std::size_t> drawn;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& members = *list[random() % list.size()];
      drawn.insert(drawn.end(), members.begin(), members.end());
    }
    if (const double v = figure(drawn); std::isfinite(v)) values.push_back(v);
  }
  if (values.empty()) return {nan, nan};
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return {values[static_cast<std::size_t>(0.025 * static_cast<double>(values.size()))],
          values[static_cast<std::size_t>(0.975 * last)]};
}

}
