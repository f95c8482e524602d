// Grids, label maps, splits and scores: by hand.
#include "hyperspectral/band_grid.h"
#include "hyperspectral/scene_labels.h"
#include "hyperspectral/scene_refinement.h"
#include "modules/io/envi_writer.h"
#include "tests/io_cube/support.h"

#include <cmath>
#include <map>
#include <set>

namespace sensorium::hyper {
namespace {

using test::contains;
using test::error_of;
namespace fs = std::filesystem;

std::map<int, double> shares_of(const BandMix& mix) {
  std::map<int, double> out;
  for (std::size_t i = 0; i < mix.bands.size(); ++i) out[mix.bands[i]] = mix.shares[i];
  return out;
}

TEST(Refinement, SmoothsBetweenTheEdgesOfTheGuideAndKeepsThem) {
  constexpr int lines = 40, samples = 60, edge = 31;
  std::vector<float> guide, planes;
  for (int i = 0; i < lines * samples; ++i) guide.push_back(i % samples < edge ? 0.1f : 0.9f);
  // Two classes; one pixel in five says the other one.
  for (int c = 0; c < 2; ++c)
    for (int i = 0; i < lines * samples; ++i) {
      const bool second = i % samples >= edge, wrong = (7 * i + i / samples * 3) % 5 == 0;
      planes.push_back((second != wrong) == (c == 1) ? 1.0f : 0.0f);
    }
  follow_edges(planes, guide, lines, samples, 5, 0.01);
  for (int i = 0; i < lines * samples; ++i) {
    const bool second = i % samples >= edge;
    const float right = planes[second ? lines * samples + i : i];
    EXPECT_GT(right, 0.65f) << "line " << i / samples << ", sample " << i % samples;
    EXPECT_NEAR(planes[i] + planes[lines * samples + i], 1, 1e-4) << "shares still sum to 1";
  }
}

TEST(Refinement, WithoutEdgesItIsAMeanOfMeans) {
  constexpr int side = 31, radius = 3;
  std::vector<float> plane(side * side, 0.0f);
  plane[15 * side + 15] = 1;
  const std::vector<float> flat(side * side, 0.5f);
  follow_edges(plane, flat, side, side, radius, 0.01);
  // The mean over squares of the mean over squares: a pyramid of 13 pixels a side.
  const double most = std::pow(2 * radius + 1, -2);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const auto along = [](int d) { return std::max(0.0, 1 - std::abs(d) / (2.0 * radius + 1)); };
      EXPECT_NEAR(plane[y * side + x], most * along(y - 15) * along(x - 15), 1e-6);
    }
}

TEST(BandGrid, ItsOwnGridComesBackHoweverUneven) {
  const std::vector<double> nm{400, 409.8, 419.6, 431, 440, 481, 620.5};
  const auto mixes = resampled_bands(nm, nm, "own");
  ASSERT_EQ(mixes.size(), nm.size());
  for (std::size_t i = 0; i < nm.size(); ++i)
    EXPECT_EQ(shares_of(mixes[i]), (std::map<int, double>{{static_cast<int>(i), 1.0}})) << nm[i];
}

TEST(BandGrid, LinearBetweenTwoAndATriangleOverMore) {
  // Given in any order; the band at 405 is bad.
  const std::vector<double> coarse{420, 400, std::nan(""), 440};
  const auto linear = resampled_bands(coarse, std::vector<double>{400, 405, 440}, "coarse");
  EXPECT_EQ(shares_of(linear[0]), (std::map<int, double>{{1, 1.0}}));
  EXPECT_NEAR(shares_of(linear[1]).at(0), 0.25, 1e-12);
  EXPECT_NEAR(shares_of(linear[1]).at(1), 0.75, 1e-12);
  const std::vector<double> fine{390, 395, 400, 405, 410};
  const auto wide = resampled_bands(fine, std::vector<double>{390, 400, 410}, "fine");
  EXPECT_EQ(shares_of(wide[0]), (std::map<int, double>{{0, 1.0}})) << "nothing below the first";
  const auto shares = shares_of(wide[1]);
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_NEAR(shares.at(1), 0.25, 1e-12);
  EXPECT_NEAR(shares.at(2), 0.5, 1e-12);
  EXPECT_NEAR(shares.at(3), 0.25, 1e-12);
}

TEST(BandGrid, EdgesHoldForTenNanometresAndGapsAreRefused) {
  const std::vector<double> nm{409, 430, 450};
  EXPECT_EQ(shares_of(resampled_bands(nm, std::vector<double>{400, 450}, "a")[0]),
            (std::map<int, double>{{0, 1.0}}));
  const Error low =
      error_of([&] { resampled_bands(nm, std::vector<double>{398, 450}, "late.hdr"); });
  EXPECT_EQ(low.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(low.what(), "late.hdr") && contains(low.what(), "409 to 450"));
  const Error gap = error_of([&] {
    resampled_bands(std::vector<double>{400, 500}, std::vector<double>{400, 450, 500}, "gap.hdr");
  });
  EXPECT_TRUE(contains(gap.what(), "between 400 and 500 nm"));
  EXPECT_EQ(error_of([] {
              resampled_bands(std::vector<double>{std::nan("")}, std::vector<double>{400.0}, "x");
            }).code(),
            ErrorCode::Unsupported);
}

LabelMap striped(int lines, int samples, int classes) {
  LabelMap map{lines, samples, classes, {}};
  for (int y = 0; y < lines; ++y)
    for (int x = 0; x < samples; ++x)
      map.labels.push_back(static_cast<std::uint8_t>(x % (classes + 1)));
  return map;
}

TEST(SceneSplits, NoBlockIsOnBothSides) {
  const LabelMap map = striped(50, 47, 3);
  std::set<std::vector<Part>> different;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Split split = split_by_blocks(map, 12, 30, seed);
    EXPECT_FALSE(split.leaks);
    different.insert(split.parts);
    std::map<int, std::set<Part>> of_block;
    std::size_t training = 0;
    for (std::size_t i = 0; i < map.labels.size(); ++i) {
      EXPECT_EQ(split.parts[i] == Part::None, map.labels[i] == 0);
      if (split.parts[i] == Part::None) continue;
      of_block[static_cast<int>(i) / 47 / 12 * 100 + static_cast<int>(i) % 47 / 12].insert(
          split.parts[i]);
      training += split.parts[i] == Part::Training;
    }
    EXPECT_EQ(of_block.size(), 20u);
    for (const auto& [block, parts] : of_block) EXPECT_EQ(parts.size(), 1u) << block;
    EXPECT_NEAR(static_cast<double>(training) / static_cast<double>(map.labelled()), 0.3, 0.05);
  }
  EXPECT_EQ(different.size(), 5u);
  EXPECT_TRUE(split_by_pixels(map, 30, 1).leaks);
  EXPECT_EQ(error_of([&] { split_by_blocks(map, 4096, 30, 1); }).code(), ErrorCode::Usage);
}

