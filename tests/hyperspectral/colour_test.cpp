#include "hyperspectral/colour.h"
#include "tests/io_cube/support.h"

#include <cmath>
#include <numeric>

namespace sensorium::hyper {
namespace {

using test::contains;
using test::error_of;

std::vector<double> grid(double first, double last, double step) {
  std::vector<double> nm;
  for (double l = first; l <= last + 1e-9; l += step) nm.push_back(l);
  return nm;
}

Triple sum_of(const ColourWeights& w) {
  Triple out{};
  for (const Triple& one : w.xyz)
    for (std::size_t c = 0; c < 3; ++c) out[c] += one[c];
  return out;
}

// Whatever the sensor, a surface that reflects everything is white.
TEST(Colour, ReflectanceOneIsWhite) {
  for (const auto& nm : {grid(400, 1000, 2.5), grid(450, 950, 7.3), grid(500, 700, 20),
                         std::vector<double>{700, 650.5, 550, 550, 450, 402}})
    for (const ColourSum sum : {ColourSum::Sensor, ColourSum::AstmE308})
      for (const bool hold : {false, true}) {
        const ColourWeights w = colour_weights(nm, Observer::Cie1931, illuminant("D65"), sum, hold);
        const Triple all = sum_of(w);
        for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(all[c], w.white[c], 1e-12);
        EXPECT_NEAR(all[1], 1, 1e-12);
      }
}

// CIE 15:2018, table of white points: D65 of the 2 degree observer is 0.9504, 1, 1.0888.
TEST(Colour, WhitePointsAreThePublishedOnes) {
  const auto white = [](const char* light, Observer observer) {
    return colour_weights(grid(360, 780, 1), observer, illuminant(light), ColourSum::AstmE308, true)
        .white;
  };
  const Triple d65 = white("D65", Observer::Cie1931), a = white("A", Observer::Cie1931),
               e = white("E", Observer::Cie1931), d65_10 = white("D65", Observer::Cie1964);
  EXPECT_NEAR(d65[0], 0.9504, 2e-4);
  EXPECT_NEAR(d65[2], 1.0888, 2e-4);
  EXPECT_NEAR(a[0], 1.0985, 2e-4);
  EXPECT_NEAR(a[2], 0.3558, 2e-4);
  EXPECT_NEAR(e[0], 1, 1e-3);
  EXPECT_NEAR(e[2], 1, 1e-3);
  EXPECT_NEAR(d65_10[0], 0.9481, 2e-4);
  EXPECT_NEAR(d65_10[2], 1.0732, 2e-4);
}

TEST(Colour, TheOrderOfBandsAndTwinsDoNotMatter) {
  const Illuminant light = illuminant("D50");
  const std::vector<double> up{420, 500, 560, 610, 680}, down{680, 610, 560, 500, 420},
      twins{420, 500, 560, 560, 610, 680};
  for (const ColourSum sum : {ColourSum::Sensor, ColourSum::AstmE308}) {
    const auto a = colour_weights(up, Observer::Cie1931, light, sum, true).xyz,
               b = colour_weights(down, Observer::Cie1931, light, sum, true).xyz,
               c = colour_weights(twins, Observer::Cie1931, light, sum, true).xyz;
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(a[i], b[4 - i]);
    EXPECT_NEAR(c[2][1] + c[3][1], a[2][1], 1e-15);
    EXPECT_EQ(c[2], c[3]);
  }
}

TEST(Colour, CubesWithoutVisibleBandsAreRefused) {
  const auto nm = grid(900, 1700, 5);
  const Error e = error_of(
      [&] { colour_weights(nm, Observer::Cie1931, illuminant("D65"), ColourSum::Sensor, true); });
  EXPECT_EQ(e.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(e.hint(), "--route"));
  EXPECT_EQ(error_of([] { illuminant("F99"); }).code(), ErrorCode::Usage);
}

// Holding the edge is right for a grey world, and never worse than leaving the blue out.
TEST(Colour, AMissingBlueIsSaidAndHeld) {
  const Illuminant light = illuminant("D65");
  const auto seen = [&](double first, bool hold) {
    const auto nm = grid(first, 950, 5);
    return coverage(nm, Observer::Cie1931, light, ColourSum::AstmE308, hold);
  };
  EXPECT_FALSE(seen(400, true).misses_visible);
  EXPECT_LT(seen(400, true).mean_delta_e, 0.5);
  const Coverage held = seen(450, true), dropped = seen(450, false), late = seen(500, true);
  EXPECT_TRUE(held.misses_visible);
  EXPECT_TRUE(contains(held.text(), "misses"));
  EXPECT_LT(held.mean_delta_e, dropped.mean_delta_e);
  EXPECT_LT(held.mean_delta_e, late.mean_delta_e);
  EXPECT_GT(late.max_delta_e, late.mean_delta_e);
  EXPECT_FALSE(late.worst_patch.empty());
}

TEST(Colour, BradfordOfAWhiteToItselfChangesNothing) {
  const Triple d65{0.9504, 1, 1.0889}, a{1.0985, 1, 0.3558};
  const Triple same = product(bradford(d65, d65), Triple{0.2, 0.3, 0.4});
  EXPECT_NEAR(same[0], 0.2, 1e-12);
  EXPECT_NEAR(same[2], 0.4, 1e-12);
  const Triple moved = product(bradford(a, d65), a);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(moved[c], d65[c], 1e-12);
}

TEST(Colour, SrgbAtTheJoinAndTheEnds) {
  EXPECT_EQ(srgb_encoded(-1), 0);
  EXPECT_EQ(srgb_encoded(2), srgb_encoded(1));
  EXPECT_NEAR(srgb_encoded(1), 1, 1e-12);
  EXPECT_NEAR(srgb_encoded(0.0031308), 0.04045, 1e-5);
  EXPECT_NEAR(srgb_encoded(0.21404114), 0.5, 1e-7);
}

// Pairs of Sharma, Wu and Dalal 2005, table 1.
TEST(Colour, DeltaEOfThePublishedPairs) {
  const auto pair = [](Triple a, Triple b) { return delta_e_2000(a, b); };
  EXPECT_NEAR(pair({50, 2.6772, -79.7751}, {50, 0, -82.7485}), 2.0425, 5e-5);
  EXPECT_NEAR(pair({50, -1.3802, -84.2814}, {50, 0, -82.7485}), 1.0000, 5e-5);
  EXPECT_NEAR(pair({50, 0, 0}, {50, -1, 2}), 2.3669, 5e-5);
  EXPECT_NEAR(pair({50, 2.49, -0.001}, {50, -2.49, 0.0009}), 7.1792, 5e-5);
  EXPECT_NEAR(pair({50, 2.49, -0.001}, {50, -2.49, 0.0011}), 7.2195, 5e-5);
  EXPECT_NEAR(pair({50, 2.5, 0}, {73, 25, -18}), 27.1492, 5e-5);
  EXPECT_NEAR(pair({2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}), 0.9082, 5e-5);
  EXPECT_EQ(pair({50, 1, 2}, {50, 1, 2}), 0);
}

TEST(Colour, AMeasuredIlluminantIsReadAndChecked) {
  const test::Folder folder;
  test::write(folder / "e.txt", "nm,power\n360,2\n560;2\n780\t2\n");
  const Illuminant e = illuminant_from_file(folder / "e.txt");
  EXPECT_EQ(e.at(400), 2);
  EXPECT_EQ(e.at(900), 2);
  const auto told = [&](const std::string& text) {
    test::write(folder / "x.txt", text);
    return error_of([&] { illuminant_from_file(folder / "x.txt"); });
  };
  EXPECT_TRUE(contains(told("360 1\n350 1\n").what(), "line 2"));
  EXPECT_TRUE(contains(told("360 1\n780\n").what(), "line 2"));
  EXPECT_TRUE(contains(told("360 -1\n780 1\n").what(), "negative"));
  EXPECT_TRUE(contains(told("450 1\n780 1\n").what(), "cover"));
  EXPECT_TRUE(contains(told("360 0\n780 0\n").what(), "no power"));
  EXPECT_EQ(told("").code(), ErrorCode::BadInput);
}

}
}
