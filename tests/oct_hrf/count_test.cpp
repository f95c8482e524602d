#include "tests/oct_hrf/drawn.h"

#include "modules/core/error.h"
#include "pipelines/oct_hrf/profile.h"

using namespace sensorium;
using namespace sensorium::test;
using oct_hrf::CountOptions;

namespace {

CountOptions all(double threshold = 0.5) {
  CountOptions o;
  o.threshold = threshold;
  o.profile = "all_candidates";
  return o;
}

}

TEST(Count, HandCountedSizesInMicrometres) {
  Drawn d(64, 120, 5, {10, 4, 50});
  d.box(30, 40, 2, 32, 44, 3, 200); // 3 x 5 pixels in two B-scans
  const Findings f = d.count(all());
  ASSERT_EQ(f.items.size(), 1u);
  const Finding& one = f.items[0];
  EXPECT_EQ(one.label, "focus");
  EXPECT_EQ(one.id, "f-30-40-2");
  EXPECT_NEAR(one.score, 200 / 255.0, 1e-12);
  EXPECT_EQ(one.centroid, (std::array<double, 3>{31, 42, 2.5}));
  EXPECT_EQ(one.box, (std::array<int, 6>{30, 40, 2, 32, 44, 3}));
  // A 30 x 20 um rectangle: variances 30^2 / 12 and 20^2 / 12; long axis 4 * 30 / sqrt(12) = 34.641
  // um.
  EXPECT_NEAR(measure(one, "long axis").value, 34.641016, 1e-5);
  EXPECT_NEAR(measure(one, "equivalent diameter").value, 27.639532, 1e-5); // 2 sqrt(600 / pi)
  EXPECT_DOUBLE_EQ(measure(one, "section area").value, 600);
  EXPECT_DOUBLE_EQ(measure(one, "en-face area").value, 3 * 2 * 10 * 50);
  EXPECT_DOUBLE_EQ(measure(one, "volume").value, 30 * 10 * 4 * 50);
  EXPECT_EQ(measure(one, "volume").unit, "um3");
  EXPECT_EQ(measure(one, "long axis").unit, "um");
  EXPECT_NEAR(measure(one, "mean intensity").value, 200 / 255.0, 1e-12);
  EXPECT_NEAR(measure(one, "contrast").value, 100 / 300.0, 1e-12); // (200 - 100) / (200 + 100)
  EXPECT_EQ(one.attributes.at("slab"), "inner retina");            // (42 - 20) / 60 < 0.5
  EXPECT_EQ(one.attributes.at("bscans"), "2");
  EXPECT_EQ(summary(f, "retinal foci, 3-D objects"), 1);
  EXPECT_EQ(summary(f, "retinal foci, B-scan sections"), 2);
  EXPECT_DOUBLE_EQ(summary(f, "retinal foci, volume"), 60000);
}

TEST(Count, SectionsOfObjectsAreListedOnRequest) {
  Drawn d(64, 120, 4, {10, 4, 50});
  d.box(30, 40, 1, 32, 44, 2, 200);
  CountOptions o = all();
  o.per_bscan = true;
  const Findings f = d.count(o);
  ASSERT_EQ(f.items.size(), 2u);
  EXPECT_EQ(f.items[0].attributes.at("bscan"), "2");
  EXPECT_EQ(f.items[1].attributes.at("bscan"), "3");
  EXPECT_EQ(f.items[1].id, "f-30-40-2");
}

TEST(Count, UnknownScalePrintsNoMicrometre) {
  Drawn d(64, 120, 3, {});
  d.box(30, 40, 1, 45, 55, 1, 200); // far larger than any limit in micrometres
  CountOptions o;
  o.min_size_um = 500;
  const Findings f = d.count(o);
  ASSERT_EQ(f.items.size(), 1u); // size limits are not applied
  EXPECT_TRUE(noted(f.notes, "The size of a pixel is unknown"));
  EXPECT_TRUE(noted(f.notes, "could not be applied"));
  for (const Finding& one : f.items) {
    for (const Measure& m : one.measures) EXPECT_EQ(m.unit.find("um"), std::string::npos) << m.name;
    EXPECT_EQ(one.text.find("um"), std::string::npos) << one.text;
  }
  for (const Measure& m : f.summary) EXPECT_EQ(m.unit.find("um"), std::string::npos) << m.name;
  for (const Table& t : f.tables)
    for (const std::string& c : t.columns) EXPECT_EQ(c.find("(um"), std::string::npos) << c;
  EXPECT_NEAR(measure(f.items[0], "long axis").value, 4 * 16 / std::sqrt(12.0), 1e-6);
}

