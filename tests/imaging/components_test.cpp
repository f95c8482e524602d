#include "modules/imaging/components.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

using namespace sensorium;

namespace {

std::vector<std::uint8_t> random_map(int w, int h, int d, double filled, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> map(static_cast<std::size_t>(w) * h * d);
  for (auto& v : map)
    v = random() % 1000 < filled * 1000 ? static_cast<std::uint8_t>(random() % 256) : 0;
  return map;
}

// Voxel by voxel, the number of its component from 1, numbered in raster order of first voxels.
std::vector<std::int32_t> labels(const std::vector<Component>& components, int w, int h, int d) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(w) * h * d, 0);
  std::int32_t number = 0;
  for (const Component& c : components) {
    ++number;
    for (const auto& r : c.runs)
      for (int k = 0; k < r.length; ++k)
        out[(static_cast<std::size_t>(r.z) * h + r.y) * w + r.x + k] = number;
  }
  return out;
}

}

TEST(Components, CountedByHand) {
  // Two slices of 5 x 3. 9 touches 8 diagonally across the slices only.
  const std::vector<std::uint8_t> map{0, 5, 0, 0, 7, //
                                      0, 0, 6, 0, 0, //
                                      0, 0, 0, 0, 8, //
                                      0, 0, 0, 0, 0, //
                                      0, 0, 0, 9, 0, //
                                      3, 0, 0, 0, 0};
  const ComponentIndex index(map, 5, 3, 2, 3);
  EXPECT_EQ(index.stored_voxels(), 6u);

  // 6 at (2, 1, 0) also meets 9 at (3, 1, 1); 7 at (4, 0, 0) too: one object of five; the pair of 3
  // is alone.
  const auto solid = index.query(3, Connectivity::Volume26);
  ASSERT_EQ(solid.size(), 2u);
  EXPECT_EQ(solid[0].voxels, 5);
  EXPECT_EQ(solid[0].sum, 5 + 7 + 6 + 8 + 9);
  EXPECT_EQ(solid[0].peak, 9);
  EXPECT_EQ(solid[0].peak_at, (std::array<int, 3>{3, 1, 1}));
  EXPECT_EQ(solid[0].box, (std::array<int, 6>{1, 0, 0, 4, 2, 1}));
  EXPECT_DOUBLE_EQ(solid[0].centroid[0], (1 + 4 + 2 + 4 + 3) / 5.0);
  EXPECT_DOUBLE_EQ(solid[0].centroid[1], (0 + 0 + 1 + 2 + 1) / 5.0);
  EXPECT_DOUBLE_EQ(solid[0].centroid[2], 1 / 5.0);
  EXPECT_EQ(solid[1].voxels, 1);
  EXPECT_EQ(solid[1].runs.size(), 1u);

  const auto planar = index.query(3, Connectivity::Planar8);
  ASSERT_EQ(planar.size(), 5u); // {5, 6}, {7}, {8}, {9}, {3}
  EXPECT_EQ(planar[0].voxels, 2);

  const auto high = index.query(7, Connectivity::Volume26);
  ASSERT_EQ(high.size(), 1u); // 7, 9 and 8: 9 joins the other two
  EXPECT_EQ(high[0].voxels, 3);
  EXPECT_TRUE(index.query(10, Connectivity::Volume26).empty());
}

TEST(Components, RowsOfDifferentSlicesAreApart) {
  // The last row of slice 0 and the first of slice 1 are neighbours in memory, not in space.
  std::vector<std::uint8_t> map(4 * 3 * 2, 0);
  map[2 * 4 + 1] = 200; // (1, 2, 0)
  map[3 * 4 + 1] = 200; // (1, 0, 1)
  const ComponentIndex index(map, 4, 3, 2, 1);
  EXPECT_EQ(index.query(100, Connectivity::Volume26).size(), 2u);
  EXPECT_EQ(index.query(100, Connectivity::Planar8).size(), 2u);
}

TEST(Components, RowEndsAreApart) {
  std::vector<std::uint8_t> map(4 * 2, 0);
  map[3] = map[4] = 50; // (3, 0) and (0, 1)
  EXPECT_EQ(ComponentIndex(map, 4, 2, 1, 1).query(1, Connectivity::Volume26).size(), 2u);
}

TEST(Components, APeaksVoxelStaysWhileTheThresholdMoves) {
  const auto map = random_map(40, 30, 6, 0.3, 4);
  const ComponentIndex index(map, 40, 30, 6, 13);
  const auto low = index.query(120, Connectivity::Volume26);
  for (const Component& high : index.query(200, Connectivity::Volume26)) {
    int holders = 0;
    for (const Component& c : low)
      for (const auto& r : c.runs)
        holders += r.z == high.peak_at[2] && r.y == high.peak_at[1] && r.x <= high.peak_at[0] &&
                   high.peak_at[0] < r.x + r.length;
    EXPECT_EQ(holders, 1);
  }
}

TEST(Components, NothingIsLost) {
  const auto map = random_map(31, 17, 5, 0.2, 9);
  const ComponentIndex index(map, 31, 17, 5, 13);
  for (int level : {1, 13, 14, 100, 255}) {
    std::int64_t expected = 0, got = 0;
    double sum = 0, got_sum = 0;
    for (auto v : map)
      if (v >= std::max(level, 13)) {
        ++expected;
        sum += v;
      }
    for (const Component& c :
         index.query(static_cast<std::uint8_t>(level), Connectivity::Volume26)) {
      got += c.voxels;
      got_sum += c.sum;
    }
    EXPECT_EQ(got, expected);
    EXPECT_EQ(got_sum, sum);
  }
}

TEST(Components, WrongLengthIsRefused) {
  EXPECT_THROW(ComponentIndex(std::vector<std::uint8_t>(7), 2, 2, 2, 1), Error);
  EXPECT_THROW(ComponentIndex(std::vector<std::uint8_t>(), 0, 2, 2, 1), Error);
}

TEST(Components, ScipyAgrees) {
  const std::string python = std::string(SENSORIUM_JUDGES) + "/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "skipped: no judges' environment";
  const auto folder = std::filesystem::path(SENSORIUM_BINARY_DIR) / "test_imaging";
  std::filesystem::create_directories(folder);
  const std::string in = folder / "map.u8", out = folder / "labels.i32";
  const int w = 61, h = 47, d = 9;
  const std::size_t n = static_cast<std::size_t>(w) * h * d;
  for (double filled : {0.05, 0.2, 0.5}) {
    const auto map = random_map(w, h, d, filled, 21);
    std::ofstream(in, std::ios::binary)
        .write(reinterpret_cast<const char*>(map.data()), static_cast<std::streamsize>(n));
    const std::string command = "'" + python +
                                "' '" SENSORIUM_SOURCE_DIR "/tests/imaging/label_judge.py' '" + in +
                                "' '" + out + "' 9 47 61 100";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    std::vector<std::int32_t> theirs(2 * n);
    std::ifstream(out, std::ios::binary)
        .read(reinterpret_cast<char*>(theirs.data()),
              static_cast<std::streamsize>(theirs.size() * sizeof(std::int32_t)));
    const ComponentIndex index(map, w, h, d, 13);
    const auto solid = labels(index.query(100, Connectivity::Volume26), w, h, d);
    const auto planar = labels(index.query(100, Connectivity::Planar8), w, h, d);
    EXPECT_TRUE(std::equal(solid.begin(), solid.end(), theirs.begin())) << filled;
    EXPECT_TRUE(std::equal(planar.begin(), planar.end(), theirs.begin() + n)) << filled;
  }
}
