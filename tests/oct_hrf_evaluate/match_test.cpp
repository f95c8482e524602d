// The matching rule, case by case. Spacings of the default scale: 11.3 um along, 3.87 um in depth.
#include "pipelines/oct_hrf/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace sensorium::oct_hrf;

namespace {

Section at(double x, double y, int scan = 0, int instance = 0) {
  return {.scan = scan, .x = x, .y = y, .instance = instance};
}

constexpr MatchOptions ten_um{.distance_um = 30, .spacing_x_um = 10, .spacing_y_um = 10};

}

TEST(Match, DistanceIsMeasuredInMicrometresOnEachAxis) {
  const auto paired = [](const Section& candidate) {
    return match({at(50, 50, 0, 1)}, {candidate}, {}).at(0) == 0;
  };
  EXPECT_TRUE(paired(at(52, 50)));  // 22.6 um
  EXPECT_FALSE(paired(at(53, 50))); // 33.9 um
  EXPECT_TRUE(paired(at(50, 57)));  // 27.1 um
  EXPECT_FALSE(paired(at(50, 58))); // 31.0 um
  EXPECT_TRUE(paired(at(52, 55)));  // 29.7 um
  EXPECT_FALSE(paired(at(52, 56))); // 32.4 um
}

TEST(Match, TheLimitItselfBelongsToThePair) {
  EXPECT_EQ(match({at(0, 0)}, {at(3, 0)}, ten_um), std::vector<int>{0});
}

TEST(Match, ASharedPixelPairsAtAnyDistance) {
  Section far = at(20, 20);
  EXPECT_EQ(match({at(0, 0, 0, 7)}, {far}, ten_um), std::vector<int>{-1});
  far.overlapped = {3, 7};
  EXPECT_EQ(match({at(0, 0, 0, 7)}, {far}, ten_um), std::vector<int>{0});
  far.overlapped = {3};
  EXPECT_EQ(match({at(0, 0, 0, 7)}, {far}, ten_um), std::vector<int>{-1});
}

TEST(Match, BscansAreApart) {
  Section other = at(5, 5, 1);
  other.overlapped = {7};
  EXPECT_EQ(match({at(5, 5, 0, 7)}, {other}, ten_um), std::vector<int>{-1});
}

TEST(Match, OneToOneAndNearestFirst) {
  // A lesion broken in two: the nearer piece, the other one stays over.
  EXPECT_EQ(match({at(0, 0)}, {at(2, 0), at(1, 0)}, ten_um), std::vector<int>{1});
  // Two lesions in one candidate: the nearer lesion, the other one is missed.
  EXPECT_EQ(match({at(0, 0), at(3, 0)}, {at(2, 0)}, ten_um), (std::vector<int>{-1, 0}));
  // The nearest pair goes first even where another choice would have made two pairs.
  EXPECT_EQ(match({at(0, 0), at(2, 0)}, {at(1.2, 0), at(4, 0)}, ten_um), (std::vector<int>{-1, 0}));
}

TEST(Match, NothingToMatch) {
  EXPECT_TRUE(match({}, {at(0, 0)}, ten_um).empty());
  EXPECT_EQ(match({at(0, 0), at(1, 1)}, {}, ten_um), (std::vector<int>{-1, -1}));
}

// Any scene: pairs keep the rule, no candidate is used twice, no further pair could be made, and
// the order of the candidates does not matter.
TEST(Match, InvariantsOfRandomScenes) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> place(0, 15);
  int pairs = 0;
  for (int round = 0; round < 50; ++round) {
    std::vector<Section> truths, candidates;
    for (int i = 0; i < 12; ++i) truths.push_back(at(place(random), place(random), i % 2, i + 1));
    for (int i = 0; i < 15; ++i) candidates.push_back(at(place(random), place(random), i % 2));
    const auto near = [&](std::size_t t, std::size_t c) {
      return truths[t].scan == candidates[c].scan &&
             10 * std::hypot(truths[t].x - candidates[c].x, truths[t].y - candidates[c].y) <= 30;
    };
    const std::vector<int> found = match(truths, candidates, ten_um);
    std::vector<int> uses(candidates.size());
    for (std::size_t t = 0; t < truths.size(); ++t) {
      if (found[t] < 0) continue;
      ++pairs;
      ++uses[found[t]];
      ASSERT_TRUE(near(t, found[t]));
    }
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      ASSERT_LE(uses[c], 1);
      for (std::size_t t = 0; t < truths.size(); ++t)
        ASSERT_FALSE(uses[c] == 0 && found[t] < 0 && near(t, c));
    }
    std::vector<Section> turned(candidates.rbegin(), candidates.rend());
    const std::vector<int> again = match(truths, turned, ten_um);
    for (std::size_t t = 0; t < truths.size(); ++t)
      ASSERT_EQ(again[t] < 0 ? -1 : 14 - again[t], found[t]);
  }
  EXPECT_GT(pairs, 100);
}
