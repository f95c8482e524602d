#include "modules/core/error.h"
#include "modules/signal/gaps.h"
#include "modules/signal/span_analysis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

using namespace sensorium;

namespace {

constexpr double turn = 2 * std::numbers::pi;

// Three phases of 50 Hz, amplitude 10 (a: 12 from sample `from_a` on), each channel on its own.
Recording currents(std::uint64_t length, double rate, std::uint64_t from_a) {
  Recording r;
  r.length = length;
  r.rate = known_rate(rate, RateSource::Stated, "test");
  for (int k = 0; k < 3; ++k) {
    std::vector<double> x(length);
    for (std::uint64_t i = 0; i < length; ++i)
      x[i] = (k == 0 && i >= from_a ? 12 : 10) *
             std::cos(turn * (50 * static_cast<double>(i) / rate - k / 3.0));
    Channel c{.name = std::string("i") + "abc"[k]};
    c.samples = Buffer::of(std::move(x));
    r.channels.push_back(std::move(c));
  }
  return r;
}

SpanRequest request(std::uint64_t from, std::uint64_t to, double rate) {
  return {.from = from,
          .to = to,
          .channels = {0, 1, 2},
          .phases = std::array<std::size_t, 3>{0, 1, 2},
          .rate = rate,
          .rate_known = true};
}

}

TEST(Gaps, AreBridgedByStraightLines) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x{none, 2, none, none, 8, none};
  EXPECT_EQ(bridge_gaps(x), 4u);
  EXPECT_EQ(x, (std::vector<double>{2, 2, 4, 6, 8, 8}));
  std::vector<double> empty{none, none};
  EXPECT_EQ(bridge_gaps(empty), 2u);
  EXPECT_EQ(empty, (std::vector<double>{0, 0}));
}

TEST(SpanAnalysis, OfASpanDependsOnThatSpanAlone) {
  const Recording r = currents(4000, 1000, 2000);
  const SpanAnalysis before = analyse_span(r, request(0, 2000, 1000)),
                     after = analyse_span(r, request(2000, 4000, 1000));
  EXPECT_NEAR(before.fundamental, 50, 1e-3);
  EXPECT_NEAR(before.reference, 10, 1e-6);
  EXPECT_NEAR(before.ratio, 0, 1e-6);
  EXPECT_NEAR(before.rms[0], 10 / std::sqrt(2.0), 1e-6);
  // Fortescue: positive (12 + 10 + 10) / 3, negative (12 - 10) / 3.
  EXPECT_NEAR(after.ratio, 2.0 / 32, 1e-6);
  EXPECT_NEAR(after.reference, std::sqrt((144 + 100 + 100) / 3.0), 1e-6);
  EXPECT_EQ(after.pieces, 1u);
  // A balanced current runs on a circle of radius a sqrt(3/2).
  for (std::size_t i = 0; i < before.park.d.size(); ++i)
    EXPECT_NEAR(std::hypot(before.park.d[i], before.park.q[i]), 10 * std::sqrt(1.5), 1e-9);
}

TEST(SpanAnalysis, BandsNeedASpeedAndAKnownRate) {
  const Recording r = currents(4000, 1000, 4000);
  SpanRequest q = request(0, 4000, 1000);
  EXPECT_TRUE(analyse_span(r, q).bands.empty());
  q.nameplate.pole_pairs = 2;
  q.nameplate.measured_rpm = 1470;
  const SpanAnalysis a = analyse_span(r, q);
  ASSERT_FALSE(a.bands.empty());
  EXPECT_NEAR(a.slip.value, 0.02, 1e-6);
  EXPECT_NEAR(a.bands[0].band.centre, 48, 1e-3);
  q.rate = 1;
  q.rate_known = false;
  const SpanAnalysis unknown = analyse_span(r, q);
  EXPECT_TRUE(unknown.bands.empty());
  EXPECT_NEAR(unknown.fundamental, 0.05, 1e-6) << "periods per sample";
}

TEST(SpanAnalysis, ALongSpanIsTheMeanOfPieces) {
  const Recording r = currents(3 * longest_piece, 10000, 3 * longest_piece);
  const SpanAnalysis a = analyse_span(r, request(0, r.length, 10000));
  EXPECT_EQ(a.pieces, 3u);
  EXPECT_EQ(a.spectra[0].values.size(), longest_piece / 2 + 1);
  EXPECT_NEAR(a.fundamental, 50, 1e-3);
  EXPECT_EQ(a.park.d.size(), most_locus_points);
}

TEST(SpanAnalysis, ShortWrongAndSilentSpans) {
  const Recording r = currents(1000, 1000, 0);
  EXPECT_TRUE(analyse_span(r, request(990, 1000, 1000)).spectra.empty());
  EXPECT_TRUE(analyse_span(r, request(2000, 3000, 1000)).spectra.empty());
  SpanRequest q = request(0, 1000, 1000);
  q.channels = {7};
  EXPECT_THROW(analyse_span(r, q), Error);
  Recording silent = currents(1000, 1000, 0);
  for (Channel& c : silent.channels) c.samples = Buffer::of(std::vector<double>(1000, 0.0));
  const SpanAnalysis a = analyse_span(silent, request(0, 1000, 1000));
  EXPECT_EQ(a.fundamental, 0);
  EXPECT_EQ(a.ratio, 0);
}

TEST(RatioCourse, StepsWhereThePhaseGrows) {
  const Recording r = currents(4000, 1000, 2000);
  const RatioCourse c = ratio_course(r, {0, 1, 2}, 1000, 50, 200);
  ASSERT_EQ(c.ratio.size(), c.middle.size());
  ASSERT_GT(c.ratio.size(), 100u);
  for (std::size_t k = 0; k < c.ratio.size(); ++k) {
    const bool before = c.middle[k] < 1930, after = c.middle[k] > 2070;
    if (before || after) {
      EXPECT_NEAR(c.ratio[k], after ? 2.0 / 32 : 0, 1e-6) << k;
    }
  }
  EXPECT_TRUE(ratio_course(r, {0, 1, 2}, 1000, 0).ratio.empty());
  EXPECT_TRUE(ratio_course(r, {0, 1, 2}, 1000, 1).ratio.empty()) << "six periods do not fit";
}

TEST(SpectrogramView, ShowsWhereALineStarts) {
  Recording r = currents(8192, 1000, 0);
  std::vector<double> x(8192);
  for (std::size_t i = 0; i < x.size(); ++i) // 125 Hz: bin 32 of 256; in the second half alone
    x[i] = i < 4096 ? 0 : std::cos(turn * 0.125 * static_cast<double>(i));
  r.channels[0].samples = Buffer::of(std::move(x));
  const SpectrogramView v = spectrogram_view(r, 0, 0, 8192, 1000, 64, 256);
  ASSERT_EQ(v.columns, 64u);
  ASSERT_EQ(v.rows, 129u);
  EXPECT_EQ(v.highest, 500);
  EXPECT_LT(v.decibels[2 * v.rows + 32], -140);
  EXPECT_NEAR(v.decibels[60 * v.rows + 32], 0, 0.01);
  EXPECT_LT(v.decibels[60 * v.rows + 64], -100);
  EXPECT_EQ(spectrogram_view(r, 0, 0, 8, 1000, 64, 256).columns, 0u);
  EXPECT_EQ(spectrogram_view(r, 0, 9000, 9100, 1000, 64, 256).columns, 0u);
}