TEST(Count, UnknownDistanceOfBscansLeavesAreaAndVolumeInPixels) {
  Drawn d(64, 120, 2, {10, 4, 0});
  d.box(30, 40, 0, 31, 43, 1, 200);
  const Findings f = d.count(all());
  ASSERT_EQ(f.items.size(), 1u);
  EXPECT_EQ(measure(f.items[0], "long axis").unit, "um");
  EXPECT_EQ(measure(f.items[0], "volume").unit, "px3");
  EXPECT_EQ(measure(f.items[0], "volume").value, 16);
  EXPECT_EQ(measure(f.items[0], "en-face area").unit, "px2");
  EXPECT_TRUE(noted(f.notes, "distance between B-scans is unknown"));
}

TEST(Count, ThresholdIsInclusive) {
  Drawn d(64, 120, 1, {});
  d.box(30, 40, 0, 32, 42, 0, 128); // 128 / 255 = 0.50196
  EXPECT_EQ(d.count(all(128 / 255.0)).items.size(), 1u);
  EXPECT_EQ(d.count(all(0.503)).items.size(), 0u);
}

TEST(Count, SlabsAndChoroidStandApart) {
  Drawn d(64, 140, 1, {4, 4, 0});
  d.box(10, 8, 0, 12, 10, 0, 200);    // y 9: in front of the ILM
  d.box(20, 30, 0, 22, 32, 0, 200);   // r = 11 / 60: inner
  d.box(30, 59, 0, 32, 61, 0, 200);   // r = 40 / 60: outer
  d.box(40, 75, 0, 42, 77, 0, 200);   // r = 56 / 60: near RPE
  d.box(50, 100, 0, 52, 102, 0, 200); // below BM
  d.box(56, 110, 0, 58, 112, 0, 200); // below BM
  const Findings f = d.count(all());
  EXPECT_EQ(summary(f, "retinal foci, 3-D objects"), 3);
  EXPECT_EQ(summary(f, "choroidal foci, 3-D objects"), 2);
  EXPECT_EQ(summary(f, "left out: in front of the retina"), 1);
  EXPECT_EQ(f.items.size(), 5u);
  const Table* t = table(f, "by slab");
  ASSERT_NE(t, nullptr);
  ASSERT_EQ(t->rows.size(), 5u); // three slabs, their sum, the choroid
  for (int i : {0, 1, 2}) EXPECT_EQ(t->rows[i][1], "1") << t->rows[i][0];
  EXPECT_EQ(t->rows[3], (std::vector<std::string>{"retina, sum", "3", "3", "9", "27", "0"}));
  EXPECT_EQ(t->rows[4][0], "choroid (apart)");
  EXPECT_EQ(t->rows[4][1], "2");
}

TEST(Count, WithoutLinesNothingIsCountedByLayer) {
  Drawn d(64, 120, 1, {4, 4, 0});
  d.lines = false;
  d.box(20, 30, 0, 22, 32, 0, 200);
  const Findings f = d.count(all());
  ASSERT_EQ(f.items.size(), 1u);
  EXPECT_EQ(f.items[0].attributes.at("slab"), "unknown");
  EXPECT_TRUE(noted(f.notes, "nothing is counted by layer"));
}

TEST(Count, ShadowIsSeenAndOnlyThere) {
  Drawn d(80, 140, 1, {4, 4, 0});
  d.box(20, 40, 0, 23, 43, 0, 200);
  d.box(50, 40, 0, 53, 43, 0, 200);
  for (int y = 44; y < 140; ++y)
    for (int x = 20; x <= 23; ++x) d.grey[d.at(x, y, 0)] = 60; // 0.6 of what is beside
  d.box(1, 40, 0, 3, 43, 0, 200);                              // too near the rim to tell
  const Findings f = d.count(all());
  ASSERT_EQ(f.items.size(), 3u);
  for (const Finding& one : f.items)
    EXPECT_EQ(one.attributes.at("shadow"), one.box[0] == 20   ? "yes"
                                           : one.box[0] == 50 ? "no"
                                                              : "unknown");
}

