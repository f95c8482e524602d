#include "pipelines/lung_ultrasound/agreement.h"
#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/figures.h"
#include "pipelines/lung_ultrasound/score.h"
#include "pipelines/lung_ultrasound/variation.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

// Three frames lean to class 3, one is sure of class 0.
const std::vector<Probabilities> frames = {{0.30, 0.10, 0.05, 0.55},
                                           {0.35, 0.05, 0.05, 0.55},
                                           {0.95, 0.01, 0.01, 0.03},
                                           {0.40, 0.05, 0.05, 0.50}};

TEST(Classes, RulesByHand) {
  const ClassVerdicts v = class_verdicts(frames, "mean", 0.25);
  EXPECT_EQ(v.by_rule[0], 3) << "three of four";
  EXPECT_EQ(v.by_rule[1], 0) << "mean 0.5 against 0.4075";
  EXPECT_EQ(v.by_rule[2], 0) << "the surest frame";
  EXPECT_EQ(v.by_rule[3], 0);
  EXPECT_FALSE(v.agree);
  EXPECT_NEAR((*v.used)[0], 0.5, 1e-12);
  EXPECT_NEAR((*v.used)[3], 0.4075, 1e-12);
  // The two surest of four: 0.95 and the first 0.55.
  EXPECT_NEAR((*pooled(frames, "top", 0.5))[0], (0.95 + 0.30) / 2, 1e-12);
  EXPECT_TRUE(class_verdicts({frames[0]}, "max", 0.25).agree);
}

TEST(Classes, TheClipNetworkIsOneMoreVerdict) {
  const Probabilities clip{0.1, 0.7, 0.1, 0.1};
  const ClassVerdicts one = class_verdicts({frames[0]}, "mean", 0.25, clip);
  EXPECT_EQ(one.by_attention, 1);
  EXPECT_FALSE(one.agree) << "the frame says class 3";
  EXPECT_EQ(best_class(one.used), 3);
  EXPECT_EQ(best_class(class_verdicts({frames[0]}, "attention", 0.25, clip).used), 1);
  EXPECT_FALSE(class_verdicts({frames[0]}, "attention", 0.25).used.has_value());
}

TEST(Score, AttentionWeighsFrames) {
  const std::vector<FrameScore> three = {{.frame = 0, .readable = true, .score = 0},
                                         {.frame = 1, .readable = true, .score = 2},
                                         {.frame = 2, .readable = false, .score = 0}};
  // 0.125 * 0 + 0.375 * 2 over 0.5 is 1.5, half up; the third frame is not readable.
  EXPECT_EQ(score_clip(three, {}, {0.125, 0.375, 0.5}).attention, 2);
  EXPECT_EQ(verdict(score_clip(three, {}, {0.375, 0.125, 0.5}), "attention"), 1) << "0.5, half up";
  EXPECT_FALSE(verdict(score_clip(three, {}), "attention").has_value());
  const std::vector<FrameScore> equal = {{.frame = 0, .readable = true, .score = 1},
                                         {.frame = 1, .readable = true, .score = 1}};
  EXPECT_TRUE(score_clip(equal, {}, {0.5, 0.5}).agree);
}

