// SPy, SciPy and NumPy as judges of the analyses; Jasper Ridge as a check of the range.
#include "hyperspectral/anomaly.h"
#include "hyperspectral/unmixing.h"
#include "modules/imaging/spectral_library.h"
#include "modules/io/array_file.h"
#include "modules/io/envi_reader.h"
#include "tests/io_cube/support.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace sensorium::hyper {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

double at(const json& table, int line, int sample) {
  return table.at(static_cast<std::size_t>(line))
      .at(static_cast<std::size_t>(sample))
      .get<double>();
}

template<class Check> void each_pixel(const Raster& map, const Check& check) {
  for (int l = 0; l < map.lines(); ++l)
    for (int s = 0; s < map.samples(); ++s)
      check(l, s,
            map.rows(l, 1).data() +
                static_cast<std::size_t>(map.channels()) * static_cast<std::size_t>(s));
}

void against_the_judge(const Cube& cube, const SpectralLibrary& library, const json& judge) {
  const SpectrumReader reader(cube, {}, Preparation::None, 1, nullptr);
  const auto nm = judge.at("uneven").get<std::vector<double>>();
  Spectra members;
  for (std::size_t i = 0; i < 3; ++i) members.push_back(on_bands(library, i, reader.nm(), 12));
  Raster map(cube.lines, cube.samples, 2);
  match(reader, members, Likeness::Angle, 0, Context{}, map);
  each_pixel(map, [&](int l, int s, const float* got) {
    const json& angles =
        judge.at("angles").at(static_cast<std::size_t>(l)).at(static_cast<std::size_t>(s));
    const auto all = angles.get<std::vector<double>>();
    const auto best = std::min_element(all.begin(), all.end());
    EXPECT_EQ(got[0], static_cast<float>(best - all.begin() + 1));
    EXPECT_NEAR(got[1], *best, 1e-6);
    const std::vector<double> pixel = reader.pixel(l, s);
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_NEAR(spectral_angle(pixel, members[k]), all[k], 1e-9);
  });
  match(reader, members, Likeness::Divergence, 0, Context{}, map);
  each_pixel(map, [&](int l, int s, const float* got) {
    double best = INFINITY;
    for (std::size_t k = 0; k < 3; ++k)
      best = std::min(best, at(judge.at("divergences").at(k), l, s));
    EXPECT_NEAR(got[1], best, 1e-6 * std::max(1.0, best));
  });
  const Clusters clusters = k_means(reader, members, 60, Context{}, map);
  EXPECT_TRUE(clusters.settled);
  each_pixel(map, [&](int l, int s, const float* got) {
    EXPECT_EQ(got[0], at(judge.at("classes"), l, s)) << l << " " << s;
  });
  for (int k = 0; k < 3; ++k)
    for (int b = 0; b < 12; ++b)
      EXPECT_NEAR(clusters.centres[static_cast<std::size_t>(k)][static_cast<std::size_t>(b)],
                  at(judge.at("centres"), k, b), 1e-12);
  rx_anomaly(reader, Context{}, map);
  each_pixel(map, [&](int l, int s, const float* got) {
    // The covariance is summed in another order; its inverse makes more of that.
    EXPECT_NEAR(got[1], at(judge.at("rx"), l, s), 2e-3 * at(judge.at("rx"), l, s));
  });
  Raster shares(cube.lines, cube.samples, 4);
  unmix(reader, FullyConstrained(members), Context{}, shares);
  each_pixel(shares, [&](int l, int s, const float* got) {
    const json& want =
        judge.at("abundances").at(static_cast<std::size_t>(l)).at(static_cast<std::size_t>(s));
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(got[k], want.at(k).get<double>(), 1e-5);
  });
}

TEST(AnalysisJudged, SpyAndSciPyFindTheSame) {
  NEEDS_JUDGES();
  const test::Folder folder;
  const json judge = test::judge("hyperspectral/judge_analysis.py", {folder.path().string()});
  const SpectralLibrary library = library_of(envi::load(folder / "lib.sli", Samples::Load));
  EXPECT_EQ(library.names, (std::vector<std::string>{"quartz", "leaf", "water"}));
  for (const char* name : {"bip.hdr", "bsq.hdr"}) {
    SCOPED_TRACE(name);
    against_the_judge(test::open_cube(folder / name), library, judge);
  }
}

