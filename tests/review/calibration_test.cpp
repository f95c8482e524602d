// Lengths on a clip are known within one calibrated region, and nowhere else.
#include "modules/core/error.h"
#include "modules/review/calibration.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

namespace sensorium {
namespace {

Spacing mm(double value) { return known_spacing(value * 1e3, ScaleSource::HeaderTag, "a tag"); }

// Left: 0.1 x 0.2 mm a pixel; right: doppler; a small overlay of 0.5 mm in the left one's corner.
Dataset clip(bool with_regions = true) {
  Video v;
  v.width = 100, v.height = 50, v.frames = 3;
  v.spacing = {unknown_spacing("different scales"), unknown_spacing("different scales")};
  const Spacing time = unknown_spacing("PhysicalDeltaX is in seconds, which is no length");
  if (with_regions)
    v.regions = {{0, 0, 49, 49, mm(0.1), mm(0.2), "2D"},
                 {50, 0, 99, 39, time, mm(0.2), "doppler"},
                 {0, 0, 9, 9, mm(0.5), mm(0.5), "2D"}};
  return v;
}

std::string refusal(const Calibration& c, std::array<double, 2> from, std::array<double, 2> to) {
  try {
    (void)c.distance(from, to);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unsupported);
    return e.what();
  }
  return "";
}

TEST(Calibration, a_line_has_the_scale_of_its_region) {
  const Calibration c(clip());
  // 30 pixels of 0.1 mm across, 20 of 0.2 mm down: 3 and 4.
  const Measure m = c.distance({15, 20}, {45, 40});
  EXPECT_DOUBLE_EQ(m.value, 5);
  EXPECT_EQ(m.unit, "mm");
  EXPECT_EQ(m.source, "a tag");
  EXPECT_DOUBLE_EQ(c.distance({1, 1}, {9, 1}).value, 4) << "the smaller region lies above";
  EXPECT_DOUBLE_EQ(c.distance({0, 50}, {10, 50}).value, 1) << "its last pixel ends at 50";
}

TEST(Calibration, what_cannot_be_measured_says_why) {
  const Calibration c(clip());
  EXPECT_NE(refusal(c, {40, 20}, {60, 20}).find("leaves its region"), std::string::npos);
  EXPECT_NE(refusal(c, {60, 20}, {80, 20}).find("in seconds"), std::string::npos);
  EXPECT_NE(refusal(c, {60, 45}, {80, 45}).find("outside every calibrated region"),
            std::string::npos);
  EXPECT_NE(refusal(Calibration(clip(false)), {0, 0}, {9, 9}).find("different scales"),
            std::string::npos);
}

TEST(Calibration, a_clip_without_regions_has_the_scale_of_its_file) {
  Dataset d = clip(false);
  std::get<Video>(d).spacing = {mm(0.3), mm(0.4)};
  EXPECT_DOUBLE_EQ(Calibration(d).distance({0, 0}, {10, 10}).value, 5);
}

TEST(Calibration, a_scan_is_measured_in_pixels_where_its_scale_is_unknown) {
  Volume v{.width = 9, .height = 9, .depth = 1};
  for (Spacing& s : v.spacing) s = unknown_spacing("a test");
  const Measure px = Calibration(v).distance({0, 0}, {3, 4});
  EXPECT_DOUBLE_EQ(px.value, 5);
  EXPECT_EQ(px.unit, "px");
  for (Spacing& s : v.spacing) s = known_spacing(2, ScaleSource::HeaderTag, "a tag");
  EXPECT_DOUBLE_EQ(Calibration(v).distance({0, 0}, {3, 4}).value, 10);
  EXPECT_EQ(Calibration(v).distance({0, 0}, {3, 4}).unit, "um");
}

TEST(Calibration, a_mark_is_measured_by_the_region_it_lies_in) {
  const Calibration c(clip());
  const auto drawn = [&](int x, int y) {
    ReviewedFinding f;
    for (int row = 0; row < 10; ++row) f.finding.footprint.push_back({1, y + row, x, 10});
    place(f.finding);
    const Spacing none = unknown_spacing("before");
    remeasure(f.finding, {none, none, none});
    ReviewState state;
    state.findings = {f};
    measure_by_region(state, c);
    return state.findings[0].finding.measures;
  };
  const auto inside = drawn(20, 20);
  ASSERT_EQ(inside.size(), 2u);
  EXPECT_EQ(inside[0].name, "section area");
  EXPECT_DOUBLE_EQ(inside[0].value, 100 * 0.1 * 0.2);
  EXPECT_EQ(inside[0].unit, "mm2");
  EXPECT_EQ(inside[1].unit, "mm");
  const auto across = drawn(45, 20);
  EXPECT_DOUBLE_EQ(across[0].value, 100);
  EXPECT_EQ(across[0].unit, "px2");
  EXPECT_NE(across[0].source.find("leaves its region"), std::string::npos);
}

TEST(Calibration, what_the_pipeline_measured_stays) {
  ReviewState state;
  state.findings.resize(1);
  state.findings[0].finding.measures = {{"depth", 30, "%", "share of the beam's depth"}};
  measure_by_region(state, Calibration(clip()));
  ASSERT_EQ(state.findings[0].finding.measures.size(), 1u);
  EXPECT_EQ(state.findings[0].finding.measures[0].unit, "%");
}

}
}
