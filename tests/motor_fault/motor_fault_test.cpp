#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/io/csv_recording.h"
#include "pipelines/motor_fault/examples.h"
#include "pipelines/motor_fault/synthetic.h"
#include "tests/io/support.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>

using namespace sensorium;
using namespace sensorium::motor_fault;
using namespace sensorium::test;

namespace sensorium::motor_fault {
Extension make_extension();
}

namespace {

const PipelineDefinition& pipeline() {
  static const Extension extension = motor_fault::make_extension();
  return extension.pipelines.at(0);
}

Findings findings_of(const Recording& recording, nlohmann::json values = nlohmann::json::object()) {
  const Dataset dataset(recording);
  const auto parameters = complete(pipeline().info.parameters, values);
  const auto analysis = pipeline().analyse({.dataset = dataset, .parameters = parameters}, {});
  return pipeline().conclude(dataset, *analysis, parameters);
}

std::string nameplate(const TemporaryFolder& folder, const SyntheticOptions& o) {
  const double rpm = 60 * o.supply_hz / o.pole_pairs * (1 - o.slip);
  const nlohmann::json plate = {{"supply_hz", o.supply_hz},
                                {"pole_pairs", o.pole_pairs},
                                {"measured_rpm", rpm},
                                {"bearings", {"6205-2RS"}}};
  write_atomically(folder / "motor.json", plate.dump());
  return (folder / "motor.json").string();
}

}

TEST(Synthetic, TheSameSeedGivesTheSameBits) {
  const Recording a = make_motor({.seed = 4}), b = make_motor({.seed = 4}),
                  c = make_motor({.seed = 5});
  EXPECT_EQ(block(a, 0, 0, 5000), block(b, 0, 0, 5000));
  EXPECT_NE(block(a, 0, 0, 5000), block(c, 0, 0, 5000));
  EXPECT_THROW(make_motor({.rate = 100, .supply_hz = 60}), Error);
}

TEST(Timeline, TheCourseFindsBothLimits) {
  std::vector<Complex> ratio(200, Complex(0.02, 0.01));
  for (std::size_t i = 60; i < 140; ++i) ratio[i] = Complex(0.02, 0.2);
  Course c = course_of(ratio);
  EXPECT_EQ(c.begin, 60u);
  EXPECT_EQ(c.end, 140u);
  EXPECT_FALSE(c.wraps);
  EXPECT_NEAR(c.change(), 0.19, 1e-12);
  EXPECT_NEAR(c.spread, 0, 1e-6); // the root of a rounded zero
  for (std::size_t i = 0; i < 200; ++i)
    ratio[i] = i < 60 || i >= 140 ? Complex(0.02, 0.2) : Complex(0.02, 0.01);
  c = course_of(ratio);
  EXPECT_TRUE(c.wraps); // the larger part lies outside
  EXPECT_NEAR(std::abs(c.faulty), std::hypot(0.02, 0.2), 1e-12);
  EXPECT_EQ(course_of({}).end, 0u);
}

TEST(Features, DoNotDependOnTheScale) {
  const Recording r = make_motor({.seed = 3});
  std::array<std::vector<double>, 3> a, b;
  for (std::size_t k = 0; k < 3; ++k) {
    a[k] = block(r, k, 2000, 400);
    b[k] = a[k];
    for (double& v : b[k]) v *= 1000;
  }
  const Features one = window_features({a[0], a[1], a[2]}, 1000, 60, std::nullopt),
                 other = window_features({b[0], b[1], b[2]}, 1000, 60, std::nullopt);
  for (std::size_t i = 0; i < feature_count; ++i)
    EXPECT_NEAR(one[i], other[i], 1e-5) << feature_names()[i];
}

// Waves whose samples are known: fundamental 1, third harmonic 0.1, negative sequence 0.2 at 30
// degrees. Neither rate, scale nor begin may matter.
TEST(RawWindow, IsOneWaveformWhateverTheRate) {
  const double turn = 2 * std::numbers::pi;
  const Complex ratio = std::polar(0.2, turn / 12);
  for (const double rate : {1000.0, 10000.0, 51200.0})
    for (const double begin : {0.0, 0.0037}) {
      std::array<std::vector<double>, 3> x;
      const auto count = window_length(rate, 60);
      for (int k = 0; k < 3; ++k)
        for (std::size_t i = 0; i < count; ++i) {
          const double t = turn * 60 * (static_cast<double>(i) / rate + begin);
          x[static_cast<std::size_t>(k)].push_back(
              7 * (std::cos(t - turn * k / 3) + 0.2 * std::cos(t + turn / 12 + turn * k / 3) +
                   0.1 * std::cos(3 * t)));
        }
      const auto raw = raw_window({x[0], x[1], x[2]}, rate, 60, ratio);
      ASSERT_EQ(raw.size(), raw_channels * raw_samples);
      for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t i = 0; i < raw_samples; ++i) {
          const double t = turn * static_cast<double>(i) / 16,
                       shift = turn * static_cast<double>(k) / 3;
          const double healthy = std::cos(t - shift) + 0.1 * std::cos(3 * t);
          EXPECT_NEAR(raw[k * raw_samples + i], healthy + 0.2 * std::cos(t + turn / 12 + shift),
                      0.01)
              << rate << " " << k << " " << i;
          EXPECT_NEAR(raw[(k + 3) * raw_samples + i], healthy, 0.01);
        }
      const auto bare = raw_window({x[0], x[1], x[2]}, rate, 60, std::nullopt);
      for (std::size_t i = 3 * raw_samples; i < bare.size(); ++i) EXPECT_EQ(bare[i], 0);
    }
}