TEST(Clips, FramesAreChosenEvenly) {
  EXPECT_EQ(spread(3, 10), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(spread(8, 4), (std::vector<int>{1, 3, 5, 7}));
  EXPECT_TRUE(spread(0, 4).empty());
}

TEST(Variation, FourQuarterTurnsAreNone) {
  const Picture p = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(turned(p, 3), (Picture{3, 6, 9, 2, 5, 8, 1, 4, 7}));
  EXPECT_EQ(turned(turned(turned(turned(p, 3), 3), 3), 3), p);
}

TEST(Variation, SpoiledPicturesShowNothing) {
  constexpr int side = 24;
  Picture p(side * side);
  for (int i = 0; i < side * side; ++i)
    p[static_cast<std::size_t>(i)] = i / side == 8 ? 220 : 60; // a pleural line
  const auto step = [&](const Picture& q) {                    // of the line over its neighbours
    double sum = 0;
    for (int x = 0; x < side; ++x)
      sum +=
          q[static_cast<std::size_t>(8 * side + x)] -
          (q[static_cast<std::size_t>(5 * side + x)] + q[static_cast<std::size_t>(11 * side + x)]) /
              2.0;
    return sum / side;
  };
  EXPECT_DOUBLE_EQ(step(p), 160);
  for (int way = 0; way < ways_to_spoil; ++way)
    EXPECT_LT(std::abs(step(spoiled(p, side, way, Random(3)))), 40) << way;
}

TEST(Classes, SharesOfAMajorityAddUpAndTiesGoToTheMean) {
  const auto p = *pooled({{0.6, 0.4, 0, 0}, {0.1, 0.9, 0, 0}}, "majority", 1);
  EXPECT_EQ(best_class(p), 1);
  EXPECT_NEAR(p[0] + p[1] + p[2] + p[3], 1, 1e-12);
  EXPECT_NEAR(p[0], 0.5, 0.1);
}

TEST(Classes, NothingGivesNothing) {
  EXPECT_FALSE(pooled({}, "mean", 0.25).has_value());
  const ClassVerdicts none = class_verdicts({}, "top", 0.25);
  EXPECT_FALSE(none.used.has_value());
  EXPECT_FALSE(none.by_rule[0].has_value());
  EXPECT_THROW((void)pooled(frames, "median", 0.25), Error);
}

TEST(Labels, LicencesAreReadByTheirParts) {
  EXPECT_TRUE(forbids_training("CC BY-NC-ND 4.0"));
  EXPECT_FALSE(forbids_training("CC BY-NC 4.0"));
  EXPECT_FALSE(forbids_training(""));
  EXPECT_TRUE(asks_to_share_alike("CC BY-NC -SA 4.0"));
  EXPECT_FALSE(asks_to_share_alike("CC BY 2.0"));
  LabelledClip clip;
  clip.label = "Bacterial pneumonia";
  EXPECT_EQ(clip.class_index(), 1);
  clip.label = "cov_test=1";
  EXPECT_EQ(clip.class_index(), -1);
}

TEST(Figures, ConfusionAndBalancedAccuracyByHand) {
  // Class 0: 2 of 3 right, one unanswered; class 1: 1 of 2; class 2 is not there.
  const Confusion c = confusion_of({0, 0, 0, 1, 1}, {0, 0, -1, 1, 0}, 3);
  EXPECT_EQ(c[0], (std::vector<int>{2, 0, 0, 1}));
  EXPECT_EQ(c[1], (std::vector<int>{1, 1, 0, 0}));
  EXPECT_DOUBLE_EQ(recall(c, 0), 2.0 / 3);
  EXPECT_TRUE(std::isnan(recall(c, 2)));
  EXPECT_DOUBLE_EQ(balanced_accuracy(c), (2.0 / 3 + 0.5) / 2);
}

TEST(Figures, AgreementByHand) {
  // Truth 0, 1, 1, 2; ours 0, 1, 2, 3: two off by one, so the error is 0.5; always 1 gives 0.5 too.
  const auto out = agreement({{0, 0, "a"}, {1, 1, "a"}, {1, 2, "b"}, {2, 3, "b"}}, 100, 1);
  EXPECT_DOUBLE_EQ(out.at("mean_absolute_error").at("value"), 0.5);
  EXPECT_EQ(out.at("best_constant").at("grade"), 1);
  EXPECT_DOUBLE_EQ(out.at("best_constant").at("mean_absolute_error"), 0.5);
  EXPECT_DOUBLE_EQ(out.at("best_constant").at("within_one"), 1);
  EXPECT_DOUBLE_EQ(out.at("within_one"), 1);
  EXPECT_EQ(out.at("confusion")[1][2], 1);
  // Squares seen: 2. By chance: (0+1+4+9 + 2 * (1+0+1+4) + 4+1+0+1) / 4 = 8.
  EXPECT_DOUBLE_EQ(out.at("quadratic_weighted_kappa").at("value"), 1 - 2.0 / 8);
  EXPECT_TRUE(agreement({}, 100, 1).empty());
}

TEST(Figures, CalibrationByHand) {
  // Two answers at 0.95, one right; one at 0.55, right: 2/3 of 0.45 and 1/3 of 0.45.
  EXPECT_NEAR(calibration_error({0.95, 0.95, 0.55}, {1, 0, 1}), 0.45, 1e-12);
  EXPECT_EQ(reliability({1.0}, {1})[9].count, 1);
  EXPECT_TRUE(std::isnan(calibration_error({}, {})));
}

TEST(Figures, GroupsAreResampledWhole) {
  // Items of one group are always drawn together, so that their count is a multiple of three.
  const std::vector<std::string> group = {"a", "a", "a", "b", "b", "b"};
  bool whole = true;
  const auto [low, high] = bootstrap_interval(group, 200, 1, [&](const auto& drawn) {
    whole = whole && drawn.size() == 6;
    double of_a = 0;
    for (const std::size_t i : drawn) of_a += i < 3;
    whole = whole && std::fmod(of_a, 3) == 0;
    return of_a / 6;
  });
  EXPECT_TRUE(whole);
  EXPECT_DOUBLE_EQ(low, 0);
  EXPECT_DOUBLE_EQ(high, 1);
  EXPECT_TRUE(std::isnan(bootstrap_interval({"a"}, 10, 1, [](const auto&) { return 1.0; }).first));
}

}
}
