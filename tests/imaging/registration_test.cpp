// A shift that is known is found; two different scenes are not forced onto each other.
#include "modules/imaging/registration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace sensorium;

namespace {

// A layer that rises to one side, crossed by bright vessels with shadows below; more of it than any
// window shows.
struct Scene {
  explicit Scene(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> place(0, 300), slope(-6, 6);
    for (int i = 0; i < 14; ++i) vessels.push_back({place(random), slope(random)});
  }
  double at(double x, double y, double z) const {
    const double surface = 30 + 0.08 * x + 0.5 * z;
    double value = y > surface && y < surface + 12         ? 120
                   : y >= surface + 12 && y < surface + 30 ? 60
                                                           : 15;
    for (const auto& [start, steep] : vessels)
      if (std::abs(x - start - steep * z) < 4 && y > surface)
        value = y < surface + 6 ? 200 : value * 0.4;
    return value;
  }
  std::vector<std::pair<double, double>> vessels;
};

Volume window(const Scene& scene, std::array<double, 3> from, std::array<double, 3> step,
              unsigned seed) {
  Volume v;
  v.width = 128, v.height = 80, v.depth = 16;
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 25);
  std::vector<float> pixels;
  for (int z = 0; z < v.depth; ++z)
    for (int y = 0; y < v.height; ++y)
      for (int x = 0; x < v.width; ++x)
        pixels.push_back(static_cast<float>(
            scene.at(from[0] + x * step[0], from[1] + y * step[1], from[2] + z * step[2]) +
            noise(random)));
  v.type = PixelType::Float32;
  v.pixels = Buffer::of(std::move(pixels));
  for (std::size_t i = 0; i < 3; ++i)
    v.spacing[i] = known_spacing(10 * step[i], ScaleSource::Phantom, "made up");
  return v;
}

TEST(Registration, FindsAKnownShiftAlongAllThreeAxes) {
  const Scene scene(5);
  const Volume first = window(scene, {60, 0, 4}, {1, 1, 1}, 1),
               second = window(scene, {43, 6, 7}, {1, 1, 1}, 2);
  const Registration r = register_shift(first, second);
  ASSERT_TRUE(r.found) << r.text;
  EXPECT_NEAR(r.shift[0], 17, 1) << "a place at x in the first is at x + 17 in the second";
  EXPECT_NEAR(r.shift[1], -6, 1);
  EXPECT_EQ(r.shift[2], -3);
  EXPECT_GT(r.correlation, r.runner_up);
  const Registration back = register_shift(second, first);
  ASSERT_TRUE(back.found);
  EXPECT_NEAR(back.shift[0], -r.shift[0], 1);
  EXPECT_EQ(back.shift[2], 3);
}

TEST(Registration, CountsInTheSecondScansVoxelsWhereItIsCoarser) {
  const Scene scene(5);
  const Volume first = window(scene, {60, 0, 2}, {1, 1, 1}, 1),
               second = window(scene, {40, 0, 0}, {2, 1, 1}, 2);
  const Registration r = register_shift(first, second);
  ASSERT_TRUE(r.found) << r.text;
  EXPECT_DOUBLE_EQ(r.scale[0], 0.5);
  EXPECT_NEAR(r.shift[0], 10, 1) << "20 columns of the first";
  EXPECT_EQ(r.shift[2], 2);
}

TEST(Registration, TwoDifferentScenesAreNotForcedOntoEachOther) {
  for (unsigned seed = 10; seed < 16; ++seed) {
    const Registration r = register_shift(window(Scene(seed), {60, 0, 4}, {1, 1, 1}, 1),
                                          window(Scene(seed + 100), {60, 0, 4}, {1, 1, 1}, 2));
    EXPECT_FALSE(r.found) << seed << ": " << r.text;
    EXPECT_NE(r.text.find("could not be registered"), std::string::npos) << r.text;
  }
}

TEST(Registration, SaysWhatItCannotDo) {
  const Scene scene(5);
  Volume whole = window(scene, {60, 0, 4}, {1, 1, 1}, 1), other = whole;
  other.spacing[2] = unknown_spacing("no B-scan distance");
  EXPECT_TRUE(register_shift(whole, other).found) << "equal sizes: voxels are compared";
  const auto bytes = other.pixels.bytes();
  other.depth = 15;
  other.pixels = Buffer(std::vector<std::byte>(bytes.begin(), bytes.begin() + 15 * 128 * 80 * 4));
  EXPECT_NE(register_shift(whole, other).text.find("scale"), std::string::npos);
  Volume flat;
  flat.width = 128, flat.height = 80, flat.depth = 1;
  flat.pixels = Buffer::of(std::vector<std::uint8_t>(128 * 80));
  EXPECT_NE(register_shift(flat, flat).text.find("at least 4 B-scans"), std::string::npos);
  flat.depth = 8;
  flat.pixels = Buffer::of(std::vector<std::uint8_t>(128 * 80 * 8));
  EXPECT_FALSE(register_shift(flat, flat).found) << "an empty picture matches nothing";
}

}
