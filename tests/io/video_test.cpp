#include "modules/io/codecs.h"
#include "modules/io/video.h"
#include "modules/io/video_container.h"
#include "modules/io/video_writer.h"
#include "tests/io/support.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace sensorium {
namespace {

namespace fs = std::filesystem;
using test::Draft;
using test::error_of;
using test::mentions;

// An AVI of uncompressed 24 bit frames at 25 frames a second, written field by field; frame i is
// filled with blue, green and red of `colours[i]`.
Draft avi(int width, int height, const std::vector<std::array<std::uint8_t, 3>>& colours,
          std::uint32_t claimed_frames) {
  const auto u32 = [](auto v) { return static_cast<std::uint32_t>(v); };
  const std::uint32_t row = u32((width * 3 + 3) / 4 * 4), frame = row * u32(height);
  Draft f;
  f.append_text("RIFF").append(u32(0)).append_text("AVI ");
  f.append_text("LIST").append(u32(4 + 8 + 56 + 12 + 8 + 56 + 8 + 40)).append_text("hdrl");
  f.append_text("avih")
      .append(u32(56))
      .append(u32(40000))
      .append(u32(0))
      .append(u32(0))
      .append(u32(0x10));
  f.append(claimed_frames)
      .append(u32(0))
      .append(u32(1))
      .append(frame)
      .append(u32(width))
      .append(u32(height));
  for (int i = 0; i < 4; ++i) f.append(u32(0));
  f.append_text("LIST").append(u32(4 + 8 + 56 + 8 + 40)).append_text("strl");
  f.append_text("strh")
      .append(u32(56))
      .append_text("vids")
      .append_text("DIB ")
      .append(u32(0))
      .append(u32(0))
      .append(u32(0));
  f.append(u32(1))
      .append(u32(25))
      .append(u32(0))
      .append(claimed_frames)
      .append(frame)
      .append(u32(0))
      .append(u32(0))
      .append(u32(0))
      .append(u32(0));
  f.append_text("strf")
      .append(u32(40))
      .append(u32(40))
      .append(u32(width))
      .append(u32(height))
      .append<std::uint16_t>(1)
      .append<std::uint16_t>(24);
  f.append(u32(0)).append(frame);
  for (int i = 0; i < 4; ++i) f.append(u32(0));
  const std::uint32_t chunk = 8 + frame;
  f.append_text("LIST").append(u32(4 + colours.size() * chunk)).append_text("movi");
  for (const auto& [r, g, b] : colours) {
    f.append_text("00db").append(frame);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) f.append(b).append(g).append(r);
      for (std::uint32_t i = u32(width) * 3; i < row; ++i) f.append<std::uint8_t>(0);
    }
  }
  f.append_text("idx1").append(u32(colours.size() * 16));
  for (std::size_t i = 0; i < colours.size(); ++i)
    f.append_text("00db").append(u32(0x10)).append(u32(4 + i * chunk)).append(frame);
  f.put(4, u32(f.size() - 8));
  return f;
}

const std::vector<std::array<std::uint8_t, 3>> three{{10, 20, 30}, {40, 50, 60}, {250, 0, 5}};

TEST(Video, FramesAreCountedByDecoding) {
  const test::TemporaryFolder folder;
  const fs::path path = folder.write("a.bin", avi(6, 4, three, 7).bytes());
  for (const Samples wanted : {Samples::Skip, Samples::Load}) {
    const Video v = load_video(path, wanted, {});
    EXPECT_EQ(v.width, 6);
    EXPECT_EQ(v.height, 4);
    EXPECT_EQ(v.frames, 3);
    EXPECT_EQ(v.channels, 3);
    ASSERT_TRUE(v.frame_time_ms);
    EXPECT_NEAR(*v.frame_time_ms, 40, 1e-9);
    EXPECT_EQ(v.frame_time_source, "container frame rate");
    EXPECT_FALSE(v.spacing[0].known());
    EXPECT_EQ(v.pixels.size(), wanted == Samples::Load ? 3u * 4 * 6 * 3 : 0u);
  }
  const Video v = load_video(path, Samples::Load, {});
  const auto s = samples<std::uint8_t>(v.pixels);
  for (std::size_t i = 0; i < s.size(); ++i) ASSERT_EQ(s[i], three[i / 72][i % 3]) << i;
  validate(v);
}

