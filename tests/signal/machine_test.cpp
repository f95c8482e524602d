#include "modules/core/error.h"
#include "modules/signal/audit.h"
#include "modules/signal/machine.h"
#include "modules/signal/pyramid.h"
#include "modules/signal/three_phase.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <numbers>

using namespace sensorium;

namespace {

constexpr double turn = 2 * std::numbers::pi;

Channel channel_of(std::string name, std::vector<double> values, std::string unit = "A") {
  Channel c{.name = std::move(name), .unit = std::move(unit)};
  c.samples = Buffer::of(std::move(values));
  return c;
}

// Three currents of amplitude a each, phase k delayed by order * 120 degrees.
Recording three_phase(std::size_t n, std::array<double, 3> a, int order = 1) {
  Recording r;
  r.length = n;
  r.rate = known_rate(1000, RateSource::Stated, "test");
  for (int k = 0; k < 3; ++k) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i)
      x[i] = a[static_cast<std::size_t>(k)] *
             std::cos(turn * 50 * static_cast<double>(i) / 1000 - order * turn / 3 * k);
    r.channels.push_back(channel_of(std::string("i") + "abc"[k], std::move(x)));
  }
  return r;
}

bool has(const Audit& a, const std::string& kind) {
  for (const AuditEntry& e : a.entries)
    if (e.kind == kind) return true;
  return false;
}

}

TEST(Machine, TheWorkedBearingExample) {
  // Eight balls of 2 cm on a pitch of 12 cm at 15 degrees, 25 Hz: r = cos(15 deg) / 6 = 0.160988.
  const Bearing b{"", "", 8, 2, 12, 15};
  const BearingFrequencies f = bearing_frequencies(b, 25);
  const double r = 0.9659258262890683 / 6;
  EXPECT_NEAR(f.outer, 100 * (1 - r), 1e-9);   // 83.9012
  EXPECT_NEAR(f.inner, 100 * (1 + r), 1e-9);   // 116.0988
  EXPECT_NEAR(f.ball, 75 * (1 - r * r), 1e-9); // 73.0562
  EXPECT_NEAR(f.cage, 12.5 * (1 - r), 1e-9);   // 10.4877
  EXPECT_NEAR(f.outer, 83.9012, 5e-5);
  EXPECT_NEAR(f.ball, 73.0562, 5e-5);
}

TEST(Machine, TheListedBearingsGiveTheirPublishedFrequencies) {
  // Multiples of the shaft speed as Case Western Reserve University prints them.
  for (const auto& [name, inner, outer, cage] : {std::tuple{"6205-2RS", 5.4152, 3.5848, 0.39828},
                                                 std::tuple{"6203-2RS", 4.9469, 3.0530, 0.3817}}) {
    bool found = false;
    for (const Bearing& b : common_bearings()) {
      if (b.name != name) continue;
      found = true;
      const BearingFrequencies f = bearing_frequencies(b, 1);
      EXPECT_NEAR(f.inner, inner, 2e-4);
      EXPECT_NEAR(f.outer, outer, 2e-4);
      EXPECT_NEAR(f.cage, cage, 2e-4);
    }
    EXPECT_TRUE(found) << name;
  }
}

TEST(Machine, SlipAndPolePairs) {
  Nameplate n{.supply_hz = 60, .rated_rpm = 1725};
  EXPECT_EQ(pole_pairs_of(n, 60), 2);
  EXPECT_EQ(pole_pairs_of({.rated_rpm = 1800}, 60), 2);
  EXPECT_EQ(pole_pairs_of({.rated_rpm = 2950}, 50), 1);
  EXPECT_EQ(pole_pairs_of({}, 50), 0);
  n.measured_rpm = 1746;
  const Slip s = slip_of(n, 60, {});
  EXPECT_EQ(s.source, SlipSource::Measured);
  EXPECT_NEAR(s.value, 0.03, 1e-12); // (1800 - 1746) / 1800
  EXPECT_NEAR(s.shaft_hz, 29.1, 1e-12);
  EXPECT_EQ(slip_of({}, 60, {}).source, SlipSource::Unknown);
}

TEST(Machine, ABrokenBarIsReadAtItsSidebands) {
  // s = 0.03 at 50 Hz: lines at 47 and 53 Hz, 40 dB below the fundamental on both sides.
  std::vector<double> x(20000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = static_cast<double>(i) / 1000;
    x[i] = std::cos(turn * 50 * t) + 0.0101 * std::cos(turn * 47 * t) +
           0.0101 * std::cos(turn * 53 * t);
  }
  const FrequencySpectrum s = amplitude_spectrum(x, 1000, "hann");
  const Nameplate n{.pole_pairs = 2, .measured_rpm = 1455};
  const Slip slip = slip_of(n, 50, s);
  const auto levels = measure_bands(fault_bands(n, 50, slip, 1000, s.step), s, 50);
  int read = 0;
  for (const BandLevel& l : levels) {
    if (l.band.fault != "broken bar" || std::abs(l.band.centre - 50) > 4) continue;
    ++read;
    EXPECT_TRUE(l.resolved);
    EXPECT_NEAR(l.level_db, 20 * std::log10(0.0101), 0.05);
    EXPECT_EQ(l.severity, 3); // above -40 dB
  }
  EXPECT_EQ(read, 2);
}