TEST(Features, ClassesAndNames) {
  EXPECT_EQ(class_name(0), "healthy");
  EXPECT_EQ(class_name(class_of(1, 3)), "B 30 %");
  for (int k = 1; k < class_count; ++k) EXPECT_EQ(class_of(phase_of(k), step_of(k)), k);
  EXPECT_EQ(label_of_name("SC_A0_B2_C0_004"), (std::pair{class_of(1, 2), 4}));
  EXPECT_EQ(label_of_name("SC_HLT_001"), (std::pair{0, 1}));
  EXPECT_FALSE(label_of_name("SC_A1_B2_C0_004"));
  EXPECT_FALSE(label_of_name("SC_A5_B0_C0_004"));
  EXPECT_FALSE(label_of_name("motor"));
}

TEST(MotorFault, AHealthyMotorHasNoFinding) {
  for (int seed = 1; seed <= 5; ++seed) {
    const Findings f = findings_of(make_motor({.seed = seed, .fault = "none"}));
    EXPECT_TRUE(f.items.empty()) << seed << " " << (f.items.empty() ? "" : f.items[0].text);
    EXPECT_NE(f.notes.at(0).find("No sign of a fault"), std::string::npos);
  }
}

TEST(MotorFault, AShortIsFoundWithItsBeginAndEnd) {
  for (int step = 1; step <= 4; ++step) {
    const Findings f =
        findings_of(make_motor({.seed = 7 + step, .step = step, .onset = 0.3, .end = 0.7}));
    ASSERT_EQ(f.items.size(), 1u) << step;
    EXPECT_EQ(f.items[0].label, "inter-turn short");
    // 5 s at 1 kHz: 1.5 s to 3.5 s; a window is 0.1 s.
    EXPECT_NEAR(f.items[0].box[0], 1500, 60) << step;
    EXPECT_NEAR(f.items[0].box[3], 3500, 60) << step;
  }
}

TEST(MotorFault, BrokenBarsNeedTheNameplate) {
  TemporaryFolder folder;
  const SyntheticOptions o{.seed = 2,
                           .fault = "broken bar",
                           .step = 3,
                           .seconds = 20,
                           .slip = 0.03,
                           .onset = 0,
                           .end = 1,
                           .noise_db = -60};
  const Recording r = make_motor(o);
  bool found = false;
  for (const Finding& f : findings_of(r, {{"nameplate", nameplate(folder, o)}}).items)
    found = found || f.label == "broken bar";
  EXPECT_TRUE(found);
  for (const Finding& f : findings_of(r).items) EXPECT_NE(f.label, "broken bar");
}

TEST(MotorFault, WhatIsMissingIsSaid) {
  Recording r = make_motor({.seed = 1});
  r.rate = unknown_rate("the table states none");
  EXPECT_TRUE(mentions(error_of([&] { findings_of(r); }), "the table states none"));
  EXPECT_NO_THROW(findings_of(r, {{"rate", 1000}}));
  Recording two = make_motor({.seed = 1});
  two.channels.resize(2);
  EXPECT_EQ(error_of([&] { findings_of(two); }).code(), ErrorCode::Unsupported);
  Recording brief = make_motor({.seed = 1});
  brief.length = 100;
  EXPECT_TRUE(mentions(error_of([&] { findings_of(brief); }), "periods"));
  EXPECT_THROW(findings_of(make_motor({.seed = 1}), {{"phases", "ia,ib"}}), Error);
  EXPECT_THROW(findings_of(make_motor({.seed = 1}), {{"rate", 2000}}), Error);
  EXPECT_THROW(findings_of(make_motor({.seed = 1}), {{"nameplate", "/no/such/file.json"}}), Error);
  EXPECT_THROW(pipeline().analyse(
                   {.dataset = Dataset(Volume{}),
                    .parameters = complete(pipeline().info.parameters, nlohmann::json::object())},
                   {}),
               Error);
}

TEST(MotorFault, MissingSamplesAreBridged) {
  Recording r = make_motor({.seed = 9, .step = 3});
  auto x = block(r, 1, 0, r.length);
  for (std::size_t i = 100; i < 103; ++i) x[i] = std::nan("");
  r.channels[1].samples = Buffer::of(std::move(x));
  r.channels[1].first = 0;
  r.channels[1].stride = 8;
  const Findings f = findings_of(r);
  EXPECT_FALSE(f.items.empty());
  bool said = false;
  for (const std::string& note : f.notes)
    said = said || note.find("3 missing samples") != std::string::npos;
  EXPECT_TRUE(said);
}

TEST(MotorFault, EveryRealFaultHasABegin) {
  const auto folder = shared_data() / "motor" / "itsc";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no shared data";
  int faulty = 0, changes = 0;
  for (const LabelledFile& file : labelled_files({folder.string()}, 1000, {})) {
    if (file.label == 0) {
      EXPECT_FALSE(file.changes) << file.path;
      continue;
    }
    ++faulty;
    changes += file.changes ? 1 : 0;
  }
  EXPECT_EQ(faulty, 48);
  EXPECT_EQ(changes, 48);
}