TEST(Count, ProfilesDecideBySizeShadowAndBrightness) {
  // Scale 4 um: a square of n pixels has a long axis of n * 4 * 4 / sqrt(12) = 4.6188 n um.
  Drawn d(160, 140, 1, {4, 4, 0});
  for (int x = 0; x < 160; ++x) {
    for (int y = 78; y <= 82; ++y) d.grey[d.at(x, y, 0)] = 220; // epithelium
    for (int y = 23; y <= 28; ++y) d.grey[d.at(x, y, 0)] = 160; // nerve fibres
  }
  d.box(10, 40, 0, 15, 45, 0, 200, 180); // 27.7 um, as bright as nerve fibres, darker than 0.9 RPE
  d.box(40, 40, 0, 47, 47, 0, 200, 230); // 37.0 um, as bright as the epithelium
  d.box(70, 40, 0, 75, 45, 0, 200, 110); // 27.7 um, dark
  d.box(100, 40, 0, 111, 51, 0, 200, 230); // 55.4 um, bright, with a shadow
  for (int y = 52; y < 140; ++y)
    for (int x = 100; x <= 111; ++x) d.grey[d.at(x, y, 0)] = 40;

  CountOptions o;
  o.profile = "inflammatory_30um";
  Findings f = d.count(o);
  ASSERT_EQ(f.items.size(), 2u);
  EXPECT_EQ(f.items[0].box[0], 10);
  EXPECT_EQ(f.items[1].label, "exudate");
  EXPECT_EQ(f.items[1].box[0], 100);
  EXPECT_EQ(summary(f, "retinal foci, 3-D objects"), 1);
  EXPECT_EQ(summary(f, "exudates, 3-D objects"), 1);
  EXPECT_EQ(summary(f, "left out: larger than the profile's limit"), 1);
  EXPECT_EQ(summary(f, "left out: darker than the profile asks"), 1);

  o.profile = "boulevard_50um";
  f = d.count(o);
  ASSERT_EQ(f.items.size(), 1u);
  EXPECT_EQ(f.items[0].box[0], 40);

  o.profile = "amd_rpe_reflectivity";
  f = d.count(o);
  ASSERT_EQ(f.items.size(), 2u); // 37 and 55 um: no limit of size
  EXPECT_EQ(f.items[1].box[0], 100);
  EXPECT_EQ(f.items[1].label, "focus");

  o.max_size_um = 40; // an own limit
  EXPECT_EQ(d.count(o).items.size(), 1u);
  o.min_size_um = 38;
  EXPECT_EQ(d.count(o).items.size(), 0u);
}

TEST(Count, LimitsOfProfilesAtTheirBorder) {
  oct_hrf::ProfileFacts facts{.long_axis_um = 30.0, .shadow = false, .of_rpe = 1.0, .of_rnfl = 1.0};
  EXPECT_EQ(judge(oct_hrf::profile("inflammatory_30um"), facts), oct_hrf::Verdict::Focus);
  facts.long_axis_um = 50.0; // "below 50"
  EXPECT_EQ(judge(oct_hrf::profile("boulevard_50um"), facts), oct_hrf::Verdict::TooLarge);
  facts.long_axis_um = 49.9;
  EXPECT_EQ(judge(oct_hrf::profile("boulevard_50um"), facts), oct_hrf::Verdict::Focus);
  facts = {.long_axis_um = 10.0, .shadow = true};
  EXPECT_EQ(judge(oct_hrf::profile("inflammatory_30um"), facts), oct_hrf::Verdict::Shadowed);
  EXPECT_EQ(judge(oct_hrf::profile("all_candidates"), facts), oct_hrf::Verdict::Focus);
  for (const oct_hrf::Profile& p : oct_hrf::profiles()) EXPECT_FALSE(p.citation.empty());
  EXPECT_THROW(oct_hrf::profile("inflamatory_30um"), Error);
}

TEST(Count, TooFewPixelsAreLeftOut) {
  Drawn d(64, 120, 1, {4, 4, 0});
  d.box(20, 30, 0, 21, 30, 0, 200);
  d.box(40, 30, 0, 42, 30, 0, 200);
  CountOptions o = all();
  EXPECT_EQ(d.count(o).items.size(), 1u);
  EXPECT_EQ(summary(d.count(o), "left out: smaller than the least size"), 1);
  o.min_pixels = 1;
  EXPECT_EQ(d.count(o).items.size(), 2u);
}

TEST(Count, TheIdStaysWhileTheThresholdMoves) {
  Drawn d(64, 120, 1, {4, 4, 0});
  d.box(20, 30, 0, 30, 40, 0, 120);
  d.box(27, 36, 0, 29, 38, 0, 240);
  EXPECT_EQ(d.count(all(0.4)).items.at(0).id, "f-27-36-0");
  EXPECT_EQ(d.count(all(0.8)).items.at(0).id, "f-27-36-0");
}

TEST(Shape, OfASinglePixel) {
  Component c;
  c.runs = {{3, 7, 5, 1}};
  c.voxels = 1;
  const oct_hrf::Shape s = oct_hrf::shape_of(c, 1, 1);
  EXPECT_NEAR(s.long_axis, 1.154701, 1e-6);
  EXPECT_EQ(s.bscan, 3);
}

TEST(Shape, ObliqueLineAndFace) {
  // Pixels on the diagonal (k, k), k = 0 .. 3: along it the variance is 2 * 1.25 + 1/12, across it
  // 1/12.
  Component c;
  for (int k = 0; k < 4; ++k) c.runs.push_back({0, k, k, 1});
  c.voxels = 4;
  const oct_hrf::Shape s = oct_hrf::shape_of(c, 1, 1);
  EXPECT_NEAR(s.long_axis, 4 * std::sqrt(2.5 + 1 / 12.0), 1e-9);
  EXPECT_EQ(s.face_pixels, 4);
  c.runs = {{0, 0, 0, 5}, {0, 1, 2, 6}, {1, 0, 1, 2}}; // columns 0 .. 7 and 1 .. 2
  EXPECT_EQ(oct_hrf::shape_of(c, 1, 1).face_pixels, 10);
}
