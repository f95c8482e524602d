// Order tracking, the other looks at a span, jumps of the phase, and the list of bearings.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/signal/audit.h"
#include "modules/signal/bearing_list.h"
#include "modules/signal/continuity.h"
#include "modules/signal/orders.h"
#include "modules/signal/span_views.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace sensorium;

namespace {

constexpr double turn = 2 * std::numbers::pi;
namespace fs = std::filesystem;

// Three currents of 10 A: value(t, k) for phase k, n samples at this rate.
template<class Value> Recording currents(std::size_t n, double rate, const Value& value) {
  Recording r;
  r.length = n;
  r.rate = known_rate(rate, RateSource::Stated, "test");
  for (int k = 0; k < 3; ++k) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = value(static_cast<double>(i) / rate, k);
    Channel c{.name = std::string("i") + "abc"[k], .unit = "A"};
    c.samples = Buffer::of(std::move(x));
    r.channels.push_back(std::move(c));
  }
  return r;
}

SpanViewRequest request(const Recording& r, SpanView view, double fundamental) {
  SpanViewRequest q{.span = {.from = 0,
                             .to = r.length,
                             .phases = std::array<std::size_t, 3>{0, 1, 2},
                             .rate = r.rate.hertz,
                             .rate_known = true},
                    .view = view,
                    .fundamental = fundamental};
  return q;
}

// The greatest value within `reach` of x.
double near(const SpanViewResult& v, double x, double reach) {
  double most = -1e9;
  for (std::size_t k = 0; k < v.values.size(); ++k)
    if (std::abs(v.first + static_cast<double>(k) * v.step - x) <= reach)
      most = std::max(most, v.values[k]);
  return most;
}

std::vector<std::span<const double>> spans(const std::vector<std::vector<double>>& x) {
  return {x.begin(), x.end()};
}

}

TEST(Orders, ASplineKeepsStraightLinesAndItsKnots) {
  const std::vector<double> line{1, 3, 5, 7, 9}, places{0, 0.25, 1.5, 3.9, 4};
  const auto found = spline_values(line, places);
  for (std::size_t k = 0; k < places.size(); ++k) EXPECT_NEAR(found[k], 1 + 2 * places[k], 1e-12);
  // Natural spline through 0, 1, 0: second derivative -3 in the middle, 0 at the ends; at 0.5 the
  // value is 0.5 + (0.125 - 0.5) * -3 / 6 = 0.6875.
  const std::vector<double> hat{0, 1, 0}, half{0.5, 1, 1.5};
  const auto h = spline_values(hat, half);
  EXPECT_NEAR(h[0], 0.6875, 1e-12);
  EXPECT_NEAR(h[1], 1, 1e-12);
  EXPECT_NEAR(h[2], 0.6875, 1e-12);
  EXPECT_THROW(spline_values(std::span(hat).first(1), half), Error);
}

// The supply runs up from 30 to 50 Hz. A line at 2.7 times the supply goes with it.
TEST(Orders, ALineThatGoesWithTheSpeedIsOneLineOverOrders) {
  constexpr double rate = 2000, seconds = 8;
  const auto angle = [&](double t) { return 30 * t + 20 * t * t / (2 * seconds); }; // turns
  std::vector<std::vector<double>> x(3);
  for (int k = 0; k < 3; ++k)
    for (int i = 0; i < rate * seconds; ++i) {
      const double a = angle(i / rate);
      x[static_cast<std::size_t>(k)].push_back(10 * std::cos(turn * (a - k / 3.0)) +
                                               0.5 * std::cos(turn * 2.7 * a));
    }
  const auto range = fundamental_range(spans(x), rate, 10, 100);
  EXPECT_GT(range.least, 29);
  EXPECT_LT(range.least, 36);
  EXPECT_GT(range.greatest, 44);
  EXPECT_LT(range.greatest, 51);
  const auto turns = fundamental_turns(spans(x), rate, 20, 70);
  ASSERT_EQ(turns.size(), x[0].size());
  for (std::size_t i = 2000; i + 2000 < turns.size(); i += 500)
    EXPECT_NEAR(turns[i] - turns[2000], angle(static_cast<double>(i) / rate) - angle(2000 / rate),
                0.01);
  const FrequencySpectrum o = order_spectrum(x[0], turns, rate, "hann");
  ASSERT_FALSE(o.values.empty());
  const auto at = [&](const FrequencySpectrum& s, double where) {
    double most = 0;
    for (std::size_t k = 0; k < s.values.size(); ++k)
      if (std::abs(static_cast<double>(k) * s.step - where) <= 2 * s.step)
        most = std::max(most, s.values[k]);
    return most;
  };
  // A line between two bins of a Hann window shows at least 0.849 of its amplitude.
  EXPECT_GT(at(o, 1), 8.4);
  EXPECT_LT(at(o, 1), 10.2);
  EXPECT_GT(at(o, 2.7), 0.42);
  EXPECT_LT(at(o, 2.7), 0.52);
  EXPECT_LT(at(o, 2.0), 0.02) << "nothing is where nothing was";
  EXPECT_LT(static_cast<double>(o.values.size()) * o.step, rate / 2 / 49 + 1);
  // Over frequency the same line is smeared over 54 Hz.
  const FrequencySpectrum f = amplitude_spectrum(x[0], rate, "hann");
  EXPECT_LT(at(f, 2.7 * 40), 0.1);
}