TEST(SceneSplits, SharesAreNestedAndKeepEveryClass) {
  const LabelMap map = striped(40, 40, 3);
  const Split split = split_by_blocks(map, 10, 50, 3);
  const auto all = training_labels(map, split, 100, 9), some = training_labels(map, split, 25, 9),
             few = training_labels(map, split, 0.01, 9);
  std::map<int, int> count;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i], split.parts[i] == Part::Training ? map.labels[i] : 0);
    EXPECT_TRUE(some[i] == 0 || some[i] == all[i]);
    if (few[i] != 0) {
      EXPECT_EQ(few[i], some[i]);
      ++count[few[i]];
    }
  }
  EXPECT_EQ(count, (std::map<int, int>{{1, 1}, {2, 1}, {3, 1}}));
}

TEST(SceneScores, ByHand) {
  // Test pixels: truths 1 1 1 2, found 1 1 2 2; one training pixel beside the last.
  const LabelMap map{1, 6, 2, {1, 1, 1, 2, 1, 0}};
  Split split{{Part::Test, Part::Test, Part::Test, Part::Test, Part::Training, Part::None}, false};
  const std::vector<std::uint8_t> found{1, 1, 2, 2, 1, 1};
  const SceneScore s = score_map(map, split, found);
  EXPECT_EQ(s.pixels, 4);
  EXPECT_NEAR(s.overall, 0.75, 1e-12);
  EXPECT_NEAR(s.average, (2.0 / 3 + 1) / 2, 1e-12);
  EXPECT_NEAR(s.kappa, (0.75 - 0.5) / 0.5, 1e-12); // chance: .75 x .5 + .25 x .5
  const SceneScore away = score_map(map, split, found, 1);
  EXPECT_EQ(away.pixels, 3);
  EXPECT_NEAR(away.overall, 2.0 / 3, 1e-12);
}

