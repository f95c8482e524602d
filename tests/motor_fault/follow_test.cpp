// Diagnosis while the currents come, judged by synthetic motors whose begin and end are known.
#include "modules/core/error.h"
#include "pipelines/motor_fault/follow.h"
#include "pipelines/motor_fault/synthetic.h"
#include "tests/io/support.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>

using namespace sensorium;
using namespace sensorium::motor_fault;
using namespace sensorium::test;
using nlohmann::json;

namespace {

std::vector<double> interleaved(const Recording& r) {
  std::vector<double> out(3 * r.length);
  for (std::size_t k = 0; k < 3; ++k) {
    const auto x = block(r, k, 0, r.length);
    for (std::size_t i = 0; i < x.size(); ++i) out[3 * i + k] = x[i];
  }
  return out;
}

Follower follower_at(double rate, MotorParameters p = {}, Nameplate plate = {}) {
  return Follower({{"ia", "ib", "ic"}, rate, 0}, std::move(p), std::move(plate), {});
}

// All events when the samples come in blocks of that many rows.
std::vector<json> events_of(Follower follower, const std::vector<double>& values,
                            std::size_t rows) {
  std::vector<json> out;
  for (std::size_t i = 0; i < values.size(); i += 3 * rows)
    for (json& e :
         follower.add(std::span(values).subspan(i, std::min(3 * rows, values.size() - i))))
      out.push_back(std::move(e));
  return out;
}

std::vector<json> named(const std::vector<json>& events, const std::string& name) {
  std::vector<json> out;
  for (const json& e : events)
    if (e.at("event") == name) out.push_back(e);
  return out;
}

}

TEST(Follower, TellsBeginPhaseAndEndOfAShort) {
  for (const double rate : {1000.0, 5000.0})
    for (int phase = 0; phase < 3; ++phase) {
      const SyntheticOptions o{
          .seed = 20 + phase, .phase = phase, .step = 3, .seconds = 10, .rate = rate};
      const auto events = events_of(follower_at(rate), interleaved(make_motor(o)), 37);
      const auto begin = named(events, "begin"), end = named(events, "end"),
                 diagnosis = named(events, "diagnosis");
      ASSERT_EQ(begin.size(), 1u) << phase;
      // 10 s, faulty from 3 s to 7 s; a window is a tenth of a second.
      EXPECT_NEAR(begin[0].at("begin_s"), 3, 0.03);
      EXPECT_LT(begin[0].at("told_after_s"), 0.3);
      ASSERT_EQ(end.size(), 1u);
      EXPECT_NEAR(end[0].at("end_s"), 7, 0.03);
      ASSERT_FALSE(diagnosis.empty());
      EXPECT_EQ(diagnosis.back().at("phase"), std::string(1, "ABC"[phase]));
      EXPECT_EQ(diagnosis.back().at("channel"), std::string("i") + "abc"[phase]);
    }
}

TEST(Follower, ResultsDoNotDependOnTheSizeOfTheBlocks) {
  const auto values = interleaved(make_motor({.seed = 5, .seconds = 8}));
  auto told = [&](std::size_t rows) {
    json out = json::array();
    for (const json& e : events_of(follower_at(1000), values, rows))
      out.push_back({e.at("event"), std::round(e.at("time_s").get<double>() * 1000)});
    return out;
  };
  const json one = told(100);
  EXPECT_GT(one.size(), 8u);
  EXPECT_EQ(one, told(1000));
  EXPECT_EQ(one, told(13));
}

TEST(Follower, AHealthyMotorIsQuiet) {
  for (int seed = 1; seed <= 5; ++seed) {
    const auto events =
        events_of(follower_at(1000),
                  interleaved(make_motor({.seed = seed, .fault = "none", .seconds = 30})), 100);
    EXPECT_TRUE(named(events, "begin").empty()) << seed;
    EXPECT_EQ(named(events, "ready").size(), 1u) << seed;
    EXPECT_GE(named(events, "status").size(), 27u) << seed;
  }
}

TEST(Follower, AFaultFromTheBeginHasNoReference) {
  const auto events = events_of(
      follower_at(1000), interleaved(make_motor({.seed = 3, .step = 4, .onset = 0, .end = 1})), 50);
  const auto begin = named(events, "begin");
  ASSERT_EQ(begin.size(), 1u);
  EXPECT_FALSE(begin[0].at("with_reference"));
  EXPECT_FALSE(begin[0].contains("told_after_s"));
  EXPECT_EQ(named(events, "diagnosis").back().at("phase"), "A");
}

TEST(Follower, ASwitchedOffMotorIsLearnedAnew) {
  auto values = interleaved(make_motor({.seed = 6, .fault = "none", .seconds = 9}));
  for (std::size_t i = 3 * 3000; i < 3 * 5000; ++i) values[i] *= 1e-4;
  const auto events = events_of(follower_at(1000), values, 20);
  ASSERT_EQ(named(events, "stopped").size(), 1u);
  EXPECT_NEAR(named(events, "stopped")[0].at("time_s"), 3.0, 0.15);
  EXPECT_EQ(named(events, "ready").size(), 2u);
  EXPECT_TRUE(named(events, "begin").empty());
}

