// Light in tissue, the camera and the scores, by numbers worked by hand.
#include "hyperspectral/tissue_camera.h"
#include "hyperspectral/tissue_scores.h"
#include "hyperspectral/tissue_svm.h"
#include "modules/core/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace sensorium::hyper {
namespace {

TEST(TissueOptics, CoefficientsAreThoseOfTheTables) {
  // Bosschaart 2014 (1/mm), Hale and Querry 1973 (1/cm), van Veen 2004 (1/m).
  EXPECT_DOUBLE_EQ(chromophores(542).oxy_blood, 273.1);
  EXPECT_DOUBLE_EQ(chromophores(556).deoxy_blood, 268.0);
  EXPECT_DOUBLE_EQ(chromophores(975).water, 0.45);
  EXPECT_DOUBLE_EQ(chromophores(930).lipid, 0.131);
  EXPECT_NEAR(chromophores(543).oxy_blood, (273.1 + 267.9) / 2, 1e-9) << "linear between rows";
  EXPECT_NEAR(chromophores(500).melanosome, 6.6e11 * std::exp(-3.33 * std::log(500.0)), 1e-9);
  EXPECT_NEAR(chromophores(500).skin, 0.244 + 85.3 * std::exp(-346 / 66.2), 1e-12);
  EXPECT_DOUBLE_EQ(chromophores(300).oxy_blood, chromophores(400).oxy_blood) << "the end holds";
  EXPECT_LT(chromophores(542, 20).oxy_blood, chromophores(542).oxy_blood) << "a wide band, blurred";
}

TEST(TissueOptics, AbsorptionIsTheSumOfFractions) {
  const Tissue t{.blood = 0.02, .oxygenation = 0.75, .melanin = 0.01, .water = 0.7};
  const Chromophores c{.oxy_blood = 100, .deoxy_blood = 200, .melanosome = 300, .water = 2};
  EXPECT_NEAR(absorption(t, c), 0.02 * (75 + 50) + 3 + 1.4, 1e-12);
  EXPECT_NEAR(reduced_scattering({.scatter_a = 46, .scatter_b = 1.421}, 1000),
              46 * std::pow(2, -1.421), 1e-12);
}

TEST(TissueOptics, ReflectanceOfAHalfSpace) {
  EXPECT_DOUBLE_EQ(diffuse_reflectance(0, 10), 1) << "nothing is lost where nothing absorbs";
  // mua = 1, mus' = 9: a' = 0.9, s = sqrt(0.3) = 0.547723; r = 0.529489, A = 3.250697 for n = 1.4;
  // 0.45 (1 + exp(-4/3 x 3.250697 x 0.547723)) exp(-0.547723).
  EXPECT_NEAR(diffuse_reflectance(1, 9), 0.284446, 2e-5);
  EXPECT_GT(diffuse_reflectance(1, 20), diffuse_reflectance(1, 10));
  EXPECT_LT(diffuse_reflectance(2, 10), diffuse_reflectance(1, 10));
}

double brain_at(double nm, double blood, double oxygenation) {
  Surface s;
  s.bulk = {.blood = blood, .oxygenation = oxygenation, .water = 0.75};
  return reflectance(s, nm, chromophores(nm));
}

int dips(double oxygenation) {
  int count = 0;
  for (double nm = 524; nm <= 598; nm += 2)
    count += brain_at(nm, 0.04, oxygenation) < brain_at(nm - 2, 0.04, oxygenation) &&
             brain_at(nm, 0.04, oxygenation) < brain_at(nm + 2, 0.04, oxygenation);
  return count;
}

TEST(TissueOptics, BloodDarkensItsBandsAndOxygenMakesTwoDipsOfOne) {
  for (const double nm : {542.0, 577.0}) {
    EXPECT_GT(brain_at(nm, 0.01, 0.98), brain_at(nm, 0.03, 0.98));
    EXPECT_GT(brain_at(nm, 0.03, 0.98), brain_at(nm, 0.09, 0.98));
    EXPECT_LT(brain_at(nm, 0.03, 0.98), brain_at(700, 0.03, 0.98));
  }
  EXPECT_EQ(dips(0.98), 2);
  EXPECT_EQ(dips(0.0), 1);
  EXPECT_LT(brain_at(660, 0.05, 0.3), brain_at(660, 0.05, 0.9)) << "red tells oxygen";
}

TEST(TissueOptics, ALayerIsCrossedThreeTimesAndMelaninDarkensBlueMost) {
  Surface bare, pigmented;
  bare.bulk = pigmented.bulk = {.blood = 0.01, .water = 0.65, .scatter_a = 46, .scatter_b = 1.421};
  pigmented.layer = {.melanin = 0.05};
  pigmented.layer_um = 60;
  const auto ratio = [&](double nm) {
    return reflectance(pigmented, nm, chromophores(nm)) / reflectance(bare, nm, chromophores(nm));
  };
  EXPECT_NEAR(ratio(500), std::exp(-3 * 0.006 * 0.05 * chromophores(500).melanosome), 1e-12);
  EXPECT_LT(ratio(450), ratio(600));
  EXPECT_LT(ratio(600), ratio(900));
  Surface shade = bare;
  shade.light = 0.5;
  shade.glint = 0.1;
  EXPECT_NEAR(reflectance(shade, 600, chromophores(600)),
              0.5 * reflectance(bare, 600, chromophores(600)) + 0.1, 1e-12);
}

TissueScene flat_scene(int lines, int samples) {
  TissueScene scene{.lines = lines, .samples = samples};
  Surface s;
  s.bulk = {.blood = 0.03, .oxygenation = 0.7, .water = 0.75};
  scene.surfaces.assign(static_cast<std::size_t>(lines) * static_cast<std::size_t>(samples), s);
  scene.labels.assign(scene.surfaces.size(), 0);
  return scene;
}

TEST(TissueCamera, TheNoiseHasTheSnrThatWasAskedFor) {
  const TissueScene scene = flat_scene(40, 40);
  for (const double wanted : {5.0, 20.0, 40.0}) {
    const CameraOptions camera{.bands = 61, .snr_db = wanted, .dead_lines = 0};
    const std::vector<float> clean = exposed(scene, camera, 1);
    std::vector<float> noisy = clean;
    add_noise(noisy, scene, camera, 7);
    double signal = 0, noise = 0;
    std::array<double, 2> by_band{}; // the first, the middle one
    for (std::size_t i = 0; i < clean.size(); ++i) {
      const double d = noisy[i] - clean[i];
      signal += static_cast<double>(clean[i]) * clean[i];
      noise += d * d;
      if (i % 61 == 0) by_band[0] += d * d / (0.5 + clean[i]);
      if (i % 61 == 30) by_band[1] += d * d / (0.5 + clean[i]);
    }
    // 97,600 draws: the mean square is known to about 0.5 %, or 0.03 dB.
    EXPECT_NEAR(10 * std::log10(signal / noise), wanted, 0.1);
    EXPECT_GT(by_band[0], 4 * by_band[1]) << "the ends are noisier";
  }
}

TEST(TissueCamera, SmileShiftsTheOuterSamplesAndDeadLinesAreZero) {
  const TissueScene scene = flat_scene(4, 5);
  const CameraOptions camera{
      .bands = 61, .fwhm_nm = 0, .snr_db = 100, .smile_nm = 4, .dead_lines = 0};
  const std::vector<float> seen = exposed(scene, camera, 1);
  const Surface& s = scene.surfaces[0];
  for (const std::size_t b : {5u, 14u, 18u, 40u}) {
    const double nm = camera_bands(camera)[b];
    EXPECT_NEAR(seen[2 * 61 + b], reflectance(s, nm, chromophores(nm)), 1e-6) << nm;
    EXPECT_NEAR(seen[b], reflectance(s, nm + 4, chromophores(nm + 4)), 1e-6) << nm;
    EXPECT_NEAR(seen[1 * 61 + b], reflectance(s, nm + 1, chromophores(nm + 1)), 1e-6) << nm;
  }
  CameraOptions broken = camera;
  broken.dead_lines = 1;
  const Cube cube = photographed(scene, broken, 3, 1);
  int dead = 0;
  for (int x = 0; x < 5; ++x) {
    double sum = 0;
    for (int y = 0; y < 4; ++y)
      for (const double v : read_spectrum(cube, y, x)) sum += std::abs(v);
    dead += sum == 0;
  }
  EXPECT_EQ(dead, 1);
  EXPECT_EQ(cube.reflectance_scale, 10000.0);
}

TEST(TissueCamera, TheSameKeyMakesTheSameCube) {
  const TissueScene scene = flat_scene(8, 8);
  const auto bytes = [&](std::uint64_t key, int threads) {
    const Cube cube = photographed(scene, {.bands = 40}, key, threads);
    return std::vector<std::byte>(cube.data.bytes().begin(), cube.data.bytes().end());
  };
  EXPECT_EQ(bytes(1, 1), bytes(1, 3));
  EXPECT_NE(bytes(1, 1), bytes(2, 1));
  EXPECT_THROW(camera_bands({.first_nm = 350}), Error);
  EXPECT_THROW(camera_bands({.first_nm = 900, .last_nm = 500}), Error);
}

TEST(TissueScores, MacroF1ByHand) {
  Confusion t(3);
  // truth 0: 8 right, 2 taken for 1; truth 1: 5 right, 5 taken for 0; class 2 never occurs.
  t.add(0, 0, 8);
  t.add(0, 1, 2);
  t.add(1, 1, 5);
  t.add(1, 0, 5);
  EXPECT_DOUBLE_EQ(t.f1(0), 16.0 / 23);
  EXPECT_DOUBLE_EQ(t.f1(1), 10.0 / 17);
  EXPECT_DOUBLE_EQ(t.macro_f1(), (16.0 / 23 + 10.0 / 17) / 2);
  EXPECT_DOUBLE_EQ(t.accuracy(), 13.0 / 20);
  EXPECT_TRUE(std::isnan(Confusion(2).macro_f1()));
}

TEST(TissueScores, IntervalsByHand) {
  // 8 of 10: (0.8 + 0.19207) / 1.38415 -+ 1.41602 sqrt(0.016 + 0.00960).
  EXPECT_NEAR(wilson(8, 10).low, 0.490162, 1e-5);
  EXPECT_NEAR(wilson(8, 10).high, 0.943318, 1e-5);
  EXPECT_EQ(wilson(0, 5).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
  const std::array<double, 3> p{0.9, 0.5, 0.4};
  const std::array<double, 2> n{0.5, 0.1};
  EXPECT_DOUBLE_EQ(auc(p, n), (2 + 1.5 + 1) / 6);
  const std::vector<double> values{1, 2, 3, 4, 5};
  const auto mean = [&](std::span<const int> drawn) {
    double sum = 0;
    for (const int i : drawn) sum += values[static_cast<std::size_t>(i)];
    return sum / static_cast<double>(drawn.size());
  };
  const Range a = bootstrap(5, 2000, 3, mean), b = bootstrap(5, 2000, 3, mean);
  EXPECT_EQ(a.low, b.low);
  // Deviation of the mean of five: sqrt(2 / 5) = 0.632, so about 3 -+ 1.24.
  EXPECT_NEAR(a.low, 3 - 1.24, 0.25);
  EXPECT_NEAR(a.high, 3 + 1.24, 0.25);
}

TEST(TissueSvm, PartsARingFromItsMiddle) {
  Random random(5);
  std::vector<float> rows;
  std::vector<int> labels;
  for (int i = 0; i < 300; ++i) {
    const double angle = random.uniform(0, 6.283), radius = i % 2 == 0 ? 0.4 : 1.5;
    const double r = radius + 0.1 * random.normal();
    rows.push_back(static_cast<float>(10 + r * std::cos(angle)));
    rows.push_back(static_cast<float>(r * std::sin(angle)));
    labels.push_back(i % 2);
  }
  const Svm svm = Svm::trained(rows, labels, 2, {.c = 10, .gamma = 1});
  EXPECT_EQ(svm.classes_of(std::vector<float>{10, 0, 11.5f, 0, 10, -1.5f}),
            (std::vector<int>{0, 1, 1}));
  const std::vector<double> far = svm.margins(std::vector<float>{10, 0, 11.5f, 0});
  EXPECT_LT(far[0], 0);
  EXPECT_GT(far[1], 0);
  EXPECT_THROW(Svm::trained(rows, std::vector<int>(300, 1), 2, {}), Error);
  rows[3] = std::nanf("");
  EXPECT_THROW(Svm::trained(rows, labels, 2, {}), Error);
}

}
}
