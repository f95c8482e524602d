// Classes, anomalies, mixtures and shapes of spectra: numbers worked out by hand, and what must
// hold whatever the cube.
#include "hyperspectral/anomaly.h"
#include "hyperspectral/unmixing.h"
#include "modules/core/random.h"
#include "modules/imaging/spectral_library.h"
#include "tests/io_cube/support.h"

#include <cmath>
#include <numbers>

namespace sensorium::hyper {
namespace {

using test::contains;
using test::error_of;

Cube cube_of(int lines, int samples, int bands, std::vector<float> values) {
  Cube cube;
  cube.lines = lines;
  cube.samples = samples;
  cube.bands = bands;
  cube.type = SampleType::Float32;
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.data = Buffer::of(std::move(values));
  cube.origin.path = "test.hdr";
  return cube;
}

SpectrumReader plain(const Cube& cube) {
  return SpectrumReader(cube, {}, Preparation::None, 1, nullptr);
}

std::vector<float> cells(const Raster& map) {
  const auto all = map.rows(0, map.lines());
  return {all.begin(), all.end()};
}

TEST(SpectralLikeness, ByHand) {
  const std::vector<double> x{1, 0}, y{0, 2}, xy{3, 3};
  EXPECT_NEAR(spectral_angle(x, y), std::numbers::pi / 2, 1e-15);
  EXPECT_NEAR(spectral_angle(x, xy), std::numbers::pi / 4, 1e-15);
  EXPECT_EQ(spectral_angle(xy, xy), 0);
  EXPECT_TRUE(std::isnan(spectral_angle(x, std::vector<double>{0, 0})));
  const double none = std::nan("");
  EXPECT_NEAR(spectral_angle(std::vector<double>{1, none, 1}, std::vector<double>{2, 5, 2}), 0,
              1e-7)
      << "a band that one of them lacks is not compared";
  // (1/4, 3/4) and (1/2, 1/2): (-1/4) ln(1/2) + (1/4) ln(3/2).
  EXPECT_NEAR(information_divergence(std::vector<double>{1, 3}, std::vector<double>{7, 7}),
              0.25 * std::log(2.0) + 0.25 * std::log(1.5), 1e-15);
  EXPECT_TRUE(std::isnan(information_divergence(x, std::vector<double>{-1, 0.5})));
}

TEST(SpectralLibraries, AreLaidOnOtherBands) {
  SpectralLibrary library{
      .source = "lib.hdr", .nm = {600, 400, 500}, .names = {"a"}, .values = {{30, 10, 20}}};
  const auto on = on_bands(library, 0, std::vector<double>{390, 400, 450, 525, 600, 601}, 6);
  EXPECT_TRUE(std::isnan(on[0]) && std::isnan(on[5])) << "beyond its ends nothing is known";
  EXPECT_EQ(on[1], 10);
  EXPECT_EQ(on[2], 15);
  EXPECT_EQ(on[3], 22.5);
  EXPECT_EQ(on[4], 30);
  EXPECT_EQ(error_of([&] { on_bands(library, 0, {}, 3); }).code(), ErrorCode::Unsupported);
  library.nm.clear();
  EXPECT_EQ(on_bands(library, 0, {}, 3), library.values[0]);
  EXPECT_EQ(error_of([&] { on_bands(library, 0, {}, 4); }).code(), ErrorCode::Unsupported);
}

TEST(SpectralLibraries, TheNearestComesFirstAndBadBandsDoNotCount) {
  const SpectralLibrary library{.source = "lib",
                                .nm = {1, 2, 3, 4},
                                .names = {"rising", "flat", "short"},
                                .values = {{1, 2, 3, 4}, {1, 1, 1, 1}, {NAN, NAN, 1, 1}}};
  const std::vector<double> values{2, 4, 6, 1000};
  const auto found =
      best_matches(library, values, library.nm, std::vector<std::uint8_t>{0, 0, 0, 1}, 5);
  ASSERT_EQ(found.size(), 2u) << "one shares a single band";
  EXPECT_EQ(found[0].spectrum, 0u);
  EXPECT_NEAR(found[0].angle, 0, 1e-7);
  EXPECT_EQ(found[0].bands, 3u);
  EXPECT_NEAR(found[1].angle, std::acos(6 / (std::sqrt(14.0) * std::sqrt(3.0))), 1e-12);
}

TEST(Continuum, IsTheUpperHull) {
  const std::vector<double> axis{0, 1, 2, 4};
  std::vector<double> v{2, 1, 4, 2}; // hull: (0, 2), (2, 4), (4, 2); at 1 it is 3
  EXPECT_TRUE(remove_continuum(axis, v));
  EXPECT_EQ(v[0], 1);
  EXPECT_NEAR(v[1], 1.0 / 3, 1e-15);
  EXPECT_EQ(v[2], 1);
  EXPECT_EQ(v[3], 1);
  std::vector<double> zero{0, 1, 1, 0};
  EXPECT_FALSE(remove_continuum(axis, zero));
  EXPECT_EQ(zero[1], 1) << "left as it is";
}

TEST(SavitzkyGolayFilter, KeepsAParabolaAndItsDerivativesOnAnUnevenAxis) {
  const std::vector<double> axis{400, 403, 410, 411, 420, 432, 440};
  for (int derivative = 0; derivative < 3; ++derivative) {
    std::vector<double> v;
    for (const double x : axis) v.push_back(3 + 2 * (x - 410) - 0.5 * (x - 410) * (x - 410));
    SavitzkyGolay(axis, 5, 2, derivative).apply(v);
    for (std::size_t i = 0; i < axis.size(); ++i) {
      const double x = axis[i] - 410;
      const double want = derivative == 0 ? 3 + 2 * x - 0.5 * x * x : derivative == 1 ? 2 - x : -1;
      EXPECT_NEAR(v[i], want, 1e-9 * std::max(1.0, std::abs(want))) << derivative << " " << i;
    }
  }
  EXPECT_EQ(error_of([&] { SavitzkyGolay(axis, 4, 2, 0); }).code(), ErrorCode::Usage);
  EXPECT_EQ(error_of([&] { SavitzkyGolay(axis, 9, 2, 0); }).code(), ErrorCode::Usage);
  EXPECT_EQ(error_of([&] { SavitzkyGolay(std::vector<double>{1, 2, 2}, 3, 2, 0); }).code(),
            ErrorCode::Usage);
}

TEST(SpectrumReading, ScaleIgnoreValueAndTheOrderOfWavelengths) {
  Cube cube = cube_of(1, 3, 4, {20, 10, 30, 99, 20, -1, 30, 99, 2, 1, NAN, 99});
  cube.wavelengths_nm = {500, 400, 600, 600};
  cube.wavelength_source = WavelengthSource::Stated;
  cube.reflectance_scale = 10;
  cube.ignore_value = -1;
  const SpectrumReader reader(cube, {}, Preparation::Continuum, 1, nullptr);
  EXPECT_EQ(reader.bands(), (std::vector<int>{1, 0, 2}));
  EXPECT_EQ(reader.left_out(), 1);
  std::vector<double> values;
  std::vector<std::uint8_t> valid;
  plain(cube).read({0, 1, 0, 3}, values, valid);
  EXPECT_EQ(valid, (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_EQ(values[0], 2);
  EXPECT_EQ(reader.pixel(0, 0), (std::vector<double>{1, 1, 1})) << "a straight line";
  EXPECT_TRUE(reader.pixel(0, 1).empty());
}

TEST(Matching, NamesTheNearestWithinTheLimit) {
  Cube cube = cube_of(1, 4, 2, {2, 0, 1, 1.1f, 0, 5, -1, -1});
  cube.ignore_value = -1;
  Raster map(1, 4, 2);
  match(plain(cube), {{1, 0}, {0, 1}}, Likeness::Angle, 0.5, Context{}, map);
  const auto c = cells(map);
  EXPECT_EQ(c[0], 1);
  EXPECT_EQ(c[1], 0);
  EXPECT_EQ(c[2], 0) << "45 degrees from both";
  EXPECT_NEAR(c[3], std::atan(1 / 1.1), 1e-6);
  EXPECT_EQ(c[4], 2);
  EXPECT_TRUE(std::isnan(c[6]) && std::isnan(c[7]));
}

// Two clouds about (0, 0) and (10, 10); the third start is far from all pixels.
TEST(KMeans, FindsTheMeansAndLeavesAnEmptyClusterAlone) {
  const Cube cube = cube_of(2, 3, 2, {0, 0, 1, 0, 0, 1, 10, 10, 11, 10, 10, 11});
  Raster map(2, 3, 2);
  const Clusters found = k_means(plain(cube), {{1, 1}, {9, 9}, {100, -100}}, 20, Context{}, map);
  EXPECT_TRUE(found.settled);
  EXPECT_NEAR(found.centres[0][0], 1.0 / 3, 1e-15);
  EXPECT_NEAR(found.centres[1][1], 31.0 / 3, 1e-14);
  EXPECT_EQ(found.centres[2], (std::vector<double>{100, -100}));
  const auto c = cells(map);
  EXPECT_EQ(c[0], 1);
  EXPECT_EQ(c[6], 2);
  EXPECT_NEAR(c[1], std::sqrt(2.0) / 3, 1e-6);
  const auto s = class_statistics(plain(cube), map, 3, Context{});
  EXPECT_EQ(s[0].pixels, 3u);
  EXPECT_NEAR(s[0].mean[0], 1.0 / 3, 1e-15);
  EXPECT_NEAR(s[0].sd[0], std::sqrt(1.0 / 3), 1e-15);
  EXPECT_EQ(s[2].pixels, 0u);
  EXPECT_TRUE(std::isnan(s[2].mean[0]));
}

Cube noisy(int lines, int samples, int bands, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values;
  for (int i = 0; i < lines * samples * bands; ++i)
    values.push_back(static_cast<float>(5 + (i / bands) % 3 + 0.5 * random.normal()));
  return cube_of(lines, samples, bands, std::move(values));
}

TEST(KMeans, IsTheSameForAnyNumberOfThreads) {
  const Cube cube = noisy(300, 200, 20, 3);
  ASSERT_GT(plain(cube).tiles().size(), 2u);
  Raster one(300, 200, 2), four(300, 200, 2);
  const Context a{.threads = 1}, b{.threads = 4};
  const Spectra starts = spread_starts(plain(cube), 4, 9, a);
  EXPECT_EQ(starts, spread_starts(plain(cube), 4, 9, b));
  const Clusters from_one = k_means(plain(cube), starts, 6, a, one),
                 from_four = k_means(plain(cube), starts, 6, b, four);
  EXPECT_EQ(from_one.centres, from_four.centres);
  EXPECT_EQ(cells(one), cells(four));
  const auto s = class_statistics(plain(cube), one, 4, a),
             t = class_statistics(plain(cube), one, 4, b);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(s[k].mean, t[k].mean);
}

TEST(KMeans, AsksForNoMoreClassesThanThereAreSpectra) {
  const Cube cube = cube_of(1, 3, 1, {1, 1, 2});
  const Error e = error_of([&] { spread_starts(plain(cube), 3, 1, Context{}); });
  EXPECT_EQ(e.code(), ErrorCode::BadInput);
  EXPECT_TRUE(contains(e.what(), "only 2 different spectra"));
}

TEST(KMeans, StopsWhenAsked) {
  const Cube cube = noisy(300, 200, 20, 3);
  Raster map(300, 200, 2);
  int calls = 0;
  const Context context{.progress = [&](double, std::string_view) { return ++calls < 3; },
                        .threads = 4};
  EXPECT_EQ(error_of([&] { k_means(plain(cube), {{1}, {2}}, 5, context, map); }).code(),
            ErrorCode::Internal)
      << "starts of another length";
  Spectra starts(2, std::vector<double>(20, 1));
  starts[1][0] = 9;
  EXPECT_EQ(error_of([&] { k_means(plain(cube), starts, 5, context, map); }).code(),
            ErrorCode::Cancelled);
}

TEST(Anomaly, TheOddPixelHasTheGreatestScoreWhateverTheScale) {
  Cube cube = noisy(20, 20, 3, 8);
  std::vector<float> values(samples<float>(cube.data).begin(), samples<float>(cube.data).end());
  for (std::size_t b = 0; b < 3; ++b) values[3 * 137 + b] += b == 1 ? 9.0f : -6.0f;
  std::vector<float> doubled;
  for (std::size_t i = 0; i < values.size(); ++i) { // a band that repeats another adds nothing
    doubled.push_back(values[i]);
    if (i % 3 == 2) doubled.push_back(2 * values[i]);
  }
  Cube four = cube_of(20, 20, 4, doubled);
  cube = cube_of(20, 20, 3, values);
  Raster a(20, 20, 2), b(20, 20, 2);
  EXPECT_EQ(rx_anomaly(plain(cube), Context{}, a).dimensions, 3u);
  four.reflectance_scale = 50;
  EXPECT_EQ(rx_anomaly(plain(four), Context{}, b).dimensions, 3u);
  const auto x = cells(a), y = cells(b);
  double sum = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    sum += static_cast<double>(x[2 * i + 1]);
    EXPECT_NEAR(x[2 * i + 1], y[2 * i + 1], 2e-3 * x[2 * i + 1]) << i;
    if (i != 137) {
      EXPECT_LT(x[2 * i + 1], x[2 * 137 + 1]);
    }
  }
  EXPECT_NEAR(sum, 3 * 399, 0.05) << "the distances' sum is dimensions times (pixels - 1)";
  EXPECT_EQ(mark_above(a, score_at(a, 99.75)), 1u);
  EXPECT_EQ(cells(a)[2 * 137], 1);
  const Cube flat = cube_of(2, 2, 2, {1, 2, 1, 2, 1, 2, 1, 2});
  EXPECT_EQ(error_of([&] { rx_anomaly(plain(flat), Context{}, b); }).code(), ErrorCode::BadInput);
}

// Mixtures of three spectra with the pure ones among them, without noise.
TEST(Endmembers, ThePurePixelsOfANoiselessSimplexAreFound) {
  const std::vector<std::vector<double>> pure{{1, 5, 2, 8, 3}, {7, 1, 1, 2, 6}, {2, 2, 9, 4, 1}};
  Random random(4);
  std::vector<float> values;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> a{random.uniform(), random.uniform(), random.uniform()};
    const double sum = a[0] + a[1] + a[2];
    if (i == 17 || i == 222 || i == 391)
      a = {i == 17 ? sum : 0, i == 222 ? sum : 0, i == 391 ? sum : 0};
    for (std::size_t b = 0; b < 5; ++b)
      values.push_back(
          static_cast<float>((a[0] * pure[0][b] + a[1] * pure[1][b] + a[2] * pure[2][b]) / sum));
  }
  const Cube cube = cube_of(20, 20, 5, values);
  for (const std::uint64_t seed : {1, 2, 3}) {
    std::vector<int> found;
    for (const Endmember& e : vertex_components(plain(cube), 3, seed, Context{}))
      found.push_back(20 * e.line + e.sample);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<int>{17, 222, 391})) << seed;
  }
  EXPECT_EQ(error_of([&] { vertex_components(plain(cube), 6, 1, Context{}); }).code(),
            ErrorCode::Usage);
  const Cube flat = cube_of(1, 4, 3, {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3});
  EXPECT_EQ(error_of([&] { vertex_components(plain(flat), 2, 1, Context{}); }).code(),
            ErrorCode::BadInput);
}

