#include "modules/review/footprint.h"

#include <gtest/gtest.h>

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
