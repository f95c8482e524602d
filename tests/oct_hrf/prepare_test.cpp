// What happens to a B-scan before anything is looked for in it.
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "pipelines/oct_hrf/top_hat.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

std::vector<float> speckle(int n, double mean, double deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<float> out(n);
  for (float& v : out) v = static_cast<float>(normal(random));
  return out;
}

double deviation(const std::vector<float>& v) {
  double sum = 0, square = 0;
  for (float x : v) sum += x, square += double(x) * x;
  const double n = static_cast<double>(v.size());
  return std::sqrt(square / n - sum / n * (sum / n));
}

}

TEST(Normalise, PercentilesOfARamp) {
  std::vector<float> ramp(1001);
  for (int i = 0; i < 1001; ++i) ramp[i] = 1.0f + static_cast<float>(i); // 1 .. 1001
  const GreyRange r = grey_range(ramp);
  EXPECT_NEAR(r.low, 1 + 10, 0.3);   // 1 % of 1000 steps
  EXPECT_NEAR(r.high, 1 + 997, 0.3); // 99.7 %
  const auto n = normalise_bscan(ramp);
  EXPECT_EQ(n.front(), 0);
  EXPECT_EQ(n.back(), 1);
  EXPECT_NEAR(n[500], (501 - r.low) / (r.high - r.low), 1e-6);
}

TEST(Normalise, GainAndOffsetDoNotMatter) {
  const auto a = speckle(5000, 100, 20, 3);
  std::vector<float> b = a;
  for (float& v : b) v = 0.001f * v + 7;
  const auto na = normalise_bscan(a), nb = normalise_bscan(b);
  for (std::size_t i = 0; i < na.size(); ++i) ASSERT_NEAR(na[i], nb[i], 2e-3);
}

TEST(Normalise, WhatIsNotASampleIsLeftAside) {
  auto v = speckle(2000, 100, 10, 4);
  const auto before = normalise_bscan(v);
  for (float bad : {0.0f, 3.4e38f, std::numeric_limits<float>::quiet_NaN(),
                    std::numeric_limits<float>::infinity()})
    v.insert(v.end(), 500, bad);
  const auto after = normalise_bscan(v);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(before[i], after[i]);
  for (int i = 2000; i < 4000; ++i) ASSERT_EQ(after[i], 0);
}

TEST(Normalise, ConstantAndEmptyPicturesBecomeZero) {
  for (float v : normalise_bscan(std::vector<float>(50, 3.0f))) EXPECT_EQ(v, 0);
  for (float v : normalise_bscan(std::vector<float>(50, 0.0f))) EXPECT_EQ(v, 0);
  EXPECT_TRUE(normalise_bscan({}).empty());
}

TEST(Normalise, EachBscanByItself) {
  auto a = speckle(600, 10, 2, 1), b = speckle(600, 1000, 50, 2);
  std::vector<float> both = a;
  both.insert(both.end(), b.begin(), b.end());
  const auto out = normalise_volume(both, 600, 2);
  const auto na = normalise_bscan(a), nb = normalise_bscan(b);
  EXPECT_TRUE(std::equal(na.begin(), na.end(), out.begin()));
  EXPECT_TRUE(std::equal(nb.begin(), nb.end(), out.begin() + 600));
  EXPECT_THROW(normalise_volume(both, 601), Error);
}

TEST(Enhance, StrengthZeroAndNoNoiseChangeNothing) {
  const auto picture = speckle(64 * 48, 0.5, 0.1, 5);
  EXPECT_EQ(enhance_bscan(picture, 64, 48, {.strength = 0}), picture);
  const auto out = enhance_bscan(std::vector<float>(64 * 48, 0.25f), 64, 48);
  for (float v : out) ASSERT_NEAR(v, 0.25, 1e-6);
}

TEST(Enhance, BlocksAddUpToThePicture) {
  // So weak a shrinkage that only the windows' sum and the transforms' scale can show.
  for (auto [w, h] : {std::pair{64, 48}, {37, 53}, {16, 9}}) {
    const auto picture = speckle(w * h, 0.5, 0.2, 6);
    const auto out = enhance_bscan(picture, w, h, {.block = 8, .strength = 1e-6});
    ASSERT_EQ(out.size(), picture.size());
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], picture[i], 2e-4) << w << h;
  }
}

TEST(Enhance, NoiseGoesAndABrightFocusStays) {
  const int w = 128, h = 96;
  auto picture = speckle(w * h, 0.3, 0.05, 7);
  for (int y = 50; y < 54; ++y)
    for (int x = 60; x < 64; ++x) picture[y * w + x] += 0.5f;
  const auto out = enhance_bscan(picture, w, h);
  std::vector<float> before, after;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < w; ++x) {
      before.push_back(picture[y * w + x]);
      after.push_back(out[y * w + x]);
    }
  EXPECT_LT(deviation(after), 0.4 * deviation(before));
  double focus = 0;
  for (int y = 50; y < 54; ++y)
    for (int x = 60; x < 64; ++x) focus += out[y * w + x] / 16;
  EXPECT_GT(focus, 0.3 + 0.8 * 0.5);
}

TEST(Enhance, ThreadsDoNotChangeABit) {
  const auto volume = speckle(5 * 40 * 32, 0.4, 0.1, 8);
  EXPECT_EQ(enhance_volume(volume, 40, 32, {}, 1), enhance_volume(volume, 40, 32, {}, 3));
}

TEST(Enhance, TinyPicturesComeBackAndWrongSizesAreRefused) {
  const std::vector<float> tiny(5 * 5, 1.0f);
  EXPECT_EQ(enhance_bscan(tiny, 5, 5), tiny);
  EXPECT_THROW(enhance_bscan(tiny, 5, 6), Error);
  EXPECT_THROW(enhance_bscan(tiny, 5, 5, {.block = 7}), Error);
}

TEST(TopHat, AnswersToSpotsOnly) {
  const int w = 60, h = 60;
  std::vector<float> picture(w * h, 0.2f);
  for (int x = 0; x < w; ++x)
    for (int y = 40; y < 44; ++y) picture[y * w + x] = 0.9f; // a layer
  for (int y = 0; y < h; ++y)
    for (int x = 50; x < 53; ++x) picture[y * w + x] = std::max(picture[y * w + x], 0.6f); // column
  for (int y = 20; y < 23; ++y)
    for (int x = 20; x < 23; ++x) picture[y * w + x] = 0.8f; // spot
  const auto map = top_hat_map(picture, w, h, 9, 9, 0.6f);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const bool spot = x >= 20 && x < 23 && y >= 20 && y < 23;
      ASSERT_NEAR(map[y * w + x], spot ? 1.0 : 0.0, 1e-6) << x << " " << y;
    }
}

TEST(TopHat, PixelsForALength) {
  EXPECT_EQ(odd_pixels(60, 4, 13), 15);
  EXPECT_EQ(odd_pixels(60, 0, 13), 13);
  EXPECT_EQ(odd_pixels(60, 100, 13), 5);
  EXPECT_EQ(odd_pixels(60, 0.5, 13), 41);
}