TEST(Machine, ARecordTooShortIsNotJudged) {
  std::vector<double> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::cos(turn * 50 * static_cast<double>(i) / 1000);
  const FrequencySpectrum s = amplitude_spectrum(x, 1000, "hann");
  const Nameplate n{.pole_pairs = 2, .measured_rpm = 1497}; // slip 0.002: lines 0.2 Hz away
  for (const BandLevel& l :
       measure_bands(fault_bands(n, 50, slip_of(n, 50, s), 1000, s.step), s, 50))
    if (l.band.fault == "broken bar") {
      EXPECT_FALSE(l.resolved);
      EXPECT_EQ(l.severity, 0);
    }
}

TEST(Machine, BadNameplatesAreRefused) {
  for (const char* text : {R"([1])", R"({"supply_hz": -50})", R"({"supply_hz": "60"})",
                           R"({"poles": 4})", R"({"pole_pairs": 1.5})", R"({"bearings": ["9999"]})",
                           R"({"bearings": [{"elements": 8}]})", R"({"rated_rpm": 1e300})"})
    EXPECT_THROW(nameplate_from_json(nlohmann::json::parse(text), "n.json"), Error) << text;
  const Nameplate n = nameplate_from_json(
      nlohmann::json::parse(R"({"supply_hz": 60, "bearings": ["6205-2RS"]})"), "n");
  EXPECT_EQ(n.bearings.at(0).elements, 9);
  EXPECT_EQ(to_json(nameplate_from_json(to_json(n), "again")), to_json(n));
}

TEST(ThreePhase, ABalancedCurrentRunsOnACircle) {
  const Recording r = three_phase(1000, {2, 2, 2});
  const auto a = block(r, 0, 0, 1000), b = block(r, 1, 0, 1000), c = block(r, 2, 0, 1000);
  for (const double m : park({a, b, c}).modulus()) ASSERT_NEAR(m, 2 * std::sqrt(1.5), 1e-12);
  const Sequence s = sequence_at({a, b, c}, 1000, 50);
  EXPECT_NEAR(std::abs(s.positive), 2, 1e-9);
  EXPECT_NEAR(s.ratio(), 0, 1e-9);
}

TEST(ThreePhase, FortescueOfOnePhaseAlone) {
  // A current in phase a alone has three equal components of a third each.
  const Sequence s = sequence_of({Complex(3, 0), 0, 0});
  EXPECT_NEAR(std::abs(s.zero - Complex(1, 0)), 0, 1e-12);
  EXPECT_NEAR(std::abs(s.positive - Complex(1, 0)), 0, 1e-12);
  EXPECT_NEAR(std::abs(s.negative - Complex(1, 0)), 0, 1e-12);
  EXPECT_NEAR(sequence_of({0, Complex(3, 0), 0}).angle(), 120, 1e-9); // a2 / a = a: 120 degrees
  EXPECT_NEAR(sequence_of({0, 0, Complex(3, 0)}).angle(), -120, 1e-9);
}

TEST(ThreePhase, Measures) {
  std::vector<double> x(1000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = turn * 50 * static_cast<double>(i) / 1000;
    x[i] = 2 * std::cos(t) + 0.06 * std::cos(3 * t) + 0.08 * std::cos(5 * t);
  }
  EXPECT_NEAR(total_harmonic_distortion(x, 1000, 50), 0.05, 1e-9); // sqrt(0.06^2 + 0.08^2) / 2
  EXPECT_NEAR(rms(x), std::sqrt(2 + 0.0018 + 0.0032), 1e-9);
  const std::vector<double> square{1, -1, 1, -1};
  EXPECT_DOUBLE_EQ(crest_factor(square), 1);
  EXPECT_DOUBLE_EQ(kurtosis(square), 1);
  EXPECT_DOUBLE_EQ(skewness(square), 0);
  EXPECT_DOUBLE_EQ(unbalance({9, 10, 11}), 0.1);
}

TEST(Audit, ACleanRecordingHasNoEntry) {
  EXPECT_TRUE(audit(three_phase(4000, {2, 2, 2})).entries.empty());
}

