// The pipeline as the host sees it.
#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "tests/oct_hrf/drawn.h"

#include <nlohmann/json.hpp>

#include <filesystem>

using namespace sensorium;
using namespace sensorium::test;

namespace sensorium::oct_hrf {
Extension make_extension();
}

namespace {

const PipelineDefinition& pipeline() {
  static const Extension extension = oct_hrf::make_extension();
  return extension.pipelines.at(0);
}

nlohmann::json parameters(nlohmann::json values) {
  return complete(pipeline().info.parameters, values);
}

// A drawn retina of three B-scans with a bright focus of 5 x 5 pixels in the middle one.
Dataset with_focus() {
  Volume v = Retina{}.volume();
  const auto one = pixels_of(v);
  std::vector<std::uint8_t> all;
  for (int z = 0; z < 3; ++z) {
    const auto slice = pixels_of(Retina{.seed = 10u + static_cast<unsigned>(z)}.volume());
    all.insert(all.end(), slice.begin(), slice.end());
  }
  const int cy = static_cast<int>(Retina{}.ilm(120)) + 30;
  for (int y = cy - 2; y <= cy + 2; ++y)
    for (int x = 118; x <= 122; ++x)
      all[one.size() + static_cast<std::size_t>(y) * v.width + x] = 230;
  v.depth = 3;
  v.pixels = Buffer::of(std::move(all));
  v.spacing[2] = spacing(120);
  return v;
}

}

TEST(Pipeline, DescribesItself) {
  const PipelineInfo& i = pipeline().info;
  EXPECT_EQ(i.id, "oct_hrf");
  EXPECT_EQ(i.labels.at(0), "focus");
  for (const std::string& text :
       {i.title, i.question, i.maturity, i.intended_use, i.limits, i.citation})
    EXPECT_FALSE(text.empty());
  EXPECT_NE(i.intended_use.find("Not a medical device"), std::string::npos);
  for (const ParameterSpec& p : i.parameters) EXPECT_FALSE(p.about.help.empty()) << p.name;
}

TEST(Pipeline, FindsADrawnFocusWithTheClassicalDetector) {
  const Dataset data = with_focus();
  const auto p =
      parameters({{"detector", "top_hat"}, {"profile", "all_candidates"}, {"min_pixels", 9}});
  const auto analysis = pipeline().analyse({data, p, {}, 0}, {});
  const Findings f = pipeline().conclude(data, *analysis, p);
  EXPECT_FALSE(f.nothing_counted);
  std::vector<Finding> inner;
  for (const Finding& one : f.items) {
    if (one.attributes.at("slab") == "inner retina")
      inner.push_back(one);
    else
      EXPECT_EQ(one.attributes.at("slab"), "near RPE"); // bright speckle, top-hat's weakness
  }
  ASSERT_EQ(inner.size(), 1u);
  EXPECT_NEAR(inner[0].centroid[0], 120, 1);
  EXPECT_EQ(inner[0].attributes.at("bscan"), "2");
  EXPECT_NEAR(measure(inner[0], "long axis").value, 4 * 5 * 6 / std::sqrt(12.0), 8); // 5 x 6 um
  EXPECT_TRUE(noted(f.notes, "not a probability"));
  ASSERT_EQ(analysis->artifacts.size(), 2u);
  for (const Artifact& a : analysis->artifacts) EXPECT_EQ(a.volume.type, PixelType::UInt8);

  // The same from the stored maps, and again after the slider moved.
  const auto again =
      pipeline().restore({data, p, {}, 0}, analysis->artifacts, analysis->surfaces, {});
  EXPECT_EQ(to_json(pipeline().conclude(data, *again, p)).dump(), [&] {
    Findings same = f;
    std::erase_if(same.notes, [](const std::string& n) { return n.starts_with("Detector"); });
    return to_json(same).dump();
  }());
  EXPECT_TRUE(pipeline().conclude(data, *again, parameters({{"threshold", 1}})).items.size() <= 1);
}

TEST(Pipeline, TheThresholdAloneDecidesOnTheMap) {
  const Dataset data = with_focus();
  const auto p = parameters({{"detector", "top_hat"}, {"profile", "all_candidates"}});
  const auto analysis = pipeline().analyse({data, p, {}, 0}, {});
  double last = 1e9;
  for (double t : {0.1, 0.3, 0.5, 0.7, 0.9}) {
    auto q = p;
    q["threshold"] = t;
    q["min_pixels"] = 1;
    double covered = 0;
    for (const Finding& f : pipeline().conclude(data, *analysis, q).items)
      for (const auto& r : f.footprint) covered += r.length;
    EXPECT_LE(covered, last);
    last = covered;
  }
}

TEST(Pipeline, NothingIsCountedOnNonsense) {
  Volume v = Retina{}.volume();
  std::mt19937 random(4);
  std::vector<std::uint8_t> noise(v.voxels());
  for (auto& x : noise) x = static_cast<std::uint8_t>(random() % 200 + 1);
  v.pixels = Buffer::of(std::move(noise));
  const Dataset data = v;
  const auto p = parameters({{"detector", "top_hat"}});
  const auto analysis = pipeline().analyse({data, p, {}, 0}, {});
  const Findings f = pipeline().conclude(data, *analysis, p);
  EXPECT_TRUE(f.nothing_counted);
  EXPECT_TRUE(f.items.empty());
  EXPECT_TRUE(f.summary.empty());
  EXPECT_TRUE(noted(f.notes, "Nothing was counted"));
}

TEST(Pipeline, RefusesWhatIsNoScan) {
  const Dataset video = Video{};
  EXPECT_THROW(pipeline().analyse({video, parameters({}), {}, 0}, {}), Error);
  const Dataset data = with_focus();
  EXPECT_THROW(pipeline().restore({data, parameters({}), {}, 0}, {}, {}, {}), Error);
  EXPECT_THROW(parameters({{"thresold", 0.5}}), Error);
  EXPECT_THROW(parameters({{"threshold", 1.5}}), Error);
  EXPECT_THROW(parameters({{"profile", "mine"}}), Error);
}

TEST(Pipeline, StopsWhenAsked) {
  const Dataset data = with_focus();
  Context context;
  int calls = 0;
  context.progress = [&](double, std::string_view) { return ++calls < 4; };
  try {
    pipeline().analyse({data, parameters({{"detector", "top_hat"}}), {}, 0}, context);
    FAIL() << "it went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Cancelled);
  }
}

TEST(Pipeline, HeidelbergLineScan) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(SENSORIUM_SHARED_DATA) / "oct/OCTolyzer/demo/input";
  if (!fs::exists(folder)) GTEST_SKIP() << "skipped: no ../shared/data";
  Registry registry;
  registry.add(builtin_io());
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".vol") continue;
    const Dataset data = registry.open(entry.path());
    const auto p = parameters({{"detector", "top_hat"}, {"profile", "all_candidates"}});
    const auto analysis = pipeline().analyse({data, p, {}, 0}, {});
    const Findings f = pipeline().conclude(data, *analysis, p);
    EXPECT_FALSE(f.nothing_counted);
    EXPECT_EQ(analysis->surfaces.at(0).source, "vendor");
    for (const Finding& one : f.items) {
      EXPECT_EQ(measure(one, "long axis").unit, "um"); // scale from the header
      EXPECT_EQ(measure(one, "volume").unit, "px3");   // one line: no distance between B-scans
    }
  }
}
