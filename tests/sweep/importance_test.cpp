// What a parameter explains by itself: functions whose shares are known, and Optuna's fANOVA.
#include "modules/core/file.h"
#include "modules/sweep/importance.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>
#include <unistd.h>

namespace sensorium {
namespace {
using nlohmann::json;
namespace fs = std::filesystem;

double share(const std::vector<Importance>& all, const std::string& name) {
  for (const Importance& i : all)
    if (i.name == name) return i.share;
  ADD_FAILURE() << "no " << name;
  return -1;
}

Trial trial(int number, json parameters, double value) {
  return {
      .number = number, .state = "complete", .parameters = std::move(parameters), .value = value};
}

// Two choices of eight values: (i, k) -> value(i, k).
template<class F> Study table(F value) {
  Study out{.name = "table"};
  json eight = json::array();
  for (int i = 0; i < 8; ++i) eight.push_back("v" + std::to_string(i));
  out.space = {{.name = "a", .kind = DimensionKind::Choice, .choices = eight},
               {.name = "b", .kind = DimensionKind::Choice, .choices = eight}};
  for (int i = 0; i < 8; ++i)
    for (int k = 0; k < 8; ++k)
      out.trials.push_back(trial(8 * i + k, {{"a", eight[i]}, {"b", eight[k]}}, value(i, k)));
  return out;
}

// Both are uniform on 0 to 7: the variances of i and k / 2 are as 4 to 1.
TEST(Importance, OfASumIsTheShareOfItsVariance) {
  const auto all = importances_of(table([](int i, int k) { return i + 0.5 * k; }));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_NEAR(share(all, "a"), 0.8, 0.05);
  EXPECT_NEAR(share(all, "b"), 0.2, 0.05);
}

TEST(Importance, OfWhatTwoDoTogetherIsNoOnes) {
  const auto all = importances_of(table([](int i, int k) { return (i + k) % 2; }));
  EXPECT_LT(share(all, "a"), 0.15);
  EXPECT_LT(share(all, "b"), 0.15);
}

TEST(Importance, DoesNotDependOnTheOrderOfChoices) {
  const auto all =
      importances_of(table([](int i, int k) { return (i * 5 % 8 < 4 ? 1.0 : 0.0) + 0.01 * k; }));
  EXPECT_GT(share(all, "a"), 0.95);
}

// Uniform in the logarithm: the result is the logarithm itself.
TEST(Importance, OfALogarithmIsTakenOnItsScale) {
  Study study{.name = "log"};
  study.space = {{.name = "rate", .low = 1e-5, .high = 1, .logarithmic = true},
                 {.name = "width", .kind = DimensionKind::Integer, .low = 1, .high = 5, .step = 1}};
  for (int i = 0; i < 50; ++i)
    study.trials.push_back(
        trial(i, {{"rate", std::pow(10, -5 + 5 * i / 49.0)}, {"width", 1 + i * 3 % 5}}, i / 49.0));
  const auto all = importances_of(study);
  EXPECT_GT(share(all, "rate"), 0.95);
  EXPECT_LT(share(all, "width"), 0.02);
}

TEST(Importance, NeedsTrialsThatDiffer) {
  Study study = table([](int i, int) { return i; });
  study.trials.resize(9);
  EXPECT_TRUE(importances_of(study).empty());
  EXPECT_TRUE(importances_of(table([](int, int) { return 3; })).empty());
  Study unfinished = table([](int i, int) { return i; });
  for (Trial& t : unfinished.trials) t.state = "pruned";
  EXPECT_TRUE(importances_of(unfinished).empty());
  Study holes = table([](int i, int) { return i; });
  holes.trials[0].parameters.erase("a");
  holes.trials[1].parameters["a"] = "another";
  EXPECT_EQ(importances_of(holes).size(), 2u);
  EXPECT_TRUE(importances_of({}).empty());
}

class ImportanceJudge : public ::testing::Test {
protected:
  void SetUp() override {
    if (!fs::exists(python_)) GTEST_SKIP() << "skipped: no judges";
    folder_ = fs::temp_directory_path() / ("sns-importance." + std::to_string(::getpid()));
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  const std::string python_ = SENSORIUM_JUDGES "/bin/python";
  fs::path folder_;
};

// Variances of the terms over the space: rate 1/12 = 0.083, loss 0.034, width 0.006. No parameter
// has "log": Optuna's evaluator weighs those by their plain values, ours by their logarithms.
TEST_F(ImportanceJudge, IsThatOfOptunasFanova) {
  Study study{.name = "known"};
  study.space = {{.name = "loss", .kind = DimensionKind::Choice, .choices = {"a", "b", "c"}},
                 {.name = "rate", .low = 0, .high = 1},
                 {.name = "unused", .low = 0, .high = 1},
                 {.name = "width", .kind = DimensionKind::Integer, .low = 1, .high = 9, .step = 1}};
  std::mt19937_64 random(7);
  const auto unit = [&] { return static_cast<double>(random() >> 11) / 9007199254740992.0; };
  const std::map<std::string, double> by_loss{{"a", 0.0}, {"b", 0.2}, {"c", 0.45}};
  for (int i = 0; i < 150; ++i) {
    const double u = unit();
    const std::string loss(1, static_cast<char>('a' + random() % 3));
    const auto width = static_cast<int>(1 + random() % 9);
    study.trials.push_back(
        trial(i, {{"loss", loss}, {"rate", u}, {"unused", unit()}, {"width", width}},
              u + by_loss.at(loss) + 0.03 * width));
  }
  const fs::path db = folder_ / "study.db";
  write_study(db, study);
  const auto outcome = testing_support::run_program(
      {python_, "-c",
       "import json, sys, optuna\n"
       "optuna.logging.set_verbosity(optuna.logging.ERROR)\n"
       "try:\n"
       "    import sklearn\n"
       "except ImportError:\n"
       "    print('null'); sys.exit(0)\n"
       "s = optuna.load_study(study_name=None, storage='sqlite:///' + sys.argv[1])\n"
       "print(json.dumps(optuna.importance.get_param_importances(s, normalize=False,\n"
       "    evaluator=optuna.importance.FanovaImportanceEvaluator(seed=1))))\n",
       db});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json judge = json::parse(outcome.out);
  if (judge.is_null()) GTEST_SKIP() << "skipped: the judges have no scikit-learn";
  const auto ours = importances_of(read_study(db));
  ASSERT_EQ(ours.size(), 4u);
  EXPECT_EQ(ours[0].name, "rate");
  EXPECT_EQ(ours[1].name, "loss");
  EXPECT_EQ(ours[2].name, "width");
  EXPECT_EQ(ours[3].name, "unused");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(ours[i].share, judge.at(ours[i].name).get<double>(), 0.05) << judge.dump();
    if (i > 0) {
      EXPECT_GT(judge.at(ours[i - 1].name), judge.at(ours[i].name)) << judge.dump();
    }
  }
}

TEST_F(ImportanceJudge, AStudyOfOptunasOwnIsRead) {
  const fs::path db = folder_ / "optuna.db";
  const auto outcome = testing_support::run_program(
      {python_, "-c",
       "import json, sys, optuna\n"
       "optuna.logging.set_verbosity(optuna.logging.ERROR)\n"
       "s = optuna.create_study(study_name='own', storage='sqlite:///' + sys.argv[1],\n"
       "    direction='maximize', pruner=optuna.pruners.NopPruner(),\n"
       "    sampler=optuna.samplers.RandomSampler(seed=3))\n"
       "def f(t):\n"
       "    x = t.suggest_float('x', 1e-3, 1, log=True)\n"
       "    n = t.suggest_int('n', 2, 8, step=2)\n"
       "    c = t.suggest_categorical('c', ['a', None, 3])\n"
       "    t.report(x, 1); t.report(x / 2, 5)\n"
       "    if t.number == 4: raise optuna.TrialPruned()\n"
       "    return x + n\n"
       "s.optimize(f, n_trials=12)\n"
       "print(json.dumps([[t.params, t.value, t.state.name] for t in s.trials]))\n",
       db});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json wanted = json::parse(outcome.out);
  const Study study = read_study(db);
  EXPECT_EQ(study.name, "own");
  EXPECT_TRUE(study.maximise);
  ASSERT_EQ(study.trials.size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(study.trials[i].parameters, wanted[i][0]);
    EXPECT_EQ(study.trials[i].state, i == 4 ? "pruned" : "complete");
    if (i != 4) {
      EXPECT_EQ(study.trials[i].value.value(), wanted[i][1].get<double>());
    }
    ASSERT_EQ(study.trials[i].curve.size(), 2u);
    EXPECT_EQ(study.trials[i].curve.at(1), study.trials[i].parameters.at("x").get<double>());
  }
  ASSERT_EQ(study.space.size(), 3u);
  EXPECT_EQ(study.space[0].choices, json::parse(R"(["a", null, 3])"));
  EXPECT_EQ(study.space[1].step, 2);
  EXPECT_TRUE(study.space[2].logarithmic);
  EXPECT_EQ(importances_of(study).size(), 3u);
}

}
}
