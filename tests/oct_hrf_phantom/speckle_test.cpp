// Fully developed speckle against theory, with stated tolerances and fixed keys.
#include "modules/core/random.h"
#include "pipelines/oct_hrf/phantom_speckle.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

struct Moments {
  double mean = 0, deviation = 0;
};

template<class Values> Moments moments(const Values& values) {
  double sum = 0, square = 0;
  for (const double v : values) sum += v, square += v * v;
  const auto n = static_cast<double>(values.size());
  return {sum / n, std::sqrt(square / n - (sum / n) * (sum / n))};
}

double part_above(const std::vector<float>& values, double limit) {
  double count = 0;
  for (const float v : values) count += v > limit;
  return count / static_cast<double>(values.size());
}

// Covariance of neighbours `dx` and `dy` apart over the variance.
double correlation(const std::vector<float>& v, int width, int height, int dx, int dy) {
  const Moments m = moments(v);
  double sum = 0, n = 0;
  for (int y = 0; y + dy < height; ++y)
    for (int x = 0; x + dx < width; ++x, ++n)
      sum += (v[y * width + x] - m.mean) * (v[(y + dy) * width + x + dx] - m.mean);
  return sum / n / (m.deviation * m.deviation);
}

}

// 360,000 independent samples: standard error of the mean 1/600 of the deviation.
TEST(Speckle, ContrastIsOneOverTheRootOfTheLooks) {
  for (const int looks : {1, 2, 6}) {
    const Moments m = moments(speckle(600, 600, {.looks = looks}, 7));
    EXPECT_NEAR(m.mean, 1, 0.01) << looks;
    EXPECT_NEAR(m.deviation / m.mean, 1 / std::sqrt(looks), 0.01) << looks;
  }
}

// Goodman 2007, chapter 3: one look is exponential, its amplitude follows the law of Rayleigh.
TEST(Speckle, OneLookIsExponential) {
  std::vector<float> intensity = speckle(600, 600, {.looks = 1}, 8);
  for (const double limit : {0.2, 1.0, 3.0})
    EXPECT_NEAR(part_above(intensity, limit), std::exp(-limit), 0.004) << limit;
  for (float& v : intensity) v = std::sqrt(v);
  const Moments amplitude = moments(intensity);
  EXPECT_NEAR(amplitude.deviation / amplitude.mean, std::sqrt(4 / std::numbers::pi - 1), 0.005);
}

// The mean of six independent exponentials: a gamma law of shape 6. P(I > 1) is that of at most
// five events of a Poisson law of mean 6.
TEST(Speckle, SixLooksFollowTheGammaLaw) {
  const std::vector<float> intensity = speckle(600, 600, {.looks = 6}, 9);
  double term = std::exp(-6.0), sum = 0;
  for (int k = 0; k < 6; ++k) sum += term, term *= 6.0 / (k + 1);
  EXPECT_NEAR(part_above(intensity, 1), sum, 0.004);
}

// Siegert: the intensity's covariance is the squared modulus of the field's, here
// exp(-d^2 / (2 sigma^2)) for a Gaussian point spread of that sigma. Some 10,000 speckles.
TEST(Speckle, GrainsHaveTheWidthOfThePointSpread) {
  constexpr int n = 600;
  const std::vector<float> v = speckle(n, n, {.looks = 2, .sigma_x_px = 2, .sigma_y_px = 1.2}, 10);
  const Moments m = moments(v);
  EXPECT_NEAR(m.mean, 1, 0.03);
  EXPECT_NEAR(m.deviation, 1 / std::sqrt(2), 0.03);
  for (const int d : {1, 2, 3}) {
    EXPECT_NEAR(correlation(v, n, n, d, 0), std::exp(-d * d / 8.0), 0.04) << d;
    EXPECT_NEAR(correlation(v, n, n, 0, d), std::exp(-d * d / 2.88), 0.04) << d;
  }
  EXPECT_NEAR(correlation(v, n, n, 30, 0), 0, 0.04);
}

TEST(Speckle, TheKeyDecidesAndNothingElse) {
  const SpeckleOptions o{.looks = 3, .sigma_x_px = 0.6, .sigma_y_px = 0.9};
  EXPECT_EQ(speckle(40, 30, o, 1), speckle(40, 30, o, 1));
  EXPECT_NE(speckle(40, 30, o, 1), speckle(40, 30, o, 2));
  EXPECT_THROW(speckle(40, 30, {.looks = 0}, 1), Error);
}

TEST(Display, HandValues) {
  const std::vector<float> i = {1.0f, 0.0f, 1.0f / 16, 81.0f / 256, 2.0f};
  EXPECT_EQ(to_grey(i, "fourth_root"), (std::vector<std::uint8_t>{255, 0, 128, 191, 255}));
  const std::vector<float> db = {1.0f, 0.1f, 0.01f, 1e-5f, 1e-6f}; // 0, -10, -20, -50, -60 dB
  EXPECT_EQ(to_grey(db, "log"), (std::vector<std::uint8_t>{255, 204, 153, 0, 0}));
}

TEST(Display, ThereAndBack) {
  for (const char* display : {"fourth_root", "log"})
    for (int g = 0; g <= 255; ++g) {
      const std::vector<float> one = {static_cast<float>(grey_to_intensity(g, display))};
      EXPECT_EQ(to_grey(one, display)[0], g) << display;
    }
}

TEST(RandomNumbers, MomentsOfTheLaws) {
  Random random(random_key({5}));
  std::vector<double> uniform, normal, poisson;
  for (int i = 0; i < 100000; ++i) {
    uniform.push_back(random.uniform(2, 4));
    normal.push_back(random.normal());
    poisson.push_back(random.poisson(6));
    ASSERT_GE(uniform.back(), 2);
    ASSERT_LT(uniform.back(), 4);
  }
  EXPECT_NEAR(moments(uniform).mean, 3, 0.01);
  EXPECT_NEAR(moments(uniform).deviation, 2 / std::sqrt(12), 0.01);
  EXPECT_NEAR(moments(normal).mean, 0, 0.02);
  EXPECT_NEAR(moments(normal).deviation, 1, 0.02);
  EXPECT_NEAR(moments(poisson).mean, 6, 0.05);
  EXPECT_NEAR(moments(poisson).deviation, std::sqrt(6), 0.05);
}
