#include "modules/signal/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

using namespace sensorium;

namespace {

// Amplitudes 0.001 everywhere but at the given lines.
FrequencySpectrum lines(double step, std::size_t count,
                        std::initializer_list<std::pair<std::size_t, double>> at) {
  FrequencySpectrum out{step, std::vector<double>(count, 0.001)};
  for (const auto& [k, amplitude] : at) out.values[k] = amplitude;
  return out;
}

}

TEST(SpectrumDifference, IsInDecibelsRelativeToEachFundamental) {
  // 10 dB is a factor of sqrt(10): a's third harmonic is 0.1 of its fundamental, b's 0.01 of its.
  const auto a = lines(10, 21, {{5, 2}, {15, 0.2}}), b = lines(10, 21, {{5, 8}, {15, 0.08}});
  const auto d = spectrum_difference({a, 50, 2}, {b, 50, 8});
  ASSERT_EQ(d.values.size(), 21u);
  EXPECT_EQ(d.step, 10);
  EXPECT_NEAR(d.values[5], 0, 1e-12);
  EXPECT_NEAR(d.values[15], 20, 1e-9);
  EXPECT_NEAR(d.values[3], 20 * std::log10(4), 1e-9); // 0.001 of 2 against 0.001 of 8
  const auto back = spectrum_difference({b, 50, 8}, {a, 50, 2});
  for (std::size_t k = 0; k < 21; ++k) EXPECT_NEAR(back.values[k], -d.values[k], 1e-12);
}

TEST(SpectrumDifference, LinesMeetByTheirOrder) {
  // a: 50 Hz, harmonic 3 at 150. b: 60 Hz, harmonic 3 at 180, of the same relative height.
  const auto a = lines(10, 41, {{5, 1}, {15, 0.1}}), b = lines(12, 41, {{5, 3}, {15, 0.3}});
  const auto d = spectrum_difference({a, 50, 1}, {b, 60, 3});
  EXPECT_EQ(d.step, 10);
  EXPECT_NEAR(d.values[15], 0, 1e-9);
  EXPECT_NEAR(d.values[5], 0, 1e-9);
}

TEST(SpectrumDifference, TheCoarserResolutionCounts) {
  // b's bins are half as wide; three of them lie in each cell of a's.
  const auto a = lines(10, 21, {{5, 1}, {15, 0.1}});
  const auto b = lines(5, 33, {{10, 1}, {30, 0.1}});
  const auto d = spectrum_difference({a, 50, 1}, {b, 50, 1});
  EXPECT_EQ(d.step, 10);
  EXPECT_EQ(d.values.size(), 17u); // b ends at 160 Hz
  EXPECT_NEAR(d.values[15], 0, 1e-9);
  EXPECT_NEAR(d.values[5], 0, 1e-9);
}

TEST(SpectrumDifference, WithoutAFundamentalThereIsNone) {
  const auto a = lines(10, 21, {{5, 1}});
  EXPECT_TRUE(spectrum_difference({a, 50, 1}, {a, 0, 1}).values.empty());
  EXPECT_TRUE(spectrum_difference({a, 50, 0}, {a, 50, 1}).values.empty());
  EXPECT_TRUE(spectrum_difference({FrequencySpectrum{}, 50, 1}, {a, 50, 1}).values.empty());
}

TEST(SpectrumDifference, TheFloorHidesWhatIsNotMeasured) {
  auto a = lines(10, 21, {{5, 1}});
  auto b = a;
  a.values[9] = 1e-9;
  b.values[9] = 0;
  EXPECT_NEAR(spectrum_difference({a, 50, 1}, {b, 50, 1}, -100).values[9], 0, 1e-12);
  EXPECT_NEAR(spectrum_difference({a, 50, 1}, {b, 50, 1}, -200).values[9], 20, 1e-9);
}