TEST(Orders, NoiseHasNoAngleToFollow) {
  std::vector<double> x(4000);
  std::uint64_t state = 5;
  for (double& v : x) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    v = static_cast<double>(state >> 11) * 0x1p-53 - 0.5;
  }
  const std::vector<std::vector<double>> one{x};
  EXPECT_TRUE(fundamental_turns(spans(one), 1000, 1, 480).empty());
  EXPECT_TRUE(order_spectrum(x, std::vector<double>(10), 1000, "hann").values.empty());
  EXPECT_EQ(fundamental_range({}, 1000, 10, 100).greatest, 0);
}

TEST(SpanViews, AveragedAndZoomAreRelativeToTheFundamental) {
  const Recording r = currents(40000, 2000, [](double t, int k) {
    return 10 * std::cos(turn * (50 * t - k / 3.0)) + 0.1 * std::cos(turn * 49.25 * t) +
           0.01 * std::cos(turn * 150 * t);
  });
  const SpanViewResult averaged = view_span(r, request(r, SpanView::Averaged, 50));
  ASSERT_FALSE(averaged.values.empty());
  EXPECT_NEAR(near(averaged, 50, 1), 0, 1e-9);
  EXPECT_NEAR(near(averaged, 150, 1), -60, 1.5);
  const SpanViewResult zoom = view_span(r, request(r, SpanView::Zoom, 50));
  EXPECT_DOUBLE_EQ(zoom.first, 40);
  EXPECT_DOUBLE_EQ(zoom.step, 20.0 / 4096);
  EXPECT_NEAR(near(zoom, 50, 0.02), 0, 1e-6);
  EXPECT_NEAR(near(zoom, 49.25, 0.02), -40, 0.05); // 20 s part lines 0.1 Hz apart
  EXPECT_LT(near(zoom, 49.6, 0.1), -55) << "a Hann window six bins away: 1 / (pi 6 35)";
  SpanViewRequest own = request(r, SpanView::Zoom, 50);
  own.low = 140, own.high = 160;
  EXPECT_NEAR(near(view_span(r, own), 150, 0.05), -60, 0.05);
  own.low = 900, own.high = 1100;
  EXPECT_THROW(view_span(r, own), Error);
}

TEST(SpanViews, TheEnvelopeShowsTheDepthOfAModulation) {
  // Depth 0.1 at 3 Hz: 20 log10(0.1) = -20 dB of the mean.
  const Recording r = currents(20000, 1000, [](double t, int k) {
    return (1 + 0.1 * std::cos(turn * 3 * t)) * std::cos(turn * (50 * t - k / 3.0));
  });
  SpanViewRequest q = request(r, SpanView::Envelope, 50);
  q.slip = {.value = 0.03, .shaft_hz = 24.25, .source = SlipSource::Measured};
  const SpanViewResult v = view_span(r, q);
  EXPECT_NEAR(near(v, 3, 0.1), -20, 0.1);
  EXPECT_LT(near(v, 7, 0.5), -60);
  EXPECT_DOUBLE_EQ(v.low, 25);
  EXPECT_DOUBLE_EQ(v.high, 75);
  ASSERT_FALSE(v.marks.empty());
  EXPECT_NEAR(v.marks.front().at, 3, 1e-12) << "2sf = 2 * 0.03 * 50";
}

