// Search spaces, samplers, halving by hand-computed numbers; the study file is judged by Optuna.
#include "modules/sweep/study_file.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

ParameterSpecs specs() {
  return {{.name = "rate",
           .type = ParameterType::Number,
           .default_value = 0.01,
           .about = {.min = 0, .max = 1}},
          {.name = "levels",
           .type = ParameterType::Integer,
           .default_value = 2,
           .about = {.min = 1, .max = 9}},
          {.name = "loss",
           .type = ParameterType::Choice,
           .default_value = "bce",
           .choices = {"bce", "dice", "focal"}},
          {.name = "augment", .type = ParameterType::Flag, .default_value = true},
          {.name = "widths", .type = ParameterType::Text, .default_value = "2,4"}};
}

json wide() {
  return {{"rate", {{"low", 1e-4}, {"high", 1e-2}, {"log", true}, {"points", 3}}},
          {"levels", {{"low", 1}, {"high", 6}, {"step", 2}}},
          {"loss", {"bce", "focal"}},
          {"augment", {true, false}},
          {"widths", {"2,4", "4,8"}}};
}

std::string refusal(const json& space) {
  try {
    (void)space_from_json(space, specs());
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Usage);
    return e.what();
  }
  return {};
}

TEST(Space, IsOfDeclaredParametersAndNamesWhatIsNot) {
  const SearchSpace space = space_from_json(wide(), specs());
  ASSERT_EQ(space.size(), 5u);
  EXPECT_EQ(space_from_json(to_json(space), specs()).size(), 5u);
  for (const auto& [bad, name] : std::vector<std::pair<json, std::string>>{
           {{{"rat", {1}}}, "rat"},
           {{{"rate", 3}}, "rate"},
           {{{"rate", {{"low", 0.1}}}}, "high"},
           {{{"rate", {{"low", 0.5}, {"high", 0.1}}}}, "rate"},
           {{{"rate", {{"low", 0.5}, {"high", 2}}}}, "rate"},
           {{{"rate", {{"low", 0}, {"high", 1}, {"log", true}}}}, "rate"},
           {{{"rate", {{"low", 0}, {"high", 1}, {"lgo", true}}}}, "lgo"},
           {{{"levels", {{"low", 1.5}, {"high", 3}}}}, "levels"},
           {{{"levels", {{"low", 1}, {"high", 99}}}}, "levels"},
           {{{"loss", {{"low", 0}, {"high", 1}}}}, "loss"},
           {{{"loss", {"bce", "l2"}}}, "loss"},
           {{{"loss", {"bce", "bce"}}}, "twice"},
           {{{"loss", json::array()}}, "loss"},
           {json::object(), "space"},
           {json::array({1}), "space"}})
    EXPECT_NE(refusal(bad).find(name), std::string::npos) << bad.dump() << ": " << refusal(bad);
}

TEST(Grid, HasEveryPointOnce) {
  const SearchSpace space = space_from_json(wide(), specs());
  ASSERT_EQ(grid_size(space), 3 * 3 * 2 * 2 * 2);
  std::set<std::string> seen;
  std::set<int> levels;
  for (std::int64_t i = 0; i < grid_size(space); ++i) {
    const json point = sample("grid", space, 0, i, {});
    seen.insert(point.dump());
    levels.insert(point.at("levels").get<int>());
    EXPECT_NO_THROW((void)complete(specs(), point));
  }
  EXPECT_EQ(seen.size(), 72u);
  EXPECT_EQ(levels, (std::set<int>{1, 3, 5}));
  const SearchSpace rate = space_from_json({{"rate", wide()["rate"]}}, specs());
  EXPECT_EQ(grid_point(rate, 0)["rate"], 1e-4);
  EXPECT_NEAR(grid_point(rate, 1)["rate"].get<double>(), 1e-3, 1e-15); // the geometric mean
  EXPECT_EQ(grid_point(rate, 2)["rate"], 1e-2);
  EXPECT_THROW(grid_size(space_from_json({{"rate", {{"low", 0.1}, {"high", 1}}}}, specs())), Error);
}

