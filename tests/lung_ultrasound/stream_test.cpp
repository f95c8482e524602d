#include "modules/io/y4m_stream.h"

#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"
#include "pipelines/lung_ultrasound/phantom.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>
#include <sstream>

namespace sensorium::lung_ultrasound {
Extension make_extension();
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

// Gives at most three bytes at a time, as a pipe may.
Y4mStream stream_of(const std::string& bytes) {
  auto at = std::make_shared<std::size_t>(0);
  return Y4mStream(
      [bytes, at](std::uint8_t* to, std::size_t count) {
        const std::size_t n = std::min({count, std::size_t{3}, bytes.size() - *at});
        std::memcpy(to, bytes.data() + *at, n);
        *at += n;
        return n;
      },
      "test");
}

std::string two_frames() {
  std::string s = "YUV4MPEG2 W3 H2 F25:2 Ip C420jpeg XCOMMENT\n";
  for (const char base : {char{10}, char{20}}) {
    s += "FRAME\n";
    for (char i = 0; i < 6; ++i) s += static_cast<char>(base + i);
    s += std::string(4, 'c'); // two planes of 2 x 1
  }
  return s;
}

TEST(Stream, FramesComeBackWithTheirTime) {
  Y4mStream s = stream_of(two_frames());
  EXPECT_EQ(s.width(), 3);
  EXPECT_EQ(s.height(), 2);
  EXPECT_DOUBLE_EQ(*s.frame_time_ms(), 80);
  std::vector<std::uint8_t> luma;
  ASSERT_TRUE(s.next(luma));
  EXPECT_EQ(luma, (std::vector<std::uint8_t>{10, 11, 12, 13, 14, 15}));
  ASSERT_TRUE(s.next(luma));
  EXPECT_EQ(luma[5], 25);
  EXPECT_FALSE(s.next(luma));
  EXPECT_EQ(s.frames(), 2);
}

TEST(Stream, WhatIsNoStreamIsOneClearError) {
  for (const char* text : {"", "RIFF....AVI ", "YUV4MPEG2 W3\n", "YUV4MPEG2 W3 H99999\n",
                           "YUV4MPEG2 W3 Hx\n", "YUV4MPEG2 W3 H2 C420p10\n", "YUV4MPEG2 W-3 H2\n"})
    EXPECT_THROW((void)stream_of(text), Error) << text;
  EXPECT_THROW((void)stream_of("YUV4MPEG2 " + std::string(5000, 'x')), Error);
}

TEST(Stream, ACutIsSaidAfterTheFramesBeforeIt) {
  const std::string whole = two_frames();
  for (std::size_t length = whole.find("FRAME") + 1; length < whole.size(); ++length) {
    Y4mStream s = stream_of(whole.substr(0, length));
    std::vector<std::uint8_t> luma;
    bool ended = false, failed = false;
    try {
      while (s.next(luma)) {
      }
      ended = true;
    } catch (const Error&) {
      failed = true;
    }
    const bool between = length == whole.rfind("FRAME");
    EXPECT_EQ(ended, between) << length;
    EXPECT_EQ(failed, !between) << length;
    EXPECT_EQ(s.frames(), length >= whole.rfind("FRAME") ? 1 : 0) << length;
  }
}

TEST(Follow, TheRuleOfWholeClipsIsRefused) {
  const Extension e = make_extension();
  const json parameters = json{{"rule", "attention"}};
  EXPECT_THROW(e.pipelines[0].follow({.path = "absent.y4m", .parameters = parameters, .idle_s = 1},
                                     [](const json&) { return true; }, {}),
               Error);
}

TEST(Follow, EveryFrameOfAStreamGetsARowWithItsLatency) {
  PhantomOptions o;
  o.frames = 30;
  o.width = 200;
  o.height = 180;
  o.variety = 0.3;
  o.pattern = "a_lines";
  const LungPhantom p = make_phantom(o);
  std::string bytes = "YUV4MPEG2 W200 H180 F20:1 Cmono\n";
  const auto pixels = samples<std::uint8_t>(p.video.pixels);
  for (int f = 0; f < o.frames; ++f) {
    bytes += "FRAME\n";
    for (std::size_t i = 0; i < std::size_t{200} * 180; ++i)
      bytes += static_cast<char>(pixels[(static_cast<std::size_t>(f) * 200 * 180 + i) * 3]);
  }
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_follow";
  fs::create_directories(folder);
  write_atomically(folder / "clip.y4m", bytes);
  const Extension e = make_extension();
  const auto& follow = e.pipelines[0].follow;
  ASSERT_TRUE(follow);
  const json parameters = json{{"use_network", false}};
  std::vector<json> events;
  const auto keep = [&](const json& event) {
    events.push_back(event);
    return true;
  };
  follow({.path = folder / "clip.y4m", .parameters = parameters, .idle_s = 0.2}, keep, {});
  ASSERT_EQ(events.size(), 31u);
  for (int i = 0; i < 30; ++i) {
    const json& row = events[static_cast<std::size_t>(i)];
    EXPECT_EQ(row.at("frame"), i + 1);
    EXPECT_GE(row.at("latency_ms"), 0);
    if (i < 11) {
      EXPECT_EQ(row.at("reason"), "no beam yet");
    }
  }
  EXPECT_EQ(events.back().at("frames"), 30);
  EXPECT_GE(events.back().at("readable"), 15) << "the beam is known after twelve frames";
  EXPECT_EQ(events.back().at("score"), 0);
  events.clear();
  follow({.path = folder / "clip.y4m", .parameters = parameters, .idle_s = 0.2},
         [&](const json& event) {
           events.push_back(event);
           return events.size() < 3;
         },
         {});
  EXPECT_EQ(events.size(), 4u) << "nobody listens: the verdict so far, and the end";
  EXPECT_THROW(follow({.path = "/nowhere/x.y4m", .parameters = parameters}, keep, {}), Error);
}

}
}