TEST(SpanViews, AnUnbalanceIsAtTwiceTheFundamentalOfParksModulus) {
  // |1 + r exp(2i)| is 1 + r cos for a small r: -40 dB.
  const Recording r = currents(20000, 1000, [](double t, int k) {
    return std::cos(turn * (50 * t - k / 3.0)) + 0.01 * std::cos(turn * (50 * t + k / 3.0));
  });
  const SpanViewResult v = view_span(r, request(r, SpanView::Park, 50));
  EXPECT_NEAR(near(v, 100, 0.2), -40, 0.1);
  EXPECT_LT(near(v, 50, 1), -80);
  SpanViewRequest alone = request(r, SpanView::Park, 50);
  alone.span.phases.reset();
  alone.span.channels = {0};
  EXPECT_TRUE(view_span(r, alone).values.empty());
  EXPECT_NE(view_span(r, alone).text.find("three currents"), std::string::npos);
}

TEST(SpanViews, BurstsHaveAHighSpectralKurtosisAndASineALowOne) {
  const Recording r = currents(60000, 1000, [](double t, int k) {
    const bool burst = std::fmod(t, 3.0) < 0.12;
    return std::cos(turn * (50 * t - k / 3.0)) + (burst ? 0.5 * std::cos(turn * 300 * t) : 0);
  });
  const SpanViewResult v = view_span(r, request(r, SpanView::Kurtosis, 50));
  EXPECT_FALSE(v.decibels);
  EXPECT_GT(near(v, 300, 3), 3);
  EXPECT_NEAR(near(v, 50, 1.5), -1, 0.1);
}

TEST(SpanViews, OrdersAreThoseOfTheShaftWhereItsSpeedIsKnown) {
  const Recording r = currents(40000, 2000, [](double t, int k) {
    return 10 * std::cos(turn * (50 * t - k / 3.0)) + 0.1 * std::cos(turn * 74.5 * t);
  });
  SpanViewRequest q = request(r, SpanView::Orders, 50);
  q.slip = {.value = 0.02, .shaft_hz = 24.5, .source = SlipSource::Measured};
  const SpanViewResult v = view_span(r, q);
  EXPECT_TRUE(v.of_shaft);
  EXPECT_NEAR(near(v, 50 / 24.5, 0.01), 0, 1e-9);
  EXPECT_NEAR(near(v, 50 / 24.5 + 1, 0.01), -40, 1.5) << "f + fr";
  q.slip = {};
  EXPECT_FALSE(view_span(r, q).of_shaft);
  EXPECT_NEAR(near(view_span(r, q), 74.5 / 50, 0.005), -40, 1.5);
}

TEST(SpanViews, WhatIsTooShortOrHoldsNothingSaysSo) {
  const Recording r = currents(50, 1000, [](double t, int) { return t; });
  EXPECT_TRUE(view_span(r, request(r, SpanView::Averaged, 0)).values.empty());
  const Recording still = currents(4000, 1000, [](double, int) { return 0.0; });
  for (const SpanView view : {SpanView::Averaged, SpanView::Zoom, SpanView::Envelope,
                              SpanView::Park, SpanView::Kurtosis, SpanView::Orders}) {
    const SpanViewResult v = view_span(still, request(still, view, 0));
    EXPECT_FALSE(v.text.empty());
    for (const double value : v.values) ASSERT_TRUE(std::isfinite(value));
  }
  SpanViewRequest q = request(r, SpanView::Averaged, 0);
  q.span.channels = {7};
  EXPECT_THROW(view_span(r, q), Error);
}

TEST(Continuity, SamplesThatAreMissingTurnAllPhases) {
  // 50 Hz at 1 kHz: three samples are 54 degrees.
  const auto value = [](double t, int k) { return std::cos(turn * (50 * t - k / 3.0)); };
  Recording r = currents(8000, 1000, value);
  EXPECT_TRUE(audit(r).entries.empty());
  Recording cut =
      currents(8000, 1000, [&](double t, int k) { return value(t >= 4 ? t + 0.003 : t, k); });
  std::array<std::vector<double>, 3> x;
  for (std::size_t k = 0; k < 3; ++k) x[k] = block(cut, k, 0, cut.length);
  const auto jumps = phase_jumps({x[0], x[1], x[2]}, 0.05);
  ASSERT_EQ(jumps.size(), 1u);
  EXPECT_NEAR(static_cast<double>(jumps[0].sample), 4000, 160);
  EXPECT_NEAR(jumps[0].degrees, 54, 1);
  EXPECT_NEAR(jumps[0].missing, 3, 0.1);
  const Audit found = audit(cut);
  ASSERT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.entries[0].kind, "dropped samples");
  EXPECT_NE(found.entries[0].text.find("about 3 samples"), std::string::npos)
      << found.entries[0].text;
}

