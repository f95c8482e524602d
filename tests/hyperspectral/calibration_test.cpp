#include "hyperspectral/calibration.h"
#include "hyperspectral/components.h"
#include "hyperspectral/project.h"
#include "tests/io_cube/support.h"

#include <cmath>

namespace sensorium::hyper {
namespace {

using test::contains;
using test::error_of;

template<class T>
Cube cube_of(int lines, int samples, int bands, std::vector<T> values, SampleType type,
             const std::string& name) {
  Cube cube{.lines = lines, .samples = samples, .bands = bands, .type = type};
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.data = Buffer::of(std::move(values));
  cube.origin.path = name;
  return cube;
}
Cube floats(int lines, int samples, int bands, std::vector<float> values, const std::string& name) {
  return cube_of<float>(lines, samples, bands, std::move(values), SampleType::Float32, name);
}

// Two samples, two bands. White lines 90 and 110, 40 and 60 ...: means 100, 50, 220, 30; dark 20,
// 10, 20, 10. Panel 0.8: 0.8 (60 - 20) / (100 - 20) = 0.4; 0.8 (30 - 10) / 40 = 0.4; 0.8 (70 - 20)
// / 200 = 0.2; 0.8 (15 - 10) / 20 = 0.2.
TEST(Calibration, OfTwoLinesByHand) {
  const Cube cube = floats(1, 2, 2, {60, 30, 70, 15}, "cube"),
             white = floats(2, 2, 2, {90, 40, 210, 20, 110, 60, 230, 40}, "white"),
             dark = floats(1, 2, 2, {20, 10, 20, 10}, "dark");
  const Calibration c = calibrate(cube, {&white, &dark, 0.8, -1}, Context{});
  EXPECT_EQ(c.bad, 0u);
  EXPECT_TRUE(c.reflectance);
  for (const TileOrder order : {TileOrder::Pixels, TileOrder::Bands}) {
    std::vector<double> out(4);
    const std::vector<int> bands{0, 1};
    read_values<double>(cube, &c, {0, 1, 0, 2}, bands, order, out);
    const std::vector<double> want = order == TileOrder::Pixels
                                         ? std::vector<double>{0.4, 0.4, 0.2, 0.2}
                                         : std::vector<double>{0.4, 0.2, 0.4, 0.2};
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(out[i], want[i], 1e-7) << i;
  }
  const Calibration only_dark = calibrate(cube, {nullptr, &dark, 1, -1}, Context{});
  std::vector<double> one(1);
  const std::vector<int> second{1};
  read_values<double>(cube, &only_dark, {0, 1, 1, 1}, second, TileOrder::Pixels, one);
  EXPECT_EQ(one[0], 5);
  EXPECT_FALSE(only_dark.reflectance);
}

TEST(Calibration, AnElementWithoutReferenceIsCountedAndMakesNoNumber) {
  Cube cube = floats(1, 4, 1, {60, 60, 60, -1}, "cube");
  cube.ignore_value = -1;
  // The second is dark in the white reference; the third was never measured there.
  const Cube white = floats(1, 4, 1, {100, 0.5, std::nanf(""), 100}, "white");
  const Calibration c = calibrate(cube, {&white, nullptr, 1, -1}, Context{});
  EXPECT_EQ(c.bad, 2u);
  std::vector<double> out(4);
  const std::vector<int> band{0};
  read_values<double>(cube, &c, {0, 1, 0, 4}, band, TileOrder::Pixels, out);
  EXPECT_NEAR(out[0], 0.6, 1e-7);
  EXPECT_TRUE(std::isnan(out[1]) && std::isnan(out[2]));
  EXPECT_TRUE(std::isnan(out[3])) << "the ignore value";
  const Cube black = floats(1, 4, 1, {0, 0, 0, 0}, "black");
  EXPECT_EQ(error_of([&] { calibrate(cube, {&black, nullptr, 1, -1}, Context{}); }).code(),
            ErrorCode::BadInput);
}

TEST(Calibration, AnotherWidthIsRefusedUntilItIsSaidWhichPart) {
  const Cube cube = floats(1, 2, 1, {10, 10}, "cube"),
             wide = floats(1, 5, 1, {10, 20, 40, 80, 160}, "wide"),
             one = floats(3, 1, 1, {10, 20, 30}, "one"),
             bands = floats(1, 2, 2, {1, 1, 1, 1}, "bands");
  const Error e = error_of([&] { calibrate(cube, {&wide, nullptr, 1, -1}, Context{}); });
  EXPECT_EQ(e.code(), ErrorCode::Usage);
  EXPECT_TRUE(contains(e.what(), "5 samples wide, the cube 2")) << e.what();
  EXPECT_TRUE(contains(e.hint(), "1 to 4")) << e.hint();
  const Calibration c = calibrate(cube, {&wide, nullptr, 1, 2}, Context{});
  EXPECT_NEAR(c.gain[0], 1.0 / 40, 1e-9);
  EXPECT_NEAR(c.gain[1], 1.0 / 80, 1e-9);
  EXPECT_EQ(error_of([&] { calibrate(cube, {&wide, nullptr, 1, 4}, Context{}); }).code(),
            ErrorCode::Usage);
  EXPECT_NEAR(calibrate(cube, {&one, nullptr, 1, -1}, Context{}).gain[1], 1.0 / 20, 1e-9);
  EXPECT_TRUE(contains(
      error_of([&] { calibrate(cube, {&bands, nullptr, 1, -1}, Context{}); }).what(), "2 bands"));
}

TEST(Calibration, PicturesAndComponentsSeeCalibratedValues) {
  const Cube cube = floats(2, 2, 2, {60, 30, 70, 15, 20, 50, 120, 25}, "cube"),
             white = floats(1, 2, 2, {100, 50, 220, 30}, "white"),
             dark = floats(1, 2, 2, {20, 10, 20, 10}, "dark");
  const auto c =
      std::make_shared<const Calibration>(calibrate(cube, {&white, &dark, 1, -1}, Context{}));
  const Cube done = floats(2, 2, 2, {0.5, 0.5, 0.25, 0.25, 0, 1, 0.5, 0.75}, "done");
  const Statistics a = statistics(cube, {}, false, Context{}, c.get()),
                   b = statistics(done, {}, false, Context{});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(a.covariance[i], b.covariance[i], 1e-6);
  Projection p{{0, 1}, {{1, 0, 1}, {0, 1, 1}}, {}};
  Raster raster(2, 2), want(2, 2);
  project(done, p, Context{}, want);
  p.calibration = c;
  project(cube, p, Context{}, raster);
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_NEAR(raster.rows(0, 2)[i], want.rows(0, 2)[i], 1e-6) << i;
}

TEST(PixelCheck, SaturatedAndDeadAreCounted) {
  constexpr int lines = 20, samples = 3, bands = 2;
  std::vector<std::uint16_t> values;
  for (int l = 0; l < lines; ++l)
    for (int s = 0; s < samples; ++s)
      for (int b = 0; b < bands; ++b)
        values.push_back(static_cast<std::uint16_t>(s == 1 && b == 1 ? 7 : 100 + l + s));
  values[0] = values[6] = values[12] = 4095; // three pixels in band 0 of sample 0
  const Cube cube = cube_of(lines, samples, bands, values, SampleType::UInt16, "cube");
  const std::vector<int> both{0, 1}, second{1};
  const PixelCheck found = check_pixels(cube, both, std::nullopt, Context{});
  EXPECT_EQ(found.level, 4095.0);
  EXPECT_EQ(found.saturated, 3u);
  EXPECT_EQ(found.dead, 1u);
  EXPECT_EQ(found.elements, 6u);
  const PixelCheck other = check_pixels(cube, second, std::nullopt, Context{});
  EXPECT_FALSE(other.level) << "121 is no full count";
  EXPECT_EQ(other.saturated, 0u);
  const PixelCheck told = check_pixels(cube, second, 120.0, Context{});
  EXPECT_EQ(told.saturated, 2u) << "line 18 of sample 2, and line 19 of samples 0 (119) to 2 (121)";
}

}
}
