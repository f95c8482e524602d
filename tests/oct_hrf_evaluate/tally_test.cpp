// From a map to counts, on drawings of a few pixels counted by hand.
#include "pipelines/oct_hrf/evaluate.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

constexpr int width = 40, height = 20, depth = 2;

struct Drawing {
  EvaluationCase one;
  std::vector<std::uint8_t> map;

  Drawing() : map(width * height * depth) {
    one.width = width, one.height = height, one.depth = depth;
    one.scale = {.distance_um = 30, .spacing_x_um = 10, .spacing_y_um = 10};
    one.instances.resize(map.size());
  }
  static std::size_t index(int x, int y, int z) {
    return (static_cast<std::size_t>(z) * height + y) * width + x;
  }
  // A square of `side` pixels whose first corner is x, y.
  void lesion(int instance, int x, int y, int z, int side, double um) {
    for (int j = 0; j < side; ++j)
      for (int i = 0; i < side; ++i)
        one.instances[index(x + i, y + j, z)] = static_cast<std::uint16_t>(instance);
    const double middle = (side - 1) / 2.0;
    one.truths.push_back({z, x + middle, y + middle, um, instance, {}});
  }
  void mark(int x, int y, int z, int side, int value = 255) {
    for (int j = 0; j < side; ++j)
      for (int i = 0; i < side; ++i) map[index(x + i, y + j, z)] = static_cast<std::uint8_t>(value);
  }
  void marked_before(int x, int y, int z) {
    one.ignored.resize(map.size());
    one.ignored[index(x, y, z)] = 1;
  }
  Tally count(int threshold = 128, int min_pixels = 3) const {
    return tally(one, map, static_cast<std::uint8_t>(threshold), min_pixels);
  }
};

}

TEST(Tally, FoundMissedAndFalse) {
  Drawing d;
  d.lesion(1, 2, 2, 0, 3, 20);    // found, moved by one pixel: 2 x 3 in common
  d.lesion(2, 20, 2, 0, 3, 20.5); // missed
  d.lesion(3, 10, 10, 1, 2, 60);  // found exactly
  d.mark(3, 2, 0, 3);
  d.mark(10, 10, 1, 2);
  d.mark(30, 10, 1, 2); // false
  d.mark(30, 15, 1, 2); // false
  const Tally t = d.count();
  EXPECT_EQ(t.bscans, 2);
  EXPECT_EQ(t.truths, 3);
  EXPECT_EQ(t.found, 2);
  EXPECT_EQ(t.candidates, 4);
  EXPECT_EQ(t.false_positives(), 2);
  EXPECT_EQ(t.truth_pixels, 9 + 9 + 4);
  EXPECT_EQ(t.map_pixels, 9 + 4 + 4 + 4);
  EXPECT_EQ(t.common_pixels, 6 + 4);
  EXPECT_EQ(t.stratum_truths, (std::vector<int>{1, 1, 0, 1}));
  EXPECT_EQ(t.stratum_found, (std::vector<int>{1, 0, 0, 1}));
  EXPECT_EQ(t.count_differences, (std::vector<double>{-1, 2})); // 1 of 2, and 3 for 1
  EXPECT_EQ(t.left_out, 0);
}

TEST(Tally, TheUpperLimitBelongsToItsStratum) {
  Drawing d;
  int instance = 0;
  for (const double um : {20.0, 20.01, 30.0, 30.01, 50.0, 50.01}) {
    d.lesion(instance + 1, 2 + 6 * instance, 2, 0, 1, um);
    ++instance;
  }
  EXPECT_EQ(d.count().stratum_truths, (std::vector<int>{1, 2, 2, 1}));
}