TEST(Random, IsTheSameForTheSameSeedAndFillsItsSpace) {
  const SearchSpace space = space_from_json(wide(), specs());
  int below = 0;
  std::map<std::string, int> losses;
  std::set<int> levels;
  for (int i = 0; i < 2000; ++i) {
    const json point = sample("random", space, 5, i, {});
    EXPECT_EQ(point, sample("random", space, 5, i, {}));
    const double rate = point.at("rate");
    ASSERT_GE(rate, 1e-4);
    ASSERT_LE(rate, 1e-2);
    below += rate < 1e-3 ? 1 : 0; // half of a logarithmic range of two decades
    ++losses[point.at("loss").get<std::string>()];
    levels.insert(point.at("levels").get<int>());
  }
  EXPECT_NEAR(below, 1000, 5 * std::sqrt(500)); // five standard deviations of a fair coin
  EXPECT_NEAR(losses["bce"], 1000, 5 * std::sqrt(500));
  EXPECT_EQ(levels, (std::set<int>{1, 3, 5}));
  EXPECT_NE(sample("random", space, 5, 0, {}), sample("random", space, 6, 0, {}));
  EXPECT_THROW(sample("best", space, 5, 0, {}), Error);
}

// A bowl in two numbers with one bad choice; the loss that a sampler reaches in 60 trials.
double best_of(const std::string& sampler, std::uint64_t seed) {
  const SearchSpace space = space_from_json({{"rate", {{"low", 0.0}, {"high", 1.0}}},
                                             {"levels", {{"low", 1}, {"high", 9}}},
                                             {"loss", {"bce", "dice", "focal"}}},
                                            specs());
  std::vector<Tried> history;
  double best = 1e9;
  for (int i = 0; i < 60; ++i) {
    const json point = sample(sampler, space, seed, i, history);
    const double loss = std::pow(point["rate"].get<double>() - 0.31, 2) +
                        0.01 * std::pow(point["levels"].get<double>() - 7, 2) +
                        (point["loss"] == "dice" ? 0.0 : 0.05);
    history.push_back({point, loss, false});
    best = std::min(best, loss);
  }
  return best;
}

TEST(Tpe, IsBetterThanChance) {
  int wins = 0;
  std::vector<double> tpe, random;
  for (std::uint64_t seed = 1; seed <= 101; ++seed) {
    tpe.push_back(best_of("tpe", seed));
    random.push_back(best_of("random", seed));
    wins += tpe.back() < random.back() ? 1 : 0;
  }
  std::sort(tpe.begin(), tpe.end());
  std::sort(random.begin(), random.end());
  EXPECT_LT(tpe[50], random[50] / 2);
  EXPECT_GE(wins, 67); // a fair coin does so in 0.1 % of all cases
}

TEST(Tpe, StaysInItsSpaceWhateverTheHistory) {
  const SearchSpace space = space_from_json(wide(), specs());
  std::vector<Tried> history;
  for (int i = 0; i < 40; ++i) // all at one corner, some without a value
    history.push_back({i % 3 == 0 ? json::object() : grid_point(space, 0), 1.0, i % 2 == 0});
  for (int i = 0; i < 50; ++i)
    EXPECT_NO_THROW((void)complete(specs(), sample("tpe", space, 1, i, history)));
}

TEST(Halving, KeepsTheBestThirdOfThoseThatCame) {
  const Halving h{.first_step = 10, .reduction = 3};
  EXPECT_EQ(rung_of(h, 9), -1);
  EXPECT_EQ(rung_of(h, 10), 0);
  EXPECT_EQ(rung_of(h, 29), 0);
  EXPECT_EQ(rung_of(h, 30), 1);
  EXPECT_EQ(rung_of(h, 270), 3);
  EXPECT_TRUE(goes_on(5, {5}, 3)) << "the first one has nobody before it";
  EXPECT_FALSE(goes_on(5, {5, 4}, 3));
  EXPECT_TRUE(goes_on(4, {5, 4}, 3));
  EXPECT_TRUE(goes_on(2, {1, 2, 3, 4, 5, 6}, 3));
  EXPECT_FALSE(goes_on(3, {1, 2, 3, 4, 5, 6}, 3));
}

