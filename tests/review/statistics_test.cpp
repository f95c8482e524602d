#include "modules/review/statistics.h"
#include "tests/review/lesions.h"

#include <cmath>
#include <numeric>

namespace sensorium::test {
namespace {

TEST(Statistics, FiguresArePooledByHand) {
  const LesionFigures f = figures_of({{3, 1, 0}, {1, 1, 2}});
  EXPECT_DOUBLE_EQ(f.sensitivity, 4.0 / 6);
  EXPECT_DOUBLE_EQ(f.precision, 4.0 / 6);
  EXPECT_DOUBLE_EQ(f.f1, 8.0 / 12);
  EXPECT_TRUE(std::isnan(figures_of({{0, 0, 0}}).sensitivity));
}

// The bootstrap's own limit: for the mean of n values its deviation is that of the sample over n.
TEST(Statistics, TheIntervalOfAMeanIsTheNormalOneForManyCases) {
  std::vector<double> values(400);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 20);
  const double deviation = std::sqrt((20.0 * 20 - 1) / 12 / 400);
  const Interval got = mean_interval(values, {}, {.resamples = 4000});
  EXPECT_DOUBLE_EQ(got.value, 9.5);
  EXPECT_NEAR(got.upper - got.value, 1.96 * deviation, 0.08 * 1.96 * deviation);
  EXPECT_NEAR(got.value - got.lower, 1.96 * deviation, 0.08 * 1.96 * deviation);
}

TEST(Statistics, PairingRemovesWhatBothShare) {
  std::vector<double> a, b;
  for (int i = 0; i < 30; ++i) {
    a.push_back(100.0 * i);
    b.push_back(100.0 * i + 2);
  }
  const Interval change = paired_mean_change(a, b);
  EXPECT_DOUBLE_EQ(change.value, 2);
  EXPECT_NEAR(change.lower, 2, 1e-9);
  EXPECT_NEAR(change.upper, 2, 1e-9);
}

TEST(Statistics, EqualModelsDifferByNothingAndABetterOneIsSeen) {
  std::vector<LesionCounts> worse, better;
  for (int i = 0; i < 25; ++i) {
    worse.push_back({5.0 + i % 3, 5, 2});
    better.push_back({8.0 + i % 3, 2, 2});
  }
  const PairedFigures same = paired_figures(worse, worse);
  EXPECT_EQ(same.f1_change.lower, 0);
  EXPECT_EQ(same.f1_change.upper, 0);
  const PairedFigures gain = paired_figures(worse, better);
  EXPECT_GT(gain.sensitivity_change.lower, 0);
  EXPECT_DOUBLE_EQ(gain.sensitivity_change.value,
                   gain.sensitivity_b.value - gain.sensitivity_a.value);
}

TEST(Statistics, GroupsAreDrawnWholeAndSeedsRepeat) {
  // Four patients of ten equal eyes: the interval is that of four values, not of forty.
  std::vector<double> values;
  std::vector<std::string> patients;
  for (int patient = 0; patient < 4; ++patient)
    for (int eye = 0; eye < 10; ++eye) {
      values.push_back(patient);
      patients.push_back("p" + std::to_string(patient));
    }
  const Interval alone = mean_interval(values), grouped = mean_interval(values, patients);
  EXPECT_EQ(grouped.groups, 4);
  EXPECT_GT(grouped.upper - grouped.lower, 2 * (alone.upper - alone.lower));
  EXPECT_EQ(mean_interval(values, patients).lower, grouped.lower);
}

TEST(Statistics, OneGroupHasNoIntervalAndUnequalListsAreRefused) {
  const Interval one = mean_interval({1, 2, 3}, {"p", "p", "p"});
  EXPECT_DOUBLE_EQ(one.value, 2);
  EXPECT_TRUE(std::isnan(one.lower));
  message_of(ErrorCode::Usage, [] { paired_mean_change({1, 2}, {1}); });
}

}
}
