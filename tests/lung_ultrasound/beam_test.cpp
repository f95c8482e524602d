#include "tests/lung_ultrasound/drawn.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

namespace sensorium::lung_ultrasound {
namespace {
using namespace test;

TEST(Beam, ASectorIsFoundWithoutBannerAndScale) {
  const Dataset clip = sector_clip(12, aerated);
  const Beam b = find_beam(frames_of(clip, 64));
  ASSERT_TRUE(b.found()) << b.failure;
  ASSERT_EQ(b.shape, BeamShape::Sector);
  EXPECT_NEAR(b.apex_x, apex_x, 4);
  EXPECT_NEAR(b.apex_y, apex_y, 12);
  EXPECT_NEAR(b.first_angle, -half_angle, 0.05);
  EXPECT_NEAR(b.last_angle, half_angle, 0.05);
  const auto at = [&](int x, int y) { return b.mask[static_cast<std::size_t>(y) * b.width + x]; };
  for (int y = 0; y < 9; ++y)
    for (int x = 0; x < 56; ++x) EXPECT_EQ(at(x, y), 0) << x << " " << y;
  for (int y = 0; y < 240; ++y) EXPECT_EQ(at(316, y), 0) << y;
  EXPECT_EQ(at(160, 120), 1);
}

TEST(Beam, AlongTheBeamTheDrawnDepthsComeBack) {
  const Dataset clip = sector_clip(12, aerated, 0.2);
  const Frames frames = frames_of(clip, 64);
  const Beam b = find_beam(frames);
  ASSERT_TRUE(b.found());
  const Lines lines = along_beam(frames.grey[0], b);
  for (const int a : {20, 48, 76}) {
    int best = 0;
    for (int d = 0; d < lines.depths; ++d)
      if (lines.value[static_cast<std::size_t>(a) * lines.depths + d] >
          lines.value[static_cast<std::size_t>(a) * lines.depths + best])
        best = d;
    EXPECT_NEAR(static_cast<double>(best) / lines.depths, 0.2, 0.05) << a;
  }
  const auto [x, y] = pixel_at(b, 0.5, 0);
  EXPECT_NEAR(x, apex_x, 5);
  EXPECT_NEAR(y, apex_y + near, 6);
}

TEST(Beam, ParallelEdgesAreARectangle) {
  Video v{.width = 200, .height = 150, .frames = 6, .channels = 3};
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(200) * 150 * 6 * 3);
  std::mt19937 random(3);
  for (int f = 0; f < 6; ++f)
    for (int y = 20; y < 140; ++y)
      for (int x = 40; x < 160; ++x) {
        const auto value = static_cast<std::uint8_t>(60 + random() % 60);
        for (int c = 0; c < 3; ++c)
          pixels[((static_cast<std::size_t>(f) * 150 + y) * 200 + x) * 3 + c] = value;
      }
  v.pixels = Buffer::of(pixels);
  const Beam b = find_beam(frames_of(Dataset(v), 64));
  ASSERT_EQ(b.shape, BeamShape::Rectangle);
  EXPECT_NEAR(b.x0, 40, 4);
  EXPECT_NEAR(b.x1, 159, 4);
  EXPECT_NEAR(b.y0, 20, 4);
  EXPECT_NEAR(b.y1, 139, 4);
}

TEST(Beam, AClipInWhichNothingMovesIsSaidToHaveNone) {
  Video v{.width = 100, .height = 80, .frames = 5, .channels = 1};
  v.pixels = Buffer::of(std::vector<std::uint8_t>(std::size_t{100} * 80 * 5, 128));
  const Beam b = find_beam(frames_of(Dataset(v), 64));
  EXPECT_FALSE(b.found());
  EXPECT_NE(b.failure.find("0 % of the picture"), std::string::npos) << b.failure;
}

TEST(Beam, FramesAreSpreadEvenlyAndOtherKindsRefused) {
  const Frames f = frames_of(Dataset(sector_clip(10, aerated)), 4);
  EXPECT_EQ(f.number, (std::vector<int>{0, 2, 5, 7}));
  EXPECT_EQ(f.of, 10);
  Volume stack{.width = 4, .height = 4, .depth = 2};
  stack.pixels = Buffer::of(std::vector<std::uint8_t>(32));
  EXPECT_THROW(frames_of(Dataset(stack), 4), Error);
  Volume deep{.width = 4, .height = 4, .depth = 1, .type = PixelType::UInt16};
  deep.pixels = Buffer::of(std::vector<std::uint16_t>(16));
  EXPECT_THROW(frames_of(Dataset(deep), 4), Error);
}

}
}
