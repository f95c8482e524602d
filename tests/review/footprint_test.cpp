#include "modules/review/footprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numbers>
#include <random>

using namespace sensorium;

namespace {

using Flat = std::vector<std::array<int, 4>>;
Flat flat(const std::vector<Run>& runs) {
  Flat out;
  for (const Run& r : runs) out.push_back({r.z, r.y, r.x, r.length});
  return out;
}

std::vector<Run> random_runs(std::mt19937& random) {
  std::uniform_int_distribution<int> small(0, 3), x(0, 15), length(0, 7), count(0, 12);
  std::vector<Run> runs(static_cast<std::size_t>(count(random)));
  for (Run& r : runs) r = {small(random), small(random), x(random), length(random)};
  return runs;
}

std::vector<std::uint8_t> mask(const std::vector<Run>& runs) {
  std::vector<std::uint8_t> out(24 * 4 * 4);
  paint_runs(runs, 24, 4, 4, out);
  return out;
}

}

TEST(Footprint, NormalisedMergesTouchingRunsOfOneRow) {
  EXPECT_EQ(
      flat(normalised({{0, 1, 5, 2}, {0, 1, 3, 2}, {0, 2, 3, 1}, {0, 1, 0, 0}, {0, 1, 9, 1}})),
      (Flat{{0, 1, 3, 4}, {0, 1, 9, 1}, {0, 2, 3, 1}}));
}

TEST(Footprint, OverlongRunsAreDropped) {
  EXPECT_TRUE(normalised({{0, 0, std::numeric_limits<int>::max(), 5}, {0, 0, 0, -3}}).empty());
}

TEST(Footprint, SubtractCutsHoles) {
  EXPECT_EQ(flat(subtracted({{0, 0, 0, 10}}, {{0, 0, 2, 3}, {0, 0, 8, 9}, {1, 0, 0, 10}})),
            (Flat{{0, 0, 0, 2}, {0, 0, 5, 3}}));
}

TEST(Footprint, AgreesWithMasksOnRandomRuns) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto a = random_runs(random), b = random_runs(random);
    const auto ma = mask(a), mb = mask(b);
    const auto u = mask(united(a, b)), s = mask(subtracted(a, b));
    std::int64_t shared = 0;
    for (std::size_t i = 0; i < ma.size(); ++i) {
      ASSERT_EQ(u[i], ma[i] | mb[i]);
      ASSERT_EQ(s[i], ma[i] & ~mb[i] & 1);
      shared += ma[i] & mb[i];
    }
    ASSERT_EQ(overlap(normalised(a), normalised(b)), shared);
    ASSERT_EQ(voxel_count(normalised(a)), std::count(ma.begin(), ma.end(), 1));
  }
}

TEST(Footprint, PlaceGivesBoxAndCentroid) {
  Finding f;
  f.footprint = {{2, 5, 10, 4}, {3, 6, 12, 4}};
  place(f);
  EXPECT_EQ(f.box, (std::array<int, 6>{10, 5, 2, 15, 6, 3}));
  EXPECT_EQ(f.centroid, (std::array<double, 3>{12.5, 5.5, 2.5}));
}

TEST(Footprint, MeasuresInMicrometresOnlyWhereTheScaleIsKnown) {
  Finding f;
  f.footprint = {{0, 0, 0, 5}, {1, 0, 0, 3}};
  std::array<Spacing, 3> spacing{known_spacing(10, ScaleSource::HeaderTag, "ScaleX"),
                                 known_spacing(4, ScaleSource::HeaderTag, "ScaleZ"),
                                 unknown_spacing("a line scan")};
  remeasure(f, spacing);
  ASSERT_EQ(f.measures.size(), 3u);
  EXPECT_EQ(f.measures[0].unit, "um2");
  EXPECT_DOUBLE_EQ(f.measures[0].value, 5 * 40);
  EXPECT_NEAR(f.measures[1].value, 2 * std::sqrt(200 / std::numbers::pi), 1e-12);
  EXPECT_EQ(f.measures[2].unit, "px3");
  EXPECT_EQ(f.measures[2].value, 8);
  spacing[0] = unknown_spacing("no tag");
  remeasure(f, spacing);
  EXPECT_EQ(f.measures[0].unit, "px2");
  EXPECT_EQ(f.measures[0].value, 5);
}

TEST(Footprint, TheBorderEnclosesItsPixelsAndNothingElse) {
  EXPECT_TRUE(border({}, 0).empty());
  EXPECT_EQ(border({{1, 2, 3, 4}}, 1),
            (std::vector<std::vector<std::array<int, 2>>>{{{3, 2}, {7, 2}, {7, 3}, {3, 3}}}));
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    const std::vector<sensorium::Run> runs = normalised(random_runs(random));
    for (int z = 0; z < 4; ++z) {
      // Inside is on the right (y downwards): holes count negatively.
      std::int64_t twice = 0, pixels = 0;
      for (const auto& line : border(runs, z))
        for (std::size_t k = 0; k < line.size(); ++k) {
          const auto& a = line[k];
          const auto& b = line[(k + 1) % line.size()];
          ASSERT_TRUE((a[0] == b[0]) != (a[1] == b[1])) << "along pixel edges, no empty step";
          twice += std::int64_t{a[0]} * b[1] - std::int64_t{b[0]} * a[1];
        }
      for (const sensorium::Run& run : runs)
        if (run.z == z) pixels += run.length;
      ASSERT_EQ(twice, 2 * pixels) << round;
      if (round >= 100) continue;
      // To the left of a pixel's middle lies an odd number of vertical edges where it is inside.
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 24; ++x) {
          int crossed = 0;
          for (const auto& line : border(runs, z))
            for (std::size_t k = 0; k < line.size(); ++k) {
              const auto& a = line[k];
              const auto& b = line[(k + 1) % line.size()];
              crossed += a[0] == b[0] && a[0] <= x && std::min(a[1], b[1]) <= y &&
                         y < std::max(a[1], b[1]);
            }
          const bool inside = std::ranges::any_of(runs, [&](const sensorium::Run& r) {
            return r.z == z && r.y == y && r.x <= x && x < r.x + r.length;
          });
          ASSERT_EQ(crossed % 2 == 1, inside) << round << ": " << x << " " << y;
        }
    }
  }
}
