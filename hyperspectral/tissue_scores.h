// How well classes agree with a truth.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sensorium::hyper {

// counts[truth][found]; they add up over cubes.
class Confusion {
public:
  explicit Confusion(int classes = 2)
      : classes_(classes), counts_(static_cast<std::size_t>(classes) * classes) {}
  void add(int truth, int found, std::int64_t count = 1) {
    counts_[static_cast<std::size_t>(truth) * classes_ + found] += count;
  }
  void add(const Confusion& other);
  int classes() const { return classes_; }
  std::int64_t count(int truth, int found) const {
    return counts_[static_cast<std::size_t>(truth) * classes_ + found];
  }
  std::int64_t truths(int c) const;
  std::int64_t found(int c) const;
  // 2 TP / (2 TP + FP + FN); 0 where that is nothing.
  double f1(int c) const;
  // Mean over the classes that the truth or the answers have.
  double macro_f1() const;
  double accuracy() const;

private:
  int classes_;
  std::vector<std::int64_t> counts_;
};

struct Range {
  double low = 0, high = 0;
};
// Percentile bootstrap (Efron 1979), 2.5 to 97.5 %: statistic of `count` units drawn with
// replacement, as their indices. Deterministic by seed. Undefined values (NaN) are left out.
Range bootstrap(int count, int rounds, std::uint64_t seed,
                const std::function<double(std::span<const int>)>& statistic);

// Wilson's interval of a share at 95 % (Wilson 1927, JASA 22:209); 0 to 1 without trials.
Range wilson(std::int64_t hits, std::int64_t trials);

// Area under the receiver operating characteristic: how often a positive has the higher score, ties
// counting half (Mann and Whitney 1947). NaN where one side is empty.
double auc(std::span<const double> positives, std::span<const double> negatives);

}