TEST(Tally, ThresholdIsInclusiveAndSmallCandidatesDoNotCount) {
  Drawing d;
  d.mark(2, 2, 0, 2, 100);
  EXPECT_EQ(d.count(100).candidates, 1);
  EXPECT_EQ(d.count(101).candidates, 0);
  EXPECT_EQ(d.count(100, 4).candidates, 1);
  EXPECT_EQ(d.count(100, 5).candidates, 0);
  EXPECT_EQ(d.count(100, 5).map_pixels, 0);
}

TEST(Tally, CornersJoinWithinABscanAndBscansStayApart) {
  Drawing d;
  d.mark(2, 2, 0, 2);
  d.mark(4, 4, 0, 2); // touches by the corner
  d.mark(2, 2, 1, 2); // the same place in the next B-scan
  EXPECT_EQ(d.count().candidates, 2);
}

TEST(Tally, OneCandidateOverTwoLesionsFindsOne) {
  Drawing d;
  d.lesion(1, 2, 2, 0, 2, 20);
  d.lesion(2, 6, 2, 0, 2, 20);
  for (int x = 2; x < 8; x += 2) d.mark(x, 2, 0, 2);
  const Tally t = d.count();
  EXPECT_EQ(t.candidates, 1);
  EXPECT_EQ(t.found, 1);
  EXPECT_EQ(t.false_positives(), 0);
}

TEST(Tally, WhatWasMarkedBeforeTheInsertionIsLeftOut) {
  Drawing d;
  d.lesion(1, 2, 2, 0, 3, 20);
  d.lesion(2, 20, 2, 0, 3, 20);
  d.mark(2, 2, 0, 3);   // finds lesion 1
  d.mark(20, 2, 0, 3);  // finds lesion 2, but its place was marked before
  d.mark(30, 12, 0, 3); // marked before, no lesion
  d.mark(10, 12, 1, 3); // new: false
  d.marked_before(20, 2, 0);
  d.marked_before(31, 13, 0);
  const Tally t = d.count();
  EXPECT_EQ(t.left_out, 1);
  EXPECT_EQ(t.truths, 1);
  EXPECT_EQ(t.found, 1);
  EXPECT_EQ(t.candidates, 2);
  EXPECT_EQ(t.truth_pixels, 9);
  EXPECT_EQ(t.map_pixels, 18);
  EXPECT_EQ(t.common_pixels, 9);
  EXPECT_EQ(t.count_differences, (std::vector<double>{0, 1}));
}

// A candidate that reaches from a place marked before to a lesion counts for the lesion.
TEST(Tally, MarkedBeforeButGrownOntoALesionStillFindsIt) {
  Drawing d;
  d.lesion(1, 4, 2, 0, 2, 20);
  d.mark(2, 2, 0, 2);
  d.mark(4, 2, 0, 2);
  d.marked_before(2, 2, 0);
  EXPECT_EQ(d.count().found, 1);
  EXPECT_EQ(d.count().left_out, 0);
}