TEST(Unmixing, ByHand) {
  // E = (1, 0), (0, 1): x = (0.9, 0.3) is nearest to (0.8, 0.2); x = (2, 0.5) to the first alone.
  const FullyConstrained two({{1, 0}, {0, 1}});
  std::vector<double> a(2);
  EXPECT_NEAR(two.solve(std::vector<double>{0.9, 0.3}, a), 0.1, 1e-12);
  EXPECT_NEAR(a[0], 0.8, 1e-12);
  EXPECT_NEAR(a[1], 0.2, 1e-12);
  EXPECT_NEAR(two.solve(std::vector<double>{2, 0.5}, a), std::sqrt(1.25 / 2), 1e-12);
  EXPECT_EQ(a, (std::vector<double>{1, 0}));
  EXPECT_EQ(error_of([] { FullyConstrained({{1, 2}, {1, 2}}); }).code(), ErrorCode::Usage);
  EXPECT_EQ(error_of([] { FullyConstrained({{1, 0}, {0, 1}, {0.5, 0.5}}); }).code(),
            ErrorCode::Usage);
  EXPECT_EQ(error_of([] { FullyConstrained({}); }).code(), ErrorCode::Usage);
}

// The conditions of Karush, Kuhn and Tucker, for many endmembers and pixels in and out of their
// hull.
TEST(Unmixing, EverySolutionIsOptimal) {
  Random random(11);
  constexpr std::size_t count = 9, bands = 14;
  Spectra e(count, std::vector<double>(bands));
  for (auto& one : e)
    for (double& v : one) v = random.uniform();
  const FullyConstrained solver(e);
  std::vector<double> a(count);
  for (int pixel = 0; pixel < 500; ++pixel) {
    std::vector<double> x(bands);
    for (double& v : x) v = random.uniform(-0.3, 1.3);
    solver.solve(x, a);
    double sum = 0, level = std::nan("");
    std::vector<double> slope(count, 0);
    for (std::size_t k = 0; k < count; ++k) {
      EXPECT_GE(a[k], 0);
      sum += a[k];
      for (std::size_t b = 0; b < bands; ++b) {
        double rest = -x[b];
        for (std::size_t m = 0; m < count; ++m) rest += a[m] * e[m][b];
        slope[k] += e[k][b] * rest;
      }
      if (a[k] > 0) level = slope[k];
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    for (std::size_t k = 0; k < count; ++k) {
      EXPECT_GE(slope[k], level - 1e-9);
      if (a[k] > 0) {
        EXPECT_NEAR(slope[k], level, 1e-9);
      }
    }
  }
}

}
}
