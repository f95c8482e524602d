#include "pipelines/oct_hrf/surfaces.h"

#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/oct_hrf/enhance.h"
#include "pipelines/oct_hrf/normalise.h"
#include "tests/oct_hrf/drawn.h"

#include <filesystem>

using namespace sensorium;
using namespace sensorium::test;
using namespace sensorium::oct_hrf;

namespace {

std::vector<float> prepared(const Volume& v) {
  std::vector<float> values = to_float(v);
  for (float& x : values)
    if (!(std::abs(x) < 1e30f)) x = 0;
  const std::size_t plane = static_cast<std::size_t>(v.width) * v.height;
  return enhance_volume(normalise_volume(values, plane), v.width, v.height);
}

double mean_distance(const std::vector<float>& line, const std::vector<float>& truth) {
  double sum = 0;
  int n = 0;
  for (std::size_t i = 0; i < line.size(); ++i)
    if (std::isfinite(truth[i])) {
      sum += std::abs(line[i] - truth[i]);
      ++n;
    }
  return sum / n;
}

}

TEST(Surfaces, FollowADrawnRetina) {
  for (unsigned seed : {1u, 2u, 3u}) {
    const Retina r{.seed = seed};
    const Volume v = r.volume();
    const BscanLines lines = trace_bscan(prepared(v), v.width, v.height);
    ASSERT_EQ(lines.failure, "");
    std::vector<float> ilm(v.width), bm(v.width);
    for (int x = 0; x < v.width; ++x) {
      ilm[x] = static_cast<float>(std::ceil(r.ilm(x)));
      bm[x] = static_cast<float>(std::ceil(r.bm(x)));
    }
    EXPECT_LT(mean_distance(lines.ilm, ilm), 1.0);
    EXPECT_LT(mean_distance(lines.bm, bm), 1.5);
    for (int x = 0; x < v.width; ++x) {
      EXPECT_GE(lines.rpe[x], r.rpe(x) - 3);
      EXPECT_LE(lines.rpe[x], r.bm(x) + 2);
    }
  }
}

TEST(Surfaces, NoiseAloneFailsTheChecks) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0.4f, 0.15f);
  std::vector<float> noise(300 * 300);
  for (float& v : noise) v = normal(random);
  EXPECT_NE(trace_bscan(noise, 300, 300).failure, "");
  EXPECT_NE(trace_bscan(std::vector<float>(300 * 300, 0.0f), 300, 300).failure, "");
  EXPECT_NE(trace_bscan(std::vector<float>(12, 0.0f), 4, 3).failure, "");
}

TEST(Surfaces, MostBscansFailedMeansFailed) {
  const Volume one = Retina{}.volume();
  const std::vector<float> good = prepared(one);
  std::vector<float> volume(good.size() * 3, 0.0f);
  std::copy(good.begin(), good.end(), volume.begin());
  auto lines = trace_surfaces(volume, one.width, one.height, 3);
  ASSERT_EQ(lines.size(), 3u);
  for (const Surface& s : lines) EXPECT_NE(s.failure, "");
  EXPECT_EQ(usable(lines, "ILM"), nullptr);

  std::copy(good.begin(), good.end(), volume.begin() + static_cast<std::ptrdiff_t>(good.size()));
  lines = trace_surfaces(volume, one.width, one.height, 3, 2);
  ASSERT_NE(usable(lines, "ILM"), nullptr);
  EXPECT_TRUE(std::isfinite(lines[0].depth[one.width]));
  EXPECT_TRUE(std::isnan(lines[0].depth[2 * one.width])); // the failed B-scan has none
}

TEST(Surfaces, LinesOfTheFileComeFirstUnlessTheyContradictThemselves) {
  Volume v = Retina{}.volume();
  const std::vector<float> values = prepared(v);
  v.surfaces = {{"ILM", std::vector<float>(v.width, 33), "vendor", {}},
                {"BM", std::vector<float>(v.width, 99), "vendor", {}}};
  auto lines = choose_surfaces(v, values, "file");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].source, "vendor");
  EXPECT_EQ(lines[0].depth[5], 33);

  lines = choose_surfaces(v, values, "computed");
  EXPECT_EQ(lines.size(), 3u);
  for (const Surface& s : lines) EXPECT_EQ(s.source, "computed");

  v.surfaces[1].depth.assign(v.width, 20); // above the ILM
  lines = choose_surfaces(v, values, "file");
  ASSERT_NE(usable(lines, "ILM"), nullptr);
  EXPECT_EQ(usable(lines, "ILM")->source, "computed");

  v.surfaces.pop_back(); // an ILM alone is kept, the rest computed
  lines = choose_surfaces(v, values, "file");
  EXPECT_EQ(usable(lines, "ILM")->source, "vendor");
  EXPECT_EQ(usable(lines, "BM")->source, "computed");
}

TEST(Surfaces, WithinTwoPixelsOfTheVendorsLines) {
  const std::filesystem::path file =
      std::filesystem::path(SENSORIUM_SHARED_DATA) / "oct/OCTolyzer/demo/input";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "skipped: no ../shared/data";
  Registry registry;
  registry.add(builtin_io());
  for (const auto& entry : std::filesystem::directory_iterator(file)) {
    if (entry.path().extension() != ".vol") continue;
    const Volume v = std::get<Volume>(registry.open(entry.path()));
    const BscanLines lines = trace_bscan(prepared(v), v.width, v.height);
    ASSERT_EQ(lines.failure, "");
    EXPECT_LT(mean_distance(lines.ilm, usable(v.surfaces, "ILM")->depth), 2);
    EXPECT_LT(mean_distance(lines.bm, usable(v.surfaces, "BM")->depth), 2);
  }
}
