#include "modules/signal/fft.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <random>
#include <thread>
#include <vector>

using namespace sensorium;

namespace {

using Complex = std::complex<float>;

std::vector<float> noise(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.3f, 1.0f);
  std::vector<float> out(n);
  for (float& v : out) v = normal(random);
  return out;
}

std::vector<Complex> spectrum(const std::vector<float>& pictures, int n, int h, int w,
                              int threads = 1) {
  std::vector<Complex> out(static_cast<std::size_t>(n) * h * half_width(w));
  fft2d(pictures, out, h, w, threads);
  return out;
}

}

TEST(Fft2d, ASinglePointHasAFlatSpectrum) {
  std::vector<float> picture(6 * 8, 0.0f);
  picture[0] = 2;
  for (const Complex& c : spectrum(picture, 1, 6, 8)) EXPECT_EQ(c, Complex(2, 0));
}

TEST(Fft2d, AWaveHasOneCoefficient) {
  // cos(2 pi (2 x / 8 + y / 4)) on 4 x 8: half of 32 samples' energy at u = 1, v = 2.
  std::vector<float> picture;
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 8; ++x)
      picture.push_back(
          static_cast<float>(std::cos(2 * std::numbers::pi * (2.0 * x / 8 + y / 4.0))));
  const auto s = spectrum(picture, 1, 4, 8);
  for (int u = 0; u < 4; ++u)
    for (int v = 0; v < 5; ++v)
      EXPECT_NEAR(std::abs(s[u * 5 + v]), u == 1 && v == 2 ? 16 : 0, 1e-5) << u << " " << v;
}

TEST(Fft2d, TheInverseGivesThePicturesBack) {
  for (auto [h, w] : {std::pair{16, 16}, {7, 9}, {1, 5}, {31, 64}}) {
    const auto pictures = noise(static_cast<std::size_t>(3) * h * w, 5);
    auto s = spectrum(pictures, 3, h, w);
    std::vector<float> back(pictures.size());
    inverse_fft2d(s, back, h, w, 2);
    for (std::size_t i = 0; i < back.size(); ++i) ASSERT_NEAR(back[i], pictures[i], 1e-5);
  }
}

TEST(Fft2d, EnergyIsKept) {
  // Parseval: columns other than the first (and the middle one of an even width) stand for two.
  const int h = 12, w = 10;
  const auto picture = noise(h * w, 8);
  const auto s = spectrum(picture, 1, h, w);
  double in = 0, out = 0;
  for (float v : picture) in += double(v) * v;
  for (int u = 0; u < h; ++u)
    for (int v = 0; v < 6; ++v) out += std::norm(s[u * 6 + v]) * (v == 0 || v == 5 ? 1 : 2);
  EXPECT_NEAR(out / (h * w), in, 1e-4 * in);
}

TEST(Fft2d, ThreadsDoNotChangeABit) {
  const auto pictures = noise(9 * 40 * 24, 3);
  EXPECT_EQ(spectrum(pictures, 9, 40, 24, 1), spectrum(pictures, 9, 40, 24, 4));
}

TEST(Fft2d, ManyThreadsMayPlanAtOnce) {
  std::vector<std::jthread> threads;
  std::vector<double> errors(8, 1.0);
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&errors, t] {
      const int h = 10 + t % 4, w = 14 + t % 4;
      const auto picture = noise(static_cast<std::size_t>(h) * w, 1);
      const auto s = spectrum(picture, 1, h, w);
      double sum = 0;
      for (float v : picture) sum += v;
      errors[t] = std::abs(s[0].real() - sum);
    });
  threads.clear();
  for (double e : errors) EXPECT_LT(e, 1e-3);
}

TEST(Fft2d, ContradictingSizesAreRefused) {
  std::vector<float> picture(30);
  std::vector<Complex> s(20);
  EXPECT_NO_THROW(fft2d(picture, s, 5, 6));     // 20 = 5 * (6 / 2 + 1)
  EXPECT_THROW(fft2d(picture, s, 6, 5), Error); // would be 18
  EXPECT_THROW(fft2d(picture, s, 0, 6), Error);
  EXPECT_THROW(fft2d(picture, s, 4, 6), Error);
}

TEST(Fft2d, ScipyAgrees) {
  const std::string python = std::string(SENSORIUM_JUDGES) + "/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "skipped: no judges' environment";
  const auto folder = std::filesystem::path(SENSORIUM_BINARY_DIR) / "test_signal";
  std::filesystem::create_directories(folder);
  const std::string in = folder / "in.f32", out = folder / "out.c64";
  for (auto [n, h, w] : {std::tuple{2, 496, 512}, {3, 33, 50}, {2, 17, 31}}) {
    const auto pictures = noise(static_cast<std::size_t>(n) * h * w, 12);
    std::ofstream(in, std::ios::binary)
        .write(reinterpret_cast<const char*>(pictures.data()),
               static_cast<std::streamsize>(pictures.size() * sizeof(float)));
    const std::string command =
        "'" + python + "' '" SENSORIUM_SOURCE_DIR "/tests/signal/fft_judge.py' '" + in + "' '" +
        out + "' " + std::to_string(n) + " " + std::to_string(h) + " " + std::to_string(w);
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    const auto ours = spectrum(pictures, n, h, w, 2);
    std::vector<Complex> theirs(ours.size());
    std::ifstream(out, std::ios::binary)
        .read(reinterpret_cast<char*>(theirs.data()),
              static_cast<std::streamsize>(theirs.size() * sizeof(Complex)));
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      difference += std::norm(ours[i] - theirs[i]);
      size += std::norm(theirs[i]);
    }
    EXPECT_LT(std::sqrt(difference / size), 1e-5) << h << " x " << w;
  }
}
