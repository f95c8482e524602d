#include "modules/core/error.h"
#include "modules/signal/filter.h"
#include "modules/signal/orders.h"
#include "modules/signal/spectrum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <random>

using namespace sensorium;

namespace {

constexpr double turn = 2 * std::numbers::pi;

std::vector<double> sine(std::size_t n, double rate, double hz, double amplitude,
                         double phase = 0) {
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = amplitude * std::cos(turn * hz * static_cast<double>(i) / rate + phase);
  return out;
}

std::vector<double> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.2, 1.0);
  std::vector<double> out(n);
  for (double& v : out) v = normal(random);
  return out;
}

}

TEST(Spectrum, ASineOnABinShowsItsAmplitude) {
  for (const std::string& name : window_names()) {
    const FrequencySpectrum s = amplitude_spectrum(sine(1000, 1000, 50, 3), 1000, name);
    EXPECT_DOUBLE_EQ(s.step, 1);
    EXPECT_NEAR(s.values[50], 3, 1e-9) << name;
  }
}

TEST(Spectrum, AnUnknownWindowIsRefused) { EXPECT_THROW(window("round", 8), Error); }

TEST(Spectrum, WelchKeepsThePowerOfNoise) {
  const auto x = noise(200000, 4);
  double mean = 0, power = 0;
  for (double v : x) mean += v / 200000;
  for (double v : x) power += (v - mean) * (v - mean) / 200000;
  const FrequencySpectrum s = welch(x, 1000, {});
  double sum = 0;
  for (double v : s.values) sum += v * s.step;
  EXPECT_NEAR(sum, power, 0.02 * power);
}

TEST(Spectrum, ThreadsDoNotChangeTheSpectrogram) {
  const auto x = noise(30000, 6);
  EXPECT_EQ(spectrogram(x, 1000, {}, 1).power, spectrogram(x, 1000, {}, 3).power);
}

TEST(Spectrum, BurstsRaiseTheSpectralKurtosis) {
  auto x = noise(40000, 9);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (i % 4000 < 200) x[i] += 8 * std::cos(turn * 0.2 * static_cast<double>(i));
  const FrequencySpectrum k = spectral_kurtosis(x, 1000, {.segment = 256});
  EXPECT_GT(k.values[51], 3);             // 200 Hz
  EXPECT_LT(std::abs(k.values[20]), 0.6); // noise alone
}

TEST(Spectrum, TheFundamentalIsFoundToAHundredthOfAHertz) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int trial = 0; trial < 40; ++trial) {
    const double hz = 45 + 20 * unit(random), phase = turn * unit(random);
    auto x = sine(1000, 1000, hz, 5, phase);
    const auto fifth = sine(1000, 1000, 5 * hz, 0.3, 1), third = sine(1000, 1000, 3 * hz, 0.2, 2),
               hiss = noise(1000, 100 + static_cast<unsigned>(trial));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += fifth[i] + third[i] + 0.05 * hiss[i];
    const std::array<std::span<const double>, 1> one{x};
    const auto found = strongest_sine(one, 1000, 10, 400);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->frequency, hz, 0.01);
    EXPECT_NEAR(std::abs(found->phasors[0]), 5, 0.02);
    EXPECT_NEAR(std::remainder(std::arg(found->phasors[0]) - phase, turn), 0, 0.02);
  }
}

TEST(Spectrum, SilenceHasNoFundamental) {
  const std::vector<double> x(500, 2.0);
  const std::array<std::span<const double>, 1> one{x};
  const auto found = strongest_sine(one, 1000, 10, 400);
  EXPECT_TRUE(!found || std::abs(found->phasors[0]) < 1e-12);
}

TEST(Filter, EdgesOutsideTheBandAreRefused) {
  EXPECT_THROW(butterworth(Pass::Band, 4, 60, 40, 1000), Error);
  EXPECT_THROW(butterworth(Pass::Low, 4, 0, 500, 1000), Error);
  EXPECT_THROW(butterworth(Pass::High, 4, 0, 0, 1000), Error);
  EXPECT_THROW(filter_both_ways(butterworth(Pass::Low, 4, 0, 50, 1000), noise(10, 1)), Error);
}

TEST(Filter, TheEnvelopeOfAModulatedCarrierIsItsModulation) {
  std::vector<double> x(4000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = static_cast<double>(i) / 1000;
    x[i] = (1 + 0.5 * std::cos(turn * 3 * t)) * std::cos(turn * 100 * t);
  }
  const auto e = band_envelope(x, 1000, 80, 120);
  for (std::size_t i = 500; i < 3500; ++i)
    ASSERT_NEAR(e[i], 1 + 0.5 * std::cos(turn * 3 * static_cast<double>(i) / 1000), 0.01);
}

TEST(Spectra, ScipyAgrees) {
  const std::string python = std::string(SENSORIUM_JUDGES) + "/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "skipped: no judges' environment";
  const auto folder = std::filesystem::path(SENSORIUM_BINARY_DIR) / "test_spectra";
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& name, const auto& values) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(values[0])));
  };
  auto x = noise(2501, 21);
  const auto tone = sine(2501, 1000, 60.3, 4);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += tone[i];
  write("x", x);
  write("rfft", real_fft(x));
  write("irfft", inverse_real_fft(real_fft(x), x.size()));
  std::vector<Complex> z(333);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = {x[i], x[333 + i]};
  write("fft", complex_fft(z));
  write("ifft", inverse_complex_fft(z));
  write("zoom", zoom_fft(x, 1000, 40, 75, 501));
  write("hilbert", analytic_signal(x));
  write("hilbert_even", analytic_signal(std::span(x).first(x.size() - 1)));
  for (const char* name : {"hann", "hamming", "blackman", "blackmanharris", "flattop"}) {
    write(std::string("window_") + name, window(name, 257));
    write(std::string("amplitude_") + name, amplitude_spectrum(x, 1000, name).values);
  }
  // Overlaps of 128, 200 and 0 samples.
  const std::vector<WelchOptions> options = {
      {.segment = 256, .overlap = 0.5},
      {.segment = 255, .overlap = 200.0001 / 255, .density = false},
      {.segment = 1000, .overlap = 0}};
  for (std::size_t i = 0; i < options.size(); ++i) {
    write("welch_" + std::to_string(i), welch(x, 1000, options[i]).values);
    const Spectrogram s = spectrogram(x, 1000, options[i], 2);
    write("spectrogram_" + std::to_string(i), s.power);
    std::vector<double> times;
    for (std::size_t k = 0; k < s.times; ++k)
      times.push_back(s.first_time + s.time_step * static_cast<double>(k));
    write("times_" + std::to_string(i), times);
    write("kurtosis_" + std::to_string(i), spectral_kurtosis(x, 1000, options[i]).values);
  }
  const std::vector<Sections> filters = {
      butterworth(Pass::Low, 5, 0, 80, 1000), butterworth(Pass::High, 4, 30, 0, 1000),
      butterworth(Pass::Band, 4, 40, 75, 1000), butterworth(Pass::Band, 3, 5, 450, 1000)};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    write("filter_" + std::to_string(i), filter(filters[i], x));
    write("both_" + std::to_string(i), filter_both_ways(filters[i], x));
  }
  write("envelope", band_envelope(x, 1000, 40, 75));
  std::vector<double> places;
  for (std::size_t i = 0; i < 3333; ++i) places.push_back(0.75 * static_cast<double>(i));
  write("places", places);
  write("spline", spline_values(x, places));
  const std::string command = "'" + python +
                              "' '" SENSORIUM_SOURCE_DIR "/tests/signal/spectra_judge.py' '" +
                              folder.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}
