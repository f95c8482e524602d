#include "modules/review/agreement.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace sensorium;

namespace {

Finding lesion(const std::string& id, std::vector<Run> runs, const std::string& label = "focus") {
  Finding f;
  f.id = id;
  f.label = label;
  f.footprint = std::move(runs);
  place(f);
  return f;
}

const std::array<Spacing, 3> micrometres{known_spacing(10, ScaleSource::HeaderTag, "x"),
                                         known_spacing(10, ScaleSource::HeaderTag, "y"),
                                         known_spacing(100, ScaleSource::HeaderTag, "z")};
const std::array<Spacing, 3> unknown{};

}

TEST(Agreement, CountsPairsAndDiceByHand) {
  const std::vector<Finding> a{lesion("a1", {{0, 0, 0, 4}}), lesion("a2", {{0, 50, 0, 4}})};
  const std::vector<Finding> b{lesion("b1", {{0, 0, 2, 4}}, "exudate"),
                               lesion("b2", {{5, 0, 0, 2}})};
  const Agreement found = agreement(a, b, micrometres);
  EXPECT_EQ(found.pairs, (std::vector<std::array<int, 2>>{{0, 0}}));
  EXPECT_EQ(found.only_a, std::vector<int>{1});
  EXPECT_EQ(found.only_b, std::vector<int>{1});
  EXPECT_EQ(found.same_label, 0);
  EXPECT_DOUBLE_EQ(found.f1, 0.5);
  EXPECT_DOUBLE_EQ(found.dice, 2.0 * 2 / (8 + 6));
}

TEST(Agreement, PairsOneToOneByLargestOverlap) {
  const std::vector<Finding> a{lesion("a1", {{0, 0, 0, 10}})};
  const std::vector<Finding> b{lesion("b1", {{0, 0, 0, 3}}), lesion("b2", {{0, 0, 3, 7}})};
  EXPECT_EQ(agreement(a, b, micrometres).pairs, (std::vector<std::array<int, 2>>{{0, 1}}));
}

TEST(Agreement, DistanceIsInMicrometresWhereKnown) {
  const std::vector<Finding> a{lesion("a", {{0, 0, 0, 1}})},
      same_slice{lesion("b", {{0, 0, 3, 1}})}, next_slice{lesion("b", {{1, 0, 0, 1}})};
  EXPECT_EQ(agreement(a, same_slice, micrometres).matched, 1); // 30 um
  EXPECT_EQ(agreement(a, next_slice, micrometres).matched, 0); // 100 um
  EXPECT_EQ(agreement(a, next_slice, unknown).matched, 1);     // 1 px
  EXPECT_NE(agreement(a, next_slice, unknown).rule.find("scale unknown"), std::string::npos);
}

TEST(Agreement, IsSymmetricAndPerfectWithItself) {
  const std::vector<Finding> a{lesion("1", {{0, 0, 0, 4}}), lesion("2", {{3, 3, 3, 3}})},
      b{lesion("3", {{0, 1, 0, 4}}), lesion("4", {{3, 3, 4, 3}}), lesion("5", {{9, 9, 9, 1}})};
  EXPECT_DOUBLE_EQ(agreement(a, a, unknown).f1, 1);
  EXPECT_DOUBLE_EQ(agreement(a, a, unknown).dice, 1);
  EXPECT_DOUBLE_EQ(agreement(a, b, unknown).dice, agreement(b, a, unknown).dice);
  EXPECT_DOUBLE_EQ(agreement(a, b, unknown).f1, agreement(b, a, unknown).f1);
  EXPECT_DOUBLE_EQ(agreement({}, {}, unknown).f1, 1);
  EXPECT_DOUBLE_EQ(agreement(a, {}, unknown).dice, 0);
}

TEST(BlandAltman, ByHand) {
  const BlandAltman r = bland_altman({10, 12, 14}, {9, 12, 11}); // differences 1, 0, 3
  EXPECT_DOUBLE_EQ(r.bias, 4.0 / 3);
  EXPECT_NEAR(r.deviation, std::sqrt(7.0 / 3), 1e-12);
  EXPECT_NEAR(r.upper - r.lower, 2 * 1.96 * std::sqrt(7.0 / 3), 1e-12);
  EXPECT_TRUE(std::isnan(bland_altman({1}, {2}).deviation));
}

TEST(Agreement, CountsPerSliceIgnoreWhatLiesOutside) {
  EXPECT_EQ(counts_per_slice({lesion("1", {{0, 0, 0, 4}}), lesion("2", {{2, 0, 0, 4}}),
                              lesion("3", {{2, 9, 0, 4}}), lesion("4", {{7, 0, 0, 1}})},
                             3),
            (std::vector<double>{1, 0, 2}));
}
