#include "modules/core/error.h"
#include "modules/review/calibration.h"
#include "modules/review/class_map.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

using namespace sensorium;
using nlohmann::json;
using enum FindingState;

namespace {

// 6 x 3 pixels: class 1 in the left half, 2 in the right, except the last pixel: a region of its
// own of class 1 that is not listed.
constexpr int width = 6, height = 3;
const std::vector<std::string> names{"leaf", "stone"};

ClassMap map_of_halves() {
  ClassMap map{.width = width, .height = height, .values = {}, .colours = {}};
  for (int i = 0; i < width * height; ++i)
    map.values.push_back(i % width < 3 || i == width * height - 1 ? 1 : 2);
  return map;
}

Findings halves() {
  Findings f;
  f.tables = {
      {"classes", "", {"class", "name"}, {{"0", "no spectrum"}, {"1", "leaf"}, {"2", "stone"}}}};
  for (const bool right : {false, true}) {
    Finding one;
    one.id = right ? "region-3-0-b" : "region-0-0-a";
    one.label = right ? "stone" : "leaf";
    one.score = -1;
    for (int y = 0; y < height; ++y)
      one.footprint.push_back({0, y, right ? 3 : 0, right && y == 2 ? 2 : 3});
    place(one);
    f.items.push_back(one);
  }
  return f;
}

struct Review {
  std::vector<Event> events;
  void add(const std::string& kind, json data) {
    const auto number = static_cast<std::int64_t>(events.size()) + 1;
    if (kind == "draw") data["finding"] = "drawn-" + std::to_string(number);
    check_event(kind, data);
    events.push_back({number, "2026-01-31T12:00:00Z", "kim", kind, data, "", ""});
  }
  ReviewState state() const {
    const std::array<Spacing, 3> none{unknown_spacing("a test"), unknown_spacing("a test"),
                                      unknown_spacing("a test")};
    ReviewState out = fold(halves(), events, {}, &none);
    measure_by_region(out, Calibration(Dataset(Cube{.lines = height, .samples = width})));
    return out;
  }
  std::vector<std::uint8_t> values(Keep keep = {}) const {
    return reviewed_map(map_of_halves(), names, halves(), state(), keep).values;
  }
};

using Values = std::vector<std::uint8_t>;

}

TEST(ClassMap, NamesAndLabelsComeFromTheTable) {
  EXPECT_EQ(class_names(halves()), names) << "what is no class has the number 0";
  EXPECT_TRUE(class_names(Findings{}).empty());
  PipelineInfo info;
  EXPECT_EQ(labels_of(info, halves()), names);
  info.labels = {"tumour"};
  EXPECT_EQ(labels_of(info, halves()), info.labels);
  Findings broken = halves();
  broken.tables[0].rows = {{"1"}, {"two", "x"}, {"7", "far"}, {"1", "only"}};
  EXPECT_EQ(class_names(broken), std::vector<std::string>{"only"});
}

TEST(ClassMap, FollowsTheDecisions) {
  const Findings f = halves();
  Review r;
  EXPECT_EQ(r.values(), map_of_halves().values);
  r.add("reject", decision_data(f.items[1]));
  EXPECT_EQ(r.values(), (Values{1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1}));
  r.add("relabel", relabel_data(f.items[0], "stone"));
  EXPECT_EQ(r.values(), (Values{2, 2, 2, 0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 2, 0, 0, 1}));
  r.add("undo", {{"number", 2}});
  r.add("undo", {{"number", 1}});
  EXPECT_EQ(r.values(), map_of_halves().values);
  EXPECT_EQ(r.values({.proposed = false}),
            (Values{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}))
      << "what is not listed stays";
  EXPECT_EQ(class_counts(map_of_halves(), 2), (std::vector<std::int64_t>{0, 10, 8}));
}

TEST(ClassMap, PaintedPixelsGoToTheirRegionAndErasedOnesToNone) {
  const Findings f = halves();
  Review r;
  r.add("paint", paint_data(f.items[0], {{0, 1, 3, 1}}, {{0, 0, 0, 2}}));
  r.add("accept", decision_data(f.items[1]));
  EXPECT_EQ(r.values(), (Values{0, 0, 1, 2, 2, 2, 1, 1, 1, 1, 2, 2, 1, 1, 1, 2, 2, 1}))
      << "a changed region goes before an accepted one";
  const ReviewState s = r.state();
  EXPECT_EQ(s.findings[0].state, Changed);
  ASSERT_EQ(s.findings[0].finding.measures.size(), 1u);
  EXPECT_EQ(s.findings[0].finding.measures[0].value, 8);
  EXPECT_EQ(s.findings[0].finding.measures[0].unit, "px");
  EXPECT_TRUE(s.findings[0].finding.text.starts_with("leaf; proposed as"));
  r.add("draw", draw_data({{0, 1, 3, 1}, {0, 2, 5, 1}}, "stone"));
  EXPECT_EQ(r.values()[9], 2) << "one drawn by hand goes before both";
  EXPECT_EQ(r.values().back(), 2);
}

TEST(ClassMap, ADecisionIsNotCarriedToAnotherAnalysis) {
  Review r;
  Finding other = halves().items[0];
  other.id = "region-0-0-other";
  r.add("accept", decision_data(other));
  r.add("paint", paint_data(other, {{0, 1, 3, 1}}, {}));
  const ReviewState s = r.state();
  EXPECT_EQ(s.findings.size(), 2u) << "nothing is drawn either";
  EXPECT_EQ(s.findings[0].state, Proposed) << "though it lies at the same pixels";
  EXPECT_EQ(s.waiting.size(), 1u);
  EXPECT_EQ(r.values(), map_of_halves().values);
}

TEST(ClassMap, HostileEventsPaintNothingOutside) {
  const Findings f = halves();
  Review r;
  const std::vector<sensorium::Run> far{
      {0, -1, 0, 6}, {0, 3, 0, 6}, {1, 1, 0, 6}, {0, 0, -3, 4}, {0, 2, 5, 1 << 24}};
  r.add("paint", paint_data(f.items[1], far, {}));
  EXPECT_EQ(r.values(), (Values{2, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}));
  Review unknown;
  unknown.add("relabel", relabel_data(f.items[0], "no such class"));
  unknown.add("draw", draw_data({{0, 0, 3, 3}}, "nor this"));
  EXPECT_EQ(unknown.values(), (Values{0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 1}));
  EXPECT_THROW(
      r.add("paint",
            {{"finding", "region-0-0-a"}, {"added", {1, 2, 3}}, {"removed", json::array()}}),
      Error);
  EXPECT_THROW(r.add("relabel", {{"finding", "region-0-0-a"}, {"label", 7}}), Error);
  // Past the check of append, in a file that was tampered with: not shown, and said.
  r.events.push_back({9,
                      "2026-01-31T12:00:00Z",
                      "eve",
                      "relabel",
                      {{"finding", "region-0-0-a"}, {"label", 7}},
                      "",
                      ""});
  r.events.push_back(
      {10, "2026-01-31T12:00:00Z", "eve", "accept", {{"finding", json::array()}}, "", ""});
  const ReviewState s = r.state();
  EXPECT_EQ(s.problems.size(), 2u);
  EXPECT_EQ(s.findings[0].state, Proposed);
}
