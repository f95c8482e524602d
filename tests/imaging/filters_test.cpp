#include "modules/imaging/filters.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace sensorium;

TEST(Filters, GaussianOfAPoint) {
  std::vector<float> picture(31 * 31, 0.0f);
  picture[15 * 31 + 15] = 1;
  const auto out = gaussian_blur(picture, 31, 31, 2, 0);
  // Along x only: exp(-k^2 / 8) over its sum; nothing reaches another row.
  double sum = 0;
  for (int k = -8; k <= 8; ++k) sum += std::exp(-k * k / 8.0);
  for (int k = 0; k < 8; ++k)
    EXPECT_NEAR(out[15 * 31 + 15 + k], std::exp(-k * k / 8.0) / sum, 1e-6);
  EXPECT_EQ(out[14 * 31 + 15], 0);
}

TEST(Filters, BlurKeepsAConstant) {
  for (float v : gaussian_blur(std::vector<float>(200, 0.25f), 20, 10, 3, 1))
    EXPECT_NEAR(v, 0.25, 1e-6);
}

TEST(Filters, TopHatKeepsNarrowAndDropsWide) {
  // A row of 20: a bright run of 3 and one of 9 on 0.2; a line of 5 pixels keeps the first.
  std::vector<float> row(20, 0.2f);
  for (int x = 2; x < 5; ++x) row[x] = 0.9f;
  for (int x = 8; x < 17; ++x) row[x] = 0.9f;
  const auto out = white_top_hat(row, 20, 1, 5, 1);
  for (int x = 0; x < 20; ++x) EXPECT_NEAR(out[x], x >= 2 && x < 5 ? 0.7 : 0, 1e-6) << x;
}

TEST(Filters, MedianDropsAPoint) {
  std::vector<float> picture(49, 1.0f);
  picture[24] = 9;
  for (float v : median_filter(picture, 7, 7, 3)) EXPECT_EQ(v, 1);
}

TEST(Filters, WrongLengthIsRefused) {
  EXPECT_THROW(gaussian_blur(std::vector<float>(5), 2, 2, 1, 1), Error);
}
