#include "modules/io/image.h"
#include "modules/io/tiff_writer.h"
#include "tests/io/support.h"

#include <algorithm>

namespace sensorium {
namespace {

namespace fs = std::filesystem;
using test::error_of;

template<class T> Volume volume(PixelType type, std::vector<T> values, int channels) {
  Volume v;
  v.width = 3;
  v.height = 2;
  v.depth = static_cast<int>(values.size()) / (6 * channels);
  v.channels = channels;
  v.type = type;
  v.pixels = Buffer::of(std::move(values));
  return v;
}

std::vector<float> ramp(int count) {
  std::vector<float> out;
  for (int i = 0; i < count; ++i) out.push_back(0.5f * static_cast<float>(i) - 3);
  return out;
}

Volume back(const fs::path& path) {
  return parse_picture(MappedFile::open(path)->bytes(), path.string());
}

void write(const Volume& v, const fs::path& path, const Dataset* source = nullptr) {
  write_tiff({v, "image", source, nullptr}, path);
}

TEST(TiffWriter, WhatIsWrittenIsRead) {
  const test::TemporaryFolder folder;
  const Volume v = volume(PixelType::Float32, ramp(12), 1);
  write(v, folder / "a.tif");
  const Volume w = back(folder / "a.tif");
  EXPECT_EQ(w.depth, 2);
  EXPECT_EQ(w.type, PixelType::Float32);
  EXPECT_TRUE(std::ranges::equal(samples<float>(w.pixels), samples<float>(v.pixels)));
  for (const Spacing& s : w.spacing) EXPECT_FALSE(s.known());

  const Volume colour = volume(
      PixelType::UInt8,
      std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, 3);
  write(colour, folder / "c.tif");
  EXPECT_TRUE(std::ranges::equal(samples<std::uint8_t>(back(folder / "c.tif").pixels),
                                 samples<std::uint8_t>(colour.pixels)));
}

TEST(TiffWriter, ScaleOfTheVolumeOrItsSource) {
  const test::TemporaryFolder folder;
  Volume source = volume(PixelType::UInt8, std::vector<std::uint8_t>(12, 1), 1);
  source.spacing = {known_spacing(11.82, ScaleSource::VendorField, "a"),
                    known_spacing(3.87, ScaleSource::VendorField, "b"),
                    known_spacing(240, ScaleSource::VendorField, "c")};
  const Dataset dataset = source;
  Volume mask = volume(PixelType::UInt8, std::vector<std::uint8_t>(12, 1), 1);
  write(mask, folder / "a.tif", &dataset);
  const Volume w = back(folder / "a.tif");
  EXPECT_NEAR(w.spacing[0].micrometres, 11.82, 1e-5);
  EXPECT_NEAR(w.spacing[1].micrometres, 3.87, 1e-5);
  EXPECT_NEAR(w.spacing[2].micrometres, 240, 1e-5);
  mask =
      volume(PixelType::UInt8, std::vector<std::uint8_t>(6, 1), 1); // another depth than the source
  write(mask, folder / "b.tif", &dataset);
  EXPECT_FALSE(back(folder / "b.tif").spacing[0].known());
}

TEST(TiffWriter, TheFirstPageNamesTheLabels) {
  const test::TemporaryFolder folder;
  const Volume v = volume(PixelType::UInt8, std::vector<std::uint8_t>(12, 2), 1);
  write_tiff({.volume = v, .role = "labels", .labels = {{1, "focus"}, {2, "hard\nexudate"}}},
             folder / "a.tif");
  const std::string bytes = read_text(folder / "a.tif");
  EXPECT_NE(bytes.find("sensorium_label_1=focus\nsensorium_label_2=hard exudate\n"),
            std::string::npos);
  EXPECT_EQ(back(folder / "a.tif").depth, 2);
}

TEST(TiffWriter, RefusesWhatItCannotWrite) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(error_of([&] {
              write(volume(PixelType::Int32, std::vector<std::int32_t>(6), 1), folder / "a.tif");
            }).code(),
            ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] {
              write(volume(PixelType::UInt8, std::vector<std::uint8_t>(12), 2), folder / "a.tif");
            }).code(),
            ErrorCode::Unsupported);
  EXPECT_FALSE(fs::exists(folder / "a.tif"));
  const Volume v = volume(PixelType::UInt8, std::vector<std::uint8_t>(6), 1);
  const Error e = error_of([&] { write(v, folder / "no" / "a.tif"); });
  EXPECT_TRUE(e.code() == ErrorCode::NotFound || e.code() == ErrorCode::Resources);
}

TEST(TiffWriter, TifffileReadsTheSame) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  Volume v = volume(PixelType::Float32, ramp(18), 1);
  v.spacing = {known_spacing(2, ScaleSource::UserEntry, ""),
               known_spacing(0.5, ScaleSource::UserEntry, ""),
               known_spacing(30, ScaleSource::UserEntry, "")};
  write(v, folder / "a.tif");
  EXPECT_EQ(test::run_judge("judge_tiff.py", {(folder / "a.tif").string()}), 0);
}

}
}