TEST(Video, BoundedMemory) {
  const test::TemporaryFolder folder;
  const fs::path path = folder.write("a.avi", avi(6, 4, three, 3).bytes());
  ::setenv("SENSORIUM_MAX_BYTES", "150", 1); // two of the three frames: not held
  const Video v = load_video(path, Samples::Load, {});
  EXPECT_EQ(v.pixels.size(), 0u);
  EXPECT_EQ(v.frame(2).size(), 72u);
  ::setenv("SENSORIUM_MAX_BYTES", "50", 1); // less than one
  const Error e = error_of([&] { load_video(path, Samples::Load, {}); });
  ::unsetenv("SENSORIUM_MAX_BYTES");
  EXPECT_EQ(e.code(), ErrorCode::BadInput);
  EXPECT_TRUE(mentions(e, "50 bytes")) << e.what();
}

// The frames of a clip that is not held, in an order that goes forward, far, and back, are those of
// the clip that is.
void expect_same_frames(const fs::path& path, int back = 20) {
  SCOPED_TRACE(path.string());
  const Video whole = load_video(path, Samples::Load, {});
  ASSERT_EQ(whole.source, nullptr);
  ::setenv("SENSORIUM_FRAME_BYTES", std::to_string(whole.frame_bytes() * 8).c_str(), 1);
  const Video longer = load_video(path, Samples::Load, {});
  const auto again = codecs().video_frames(path, longer, longer.source->index());
  EXPECT_EQ(longer.pixels.size(), 0u);
  ASSERT_EQ(longer.frames, whole.frames);
  EXPECT_EQ(longer.frame_time_ms, whole.frame_time_ms);
  EXPECT_EQ(longer.origin.warnings, whole.origin.warnings);
  const int n = whole.frames;
  std::vector<int> order{n - 1, 0, n / 2, n / 2 + 1, n / 2 - 1, n / 3, n - 2, 1};
  for (int t = n - 1; t >= std::max(0, n - back); --t) order.push_back(t);
  for (const int t : order) {
    const Buffer want = whole.frame(t);
    for (const Buffer& got : {longer.frame(t), again->frame(t)})
      ASSERT_TRUE(std::ranges::equal(got.bytes(), want.bytes())) << "frame " << t;
  }
  ::unsetenv("SENSORIUM_FRAME_BYTES");
}

Video drawn_clip(int frames) {
  Video clip{.width = 34, .height = 18, .frames = frames, .channels = 3};
  std::vector<std::uint8_t> pixels(clip.frame_bytes() * static_cast<std::size_t>(frames));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 37 + i / 91 + i / clip.frame_bytes() * 11);
  clip.pixels = Buffer::of(pixels);
  clip.frame_time_ms = 50;
  return clip;
}

TEST(Video, FramesOneByOneAreThoseOfTheWhole) {
  const test::TemporaryFolder folder;
  expect_same_frames(folder.write("a.avi", avi(6, 4, std::vector(40, three[2]), 40).bytes()));
  write_video(drawn_clip(300), folder / "b.mkv");
  expect_same_frames(folder / "b.mkv");
}

TEST(Video, FramesOneByOneOfAFileThatChanged) {
  const test::TemporaryFolder folder;
  const fs::path path = folder.write("a.avi", avi(6, 4, three, 3).bytes());
  ::setenv("SENSORIUM_FRAME_BYTES", "72", 1);
  const Video v = load_video(path, Samples::Load, {});
  (void)v.frame(0);
  folder.write("a.avi", avi(6, 4, {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, 3).bytes());
  const auto again = codecs().video_frames(path, v, v.source->index());
  ::unsetenv("SENSORIUM_FRAME_BYTES");
  EXPECT_EQ(error_of([&] { (void)again->frame(2); }).code(), ErrorCode::Conflict);
  EXPECT_EQ(error_of([&] { (void)codecs().video_frames(path, v, "12"); }).code(),
            ErrorCode::BadInput);
}

TEST(Video, CutShortOrNoVideo) {
  const test::TemporaryFolder folder;
  const Draft whole = avi(6, 4, three, 3);
  for (const std::size_t size :
       {std::size_t{12}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
    Draft f = whole;
    const Error e = error_of(
        [&] { load_video(folder.write("a.avi", f.cut(size).bytes()), Samples::Load, {}); });
    EXPECT_EQ(e.code(), ErrorCode::BadInput) << size;
  }
  Draft noise(5000);
  noise.text(4, "ftypisom").put(0, std::uint32_t{0x20000000});
  EXPECT_EQ(
      error_of([&] { load_video(folder.write("a.mp4", noise.bytes()), Samples::Load, {}); }).code(),
      ErrorCode::BadInput);
  EXPECT_EQ(error_of([&] {
              load_video(folder.write("a.mp4", Draft(100).bytes()), Samples::Load, {});
            }).code(),
            ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] { load_video(folder / "absent.mp4", Samples::Load, {}); }).code(),
            ErrorCode::NotFound);
}

