#include "modules/core/error.h"
#include "modules/core/plots.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace sensorium {
namespace {

using nlohmann::json;

Plot spectrum() {
  Plot p{.title = "Spectrum", .caption = "how to read it", .x_label = "Hz", .y_label = "dB"};
  p.x_to = 500;
  p.y_from = -80;
  p.lines.push_back({"ia", {0, 1, 2}, {-3.5, std::numeric_limits<double>::quiet_NaN(), -60}, true});
  p.ranges.push_back({56, 58, "(1 - 2s) f", true});
  p.samples_per_x = 1000;
  p.first_x = 0.5;
  return p;
}

TEST(Plots, ComeBackAsTheyWere) {
  const Plot p = plots_from_json(json::parse(to_json({spectrum()}).dump()), "x").at(0);
  EXPECT_EQ(p.title, "Spectrum");
  EXPECT_EQ(p.caption, "how to read it");
  EXPECT_EQ(p.x_to, 500);
  EXPECT_EQ(p.y_from, -80);
  EXPECT_EQ(p.lines.at(0).x, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(p.lines.at(0).y[0], -3.5);
  EXPECT_TRUE(std::isnan(p.lines.at(0).y[1]));
  EXPECT_TRUE(p.lines.at(0).faint);
  EXPECT_EQ(p.ranges.at(0).label, "(1 - 2s) f");
  EXPECT_TRUE(p.ranges.at(0).strong);
  EXPECT_EQ(p.samples_per_x, 1000);
  EXPECT_EQ(p.first_x, 0.5);
}

TEST(Plots, DamagedOnesAreRefusedByName) {
  const auto refused = [](const char* path, const json& value) {
    json in = to_json({spectrum()});
    in[json::json_pointer(path)] = value;
    try {
      plots_from_json(in, "plots.json");
    } catch (const Error& e) {
      return e.code() == ErrorCode::BadInput &&
             std::string(e.what()).find("'plots.json'") != std::string::npos;
    }
    return false;
  };
  EXPECT_TRUE(refused("/format", "another"));
  EXPECT_TRUE(refused("/plots/0/x/to", 0));
  EXPECT_TRUE(refused("/plots/0/x/to", "far"));
  EXPECT_TRUE(refused("/plots/0/y/from", nullptr));
  EXPECT_TRUE(refused("/plots/0/lines/0/x", json::array({1})));
  EXPECT_TRUE(refused("/plots/0/lines/0/y", json::array({1, "two", 3})));
  EXPECT_TRUE(refused("/plots/0/ranges", 7));
  EXPECT_TRUE(refused("/plots", json::array({json::array()})));
  EXPECT_THROW(plots_from_json(json::parse("{", nullptr, false), "x"), Error);
}

TEST(Plots, TicksAreRoundNumbers) {
  const auto ticks = ticks_between(0, 1, 5);
  ASSERT_EQ(ticks.size(), 6u);
  for (std::size_t k = 0; k < 6; ++k) EXPECT_NEAR(ticks[k], 0.2 * static_cast<double>(k), 1e-12);
  EXPECT_EQ(ticks_between(-90, 5, 4), (std::vector<double>{-50, 0}));
  EXPECT_EQ(ticks_between(100, 100.5, 5).size(), 6u);
  EXPECT_TRUE(ticks_between(1, 1, 4).empty());
}

}
}
