#include "modules/core/error.h"
#include "modules/imaging/class_regions.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sensorium {
namespace {

using Map = std::vector<std::uint8_t>;

ClassRegions regions_of(const Map& map, int width, std::size_t most = 1000,
                        const std::vector<float>& scores = {}, std::size_t runs = 1000000) {
  ClassRegionFinder finder(width, runs);
  const auto w = static_cast<std::size_t>(width);
  for (std::size_t at = 0; at < map.size(); at += w)
    finder.add_line(std::span(map).subspan(at, w),
                    scores.empty() ? std::span<const float>() : std::span(scores).subspan(at, w));
  return finder.finish(most);
}

TEST(ClassRegions, TouchAtCornersAndAreOfOneClass) {
  // clang-format off
  const Map map{1, 0, 1, 2,
                0, 1, 2, 2,
                3, 3, 0, 1};
  // clang-format on
  std::vector<float> scores(12, 1.0f);
  scores[0] = 5.0f;
  const ClassRegions found = regions_of(map, 4, 1000, scores);
  EXPECT_EQ(found.sizes, (std::vector<std::int64_t>{3, 3, 2, 1}));
  ASSERT_EQ(found.largest.size(), 4u);
  EXPECT_EQ(found.largest[0].number, 1) << "equal sizes in raster order";
  EXPECT_EQ(found.largest[0].pixels, 3);
  EXPECT_NEAR(found.largest[0].mean_score, (5.0 + 1 + 1) / 3, 1e-12);
  ASSERT_EQ(found.largest[0].runs.size(), 3u);
  EXPECT_EQ(found.largest[0].runs[2].y, 1);
  EXPECT_EQ(found.largest[1].number, 2);
  EXPECT_EQ(found.largest[3].number, 1) << "the one below is apart";
  EXPECT_EQ(regions_of(map, 4, 2).largest.size(), 2u);
  EXPECT_EQ(regions_of(map, 4, 2).sizes.size(), 4u) << "what is not kept is counted";
}

// Flood fill, pixel by pixel.
std::vector<int> flooded(const Map& map, int width, int height) {
  std::vector<int> out(map.size());
  int count = 0;
  for (std::size_t start = 0; start < map.size(); ++start) {
    if (map[start] == 0 || out[start] != 0) continue;
    ++count;
    std::vector<std::size_t> todo{start};
    out[start] = count;
    while (!todo.empty()) {
      const auto at = static_cast<int>(todo.back());
      todo.pop_back();
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int y = at / width + dy, x = at % width + dx;
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const auto i = static_cast<std::size_t>(y * width + x);
          if (out[i] != 0 || map[i] != map[start]) continue;
          out[i] = count;
          todo.push_back(i);
        }
    }
  }
  return out;
}

TEST(ClassRegions, AreThoseOfAFloodFillOnRandomMaps) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 23),
              height = 1 + static_cast<int>(random() % 19);
    Map map(static_cast<std::size_t>(width * height));
    for (auto& v : map) v = static_cast<std::uint8_t>(random() % (2 + round % 3));
    const std::vector<int> judge = flooded(map, width, height);
    const ClassRegions found = regions_of(map, width);
    std::map<int, std::int64_t> sizes;
    for (const int n : judge)
      if (n != 0) ++sizes[n];
    ASSERT_EQ(found.sizes.size(), sizes.size());
    for (const ClassRegion& region : found.largest) {
      const auto& first = region.runs.front();
      const int number = judge[static_cast<std::size_t>(first.y * width + first.x)];
      EXPECT_EQ(region.pixels, sizes.at(number));
      for (const auto& run : region.runs)
        for (int k = 0; k < run.length; ++k)
          ASSERT_EQ(judge[static_cast<std::size_t>(run.y * width + run.x + k)], number);
    }
  }
}

TEST(ClassRegions, AMapOfNoiseIsGivenUpAndALineOfAnotherLengthRefused) {
  Map map(10000);
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<std::uint8_t>(1 + i % 2);
  const ClassRegions found = regions_of(map, 100, 1000, {}, 500);
  EXPECT_TRUE(found.too_many);
  EXPECT_TRUE(found.largest.empty());
  EXPECT_TRUE(found.sizes.empty());
  ClassRegionFinder finder(4);
  EXPECT_THROW(finder.add_line(Map(3)), Error);
  EXPECT_TRUE(regions_of(Map(12), 4).sizes.empty()) << "nothing is classified";
}

}
}