TEST(SceneScores, TheMajorityOfASquare) {
  const std::vector<std::uint8_t> map{1, 1, 2, //
                                      1, 2, 2, //
                                      1, 3, 2};
  EXPECT_EQ(majority(map, 3, 3, 3), (std::vector<std::uint8_t>{1, 1, 2, 1, 2, 2, 1, 2, 2}));
}

std::string erdas(std::uint32_t width, std::uint32_t height, const std::string& pixels) {
  std::string out = "HEAD74";
  out.resize(128);
  out[8] = 1;
  for (int i = 0; i < 4; ++i) {
    out[static_cast<std::size_t>(16 + i)] = static_cast<char>(width >> (8 * i));
    out[static_cast<std::size_t>(20 + i)] = static_cast<char>(height >> (8 * i));
  }
  return out + pixels;
}

std::string npy(const std::string& shape, const std::string& type, const std::string& data) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(118 - 1, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         data;
}

TEST(LabelMaps, FromErdasNumpyAndEnvi) {
  const test::Folder folder;
  test::write(folder / "a.gis", erdas(3, 2, std::string("\x00\x01\x02\x02\x00\x10", 6)));
  const LabelMap a = read_label_map(folder / "a.gis");
  EXPECT_EQ(a.lines, 2);
  EXPECT_EQ(a.samples, 3);
  EXPECT_EQ(a.classes, 16);
  EXPECT_EQ(a.labels, (std::vector<std::uint8_t>{0, 1, 2, 2, 0, 16}));
  EXPECT_EQ(a.labelled(), 4u);
  test::write(folder / "b.npy",
              npy("(2, 3)", "<i2", test::bytes_of(std::vector<std::int16_t>{0, 1, 2, 2, 0, 16})));
  EXPECT_EQ(read_label_map(folder / "b.npy").labels, a.labels);
  Cube cube;
  cube.lines = 2;
  cube.samples = 3;
  cube.bands = 1;
  cube.type = SampleType::Float32;
  set_dense_strides(cube);
  cube.data = Buffer::of(std::vector<float>{0, 1, 2, 2, 0, 16});
  envi::write(cube, folder / "c.hdr", Context{});
  EXPECT_EQ(read_label_map(folder / "c.hdr").labels, a.labels);
  EXPECT_EQ(error_of([&] { check_size(a, 3, 2, "cube.hdr"); }).code(), ErrorCode::BadInput);
}

TEST(LabelMaps, WhatIsNoneIsRefused) {
  const test::Folder folder;
  test::write(folder / "short.gis", erdas(3, 2, std::string("\x00\x01\x02", 3)));
  EXPECT_TRUE(
      contains(error_of([&] { read_label_map(folder / "short.gis"); }).what(), "cut short"));
  test::write(folder / "huge.gis", erdas(0xffffffff, 0xffffffff, "x"));
  EXPECT_EQ(error_of([&] { read_label_map(folder / "huge.gis"); }).code(), ErrorCode::BadInput);
  test::write(folder / "none.gis", erdas(2, 1, std::string(2, '\0')));
  EXPECT_TRUE(
      contains(error_of([&] { read_label_map(folder / "none.gis"); }).what(), "labels no pixel"));
  test::write(folder / "half.npy",
              npy("(1, 2)", "<f4", test::bytes_of(std::vector<float>{1, 1.5f})));
  EXPECT_TRUE(contains(error_of([&] { read_label_map(folder / "half.npy"); }).what(), "1.5"));
  test::write(folder / "two.npy", npy("(1, 2, 2)", "|u1", std::string("\x01\x01\x02\x02", 4)));
  EXPECT_TRUE(contains(error_of([&] { read_label_map(folder / "two.npy"); }).what(), "2 bands"));
}

TEST(LabelMaps, IndianPines) {
  NEEDS_SHARED_DATA("hyperspectral/indian_pines");
  const LabelMap map =
      read_label_map(fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral/indian_pines/92AV3GT.GIS");
  EXPECT_EQ(map.lines, 145);
  EXPECT_EQ(map.samples, 145);
  EXPECT_EQ(map.classes, 16);
  EXPECT_EQ(map.labelled(), 10366u); // its documentation's count
}

}
}
