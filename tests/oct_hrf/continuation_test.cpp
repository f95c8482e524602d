// The measured cue of continuation, counted by hand: a figure that says "no help" must not rest on
// a faulty measure.
#include "tests/bench/oct_hrf/continuation.h"

#include "tests/oct_hrf/drawn.h"

#include <cstring>

using namespace sensorium;
using namespace sensorium::test;
using bench::Continuation;

namespace {

double cue(const Continuation& c, const char* name) {
  for (std::size_t i = 0; i < c.size(); ++i)
    if (std::strcmp(bench::continuation_names[i], name) == 0) return c[i];
  ADD_FAILURE() << name;
  return 0;
}

// Voxels of 10 x 4 x 100 um; boxes of 3 x 5 pixels, grey 200 on 100, at the same rows.
struct Stack : Drawn {
  explicit Stack(int bscans = 3) : Drawn(64, 120, bscans, {10, 4, 100}) {}
  void spot(int x, int z, int probability = 200) { box(x - 1, 40, z, x + 1, 44, z, probability); }
  std::optional<Continuation> look(int x, int bscan, double dz = 100) const {
    const oct_hrf::Scene scene = this->scene();
    const ComponentIndex index(map, width, height, depth, 13);
    for (const Component& c : index.query(128, Connectivity::Planar8))
      if (c.runs.front().z == bscan && std::abs(c.centroid[0] - x) < 0.1)
        return bench::continuation_of(c, bscan, scene, map, 10, 4, dz);
    ADD_FAILURE() << "no candidate at " << x;
    return std::nullopt;
  }
};

constexpr double spot_grey = 100 / 255.0;

}

TEST(Continuation, AVesselIsFoundAlongItsLine) {
  Stack d;
  d.spot(30, 1);
  d.spot(22, 0, 60);
  d.spot(38, 2, 90); // 80 um aside in 100 um, to the other side
  const Continuation c = d.look(30, 1).value();
  EXPECT_NEAR(cue(c, "line"), spot_grey, 1e-12);
  EXPECT_NEAR(cue(c, "either"), spot_grey, 1e-12);
  EXPECT_LT(cue(c, "line near"), 0.01); // 41 um aside at most
  EXPECT_NEAR(cue(c, "line map"), 60 / 255.0, 1e-12);
  EXPECT_NEAR(cue(c, "line shadow"), 1, 1e-12);
  EXPECT_NEAR(cue(c, "log distance"), std::log(100), 1e-12);
  EXPECT_EQ(cue(c, "both neighbours"), 1);
}

TEST(Continuation, AFocusStandsAlone) {
  Stack d;
  d.spot(30, 1);
  const Continuation c = d.look(30, 1).value();
  for (const char* name : {"line", "line near", "either", "line background", "line map"})
    EXPECT_NEAR(cue(c, name), 0, 1e-12) << name;
}

// Two foci on the same side are no vessel: a straight line leaves on the other.
TEST(Continuation, TwoSpotsOnOneSideAreNoLine) {
  Stack d;
  d.spot(30, 1);
  d.spot(22, 0);
  d.spot(22, 2);
  const Continuation c = d.look(30, 1).value();
  EXPECT_LT(cue(c, "line"), 0.01);
  EXPECT_NEAR(cue(c, "either"), spot_grey, 1e-12);
  EXPECT_EQ(cue(c, "line map"), 0);
}

TEST(Continuation, ASpotAtAnotherDepthOrFartherAsideIsNotMet) {
  Stack d;
  d.spot(30, 1);
  for (const int z : {0, 2}) {
    d.box(29, 55, z, 31, 59, z, 200); // 60 um deeper
    d.spot(50, z);                    // 200 um aside
  }
  EXPECT_LT(cue(d.look(30, 1).value(), "either"), 0.01);
}

// The lines say what the same depth is, not the rows.
TEST(Continuation, FollowsTheLayers) {
  Stack d;
  d.spot(30, 1);
  for (const int z : {0, 2}) {
    for (int x = 0; x < 64; ++x) {
      d.ilm.depth[z * 64 + x] += 20;
      d.bm.depth[z * 64 + x] += 20;
    }
    d.box(29, 60, z, 31, 64, z, 200);
  }
  EXPECT_NEAR(cue(d.look(30, 1).value(), "line near"), spot_grey, 1e-12);
}

TEST(Continuation, ShadowBelowTheLineIsSeen) {
  Stack d;
  for (const int z : {0, 1, 2}) {
    d.spot(30, z);
    d.box(29, 48, z, 31, 119, z, 0, 50);
  }
  EXPECT_NEAR(cue(d.look(30, 1).value(), "line shadow"), 0.5, 1e-12);
}

TEST(Continuation, TheFirstBscanHasOneNeighbour) {
  Stack d;
  d.spot(30, 0);
  d.spot(30, 1);
  const Continuation c = d.look(30, 0).value();
  EXPECT_EQ(cue(c, "both neighbours"), 0);
  EXPECT_NEAR(cue(c, "line"), spot_grey, 1e-12);
}

TEST(Continuation, NeedsNeighboursAtAKnownDistance) {
  Stack d;
  d.spot(30, 1);
  EXPECT_TRUE(d.look(30, 1, 150));
  for (const double dz : {0.0, -1.0, 151.0, std::nan("")}) EXPECT_FALSE(d.look(30, 1, dz)) << dz;
  d.bm.depth.assign(d.bm.depth.size(), NAN);
  EXPECT_FALSE(d.look(30, 1));
  d.lines = false;
  EXPECT_FALSE(d.look(30, 1));
  Stack one(1);
  one.spot(30, 0);
  EXPECT_FALSE(one.look(30, 0));
}

TEST(Continuation, StaysInThePicture) {
  for (const int x : {1, 62}) {
    Stack d;
    for (const int z : {0, 1, 2}) d.box(x - 1, 0, z, x + 1, 2, z, 200);
    const Continuation c = d.look(x, 1).value();
    for (const double v : c) EXPECT_TRUE(std::isfinite(v)) << x;
  }
}