TEST(Video, PlaylistsAreNoVideos) {
  for (const char* text :
       {"#EXTM3U\nhttp://example.org/a.ts\n", "ffconcat version 1.0\nfile '/etc/passwd'\n"})
    EXPECT_EQ(video_container(Draft().append_text(text).bytes()), Container::None);
}

TEST(Video, GifByPillow) {
  if (!fs::exists(test::judge())) GTEST_SKIP() << "skipped: no Python judge";
  const test::TemporaryFolder folder;
  const fs::path path = folder / "a.gif", uneven = folder / "uneven.gif";
  ASSERT_EQ(test::run_judge("make_videos.py", {path.string(), uneven.string()}), 0);
  const Video v = load_video(path, Samples::Load, {});
  EXPECT_EQ(v.frames, 5);
  EXPECT_TRUE(v.origin.warnings.empty());
  const Video other = load_video(uneven, Samples::Skip, {});
  ASSERT_EQ(other.origin.warnings.size(), 1u);
  EXPECT_NE(other.origin.warnings[0].find("not evenly spaced"), std::string::npos);
  EXPECT_NEAR(v.frame_time_ms.value_or(0), 100, 1e-6);
  const auto s = samples<std::uint8_t>(v.pixels);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(s[static_cast<std::size_t>(i) * 24 * 16 * 3], 40 * i, 2);
    EXPECT_NEAR(s[static_cast<std::size_t>(i) * 24 * 16 * 3 + 2], 255 - 40 * i, 2);
  }
  const std::string whole = read_text(path);
  write_atomically(path, whole.substr(0, whole.size() - 40));
  EXPECT_TRUE(mentions(error_of([&] { load_video(path, Samples::Load, {}); }), "cut short"));
}

TEST(Video, RealClips) {
  const fs::path data = test::shared_data() / "lung_ultrasound";
  if (!fs::exists(data)) GTEST_SKIP() << "skipped: no ../shared/data";
  std::map<std::string, fs::path> one_of_each;
  for (const auto& entry : fs::recursive_directory_iterator(data))
    if (video_container(entry.is_regular_file() ? read_head(entry.path())
                                                : std::vector<std::byte>{}) != Container::None)
      one_of_each.emplace(entry.path().extension().string() +
                              entry.path().parent_path().filename().string(),
                          entry.path());
  EXPECT_GE(one_of_each.size(), 5u);
  for (const auto& [kind, path] : one_of_each) {
    SCOPED_TRACE(path.string());
    const Video v = load_video(path, Samples::Skip, {});
    EXPECT_GT(v.frames, 1);
    EXPECT_TRUE(v.frame_time_ms);
    expect_same_frames(path, 3);
    if (kind == ".mp4blues") {
      EXPECT_EQ(v.width, 350);
      EXPECT_EQ(v.height, 350);
      EXPECT_NEAR(v.frame_time_ms.value_or(0), 40, 0.01);
    }
  }
}

TEST(VideoWriter, EveryPixelComesBack) {
  const Video clip = drawn_clip(3);
  const fs::path path = fs::path(testing::TempDir()) / "written.mkv";
  write_video(clip, path);
  const Video back = load_video(path, Samples::Load, {});
  ASSERT_EQ(back.frames, 3);
  EXPECT_NEAR(back.frame_time_ms.value_or(0), 50, 0.01);
  EXPECT_TRUE(std::ranges::equal(back.pixels.bytes(), clip.pixels.bytes()));
  fs::remove(path);
}

TEST(VideoWriter, WhatItCannotWriteLeavesNoFile) {
  Video deep{.width = 4, .height = 4, .frames = 1, .channels = 1, .type = PixelType::UInt16};
  deep.pixels = Buffer::of(std::vector<std::uint16_t>(16));
  const fs::path folder = fs::path(testing::TempDir());
  EXPECT_THROW(write_video(deep, folder / "deep.mkv"), Error);
  EXPECT_FALSE(fs::exists(folder / "deep.mkv"));
  Video fine{.width = 4, .height = 4, .frames = 1, .channels = 1};
  fine.pixels = Buffer::of(std::vector<std::uint8_t>(16));
  EXPECT_THROW(write_video(fine, folder / "no" / "such" / "folder.mkv"), Error);
}

}
}
