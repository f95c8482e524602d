#include "pipelines/lung_ultrasound/figures.h"
#include "pipelines/lung_ultrasound/score.h"
#include "tests/lung_ultrasound/drawn.h"

#include <gtest/gtest.h>

namespace sensorium::lung_ultrasound {
namespace {
using namespace test;

TEST(Signs, ThePleuralLineIsFollowedWhereItBends) {
  const auto bent = [](double line) { return 0.2 + 0.08 * line; };
  const Signs s = signs_of(drawn_lines(
      [&](double line, double depth) { return aerated(line, depth - bent(line) + 0.2); }));
  ASSERT_TRUE(s.pleura_found);
  for (int a = 0; a < 96; ++a)
    EXPECT_NEAR(s.pleura[static_cast<std::size_t>(a)] / 192.0, bent((a + 0.5) / 96), 0.02) << a;
  EXPECT_NEAR(s.pleura_depth, bent(0.5), 0.02);
}

TEST(Signs, ARepeatAtTwiceTheDepthIsAnALine) {
  const Signs without = signs_of(drawn_lines(aerated)), with = signs_of(drawn_lines(with_a_line));
  EXPECT_LT(without.a_line, 2);
  EXPECT_GT(with.a_line, 2);
  // The same stripe at another depth is none.
  const Signs elsewhere = signs_of(drawn_lines([](double line, double depth) {
    return std::abs(depth - 0.62) < 0.012 ? 0.45 : aerated(line, depth);
  }));
  EXPECT_LT(elsewhere.a_line, 2);
}

TEST(Signs, RaysThatReachTheBottomAreCounted) {
  for (const int count : {0, 1, 3, 5}) {
    const Signs s = signs_of(drawn_lines(with_b_lines(count)));
    const Rays rays = rays_of(s, 0.35);
    ASSERT_EQ(rays.spans.size(), static_cast<std::size_t>(count)) << count;
    for (int k = 0; k < count; ++k)
      EXPECT_NEAR((rays.spans[static_cast<std::size_t>(k)][0] +
                   rays.spans[static_cast<std::size_t>(k)][1] + 1) /
                      2.0 / 96,
                  (k + 0.5) / count, 0.015);
    EXPECT_NEAR(rays.covered, 0.05 * count, 0.03);
  }
  // A bright stripe that fades half-way down is no B-line.
  const Signs comet = signs_of(drawn_lines([](double line, double depth) {
    return std::abs(line - 0.5) < 0.05 && depth > 0.2 && depth < 0.5 ? 0.7 : aerated(line, depth);
  }));
  EXPECT_TRUE(rays_of(comet, 0.35).spans.empty());
}

TEST(Signs, AnEmptyPictureHasNoPleura) {
  const Signs s = signs_of(drawn_lines([](double, double) { return 0.1; }));
  EXPECT_FALSE(s.pleura_found);
  EXPECT_EQ(s.a_line, 0);
  EXPECT_TRUE(rays_of(s, 0.35).spans.empty());
}

FrameScore scored(int score) {
  return {.readable = true, .b_lines = score, .covered = score * 0.25, .score = score};
}

TEST(Score, FramesByCountAndCoverage) {
  const ScoreOptions o;
  EXPECT_EQ(score_frame(signs_of(drawn_lines(aerated)), 4, o).score, 0);
  EXPECT_EQ(score_frame(signs_of(drawn_lines(aerated)), 4, o).frame, 4);
  EXPECT_EQ(score_frame(signs_of(drawn_lines(with_b_lines(2))), 0, o).score, 0);
  EXPECT_EQ(score_frame(signs_of(drawn_lines(with_b_lines(3))), 0, o).score, 1);
  const Signs white = signs_of(drawn_lines([](double line, double depth) {
    return depth > 0.22 && line > 0.3 ? 0.6 : aerated(line, depth);
  }));
  EXPECT_EQ(score_frame(white, 0, o).score, 2);
}

TEST(Score, RulesByHand) {
  // Scores 0 0 1 2: most frequent 0, mean 0.75 -> 1, worst 2, the worst quarter is one frame of 2.
  const ClipScore c = score_clip({scored(0), scored(0), scored(1), scored(2), {}}, {});
  EXPECT_EQ(c.frames, 5);
  EXPECT_EQ(c.readable, 4);
  EXPECT_EQ(c.majority, 0);
  EXPECT_EQ(c.mean, 1);
  EXPECT_EQ(c.max, 2);
  EXPECT_EQ(c.top, 2);
  EXPECT_FALSE(c.agree);
  EXPECT_EQ(verdict(c, "majority"), 0);
  EXPECT_EQ(verdict(c, "top"), 2);
  EXPECT_EQ(score_clip({scored(1), scored(2)}, {}).majority, 2); // of equals the worse
  EXPECT_TRUE(score_clip({scored(1), scored(1)}, {}).agree);
  EXPECT_FALSE(score_clip({{}, {}}, {}).majority.has_value());
}

TEST(Figures, ByHand) {
  EXPECT_DOUBLE_EQ(area_under_curve({0.1, 0.4, 0.35, 0.8}, {0, 0, 1, 1}), 0.75); // 3 of 4 pairs
  EXPECT_DOUBLE_EQ(area_under_curve({1, 1}, {0, 1}), 0.5);
  EXPECT_TRUE(std::isnan(area_under_curve({1, 2}, {1, 1})));
  // Squared differences 1; by chance (8 + 1 + 2 + 4) / 3 = 5.
  EXPECT_DOUBLE_EQ(weighted_kappa({0, 1, 2}, {0, 2, 2}, 3), 0.8);
  EXPECT_DOUBLE_EQ(weighted_kappa({0, 1, 2, 3}, {0, 1, 2, 3}, 4), 1);
  EXPECT_DOUBLE_EQ(weighted_kappa({0, 3}, {3, 0}, 4), -1);
}

}
}