TEST(Audit, WhatIsWrongIsNamed) {
  EXPECT_TRUE(has(audit(three_phase(4000, {2, 2, 0.05})), "missing phase"));
  EXPECT_TRUE(has(audit(three_phase(4000, {2, 2, 2}, -1)), "phase order"));
  EXPECT_TRUE(has(audit(three_phase(4000, {2, 2, 2.4})), "unbalance"));
  EXPECT_TRUE(has(audit(three_phase(500, {2, 2, 2})), "too short"));
  Recording r = three_phase(4000, {2, 2, 2});
  auto x = block(r, 0, 0, 4000);
  auto clipped = x, offset = x, held = x, gaps = x;
  for (double& v : clipped) v = std::clamp(v, -1.7, 1.7);
  for (double& v : offset) v += 0.3;
  for (std::size_t i = 1003; i < 1020; ++i) held[i] = held[1003];
  gaps[5] = std::numeric_limits<double>::quiet_NaN();
  r.channels[0] = channel_of("ia", clipped);
  EXPECT_TRUE(has(audit(r), "clipping"));
  r.channels[0] = channel_of("ia", offset);
  EXPECT_TRUE(has(audit(r), "offset"));
  r.channels[0] = channel_of("ia", held);
  EXPECT_TRUE(has(audit(r), "dropped samples"));
  r.channels[0] = channel_of("ia", gaps);
  EXPECT_TRUE(has(audit(r), "missing values"));
}

TEST(Audit, PhasesAreFoundByNameOrOrder) {
  Recording r = three_phase(100, {1, 1, 1});
  std::swap(r.channels[0], r.channels[2]);
  r.channels.insert(r.channels.begin(), channel_of("temperature", std::vector<double>(100), "C"));
  const auto p = phase_channels(r);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->index, (std::array<std::size_t, 3>{3, 2, 1}));
  for (auto& c : r.channels) c.name = "x" + c.name;
  EXPECT_EQ(phase_channels(r)->index, (std::array<std::size_t, 3>{1, 2, 3}));
  r.channels.resize(2);
  EXPECT_FALSE(phase_channels(r));
}

TEST(Pyramid, ColumnsHoldTheExtremesOfTheirSamples) {
  std::vector<double> x(300000);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(0.001 * static_cast<double>(i)) * static_cast<double>(i % 97);
  const Channel c = channel_of("x", x);
  const Pyramid p = Pyramid::build(c, x.size());
  for (const std::size_t columns : {1u, 7u, 500u, 2000u}) {
    const auto found = p.columns(c, 0, x.size(), columns);
    ASSERT_EQ(found.size(), columns);
    const double width = 300000.0 / static_cast<double>(columns);
    for (std::size_t k = 0; k < columns; ++k) {
      const auto a = static_cast<std::size_t>(width * static_cast<double>(k)),
                 b = static_cast<std::size_t>(width * static_cast<double>(k + 1));
      const auto [low, high] =
          std::minmax_element(x.begin() + static_cast<long>(a), x.begin() + static_cast<long>(b));
      // A coarse piece may reach over the border of its column, never leave out a value.
      EXPECT_LE(found[k].least, static_cast<float>(*low));
      EXPECT_GE(found[k].greatest, static_cast<float>(*high));
      if (columns == 2000) { // below two pieces: exact
        EXPECT_EQ(found[k].least, static_cast<float>(*low));
      }
    }
  }
}

TEST(Pyramid, SurvivesItsFileAndRefusesAnother) {
  std::vector<double> x(70000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i % 1000);
  const Channel c = channel_of("x", x);
  const auto file = std::filesystem::path(SENSORIUM_BINARY_DIR) / "test_pyramid" / "one.pyr";
  Pyramid::build(c, x.size()).store(file);
  const auto back = Pyramid::load(file, x.size());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->columns(c, 0, x.size(), 3)[1].greatest, 999);
  EXPECT_FALSE(Pyramid::load(file, x.size() + 1));
  std::filesystem::resize_file(file, 100);
  EXPECT_FALSE(Pyramid::load(file, x.size()));
  EXPECT_FALSE(Pyramid::load(file.string() + "x", x.size()));
}

TEST(Pyramid, TheCoarsePictureReadsAFewSamplesOfEachColumn) {
  std::vector<double> x(10000, 1.0);
  x[5000] = 9;
  const Channel c = channel_of("x", x);
  const auto found = coarse_columns(c, 0, x.size(), 10, 4);
  ASSERT_EQ(found.size(), 10u);
  EXPECT_EQ(found[5].greatest, 9); // the first sample of its column
  EXPECT_EQ(found[4].greatest, 1);
}

TEST(Bands, AreJudgedAnewFromAnotherLevel) {
  BandLevel b{.band = {.thresholds = {-50, -45, -40}}, .level_db = -47, .floor_db = -80};
  judge_band(b, -50);
  EXPECT_EQ(b.severity, 1);
  judge_band(b, -60); // -60, -55, -50
  EXPECT_EQ(b.severity, 3);
  EXPECT_EQ(b.band.thresholds[2], -50);
  judge_band(b, -40);
  EXPECT_EQ(b.severity, 0);
  b.floor_db = -50; // only 3 dB above its surroundings
  judge_band(b, -60);
  EXPECT_EQ(b.severity, 0);
  b.floor_db = -80;
  b.resolved = false;
  judge_band(b, -60);
  EXPECT_EQ(b.severity, 0);
}
