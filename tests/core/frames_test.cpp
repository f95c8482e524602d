#include "modules/core/dataset.h"
#include "modules/core/dataset_store.h"
#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

// Frame t is four bytes of value t; says what was asked of it.
class Counted : public DecodedFrames {
public:
  mutable std::vector<int> asked;
  int before = 0; // frames decoded on the way
  std::string index() const override { return "four bytes"; }

protected:
  void decode(int t, const Keep& keep) const override {
    asked.push_back(t);
    for (int k = std::max(0, t - before); k <= t; ++k)
      keep(k, Buffer(std::vector<std::byte>(4, static_cast<std::byte>(k))));
  }
};

class Frames : public ::testing::Test {
protected:
  void SetUp() override { ::setenv("SENSORIUM_FRAME_BYTES", "24", 1); } // keeps 12: three frames
  void TearDown() override { ::unsetenv("SENSORIUM_FRAME_BYTES"); }
};

int value_of(const Buffer& frame) { return std::to_integer<int>(frame.bytes()[0]); }

TEST_F(Frames, TheFramesUsedLastAreKeptAndNoMore) {
  const Counted source;
  for (const int t : {0, 1, 2, 0, 3, 0, 1}) EXPECT_EQ(value_of(source.frame(t)), t);
  // 3 pushed out 1, which was used longest ago; 0 stayed.
  EXPECT_EQ(source.asked, (std::vector<int>{0, 1, 2, 3, 1}));
}

TEST_F(Frames, WhatWasDecodedOnTheWayIsKept) {
  Counted source;
  source.before = 2;
  for (const int t : {9, 8, 7, 6}) EXPECT_EQ(value_of(source.frame(t)), t);
  EXPECT_EQ(source.asked, (std::vector<int>{9, 6}));
}

TEST_F(Frames, OfAClipThatIsHeldAreViewsOfIt) {
  Video v{.width = 2, .height = 1, .frames = 3};
  v.pixels = Buffer::of(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(v.frame(1).bytes().data(), v.pixels.bytes().data() + 2);
  EXPECT_EQ(v.frame(1).size(), 2u);
  EXPECT_THROW((void)v.frame(3), Error);
}

TEST_F(Frames, AreNamedNotStored) {
  Video v{.width = 2, .height = 2, .frames = 7};
  auto source = std::make_shared<Counted>();
  v.source = source;
  v.origin.path = "clip";
  validate(v);
  const fs::path file = fs::path(testing::TempDir()) / "frames.dat";
  store_dataset(v, file);
  EXPECT_TRUE(source->asked.empty()) << "storing decodes nothing";
  EXPECT_THROW((void)map_dataset(file), Error);
  const Dataset back = map_dataset(file, [&](const Video& header, const std::string& index) {
    EXPECT_EQ(header.frames, 7);
    EXPECT_EQ(header.origin.path, "clip");
    EXPECT_EQ(index, "four bytes");
    return source;
  });
  EXPECT_EQ(value_of(std::get<Video>(back).frame(5)), 5);
  EXPECT_EQ(std::get<Video>(back).all_frames().size(), 28u);
  ::setenv("SENSORIUM_MAX_BYTES", "27", 1);
  EXPECT_THROW((void)std::get<Video>(back).all_frames(), Error);
  ::unsetenv("SENSORIUM_MAX_BYTES");
  fs::remove(file);
}

}
}
