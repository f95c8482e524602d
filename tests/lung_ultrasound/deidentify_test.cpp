// Text of a seed is drawn into a clip; after the export a template search must not find it again.
#include "pipelines/lung_ultrasound/deidentify.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "modules/io/video_writer.h"
#include "tests/lung_ultrasound/drawn.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace sensorium::lung_ultrasound {
namespace {
namespace fs = std::filesystem;
using namespace test;

constexpr int text_width = 8 * 6, text_height = 9;

// Eight made-up letters of 5 x 9 strokes.
std::vector<float> text_of(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> out(static_cast<std::size_t>(text_width) * text_height);
  for (int letter = 0; letter < 8; ++letter) {
    const auto bits = random();
    for (int y = 0; y < text_height; ++y)
      for (int x = 0; x < 5; ++x) {
        const bool on = x == static_cast<int>(bits % 5) || y == static_cast<int>(bits / 5 % 9) ||
                        (x == static_cast<int>(bits / 45 % 5) && y > 3);
        if (on) out[static_cast<std::size_t>(y) * text_width + letter * 6 + x] = 1;
      }
  }
  return out;
}

void draw(Video& v, const std::vector<float>& text, int x0, int y0) {
  const auto old = samples<std::uint8_t>(v.pixels);
  std::vector<std::uint8_t> pixels(old.begin(), old.end());
  for (int f = 0; f < v.frames; ++f)
    for (int y = 0; y < text_height; ++y)
      for (int x = 0; x < text_width; ++x)
        if (text[static_cast<std::size_t>(y) * text_width + x] > 0)
          pixels[(static_cast<std::size_t>(f) * v.height + y0 + y) * v.width + x0 + x] = 235;
  v.pixels = Buffer::of(pixels);
}

// The greatest normalised cross-correlation of the text with any place of a frame.
double found(const Video& v, int frame, const std::vector<float>& text) {
  const Buffer whole = v.frame(frame);
  const auto pixels = samples<std::uint8_t>(whole);
  const double n = text_width * text_height;
  double mean = 0, square = 0, best = -1;
  for (const float t : text) mean += t / n, square += t * t / n;
  const double spread = std::sqrt(square - mean * mean);
  for (int y0 = 0; y0 + text_height <= v.height; ++y0)
    for (int x0 = 0; x0 + text_width <= v.width; ++x0) {
      double sum = 0, squares = 0, product = 0;
      for (int y = 0; y < text_height; ++y)
        for (int x = 0; x < text_width; ++x) {
          const double p = pixels[(static_cast<std::size_t>(y0 + y) * v.width + x0 + x) *
                                  static_cast<std::size_t>(v.channels)];
          sum += p;
          squares += p * p;
          product += p * text[static_cast<std::size_t>(y) * text_width + x];
        }
      const double deviation = std::sqrt(std::max(0.0, squares / n - sum / n * sum / n));
      if (deviation > 1e-9)
        best = std::max(best, (product / n - sum / n * mean) / (deviation * spread));
    }
  return best;
}

TEST(Deidentify, SeededTextIsNotFoundAgain) {
  for (const std::uint32_t seed : {1u, 2u, 3u}) {
    Video v = sector_clip(12, aerated);
    const auto outside = text_of(seed), corner = text_of(seed + 100), within = text_of(seed + 200);
    draw(v, outside, 240, 3);
    draw(v, corner, 4, 225);
    draw(v, within, 130, 120 + 10 * static_cast<int>(seed));
    for (const auto* text : {&outside, &corner, &within}) ASSERT_GT(found(v, 5, *text), 0.85);
    const Cleaned clean = without_writing(v);
    EXPECT_GT(clean.written, 100u);
    for (const auto* text : {&outside, &corner, &within})
      EXPECT_LT(found(clean.video, 5, *text), 0.6) << seed;
  }
}

TEST(Deidentify, TissueAwayFromTheTextStaysAsItIs) {
  Video v = sector_clip(12, aerated);
  const auto before = samples<std::uint8_t>(v.pixels);
  const Cleaned clean = without_writing(v);
  const Buffer first = clean.video.frame(0);
  const auto after = samples<std::uint8_t>(first);
  int same = 0, all = 0;
  for (int y = 100; y < 180; ++y)
    for (int x = 130; x < 190; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * v.width + x;
      same += before[i] == after[i];
      ++all;
    }
  EXPECT_EQ(same, all);
  EXPECT_EQ(clean.video.frames, 12);
  EXPECT_EQ(clean.video.origin.path, "");
}

TEST(Deidentify, WithoutABeamNothingIsExported) {
  Video still{.width = 100, .height = 80, .frames = 5, .channels = 1};
  still.pixels = Buffer::of(std::vector<std::uint8_t>(std::size_t{100} * 80 * 5, 128));
  EXPECT_THROW((void)without_writing(still), Error);
}

TEST(Deidentify, TheFileHoldsNothingOfTheOldName) {
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_clean";
  fs::create_directories(folder);
  const fs::path source = folder / "JaneDoe1970.mkv";
  write_video(sector_clip(12, aerated), source);
  const auto out =
      deidentify_command().run({source.string()}, nlohmann::json::object(), folder, {});
  const std::string bytes = read_text(out.at("clip").get<std::string>());
  EXPECT_EQ(bytes.find("JaneDoe"), std::string::npos);
  Registry registry;
  registry.add(builtin_io());
  EXPECT_EQ(std::get<Video>(registry.open(folder / "clip.mkv")).frames, 12);
}

}
}
