#include "pipelines/hs2rgb/chart.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sensorium::hs2rgb {
namespace {

double mean_of(const Chart& chart, std::size_t patch, int band) {
  const ChartPatch& p = chart.patches[patch];
  std::vector<double> values(28 * 28);
  const std::vector<int> bands = {band};
  read_tile<double>(chart.cube, {p.line, 28, p.sample, 28}, bands, TileOrder::Pixels, values);
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Chart, PatchesHaveTheReflectanceOfTheTable) {
  const Chart chart = make_chart({});
  ASSERT_EQ(chart.patches.size(), 24u);
  EXPECT_EQ(chart.patches[0].name, "dark skin");
  EXPECT_EQ(chart.patches[23].name, "black 2 (1.5 D)");
  EXPECT_EQ(chart.cube.bands, 39);
  EXPECT_NO_THROW(validate_cube(chart.cube));
  // Read off the table at 550 nm by hand.
  const int at_550 = *band_at(chart.cube, 550);
  EXPECT_NEAR(mean_of(chart, 0, at_550), 790, 10);
  EXPECT_NEAR(mean_of(chart, 18, at_550), 8860, 10);
}

TEST(Chart, ABandBetweenTwoTabulatedOnesLiesBetweenThem) {
  ChartOptions o;
  o.first_nm = 550;
  o.last_nm = 555;
  o.step_nm = 2.5;
  o.noise = 0;
  const Chart chart = make_chart(o);
  EXPECT_NEAR(mean_of(chart, 14, 1), (mean_of(chart, 14, 0) + mean_of(chart, 14, 2)) / 2, 1);
}

TEST(Chart, TheSeedIsOfTheNoiseAlone) {
  ChartOptions o;
  const auto bytes = [](const Chart& c) {
    const auto b = c.cube.data.bytes();
    return std::vector<std::byte>(b.begin(), b.end());
  };
  const auto first = bytes(make_chart(o));
  EXPECT_EQ(first, bytes(make_chart(o)));
  o.seed = 2;
  EXPECT_NE(first, bytes(make_chart(o)));
}

TEST(Chart, BandsWhereNothingIsTabulatedAreRefused) {
  ChartOptions o;
  o.last_nm = 900;
  EXPECT_THROW((void)make_chart(o), Error);
  o = {.first_nm = 600, .last_nm = 605};
  EXPECT_THROW((void)make_chart(o), Error);
}

}
}