TEST(AnalysisJudged, ShapesOfSpectra) {
  NEEDS_JUDGES();
  const test::Folder folder;
  const json judge = test::judge("hyperspectral/judge_analysis.py", {folder.path().string()});
  const Cube cube = test::open_cube(folder / "bip.hdr");
  const SpectrumReader hull(cube, {}, Preparation::Continuum, 1, nullptr);
  for (int s = 0; s < cube.samples; ++s) {
    const auto got = hull.pixel(0, s);
    for (int b = 0; b < cube.bands; ++b)
      EXPECT_NEAR(got[static_cast<std::size_t>(b)], at(judge.at("continuum"), s, b), 1e-9);
  }
  const std::array all{Preparation::Smooth, Preparation::FirstDerivative,
                       Preparation::SecondDerivative};
  for (std::size_t d = 0; d < all.size(); ++d) {
    const SpectrumReader reader(cube, {}, all[d], 5, nullptr);
    for (int s = 0; s < cube.samples; ++s) {
      const auto got = reader.pixel(0, s);
      for (int b = 0; b < cube.bands; ++b)
        EXPECT_NEAR(got[static_cast<std::size_t>(b)], at(judge.at("savgol").at(d), s, b), 1e-12);
    }
    std::vector<double> uneven = read_spectrum(cube, 0, 0);
    const auto axis = judge.at("uneven").get<std::vector<double>>();
    SavitzkyGolay(axis, 5, 2, static_cast<int>(d)).apply(uneven);
    for (std::size_t b = 0; b < uneven.size(); ++b) {
      const double want = judge.at("uneven_fit").at(d).at(b).get<double>();
      EXPECT_NEAR(uneven[b], want, 1e-9 * std::max(1.0, std::abs(want)));
    }
  }
}

// MAT v5, columns first: Y is bands x pixels, A endmembers x pixels, M bands x endmembers. The
// published abundances are an estimate, too: ours must lie near, not agree.
TEST(AnalysisJudged, JasperRidgeLiesInTheRangeOfThePublishedAbundances) {
  const fs::path path =
      fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral/jasper/jasperRidge2_R198.mat";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: no ../shared/data";
  const auto file = open_mat5(path);
  const std::vector<double> truth = file->values(*file->find("A")),
                            m = file->values(*file->find("M"));
  const double most = file->values(*file->find("maxValue")).at(0);
  Cube cube;
  cube.lines = cube.samples = 100;
  cube.bands = 198;
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.data = file->samples(*file->find("Y"), Context{}).data;
  cube.reflectance_scale = most;
  const SpectrumReader reader(cube, {}, Preparation::None, 1, nullptr);
  Spectra published;
  for (std::size_t k = 0; k < 4; ++k)
    published.emplace_back(m.begin() + static_cast<std::ptrdiff_t>(198 * k),
                           m.begin() + static_cast<std::ptrdiff_t>(198 * (k + 1)));
  Raster shares(100, 100, 5);
  unmix(reader, FullyConstrained(published), Context{}, shares);
  std::array<double, 4> square{};
  double agree = 0;
  each_pixel(shares, [&](int l, int s, const float* a) {
    const double* want =
        truth.data() + 4 * (100 * static_cast<std::size_t>(l) + static_cast<std::size_t>(s));
    for (std::size_t k = 0; k < 4; ++k) {
      const double d = static_cast<double>(a[k]) - want[k];
      square[k] += d * d / 1e4;
    }
    agree += std::max_element(a, a + 4) - a == std::max_element(want, want + 4) - want ? 1e-4 : 0;
  });
  for (const double one : square) EXPECT_LT(std::sqrt(one), 0.15);
  EXPECT_GT(agree, 0.88) << "share of pixels with the same largest abundance";
  // Found without help: a NumPy program of the same paper comes within 0.3 rad of two to four of
  // the published spectra here, depending on its random start.
  const auto found = vertex_components(reader, 4, 1, Context{});
  int near = 0;
  for (const auto& want : published) {
    double best = INFINITY;
    for (const Endmember& e : found) best = std::min(best, spectral_angle(e.spectrum, want));
    near += best < 0.3 ? 1 : 0;
  }
  EXPECT_GE(near, 2);
}

}
}
