// Regions of a class map: by hand, and beside filling from each pixel.
#include "hyperspectral/class_regions.h"
#include "modules/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace sensorium::hyper {
namespace {

struct Map {
  Map(int lines, int samples) : raster(lines, samples, 2) {}
  void set(int y, int x, float number, float score = 0) {
    const auto row = raster.rows(y, 1);
    row[2 * static_cast<std::size_t>(x)] = number;
    row[2 * static_cast<std::size_t>(x) + 1] = score;
  }
  int at(int y, int x) const {
    const float v = raster.rows(y, 1)[2 * static_cast<std::size_t>(x)];
    return v > 0 ? static_cast<int>(v) : 0;
  }
  Raster raster;
};

TEST(ClassRegions, ByHand) {
  // 1 1 2 2
  // 1 2 1 2   the 2 below the left 2 touches it at a corner alone
  // . . 1 n   n: no measurement
  const std::vector<std::vector<float>> rows{{1, 1, 2, 2}, {1, 2, 1, 2}, {0, 0, 1, std::nanf("")}};
  Map map(3, 4);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x)
      map.set(y, x, rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)],
              static_cast<float>(10 * y + x));
  const ClassRegions all = class_regions(map.raster, 1, 100, Context{});
  ASSERT_EQ(all.regions.size(), 4u);
  EXPECT_EQ(all.found, 4);
  EXPECT_EQ(all.covered, 9);
  const auto is = [&](std::size_t i, int number, std::int64_t pixels, double score) {
    EXPECT_EQ(all.regions[i].number, number) << i;
    EXPECT_EQ(all.regions[i].pixels, pixels) << i;
    EXPECT_NEAR(all.regions[i].mean_score, score, 1e-9) << i;
  };
  is(0, 1, 3, (0 + 1 + 10) / 3.0);
  is(1, 2, 3, (2 + 3 + 13) / 3.0);
  is(2, 2, 1, 11);
  is(3, 1, 2, (12 + 22) / 2.0);
  const ClassRegions two = class_regions(map.raster, 2, 2, Context{});
  ASSERT_EQ(two.regions.size(), 2u);
  EXPECT_EQ(two.regions[0].runs.front().x, 0);
  EXPECT_EQ(two.regions[1].runs.front().x, 2);
  EXPECT_EQ(two.found, 4);
  EXPECT_EQ(class_regions(map.raster, 4, 100, Context{}).regions.size(), 0u);
}

TEST(ClassRegions, AreThoseThatFillingFinds) {
  constexpr int lines = 41, samples = 37;
  Random random(7);
  Map map(lines, samples);
  for (int y = 0; y < lines; ++y)
    for (int x = 0; x < samples; ++x) map.set(y, x, static_cast<float>(random.below(3)));
  std::map<std::pair<int, int>, std::set<std::pair<int, int>>> filled; // by first pixel
  std::set<std::pair<int, int>> seen;
  for (int y = 0; y < lines; ++y)
    for (int x = 0; x < samples; ++x) {
      if (map.at(y, x) == 0 || seen.contains({y, x})) continue;
      std::vector<std::pair<int, int>> open{{y, x}};
      auto& region = filled[{y, x}];
      while (!open.empty()) {
        const auto [v, u] = open.back();
        open.pop_back();
        if (v < 0 || u < 0 || v >= lines || u >= samples || map.at(v, u) != map.at(y, x)) continue;
        if (!seen.insert({v, u}).second) continue;
        region.insert({v, u});
        for (const auto& [dy, dx] :
             {std::pair(1, 0), std::pair(-1, 0), std::pair(0, 1), std::pair(0, -1)})
          open.emplace_back(v + dy, u + dx);
      }
    }
  const ClassRegions found = class_regions(map.raster, 1, 100000, Context{});
  ASSERT_EQ(found.regions.size(), filled.size());
  EXPECT_TRUE(found.complete);
  auto expected = filled.begin();
  for (const ClassRegion& region : found.regions) {
    std::set<std::pair<int, int>> pixels;
    for (const Run& run : region.runs)
      for (int x = run.x; x < run.x + run.length; ++x) pixels.emplace(run.y, x);
    EXPECT_EQ(pixels, expected->second);
    ++expected;
  }
}

}
}