TEST(Sweeps, AreReadBackAndRefuseWhatTheyDoNotKnow) {
  const json text = {{"plan", "p.json"},
                     {"space", wide()},
                     {"sampler", "tpe"},
                     {"trials", 9},
                     {"seed", 3},
                     {"objective", {{"result", "f1"}, {"direction", "maximize"}}},
                     {"halving", {{"first_step", 5}}}};
  const Sweep sweep = sweep_from_json(text);
  EXPECT_TRUE(sweep.objective.maximise);
  EXPECT_EQ(sweep.halving.reduction, 3);
  EXPECT_EQ(to_json(sweep_from_json(to_json(sweep))), to_json(sweep));
  for (const auto& [key, value] : std::vector<std::pair<std::string, json>>{
           {"trial", 5},
           {"trials", -1},
           {"trials", "9"},
           {"sampler", "best"},
           {"objective", {{"direction", "up"}}},
           {"objective", 5},
           {"halving", {{"reduction", 3}}},
           {"halving", {{"first_step", 5}, {"reduction", 1}}}}) {
    json bad = text;
    bad[key] = value;
    EXPECT_THROW(sweep_from_json(bad), Error) << bad.dump();
  }
  EXPECT_THROW(trial_from_json({{"number", 1}}), Error);
}

class StudyFile : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sns-study." + std::to_string(::getpid()));
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  Study study() const {
    Study out{.name = "a 'study'", .space = space_from_json(wide(), specs()), .maximise = true};
    for (int i = 0; i < 12; ++i) {
      Trial t{.number = i,
              .state = i == 3   ? "pruned"
                       : i == 4 ? "failed"
                       : i == 5 ? "running"
                                : "complete",
              .parameters = grid_point(out.space, i * 5),
              .curve = {{10, 0.25}, {20, 0.5 + i}},
              .start_utc = "2026-11-21T17:00:00Z",
              .end_utc = "2026-11-21T17:00:05Z"};
      if (i != 4 && i != 5) t.value = i == 3 ? 0.125 : 0.5 + i;
      if (i != 6) out.trials.push_back(t); // 6 has not begun
    }
    out.about = {{"token", "x"}};
    return out;
  }
  testing_support::Outcome judge(const fs::path& db) const {
    const fs::path script = folder_ / "judge.py";
    write_atomically(script, R"py(
import json, sys, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = "sqlite:///" + sys.argv[1]
study = optuna.load_study(study_name=None, storage=storage)
states = [t.state.name for t in study.trials]
assert [t.number for t in study.trials] == list(range(12)), states
best = study.best_trial
importance = optuna.importance.get_param_importances(
    study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
for t in study.trials:
    for name, d in t.distributions.items():
        assert d._contains(d.to_internal_repr(t.params[name])), (t.number, name)
frame = [t.intermediate_values for t in study.trials]
print(json.dumps({"name": study.study_name, "direction": study.direction.name, "states": states,
    "best": best.number, "value": best.value, "params": best.params, "curve": frame[3],
    "seconds": best.duration.total_seconds(), "about": study.user_attrs["sensorium"],
    "names": sorted(importance)}))
more = optuna.load_study(study_name=study.study_name, storage=storage)
trial = more.ask()
for name, d in best.distributions.items():
    trial._suggest(name, d)
more.tell(trial, 100.0)
assert more.best_value == 100.0
)py");
    return testing_support::run_program({SENSORIUM_JUDGES "/bin/python", script, db});
  }
  fs::path folder_;
};

TEST_F(StudyFile, IsReadBackAsItWasWritten) {
  const fs::path db = folder_ / "study.db";
  const Study before = study();
  write_study(db, before);
  const Study after = read_study(db);
  EXPECT_EQ(after.name, before.name);
  EXPECT_EQ(after.maximise, before.maximise);
  EXPECT_EQ(after.about, before.about);
  ASSERT_EQ(after.trials.size(), 12u);
  EXPECT_EQ(after.trials[6].state, "waiting");
  for (const Trial& t : before.trials) {
    const Trial& read = after.trials[static_cast<std::size_t>(t.number)];
    EXPECT_EQ(to_json(read), to_json(t));
  }
  ASSERT_EQ(after.space.size(), before.space.size());
  for (std::size_t i = 0; i < after.space.size(); ++i) {
    EXPECT_EQ(after.space[i].name, before.space[i].name);
    EXPECT_EQ(after.space[i].kind, before.space[i].kind);
    EXPECT_EQ(after.space[i].logarithmic, before.space[i].logarithmic);
    EXPECT_EQ(after.space[i].low, before.space[i].low);
  }
}