TEST(Tally, KindsOfLesionsAndPlacesOfFalsePositives) {
  Drawing d;
  d.lesion(1, 2, 2, 0, 2, 20);
  d.lesion(2, 20, 2, 0, 2, 20);
  d.one.truths[0].kind = PhantomLabel::Focus;
  d.one.truths[1].kind = PhantomLabel::Exudate;
  d.one.distractors.push_back({.scan = 1, .x = 10.5, .y = 10.5, .kind = PhantomLabel::Vessel});
  d.mark(2, 2, 0, 2);   // finds the focus
  d.mark(5, 2, 0, 2);   // beside it, 30 um off
  d.mark(10, 10, 1, 2); // on the vessel
  d.mark(30, 10, 1, 2); // on nothing
  d.mark(34, 16, 0, 2); // on nothing
  const Tally t = d.count();
  EXPECT_EQ(t.kind_truths, (std::array<int, 6>{0, 1, 1, 0, 0, 0}));
  EXPECT_EQ(t.kind_found, (std::array<int, 6>{0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(t.false_beside_lesion, 1);
  EXPECT_EQ(t.false_at, (std::array<int, 6>{2, 0, 0, 0, 1, 0}));
}

TEST(Rates, ByHand) {
  const Tally a{.bscans = 1,
                .truths = 2,
                .found = 2,
                .candidates = 6,
                .truth_pixels = 30,
                .map_pixels = 20,
                .common_pixels = 10};
  const Tally b{.bscans = 3,
                .truths = 8,
                .found = 6,
                .candidates = 10,
                .truth_pixels = 20,
                .map_pixels = 50,
                .common_pixels = 20};
  const Rates r = rates({a, b}); // sums first, then the ratio
  EXPECT_DOUBLE_EQ(r.sensitivity, 0.8);
  EXPECT_DOUBLE_EQ(r.precision, 0.5);
  EXPECT_DOUBLE_EQ(r.f1, 16.0 / 26);
  EXPECT_DOUBLE_EQ(r.false_per_bscan, 2);
  EXPECT_DOUBLE_EQ(r.dice, 0.5);
}

TEST(Rates, NothingGivesZerosAndNoNan) {
  const Rates r = rates({});
  EXPECT_EQ(r.f1, 0);
  EXPECT_EQ(r.dice, 0);
  EXPECT_EQ(r.false_per_bscan, 0);
}

// The truth itself as a map: every pixel in common and nothing false but where lesions touch.
TEST(PhantomCase, TheTruthAsAMapIsNearlyPerfect) {
  PhantomOptions o;
  o.seed = 20100;
  o.width = 256;
  o.height = 240;
  o.scans = 4;
  const Phantom phantom = make_phantom(o, 2);
  const EvaluationCase one = case_of(phantom, false, 2);
  ASSERT_EQ(one.prepared.size(), one.instances.size());
  for (const float v : one.prepared) ASSERT_TRUE(v >= 0 && v <= 1);
  std::size_t lesions = 0;
  for (const PhantomObject& object : phantom.objects)
    lesions += object.label <= PhantomLabel::ChoroidalFocus;
  ASSERT_EQ(one.truths.size(), lesions);
  ASSERT_LT(lesions, phantom.objects.size()) << "a phantom without distractors shows nothing";
  std::vector<std::uint8_t> map(one.instances.size());
  std::ranges::transform(one.instances, map.begin(), [](int i) { return i != 0 ? 255 : 0; });
  const Rates r = rates({tally(one, map, 128, 1)});
  EXPECT_EQ(r.dice, 1);
  EXPECT_GE(r.sensitivity, 0.9);
  EXPECT_GE(r.precision, 0.9);
  EXPECT_NE(case_of(phantom, true, 2).prepared, one.prepared);
}

TEST(PhantomCase, TheSecondLookTakesCandidatesAwayAndExamplesNameThem) {
  PhantomOptions o;
  o.seed = 20101;
  o.width = 256;
  o.height = 240;
  o.scans = 2;
  const EvaluationCase one = case_of(make_phantom(o, 2), false, 2);
  ASSERT_EQ(one.grey.size(), one.instances.size());
  std::vector<std::uint8_t> map(one.instances.size());
  std::ranges::transform(one.instances, map.begin(), [](int i) { return i != 0 ? 255 : 0; });
  const std::vector<Example> all = examples(one, map, 128, 1);
  const Tally before = tally(one, map, 128, 1);
  ASSERT_GT(all.size(), 3u);
  EXPECT_LE(static_cast<int>(all.size()), before.candidates);
  const auto lesions = std::ranges::count_if(all, [](const Example& e) { return e.lesion; });
  EXPECT_LE(lesions, before.found);
  EXPECT_GE(lesions, before.found - (before.candidates - static_cast<int>(all.size())));
  const auto below =
      std::ranges::count_if(all, [](const Example& e) { return lesion_probability(e.cues) < 0.5; });
  EXPECT_EQ(tally(one, map, 128, 1, 0.5).candidates, before.candidates - below);
}
