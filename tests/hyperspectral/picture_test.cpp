#include "hyperspectral/colour.h"
#include "hyperspectral/picture.h"
#include "tests/io_cube/support.h"

#include <algorithm>
#include <cmath>

namespace sensorium::hyper {
namespace {

TEST(Picture, EveryByteIsTheRoundedCurve) {
  Raster raster(1, 20001);
  auto row = raster.rows(0, 1);
  for (int i = 0; i <= 20000; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      row[3 * static_cast<std::size_t>(i) + c] = static_cast<float>(i) / 20000;
  std::vector<std::uint8_t> bytes;
  render_lines(raster, {.linear_light = true}, 0, 1, bytes);
  for (int i = 0; i <= 20000; ++i) {
    const double e = 255 * srgb_encoded(row[3 * static_cast<std::size_t>(i)]);
    if (std::abs(e - std::floor(e) - 0.5) < 1e-9) continue; // on the edge of two bytes
    ASSERT_EQ(bytes[3 * static_cast<std::size_t>(i)], std::lround(e)) << i;
  }
}

TEST(Picture, PercentilesOfARamp) {
  Raster raster(10, 100);
  for (int l = 0; l < 10; ++l) {
    auto row = raster.rows(l, 1);
    for (int s = 0; s < 100; ++s) {
      row[3 * static_cast<std::size_t>(s)] = static_cast<float>(100 * l + s);
      row[3 * static_cast<std::size_t>(s) + 1] = 5;
      row[3 * static_cast<std::size_t>(s) + 2] = NAN;
    }
  }
  EXPECT_NEAR(percentile(raster, {1, 0, 0}, 0), 0, 0.02);
  EXPECT_NEAR(percentile(raster, {1, 0, 0}, 50), 500, 1.02);
  EXPECT_NEAR(percentile(raster, {1, 0, 0}, 98), 980, 1.02);
  EXPECT_NEAR(percentile(raster, {1, 0, 0}, 100), 999, 0.02);
  EXPECT_EQ(percentile(raster, {0, 1, 0}, 50), 5);
  EXPECT_EQ(percentile(raster, {0, 0, 1}, 50), 0);
  const Tone tone = stretch(raster, 2, 98, false);
  EXPECT_GT(tone.high[1], tone.low[1]); // a constant channel does not divide by zero
  EXPECT_EQ(count_picture(raster, tone).blank, 1000u);
  const auto channels = channels_of(raster, Context{});
  EXPECT_EQ(channels[0].most, 999);
  EXPECT_EQ(channels[2].finite, 0u);
}

TEST(Picture, CountsWhatIsOutside) {
  Raster raster(1, 4);
  auto row = raster.rows(0, 1);
  const std::vector<float> values{0.5f, 0.5f, 0.5f, 2, 0.5f, 0.5f, -1, 0.5f, 0.5f, NAN, 1, 1};
  std::copy(values.begin(), values.end(), row.begin());
  const PictureCounts counts = count_picture(raster, {.linear_light = true});
  EXPECT_EQ(counts.clipped, 1u);
  EXPECT_EQ(counts.below, 1u);
  EXPECT_EQ(counts.blank, 1u);
}

TEST(Picture, IsWrittenAsPngAndReadBack) {
  const test::Folder folder;
  Raster raster(70, 3);
  for (int l = 0; l < 70; ++l)
    for (std::size_t i = 0; i < 9; ++i)
      raster.rows(l, 1)[i] = static_cast<float>((l + static_cast<int>(i)) % 256) / 255;
  write_png(raster, {}, folder / "p.png");
  const Dataset read = test::registry().open(folder / "p.png");
  const auto& volume = std::get<Volume>(read);
  ASSERT_EQ(volume.width, 3);
  ASSERT_EQ(volume.height, 70);
  ASSERT_EQ(volume.channels, 3);
  const auto bytes = samples<std::uint8_t>(volume.pixels);
  for (std::size_t l = 0; l < 70; ++l)
    for (std::size_t i = 0; i < 9; ++i) ASSERT_EQ(bytes[9 * l + i], (l + i) % 256);
  EXPECT_EQ(test::error_of([&] { write_png(raster, {}, folder / "no" / "p.png"); }).code(),
            ErrorCode::Resources);
}

// Above 64 MiB a raster lies in a file.
TEST(Raster, ALargeOneKeepsItsContent) {
  Raster raster(3000, 2000);
  raster.rows(2999, 1)[5999] = 7;
  raster.rows(0, 1)[0] = 3;
  raster.release();
  EXPECT_EQ(raster.rows(2999, 1)[5999], 7);
  EXPECT_EQ(raster.rows(0, 1)[0], 3);
  EXPECT_EQ(raster.rows(1500, 1)[100], 0);
}

}
}
