// colour-science and SPy as judges.
#include "hyperspectral/colour.h"
#include "hyperspectral/components.h"
#include "tests/io_cube/support.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace sensorium::hyper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string tables() { return std::string(SENSORIUM_SOURCE_DIR) + "/resources/cie"; }

void expect_near(const Triple& got, const json& want, double relative) {
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_NEAR(got[c], want.at(c).get<double>(),
                relative * std::max(1.0, std::abs(want.at(c).get<double>())));
}

Triple weighted(const ColourWeights& w, std::span<const double> values) {
  Triple out{};
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) out[c] += w.xyz[i][c] * values[i];
  return out;
}

TEST(ColourJudged, ColourCheckerInEveryLightAndBothSums) {
  NEEDS_JUDGES();
  const json judge = test::judge("hyperspectral/judge_colour.py", {tables()});
  const ColourTable& chart = colour_table("colorchecker_ohta_5nm.csv");
  ASSERT_EQ(judge.at("sums").size(), 14u);
  for (const json& one : judge.at("sums")) {
    const std::string light = one.at("light");
    const Observer observer = one.at("observer") == "1964" ? Observer::Cie1964 : Observer::Cie1931;
    SCOPED_TRACE(light);
    for (const char* sum : {"sensor", "astm_e308"}) {
      const bool sensor = std::string(sum) == "sensor";
      const ColourWeights w =
          colour_weights(chart.columns[0], observer, illuminant(light),
                         sensor ? ColourSum::Sensor : ColourSum::AstmE308, !sensor);
      for (std::size_t p = 1; p < chart.columns.size(); ++p)
        expect_near(weighted(w, chart.columns[p]), one.at(sum).at(p - 1), 1e-12);
    }
  }
  const ColourWeights d65 = colour_weights(chart.columns[0], Observer::Cie1931, illuminant("D65"),
                                           ColourSum::AstmE308, true);
  const Triple white = judge.at("white").get<Triple>();
  std::vector<Triple> labs;
  for (std::size_t p = 1; p < chart.columns.size(); ++p) {
    const Triple xyz = weighted(d65, chart.columns[p]), linear = product(srgb_matrix(), xyz);
    expect_near(linear, judge.at("linear").at(p - 1), 1e-12);
    Triple encoded{};
    for (std::size_t c = 0; c < 3; ++c) encoded[c] = srgb_encoded(linear[c]);
    expect_near(encoded, judge.at("encoded").at(p - 1), 1e-12);
    labs.push_back(lab(xyz, white));
    expect_near(labs.back(), judge.at("lab").at(p - 1), 1e-10);
  }
  for (std::size_t a = 0; a < labs.size(); ++a)
    for (std::size_t b = 0; b < labs.size(); ++b)
      EXPECT_NEAR(delta_e_2000(labs[a], labs[b]), judge.at("delta_e").at(a).at(b).get<double>(),
                  1e-9);
  const Matrix3 adapted = bradford({1.0985, 1.0, 0.3558}, {0.9504, 1.0, 1.0889});
  for (std::size_t r = 0; r < 3; ++r) expect_near(adapted[r], judge.at("bradford").at(r), 1e-10);
}

TEST(ColourJudged, ARealCubeGivesTheSameSum) {
  const fs::path header =
      fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral/plantcv/corn-kernel-hyperspectral.hdr";
  NEEDS_JUDGES();
  if (!fs::exists(header)) GTEST_SKIP() << "skipped: no ../shared/data";
  const Cube cube = test::open_cube(header);
  const json judge = test::judge("hyperspectral/judge_colour.py",
                                 {tables(), cube.data_path, json(cube.wavelengths_nm).dump()});
  std::vector<double> grid;
  for (int l = 400; l <= 780; l += 5) grid.push_back(l);
  const ColourWeights w =
      colour_weights(grid, Observer::Cie1931, illuminant("D65"), ColourSum::Sensor, false);
  // The judge interpolates the spectra to 5 nm; the same interpolation as weights of the bands.
  Projection p;
  for (int b = 0; b < cube.bands; ++b) p.bands.push_back(b);
  p.weights.resize(p.bands.size());
  const auto& nm = cube.wavelengths_nm;
  for (std::size_t g = 0; g < grid.size(); ++g) {
    std::size_t above = 0;
    while (nm[above] < grid[g]) ++above;
    const double t = (grid[g] - nm[above - 1]) / (nm[above] - nm[above - 1]);
    for (std::size_t c = 0; c < 3; ++c) {
      p.weights[above - 1][c] += (1 - t) * w.xyz[g][c];
      p.weights[above][c] += t * w.xyz[g][c];
    }
  }
  std::vector<double> xyz(3 * cube.pixels());
  project_tile(cube, {0, cube.lines, 0, cube.samples}, p, xyz);
  ASSERT_EQ(judge.at("cube").size(), cube.pixels());
  for (std::size_t i = 0; i < cube.pixels(); ++i)
    expect_near({xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]}, judge.at("cube").at(i), 1e-12);
}

TEST(ComponentsJudged, SpyFindsTheSameInEachInterleave) {
  NEEDS_JUDGES();
  const test::Folder folder;
  const json judge = test::judge("hyperspectral/judge_spy.py", {folder.path().string()});
  const auto values = judge.at("values").get<std::vector<double>>(),
             snr = judge.at("snr").get<std::vector<double>>();
  for (const char* name : {"bsq.hdr", "bil.hdr", "bip.hdr"}) {
    SCOPED_TRACE(name);
    const Cube cube = test::open_cube(folder / name);
    const Statistics s = statistics(cube, {}, true, Context{});
    const std::size_t n = s.bands.size();
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(s.mean[i], judge.at("mean").at(i).get<double>(), 1e-3);
      for (std::size_t k = 0; k < n; ++k) {
        EXPECT_NEAR(s.covariance[i * n + k], judge.at("covariance").at(i).at(k).get<double>(),
                    2e-6 * values[0]);
        EXPECT_NEAR(s.noise[i * n + k], judge.at("noise").at(i).at(k).get<double>(),
                    1e-4 * s.noise[0]);
      }
    }
    const Components pca = principal_components(s, 3), mnf = minimum_noise_fraction(s, 3);
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(pca.values[c], values[c], 1e-4 * values[c]);
      double dot = 0;
      for (std::size_t k = 0; k < n; ++k)
        dot += pca.directions[c][k] * judge.at("directions").at(c).at(k).get<double>();
      EXPECT_NEAR(std::abs(dot), 1, 1e-6);
      EXPECT_NEAR(mnf.values[c], snr[c], 1e-3 * snr[c]);
    }
  }
}

}
}
