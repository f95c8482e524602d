#include "hyperspectral/components.h"
#include "tests/io_cube/support.h"

#include <cmath>

namespace sensorium::hyper {
namespace {

using test::error_of;

Cube cube_of(int lines, int samples, int bands, std::vector<float> values) {
  Cube cube;
  cube.lines = lines;
  cube.samples = samples;
  cube.bands = bands;
  cube.type = SampleType::Float32;
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.data = Buffer::of(std::move(values));
  return cube;
}

// By hand: bands (1, 2), (3, 2), (5, 8): means 3 and 4; variances 4 and 12; covariance 6.
TEST(Statistics, OfThreePixels) {
  const Statistics s = statistics(cube_of(1, 3, 2, {1, 2, 3, 2, 5, 8}), {}, true, Context{});
  EXPECT_EQ(s.pixels, 3u);
  EXPECT_NEAR(s.mean[0], 3, 1e-6);
  EXPECT_NEAR(s.mean[1], 4, 1e-6);
  EXPECT_NEAR(s.covariance[0], 4, 1e-5);
  EXPECT_NEAR(s.covariance[1], 6, 1e-5);
  EXPECT_NEAR(s.covariance[2], 6, 1e-5);
  EXPECT_NEAR(s.covariance[3], 12, 1e-5);
  // Differences (2, 0), (2, 6): variances 0 and 18, halved.
  EXPECT_NEAR(s.noise[0], 0, 1e-5);
  EXPECT_NEAR(s.noise[3], 9, 1e-5);
  EXPECT_EQ(error_of([&] { minimum_noise_fraction(s, 3); }).code(), ErrorCode::BadInput);
}

TEST(Statistics, LeaveOutWhatIsNoMeasurementAndBadBands) {
  Cube cube = cube_of(1, 5, 3, {1, 2, 9, 3, 2, 9, 5, 8, 9, -1, 4, 9, 7, NAN, 9});
  cube.ignore_value = -1;
  cube.bad_bands = {0, 0, 1};
  const Statistics s = statistics(cube, {}, false, Context{});
  EXPECT_EQ(s.pixels, 3u);
  EXPECT_EQ(s.bands, (std::vector<int>{0, 1}));
  EXPECT_NEAR(s.mean[1], 4, 1e-6);
  EXPECT_NEAR(s.covariance[1], 6, 1e-5);
  Cube nothing = cube_of(1, 2, 1, {-1, -1});
  nothing.ignore_value = -1;
  EXPECT_EQ(error_of([&] { statistics(nothing, {}, false, Context{}); }).code(),
            ErrorCode::BadInput);
}

// Points on a line through a large offset: one direction has all the variance.
TEST(Components, ALineHasOneDirection) {
  std::vector<float> values;
  for (int i = -50; i <= 50; ++i)
    for (const float slope : {3.0f, -4.0f}) values.push_back(30000 + slope * static_cast<float>(i));
  const Statistics s = statistics(cube_of(1, 101, 2, values), {}, false, Context{});
  const Components c = principal_components(s, 3);
  ASSERT_EQ(c.values.size(), 2u);
  EXPECT_NEAR(c.values[0], 25 * 858.5, 0.01); // variance of -50 .. 50 is 858.5
  EXPECT_NEAR(c.values[1], 0, 0.01);
  EXPECT_NEAR(c.directions[0][0], -0.6, 1e-5); // the greatest is positive
  EXPECT_NEAR(c.directions[0][1], 0.8, 1e-5);
  const Projection p = projection_on(s, c);
  const Cube cube = cube_of(1, 101, 2, values);
  std::vector<double> out(3);
  project_tile(cube, {0, 1, 100, 1}, p, out);
  EXPECT_NEAR(out[0], -250, 0.01);
  EXPECT_NEAR(out[1], 0, 0.01);
  EXPECT_EQ(out[1], out[2]); // two bands: the second stands for the third
}

TEST(Components, AreTheSameForAnyNumberOfThreads) {
  std::vector<float> values(200 * 100 * 6);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 7919) % 1009) + static_cast<float>(i % 6) * 100;
  const Cube cube = cube_of(200, 100, 6, values);
  const Statistics one = statistics(cube, {}, true, Context{.threads = 1}),
                   four = statistics(cube, {}, true, Context{.threads = 4});
  EXPECT_EQ(one.pixels, 20000u);
  EXPECT_EQ(four.pixels, 20000u);
  for (std::size_t i = 0; i < 36; ++i) {
    EXPECT_NEAR(one.covariance[i], four.covariance[i], 1e-6 * one.covariance[0]);
    EXPECT_NEAR(one.noise[i], four.noise[i], 1e-6 * one.noise[0]);
  }
}

TEST(Projection, StopsWhenAsked) {
  const Cube cube = cube_of(2, 2, 1, {1, 2, 3, 4});
  Raster raster(2, 2);
  const Context context{.progress = [](double, std::string_view) { return false; }};
  EXPECT_EQ(error_of([&] { project(cube, {{0}, {{1, 1, 1}}}, context, raster); }).code(),
            ErrorCode::Cancelled);
}

// The same cube as MATLAB lays it out (columns first) and as bip, in tiles of several columns.
TEST(Projection, TheOrderInTheFileMakesNoDifference) {
  constexpr int lines = 300, samples = 700, bands = 4;
  std::vector<float> bip(lines * samples * bands), columns(bip.size());
  for (int l = 0; l < lines; ++l)
    for (int s = 0; s < samples; ++s)
      for (int b = 0; b < bands; ++b) {
        const auto value = static_cast<float>((l * 31 + s * 17 + b * 7) % 101);
        bip[static_cast<std::size_t>((l * samples + s) * bands + b)] = value;
        columns[static_cast<std::size_t>(l + lines * (s + samples * b))] = value;
      }
  Cube a{.lines = lines, .samples = samples, .bands = bands, .type = SampleType::Float32};
  a.interleave = Interleave::Bip;
  set_dense_strides(a);
  a.data = Buffer::of(bip);
  Cube b = a;
  b.interleave = Interleave::Other;
  b.stride = {1, lines, lines * samples};
  b.data = Buffer::of(columns);
  const Projection p{{0, 1, 2, 3}, {{1, 0, 2}, {0, 1, 1}, {2, 0, 0}, {0, 3, 1}}, {1, 2, 3}};
  Raster from_a(lines, samples), from_b(lines, samples);
  ASSERT_GT(tiles_of(b, bands, 1 << 18).size(), 2u);
  project(a, p, Context{}, from_a);
  project(b, p, Context{}, from_b);
  const auto rows_a = from_a.rows(0, lines), rows_b = from_b.rows(0, lines);
  EXPECT_TRUE(std::equal(rows_a.begin(), rows_a.end(), rows_b.begin()));
  EXPECT_EQ(rows_a[3 * (17 * samples + 40)],
            1 + bip[4 * (17 * samples + 40)] + 2 * bip[4 * (17 * samples + 40) + 2]);
}

TEST(Projection, IgnoredPixelsAreNothing) {
  Cube cube = cube_of(1, 3, 2, {1, 2, -9, 2, 3, 4});
  cube.ignore_value = -9;
  Raster raster(1, 3);
  project(cube, {{0, 1}, {{1, 0, 1}, {0, 1, 1}}, {10, 0, 0}}, Context{}, raster);
  const auto row = raster.rows(0, 1);
  EXPECT_EQ(std::vector<float>(row.begin(), row.begin() + 3), (std::vector<float>{11, 2, 3}));
  EXPECT_TRUE(std::isnan(row[3]) && std::isnan(row[5]));
  EXPECT_EQ(row[8], 7);
}

}
}
