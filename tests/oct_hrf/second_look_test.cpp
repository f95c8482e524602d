#include "pipelines/oct_hrf/second_look.h"

#include "tests/oct_hrf/drawn.h"

#include <cstring>

using namespace sensorium;
using namespace sensorium::test;
using oct_hrf::CountOptions;
using oct_hrf::Cues;

namespace {

// A box of 3 x 5 pixels of 10 x 4 um, grey 200 on 100, with a shadow of one half from row 48 on.
Drawn with_shadow() {
  Drawn d(64, 120, 1, {10, 4, 50});
  d.box(30, 40, 0, 32, 44, 0, 200);
  d.box(30, 48, 0, 32, 119, 0, 0, 50);
  return d;
}

Cues cues_of(const Drawn& d) {
  const oct_hrf::Scene scene = d.scene();
  const ComponentIndex index(d.map, d.width, d.height, d.depth, 13);
  const auto found = index.query(128, Connectivity::Planar8);
  return oct_hrf::cues_of(found.at(0), 0, scene, 10, 4).value();
}

double cue(const Cues& cues, const char* name) {
  for (std::size_t i = 0; i < cues.size(); ++i)
    if (std::strcmp(oct_hrf::cue_names[i], name) == 0) return cues[i];
  ADD_FAILURE() << name;
  return 0;
}

CountOptions options(double second_look, bool list = false) {
  return {.profile = "all_candidates", .second_look = second_look, .list_look_alikes = list};
}

}

TEST(SecondLook, CuesCountedByHand) {
  const Cues c = cues_of(with_shadow());
  EXPECT_NEAR(cue(c, "log height"), std::log(20.0), 1e-12);
  EXPECT_NEAR(cue(c, "log width"), std::log(30.0), 1e-12);
  EXPECT_EQ(cue(c, "fill"), 1);
  EXPECT_NEAR(cue(c, "map mean"), 200 / 255.0, 1e-12);
  EXPECT_NEAR(cue(c, "map peak"), 200 / 255.0, 1e-12);
  // 13 x 13 pixels around: 15 of 200, 3 of 50, 151 of 100.
  EXPECT_NEAR(cue(c, "over ring"), (200 - 18250 / 169.0) / 255, 1e-12);
  EXPECT_NEAR(cue(c, "over side"), 100 / 255.0, 1e-12);
  EXPECT_NEAR(cue(c, "over far side"), 100 / 255.0, 1e-12);
  EXPECT_NEAR(cue(c, "over above"), 100 / 255.0, 1e-12);
  EXPECT_NEAR(cue(c, "over below"), 125 / 255.0, 1e-12); // rows 46 to 49: 100, 100, 50, 50
  EXPECT_NEAR(cue(c, "shadow"), (100 + 52 * 50) / 53.0 / 100, 1e-12);      // rows 47 to 99
  EXPECT_NEAR(cue(c, "shadow near"), (100 + 15 * 50) / 16.0 / 100, 1e-12); // rows 47 to 62
  EXPECT_NEAR(cue(c, "shadow at RPE"), 0.5, 1e-12);
  EXPECT_NEAR(cue(c, "shadow in choroid"), 0.5, 1e-12);
  EXPECT_NEAR(cue(c, "depth"), 22 / 64.0, 1e-12);
  EXPECT_EQ(cue(c, "below BM"), 0);
}

TEST(SecondLook, NeedsLinesAndScaleAndStaysInThePicture) {
  Drawn d = with_shadow();
  const ComponentIndex index(d.map, d.width, d.height, d.depth, 13);
  const auto found = index.query(128, Connectivity::Planar8);
  EXPECT_FALSE(oct_hrf::cues_of(found.at(0), 0, d.scene(), 0, 4));
  d.bm.depth.assign(d.bm.depth.size(), NAN);
  EXPECT_FALSE(oct_hrf::cues_of(found.at(0), 0, d.scene(), 10, 4));
  d.lines = false;
  EXPECT_FALSE(oct_hrf::cues_of(found.at(0), 0, d.scene(), 10, 4));
  for (const auto& [x, y] : {std::pair{0, 0}, {61, 117}, {0, 117}, {61, 0}}) {
    Drawn corner(64, 120, 1, {10, 4, 50});
    corner.box(x, y, 0, x + 2, y + 2, 0, 200);
    for (const double v : cues_of(corner)) EXPECT_TRUE(std::isfinite(v)) << x << " " << y;
  }
}

TEST(SecondLook, ProbabilityIsBoundedForAnyCues) {
  for (const double v : {-1e9, -1.0, 0.0, 1.0, 1e9}) {
    Cues c;
    c.fill(v);
    const double p = oct_hrf::lesion_probability(c);
    EXPECT_TRUE(p >= 0 && p <= 1) << v;
  }
}

// Whatever the weights are: what is refused is told, can be listed and comes back at 0.
TEST(SecondLook, RefusedCandidatesAreToldAndListedOnRequest) {
  Drawn d(64, 140, 1, {10, 4, 50});
  d.box(10, 30, 0, 12, 34, 0, 200);
  d.box(30, 50, 0, 33, 54, 0, 230);
  d.box(50, 110, 0, 52, 114, 0, 220); // in the choroid
  const Findings off = d.count(options(0));
  ASSERT_EQ(off.items.size(), 3u);
  EXPECT_EQ(off.items[0].attributes.count("second_look"), 0u);
  const Findings all_refused = d.count(options(1));
  EXPECT_TRUE(all_refused.items.empty());
  EXPECT_EQ(summary(all_refused, "retinal foci, 3-D objects"), 0);
  EXPECT_EQ(summary(all_refused, "choroidal foci, 3-D objects"), 0);
  EXPECT_EQ(summary(all_refused, "left out: like a vessel or a layer fragment"), 3);
  EXPECT_TRUE(noted(all_refused.notes, "Second look: candidates below 1.00"));
  const Findings listed = d.count(options(1, true));
  ASSERT_EQ(listed.items.size(), 3u);
  EXPECT_EQ(summary(listed, "retinal foci, 3-D objects"), 0);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(listed.items[i].label, "vessel or shadow");
    EXPECT_EQ(listed.items[i].id, off.items[i].id);
    EXPECT_EQ(listed.items[i].attributes.count("second_look"), 1u);
  }
}

TEST(SecondLook, WithoutScaleItIsNotAppliedAndThisIsSaid) {
  Drawn d(64, 120, 1, {});
  d.box(30, 40, 0, 32, 44, 0, 200);
  const Findings f = d.count(options(1));
  EXPECT_EQ(f.items.size(), 1u);
  EXPECT_TRUE(noted(f.notes, "was not applied"));
}
