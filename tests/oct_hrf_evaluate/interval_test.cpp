// Bootstrap intervals and limits of agreement, by hand and against SciPy.
#include "pipelines/oct_hrf/evaluate.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sensorium;
using namespace sensorium::oct_hrf;

namespace {

Tally volume(int bscans, int truths, int found, int candidates) {
  return {.bscans = bscans, .truths = truths, .found = found, .candidates = candidates};
}

}

TEST(Bootstrap, OneVolumeOrEqualVolumesHaveNoWidth) {
  for (const std::size_t n : {1u, 5u}) {
    const RateIntervals ci = bootstrap(std::vector<Tally>(n, volume(4, 10, 8, 16)), 300, 1);
    EXPECT_DOUBLE_EQ(ci.sensitivity.low, 0.8);
    EXPECT_DOUBLE_EQ(ci.sensitivity.high, 0.8);
    EXPECT_DOUBLE_EQ(ci.precision.low, 0.5);
    EXPECT_DOUBLE_EQ(ci.false_per_bscan.high, 2);
  }
}

// Of two volumes a quarter of the resamples hold the worse one twice, a quarter the better one.
TEST(Bootstrap, TwoVolumesReachFromTheWorseToTheBetter) {
  const RateIntervals ci = bootstrap({volume(4, 10, 9, 10), volume(4, 10, 5, 20)}, 2000, 1);
  EXPECT_DOUBLE_EQ(ci.sensitivity.low, 0.5);
  EXPECT_DOUBLE_EQ(ci.sensitivity.high, 0.9);
  EXPECT_DOUBLE_EQ(ci.precision.low, 0.25);
  EXPECT_DOUBLE_EQ(ci.precision.high, 0.9);
  EXPECT_DOUBLE_EQ(ci.f1.low, 10.0 / 30);
  EXPECT_DOUBLE_EQ(ci.f1.high, 0.9);
  EXPECT_DOUBLE_EQ(ci.false_per_bscan.low, 0.25);
  EXPECT_DOUBLE_EQ(ci.false_per_bscan.high, 3.75);
}

TEST(Bootstrap, TheSeedDecides) {
  std::vector<Tally> volumes;
  for (int i = 0; i < 9; ++i) volumes.push_back(volume(4, 20 + i, 10 + i, 25 + 3 * (i % 4)));
  const auto ends = [&](std::uint64_t seed) {
    const RateIntervals ci = bootstrap(volumes, 500, seed);
    return std::vector{ci.f1.low, ci.f1.high, ci.precision.low, ci.precision.high};
  };
  EXPECT_EQ(ends(1), ends(1));
  EXPECT_NE(ends(1), ends(2));
}

TEST(Bootstrap, NothingToDrawFromIsRefused) {
  EXPECT_THROW(bootstrap({}, 100, 1), Error);
  EXPECT_THROW(bootstrap({volume(1, 1, 1, 1)}, 0, 1), Error);
}

// 20,000 resamples on each side: an end of the interval has a standard error near 0.001.
TEST(Bootstrap, SciPyAgrees) {
  const std::string python = std::string(SENSORIUM_JUDGES) + "/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "skipped: no judges' environment";
  std::vector<Tally> volumes;
  nlohmann::json rows = nlohmann::json::array();
  for (int i = 0; i < 14; ++i) {
    const int truths = 20 + 3 * (i % 5), found = truths - 2 - i % 7, candidates = found + i % 6;
    volumes.push_back(volume(4, truths, found, candidates));
    rows.push_back({4, truths, found, candidates});
  }
  const auto folder = std::filesystem::path(SENSORIUM_BINARY_DIR) / "test_oct_hrf_evaluate";
  std::filesystem::create_directories(folder);
  const std::string in = folder / "volumes.json", out = folder / "intervals.json";
  std::ofstream(in) << rows.dump();
  const std::string command =
      "'" + python + "' '" SENSORIUM_SOURCE_DIR "/tests/oct_hrf_evaluate/bootstrap_judge.py' '" +
      in + "' '" + out + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const auto theirs = nlohmann::json::parse(std::ifstream(out));
  const RateIntervals ours = bootstrap(volumes, 20000, 11);
  const auto compare = [&](const char* name, const Interval& i, double tolerance) {
    EXPECT_NEAR(i.low, theirs.at(name)[0].get<double>(), tolerance) << name;
    EXPECT_NEAR(i.high, theirs.at(name)[1].get<double>(), tolerance) << name;
    EXPECT_GT(i.high - i.low, 4 * tolerance) << name << ": the tolerance would hide anything";
  };
  compare("sensitivity", ours.sensitivity, 0.004);
  compare("precision", ours.precision, 0.004);
  compare("f1", ours.f1, 0.004);
  compare("false_per_bscan", ours.false_per_bscan, 0.03);
}

TEST(BlandAltman, ByHand) {
  // Mean 1; squares of the deviations 0, 4, 4, 0; deviation sqrt(8 / 3).
  const Agreement a = bland_altman(std::vector<double>{1, 3, -1, 1});
  EXPECT_DOUBLE_EQ(a.bias, 1);
  EXPECT_NEAR(a.low, 1 - 1.96 * 1.632993, 1e-5);
  EXPECT_NEAR(a.high, 1 + 1.96 * 1.632993, 1e-5);
}

TEST(BlandAltman, OneDifferenceHasNoWidthAndNoneIsRefused) {
  const Agreement a = bland_altman(std::vector<double>{-2});
  EXPECT_EQ(a.low, -2);
  EXPECT_EQ(a.high, -2);
  EXPECT_THROW(bland_altman({}), Error);
}
