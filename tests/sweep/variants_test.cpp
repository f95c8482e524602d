// Differences of variants over seeds: SciPy has the last word.
#include "modules/sweep/variants.h"

#include "modules/sweep/trial.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sensorium {
namespace {
using nlohmann::json;

Study study(const std::map<std::string, std::vector<double>>& values, bool maximise = false) {
  Study out{.name = "study", .maximise = maximise};
  out.space = {{.name = "loss", .kind = DimensionKind::Choice},
               {.name = "seed", .kind = DimensionKind::Integer}};
  for (const auto& [loss, list] : values)
    for (std::size_t i = 0; i < list.size(); ++i)
      out.trials.push_back({.number = static_cast<int>(out.trials.size()),
                            .state = "complete",
                            .parameters = {{"loss", loss}, {"seed", i + 1}},
                            .value = list[i]});
  return out;
}

const std::map<std::string, std::vector<double>> losses{{"bce", {0.31, 0.35, 0.29, 0.33, 0.30}},
                                                        {"dice", {0.32, 0.34, 0.30, 0.34, 0.31}},
                                                        {"focal", {0.45, 0.47, 0.44, 0.49, 0.43}},
                                                        {"few", {0.40, 0.40}}};

TEST(Variants, AreOrderedAndComparedWithTheBest) {
  const auto all = variants_of(study(losses));
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].parameters, (json{{"loss", "bce"}}));
  EXPECT_EQ(all[0].verdict, "best");
  EXPECT_EQ(all[1].parameters.at("loss"), "dice");
  EXPECT_EQ(all[1].verdict, "no difference");
  EXPECT_EQ(all[2].parameters.at("loss"), "few");
  EXPECT_EQ(all[2].verdict, "too few seeds");
  EXPECT_EQ(all[2].pairs, 2);
  EXPECT_EQ(all[3].verdict, "worse");
  const std::string text = table_of(all);
  EXPECT_NE(text.find("1 of 4 variants cannot be told from the best"), std::string::npos) << text;
  EXPECT_NE(text.find("1 of 4 variants have fewer than 5 seeds"), std::string::npos) << text;
}

TEST(Variants, TrialsOfDifferentLossesAreNotComparedByTheirLoss) {
  Sweep sweep{.space = {{"loss", {"bce", "dice"}}}};
  EXPECT_NE(incomparable(sweep).find("'loss'"), std::string::npos);
  sweep.space = {{"focal_gamma", {{"low", 0}, {"high", 5}}}};
  EXPECT_NE(incomparable(sweep).find("'focal_gamma'"), std::string::npos);
  sweep.space = {{"learning_rate", {0.1, 0.2}}};
  EXPECT_EQ(incomparable(sweep), "");
  sweep.space["loss"] = {"bce", "dice"};
  sweep.objective = {"validation_score", "score/validation", true};
  EXPECT_EQ(incomparable(sweep), "");
}

TEST(Variants, OfAFigureThatShouldBeLargeAreOrderedTheOtherWay) {
  const auto all = variants_of(study(losses, true));
  EXPECT_EQ(all.front().parameters.at("loss"), "focal");
  EXPECT_EQ(all.back().parameters.at("loss"), "bce");
  EXPECT_EQ(all.back().verdict, "worse");
  EXPECT_LT(all.back().high, 0);
}

TEST(Variants, NeedSeedsAndMoreThanOneOfThem) {
  EXPECT_TRUE(variants_of(study({{"bce", {1, 2, 3, 4, 5}}})).empty());
  Study without = study(losses);
  without.space.pop_back();
  EXPECT_TRUE(variants_of(without).empty());
  Study unfinished = study(losses);
  for (Trial& t : unfinished.trials) t.state = "pruned";
  EXPECT_TRUE(variants_of(unfinished).empty());
}

TEST(Variants, IntervalsAreThoseOfScipy) {
  const std::string python = SENSORIUM_JUDGES "/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "skipped: no judges";
  json all = json::array();
  for (const VariantFigures& v : variants_of(study(losses)))
    if (v.verdict != "best") all.push_back({v.values, losses.at("bce"), v.low, v.high});
  ASSERT_EQ(all.size(), 3u);
  const auto outcome = testing_support::run_program(
      {python, "-c",
       "import json, sys\n"
       "from scipy import stats\n"
       "for a, b, low, high in json.loads(sys.argv[1]):\n"
       "    i = stats.ttest_rel(a, b[:len(a)]).confidence_interval(0.95)\n"
       "    assert abs(i.low - low) < 1e-12 and abs(i.high - high) < 1e-12, (a, i, low, high)\n",
       all.dump()});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

}
}