TEST(Continuity, AFaultAndAChangeOfLoadAreNoJump) {
  // A negative sequence of a fifth from 4 s on; a load that shifts the phase by 20 degrees and the
  // size by a tenth.
  const Recording fault = currents(8000, 1000, [](double t, int k) {
    return std::cos(turn * (50 * t - k / 3.0)) +
           (t >= 4 ? 0.2 : 0) * std::cos(turn * (50 * t + 70 / 360.0 + k / 3.0));
  });
  const Recording load = currents(8000, 1000, [](double t, int k) {
    return (t >= 4 ? 1.1 : 1) * std::cos(turn * (50 * t + (t >= 4 ? 20 / 360.0 : 0) - k / 3.0));
  });
  for (const Recording* r : {&fault, &load})
    for (const AuditEntry& e : audit(*r).entries) EXPECT_NE(e.kind, "dropped samples") << e.text;
  const std::vector<double> few(10);
  EXPECT_TRUE(phase_jumps({few, few, few}, 0.05).empty());
  EXPECT_TRUE(phase_jumps({few, few, few}, 0).empty());
}

TEST(BearingList, OwnBearingsAreKeptAndForgotten) {
  const fs::path file = fs::path(SENSORIUM_BINARY_DIR) / "test_bearings" / "list" / "bearings.json";
  fs::remove_all(file.parent_path());
  EXPECT_TRUE(own_bearings(file).empty());
  keep_bearing({"NU 210", "data sheet", 16, 11, 70, 0}, file);
  keep_bearing({"7205", "measured", 12, 7.94, 39, 15}, file);
  keep_bearing({"NU 210", "measured", 16, 11.5, 70, 0}, file); // replaces the first
  const auto list = own_bearings(file);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].name, "NU 210");
  EXPECT_EQ(list[1].element_diameter, 11.5);
  EXPECT_EQ(list[0].contact_angle_degrees, 15);
  EXPECT_FALSE(forget_bearing("absent", file));
  EXPECT_TRUE(forget_bearing("7205", file));
  EXPECT_EQ(own_bearings(file).size(), 1u);
  EXPECT_THROW(keep_bearing({"6205-2RS", "mine", 9, 8, 39, 0}, file), Error);
  EXPECT_THROW(keep_bearing({"", "mine", 9, 8, 39, 0}, file), Error);
  EXPECT_THROW(keep_bearing({"wrong", "mine", 9, 50, 39, 0}, file), Error);
  EXPECT_EQ(own_bearings(file).size(), 1u) << "what was refused changed nothing";
  for (const char* text : {"{}", "[1]", "[{\"name\": \"a\"}]", "no json", "[\"6205-2RS\"]"}) {
    write_atomically(file, text);
    EXPECT_THROW(own_bearings(file), Error) << text;
  }
}

TEST(BearingList, TheFurtherBearingsGiveThePublishedFrequencies) {
  // At 2000, 2100, 1800 and 1500 rpm, as the data sets' papers and pages print them.
  for (const auto& [name, shaft, outer, inner] :
       {std::tuple{"ZA-2115", 2000.0 / 60, 236.4, 296.9},
        std::tuple{"UER204", 35.0, 107.91, 172.09}, std::tuple{"6804DD", 30.0, 168.34, 221.66},
        std::tuple{"NICE, MFPT", 25.0, 81.12, 118.88}}) {
    bool found = false;
    for (const Bearing& b : common_bearings()) {
      if (b.name != name) continue;
      found = true;
      EXPECT_NEAR(bearing_frequencies(b, shaft).outer, outer, 0.1) << name;
      EXPECT_NEAR(bearing_frequencies(b, shaft).inner, inner, 0.1) << name;
    }
    EXPECT_TRUE(found) << name;
  }
}
