#include "pipelines/oct_hrf/etdrs.h"

#include "tests/oct_hrf/drawn.h"

using namespace sensorium;
using namespace sensorium::test;
using oct_hrf::etdrs_grid;
using oct_hrf::etdrs_region;

namespace {

// 601 columns of 10 um, 61 B-scans of 100 um: 6 mm each way, the middle at column 300, B-scan 30.
// The first B-scan lies lowest on the localiser, as Heidelberg takes them.
Volume eye(Laterality laterality) {
  Volume v;
  v.width = 601;
  v.height = 100;
  v.depth = 61;
  v.laterality = laterality;
  v.spacing = {spacing(10), spacing(4), spacing(100)};
  for (int z = 0; z < 61; ++z) v.scan_lines.push_back({100, 700.0 - 10 * z, 700, 700.0 - 10 * z});
  return v;
}

}

TEST(Etdrs, RightEye) {
  const auto g = *etdrs_grid(eye(Laterality::Right), -1, -1);
  EXPECT_EQ(etdrs_region(g, 300, 30), "centre");
  EXPECT_EQ(etdrs_region(g, 349, 30), "centre");         // 490 um
  EXPECT_EQ(etdrs_region(g, 351, 30), "inner nasal");    // 510 um to the right of a right eye
  EXPECT_EQ(etdrs_region(g, 200, 30), "inner temporal"); // 1 mm to the left
  EXPECT_EQ(etdrs_region(g, 300, 40), "inner superior"); // later B-scans lie higher
  EXPECT_EQ(etdrs_region(g, 300, 20), "inner inferior");
  EXPECT_EQ(etdrs_region(g, 300, 46), "outer superior"); // 1.6 mm
  EXPECT_EQ(etdrs_region(g, 500, 30), "outer nasal");
  EXPECT_EQ(etdrs_region(g, 600, 60), "outside"); // 4.2 mm off
}

TEST(Etdrs, LeftEyeIsTheMirrorImage) {
  const auto right = *etdrs_grid(eye(Laterality::Right), -1, -1);
  const auto left = *etdrs_grid(eye(Laterality::Left), -1, -1);
  for (int x = 0; x <= 600; x += 7)
    for (int z = 0; z <= 60; z += 3)
      if (std::abs(x - 300) * 10 != std::abs(z - 30) * 100) { // on 45 degrees either may be
        EXPECT_EQ(etdrs_region(right, x, z), etdrs_region(left, 600 - x, z)) << x << " " << z;
      }
  EXPECT_EQ(etdrs_region(left, 400, 30), "inner temporal");
}

TEST(Etdrs, ScanLinesRunningTheOtherWayTurnTheGrid) {
  Volume v = eye(Laterality::Right);
  for (ScanLine& line : v.scan_lines) std::swap(line.x0, line.x1);
  std::reverse(v.scan_lines.begin(), v.scan_lines.end());
  const auto g = *etdrs_grid(v, -1, -1);
  EXPECT_EQ(etdrs_region(g, 400, 30), "inner temporal");
  EXPECT_EQ(etdrs_region(g, 300, 40), "inner inferior");
}

TEST(Etdrs, TheFoveaMoves) {
  const auto g = *etdrs_grid(eye(Laterality::Right), 100, 10);
  EXPECT_EQ(etdrs_region(g, 100, 10), "centre");
  EXPECT_EQ(etdrs_region(g, 300, 10), "outer nasal");
}

TEST(Etdrs, WhatIsMissingIsSaid) {
  std::string why;
  Volume v = eye(Laterality::Unknown);
  auto g = etdrs_grid(v, -1, -1, &why);
  ASSERT_TRUE(g.has_value());
  EXPECT_EQ(why, "the laterality is unknown");
  EXPECT_EQ(etdrs_region(*g, 400, 30), "inner ring");

  v = eye(Laterality::Right);
  v.spacing[2] = unknown_spacing("0 in the file");
  EXPECT_FALSE(etdrs_grid(v, -1, -1, &why).has_value());
  EXPECT_NE(why.find("spacing"), std::string::npos);

  v = eye(Laterality::Right);
  v.scan_lines.clear();
  why.clear();
  g = etdrs_grid(v, -1, -1, &why);
  ASSERT_TRUE(g.has_value());
  EXPECT_EQ(etdrs_region(*g, 400, 30), "inner ring");
  EXPECT_FALSE(why.empty());

  v.orientation = Orientation{}; // x to the patient's left, z upwards
  why.clear();
  g = etdrs_grid(v, -1, -1, &why);
  EXPECT_EQ(etdrs_region(*g, 400, 30), "inner nasal");
  EXPECT_EQ(etdrs_region(*g, 300, 40), "inner superior");
  EXPECT_TRUE(why.empty());
}

TEST(Etdrs, CountsByRegion) {
  Drawn d(64, 120, 9, {100, 4, 500}); // middle at column 31.5, B-scan 4
  d.volume.laterality = Laterality::Left;
  for (int z = 0; z < 9; ++z) d.volume.scan_lines.push_back({0, 90.0 - 10 * z, 64, 90.0 - 10 * z});
  d.box(40, 40, 4, 42, 42, 4, 200); // 950 um to the right of a left eye: inner temporal
  d.box(10, 40, 4, 12, 42, 4, 200); // 2050 um to the left: outer nasal
  oct_hrf::CountOptions o;
  o.profile = "all_candidates";
  const Findings f = d.count(o);
  const Table* t = table(f, "by region");
  ASSERT_NE(t, nullptr);
  for (const auto& row : t->rows)
    EXPECT_EQ(row[1], row[0] == "inner temporal" || row[0] == "outer nasal" ? "1" : "0") << row[0];
  EXPECT_TRUE(noted(f.notes, "fovea was not located"));
}