TEST_F(StudyFile, ThatIsNoneOrBrokenIsRefused) {
  const fs::path db = folder_ / "study.db";
  write_study(db, study());
  const std::string whole = read_text(db, 64u << 20);
  EXPECT_THROW(read_study(folder_ / "gone.db"), Error);
  EXPECT_THROW(read_study(folder_), Error);
  for (const std::string& text : {std::string(), std::string("no database"), whole.substr(0, 512),
                                  whole.substr(0, whole.size() / 2)}) {
    write_atomically(folder_ / "bad.db", text);
    EXPECT_THROW(read_study(folder_ / "bad.db"), Error) << text.size();
  }
  std::string other = whole; // a distribution that is none
  for (std::size_t at = 0; (at = other.find("Distribution\"", at)) != std::string::npos;)
    other.replace(at, 12, "distribution");
  write_atomically(folder_ / "bad.db", other);
  EXPECT_THROW(read_study(folder_ / "bad.db"), Error);
}

TEST_F(StudyFile, IsOpenedAndGoneOnWithByOptuna) {
  const fs::path db = folder_ / "study.db";
  write_study(db, study());
  write_study(db, study()); // replaces
  const auto outcome = judge(db);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json seen = json::parse(outcome.out);
  EXPECT_EQ(seen.at("name"), "a 'study'");
  EXPECT_EQ(seen.at("direction"), "MAXIMIZE");
  EXPECT_EQ(seen.at("states"),
            (json{"COMPLETE", "COMPLETE", "COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING",
                  "COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE", "COMPLETE"}));
  EXPECT_EQ(seen.at("best"), 11);
  EXPECT_EQ(seen.at("value"), 11.5);
  EXPECT_EQ(seen.at("params"), grid_point(study().space, 55));
  EXPECT_EQ(seen.at("curve"), (json{{"10", 0.25}, {"20", 3.5}}));
  EXPECT_EQ(seen.at("seconds"), 5.0);
  EXPECT_EQ(seen.at("about").at("token"), "x");
  EXPECT_EQ(seen.at("names"), (json{"augment", "levels", "loss", "rate", "widths"}));
}

TEST_F(StudyFile, RefusesATrialOfAnotherSweepAndLeavesTheOldFile) {
  const fs::path db = folder_ / "study.db";
  write_study(db, study());
  const std::string before = read_text(db);
  Study wrong = study();
  wrong.trials[0].parameters["loss"] = "other";
  EXPECT_THROW(write_study(db, wrong), Error);
  EXPECT_EQ(read_text(db), before);
  EXPECT_THROW(write_study(folder_ / "none" / "study.db", study()), Error);
}

TEST(Trials, AreReadFromTheElementsFolders) {
  const fs::path folder = fs::temp_directory_path() / ("sns-trials." + std::to_string(::getpid()));
  fs::remove_all(folder);
  Trial t{.number = 7,
          .state = "pruned",
          .parameters = {{"rate", 0.5}},
          .value = 2.0,
          .curve = {{10, 2.0}},
          .rungs = {{0, 2.0}}};
  make_folder(folder / "7/out");
  write_atomically(folder / "7/out/trial.json", to_json(t).dump());
  make_folder(folder / "8/out");
  write_atomically(folder / "8/out/trial.json", "{\"half");
  make_folder(folder / "9");
  const auto found = trials_below(folder);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(to_json(found[0]), to_json(t));
  const auto history = history_of(found, {.maximise = true});
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].loss, -2.0);
  EXPECT_TRUE(history[0].pruned);
  EXPECT_TRUE(trials_below(folder / "nowhere").empty());
  fs::remove_all(folder);
}

}
}