TEST(Follower, ABrokenBarShowsWithANameplate) {
  const SyntheticOptions o{.seed = 2,
                           .fault = "broken bar",
                           .step = 3,
                           .seconds = 25,
                           .slip = 0.03,
                           .onset = 0,
                           .end = 1,
                           .noise_db = -60};
  Nameplate plate;
  plate.supply_hz = 60;
  plate.pole_pairs = 2;
  plate.measured_rpm = 1800 * 0.97;
  const auto bands =
      named(events_of(follower_at(1000, {}, plate), interleaved(make_motor(o)), 500), "bands");
  ASSERT_FALSE(bands.empty());
  bool found = false;
  for (const json& b : bands.back().at("raised")) found = found || b.at("fault") == "broken bar";
  EXPECT_TRUE(found);
  EXPECT_TRUE(
      named(events_of(follower_at(1000), interleaved(make_motor(o)), 500), "bands").empty());
}

TEST(Follower, MissingSamplesAreBridged) {
  auto values = interleaved(make_motor({.seed = 7, .fault = "none", .seconds = 6}));
  for (std::size_t row = 500; row < 5500; row += 97)
    values[3 * row + row % 3] = std::numeric_limits<double>::quiet_NaN();
  Follower follower = follower_at(1000);
  for (std::size_t i = 0; i < values.size(); i += 300)
    for (const json& e : follower.add(std::span(values).subspan(i, 300)))
      EXPECT_NE(e.at("event"), "begin");
  EXPECT_EQ(follower.bridged(), 52u); // rows 500, 597 ... 5447
}

TEST(Follower, KeepsBoundedMemory) {
  // Nothing but zeros for a long time: no supply is ever found, and nothing grows.
  Follower follower = follower_at(100000);
  const std::vector<double> zeros(300000);
  for (int k = 0; k < 60; ++k) EXPECT_TRUE(follower.add(zeros).empty());
}

TEST(Follow, AFileIsFollowedToItsLastWordAndGapsAreTold) {
  TemporaryFolder folder;
  const auto path = folder / "motor.csv";
  const auto values = interleaved(make_motor({.seed = 8, .seconds = 6}));
  std::string text = "t (s),ia,ib,ic\n";
  for (std::size_t i = 0; i < 6000; ++i) {
    // Two samples missing at 1 s, and a jump of five seconds at 5.5 s.
    if (i == 1000 || i == 1001) continue;
    text += std::to_string(0.001 * static_cast<double>(i) + (i < 5500 ? 0 : 5));
    for (int k = 0; k < 3; ++k)
      text += "," + std::to_string(values[3 * i + static_cast<std::size_t>(k)]);
    text += "\n";
    if (i == 2000) text += "a line of nonsense\n";
  }
  std::ofstream(path) << text;
  std::vector<json> events;
  int asked = 0;
  Context context;
  context.progress = [&](double, std::string_view) { return ++asked < 12; };
  follow(
      {.path = path, .parameters = parameters_json(MotorParameters{})}, {},
      [&](const json& e) {
        events.push_back(e);
        return true;
      },
      context);
  EXPECT_EQ(events.front().at("event"), "started");
  EXPECT_NEAR(events.front().at("rate_hz"), 1000, 1e-6);
  ASSERT_EQ(named(events, "begin").size(), 1u);
  EXPECT_NEAR(named(events, "begin")[0].at("begin_s"), 1.8, 0.03);
  ASSERT_EQ(named(events, "gap").size(), 1u);
  EXPECT_NEAR(named(events, "gap")[0].at("time_s"), 10.5, 1e-3);
  EXPECT_EQ(named(events, "rows").at(0).at("bad_lines"), 1);
  const json& last = events.back();
  EXPECT_EQ(last.at("event"), "finished");
  EXPECT_EQ(last.at("reason"), "stopped");
  EXPECT_EQ(last.at("samples"), 5998); // the line of nonsense stands for none: the times say so
  EXPECT_EQ(last.at("bridged_values"), 6);
  EXPECT_GT(last.at("latency_ms").at("greatest").get<double>(), 0);
  for (const json& e : named(events, "status")) EXPECT_TRUE(e.contains("latency_ms"));
}

TEST(Follow, WhatIsMissingIsSaid) {
  TemporaryFolder folder;
  const auto followed = [&](const std::string& text, json values) {
    std::ofstream(folder / "x.csv") << text;
    int asked = 0;
    Context context;
    context.progress = [&](double, std::string_view) { return ++asked < 5; };
    return error_of([&] {
      follow(
          {.path = folder / "x.csv", .parameters = complete(specs_of<MotorParameters>(), values)},
          {}, [](const json&) { return true; }, context);
    });
  };
  std::string three = "ia,ib,ic\n", two = "ia,ib\n";
  for (int i = 0; i < 100; ++i) {
    three += "1,2,3.5\n";
    two += "1,2.5\n";
  }
  EXPECT_TRUE(mentions(followed(three, json::object()), "sample rate"));
  EXPECT_EQ(followed(two, {{"rate", 1000}}).code(), ErrorCode::Unsupported);
  EXPECT_TRUE(mentions(followed(three, {{"rate", 20}}), "too slow"));
  EXPECT_TRUE(mentions(followed(three, {{"rate", 1000}, {"phases", "ia,ib,xx"}}), "'xx'"));
}
