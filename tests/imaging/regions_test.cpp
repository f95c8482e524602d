#include "modules/imaging/regions.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sensorium {
namespace {

TEST(Regions, CornersDoNotJoin) {
  // 1 1 0
  // 0 0 1
  // 1 0 1
  int count = -1;
  const std::vector<int> label =
      label_regions(std::vector<std::uint8_t>{1, 255, 0, 0, 0, 7, 1, 0, 1}, 3, 3, count);
  EXPECT_EQ(count, 3);
  EXPECT_EQ(label[0], label[1]);
  EXPECT_EQ(label[5], label[8]);
  EXPECT_NE(label[1], label[5]);
  EXPECT_NE(label[6], label[8]);
  for (const int i : {2, 3, 4, 7}) EXPECT_EQ(label[static_cast<std::size_t>(i)], 0);
}

TEST(Regions, NeighboursShareANumberAndNumbersAreConnected) {
  constexpr int w = 61, h = 43;
  std::mt19937 random(5);
  std::vector<std::uint8_t> mask(w * h);
  for (std::uint8_t& m : mask) m = random() % 5 < 3;
  int count = 0;
  const std::vector<int> label = label_regions(mask, w, h, count);
  std::vector<int> size(static_cast<std::size_t>(count) + 1);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const auto i = static_cast<std::size_t>(y * w + x);
      ASSERT_EQ(label[i] != 0, mask[i] != 0);
      ++size[static_cast<std::size_t>(label[i])];
      if (x > 0 && mask[i] != 0 && mask[i - 1] != 0) {
        ASSERT_EQ(label[i], label[i - 1]);
      }
      if (y > 0 && mask[i] != 0 && mask[i - w] != 0) {
        ASSERT_EQ(label[i], label[i - w]);
      }
    }
  // Flooding from one pixel of each number reaches all of its pixels.
  std::vector<char> seen(mask.size());
  for (int k = 1; k <= count; ++k) {
    std::vector<int> open = {
        static_cast<int>(std::find(label.begin(), label.end(), k) - label.begin())};
    int reached = 0;
    while (!open.empty()) {
      const int i = open.back();
      open.pop_back();
      if (seen[static_cast<std::size_t>(i)] != 0 || label[static_cast<std::size_t>(i)] != k)
        continue;
      seen[static_cast<std::size_t>(i)] = 1;
      ++reached;
      if (i % w > 0) open.push_back(i - 1);
      if (i % w < w - 1) open.push_back(i + 1);
      if (i >= w) open.push_back(i - w);
      if (i < w * (h - 1)) open.push_back(i + w);
    }
    EXPECT_EQ(reached, size[static_cast<std::size_t>(k)]) << k;
  }
}

TEST(Regions, AMaskOfAnotherLengthIsRefused) {
  int count = 0;
  EXPECT_THROW((void)label_regions(std::vector<std::uint8_t>(5), 2, 2, count), Error);
  EXPECT_TRUE(label_regions(std::vector<std::uint8_t>{}, 0, 0, count).empty());
  EXPECT_EQ(count, 0);
}

}
}
