// Sweeps as a user starts them, over the queue of this machine and over a real Slurm: one array,
// elements that are killed go on and end with the weights of an undisturbed training, failed ones
// are repeated alone, and Optuna opens what comes of it.
#include "tests/cluster/slurm_fixture.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;

SlurmCluster& cluster = SlurmCluster::here();
const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";

json plan(int steps, int validate_every) {
  return {{"pipeline", "oct_hrf"},
          {"verb", "train"},
          {"parameters",
           {{"seeds", 1},
            {"sample_scans", 1},
            {"patches", 1},
            {"validation_seeds", 1},
            {"side", 32},
            {"widths", "2,4"},
            {"batch_size", 2},
            {"steps", steps},
            {"validate_every", validate_every},
            {"checkpoint_every", 10},
            {"threads", 1}}}};
}

class Sweeps : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = cluster.folder / ::testing::UnitTest::GetInstance()->current_test_info()->name();
    make_folder(folder_);
  }
  static Outcome call(std::vector<std::string> words) {
    words.insert(words.begin(), {program, "--json", "--quiet"});
    return testing_support::run_program(words);
  }
  static json good(const std::vector<std::string>& words) {
    const Outcome outcome = call(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err << outcome.out;
    return json::parse(outcome.out, nullptr, false);
  }
  std::string submit(const json& plan_, const json& sweep, const std::string& site) const {
    std::ofstream(folder_ / "plan.json") << plan_.dump();
    std::ofstream(folder_ / "sweep.json") << sweep.dump();
    return good({"submit", "sweep", (folder_ / "sweep.json").string(), "--site", site}).at("token");
  }
  static json state_of(const std::string& token) { return good({"jobs", "explain", token}); }
  static bool becomes(const std::string& token, const std::string& state) {
    json last;
    if (eventually([&] {
          std::this_thread::sleep_for(std::chrono::milliseconds(400)); // each question is a program
          return (last = state_of(token)).at("state") == state;
        }))
      return true;
    ADD_FAILURE() << "wanted " << state << ": " << last.dump(2);
    return false;
  }
  json study(const std::string& token) const {
    return good({"jobs", "study", token, "-o", (folder_ / "study.db").string()});
  }
  json judge() const {
    const auto outcome = testing_support::run_program({SENSORIUM_JUDGES "/bin/python", "-c", R"py(
import json, sys, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
s = optuna.load_study(study_name=None, storage="sqlite:///" + sys.argv[1])
print(json.dumps([[t.state.name, t.params, t.value, t.intermediate_values] for t in s.trials]))
)py",
                                                       (folder_ / "study.db").string()});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  static int attempts(const fs::path& element) {
    const std::string text = read_text(element / "attempts.jsonl");
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  fs::path folder_;
};

TEST_F(Sweeps, OnThisMachineHalvingEndsWhatIsNotAmongTheBest) {
  good({"site", "add", "queue", "--kind", "local", "--root", (folder_ / "queue").string()});
  const std::string token =
      submit(plan(40, 10),
             {{"plan", "plan.json"},
              {"space",
               {{"learning_rate", {{"low", 1e-5}, {"high", 0.1}, {"log", true}}},
                {"loss", {"bce", "bce+dice"}}}},
              {"sampler", "random"},
              {"trials", 5},
              {"seed", 4},
              {"halving", {{"first_step", 10}, {"reduction", 2}}}},
             "queue");
  ASSERT_TRUE(becomes(token, "done"));
  const json told = study(token), seen = judge();
  ASSERT_EQ(seen.size(), 5u);
  std::map<int, std::vector<double>> met; // rung: values so far; the queue has one place
  int pruned = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const json& trial = told.at("trials")[i];
    bool goes_on = true;
    for (const json& rung : trial.at("rungs")) {
      ASSERT_TRUE(goes_on) << "met a rung after it was ended";
      auto& values = met[rung[0].get<int>()];
      values.push_back(rung[1]);
      std::vector<double> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      goes_on = rung[1].get<double>() <= sorted[std::max<std::size_t>(1, sorted.size() / 2) - 1];
    }
    EXPECT_EQ(trial.at("state"), goes_on ? "complete" : "pruned") << trial.dump(2);
    EXPECT_EQ(seen[i][0], goes_on ? "COMPLETE" : "PRUNED");
    EXPECT_EQ(seen[i][1], trial.at("parameters"));
    EXPECT_EQ(seen[i][3].size(), trial.at("curve").size());
    pruned += goes_on ? 0 : 1;
  }
  EXPECT_EQ(seen[0][3].size(), 4u) << "the first trial validates four times";
  EXPECT_GE(pruned, 1);
}

TEST_F(Sweeps, OnSlurmKilledElementsGoOnAndFailedOnesAreRepeatedAlone) {
  good({"site", "add", "loop", "--host", "loop", "--ssh-config", cluster.config(), "--root",
        (folder_ / "site").string(), "--program", program});
  const std::string token =
      submit(plan(400, 400),
             {{"plan", "plan.json"},
              {"space", {{"learning_rate", {0.001, 0.003}}, {"widths", {"2,4", "2,x"}}}},
              {"sampler", "grid"},
              {"at_once", 4}},
             "loop");
  const fs::path elements = folder_ / "site/runs" / token / "elements";
  const auto checkpoint = [&] {
    for (const auto& entry : fs::directory_iterator(elements / "0/out/run"))
      if (entry.path().extension() == ".ckpt") return true;
    return false;
  };
  ASSERT_TRUE(eventually([&] { return fs::exists(elements / "0/out/run") && checkpoint(); }))
      << read_text(elements / "0/log.txt");
  const auto id = testing_support::run_program(
      {"/usr/bin/squeue", "-h", "-n", "sns-" + token, "-t", "running", "-o", "%K %A"});
  std::istringstream lines(id.out);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("0 "))
      SlurmCluster::call({"kill-job", cluster.folder.string(), line.substr(2)});
  ASSERT_TRUE(becomes(token, "lost"));
  const std::string before = read_text(elements / "0/out/trial.json");
  ASSERT_NE(call({"jobs", "retry", token}).out, "");
  ASSERT_TRUE(becomes(token, "failed")) << "two of the four cannot be trained";
  EXPECT_EQ(attempts(elements / "2"), 1) << "it had ended well";
  EXPECT_EQ(attempts(elements / "0"), 2);
  EXPECT_EQ(attempts(elements / "1"), 2) << "the failed ones are repeated";
  EXPECT_EQ(json::parse(read_text(elements / "0/out/trial.json")).at("parameters"),
            json::parse(before).at("parameters"));

  json undisturbed = plan(400, 400);
  undisturbed["parameters"]["learning_rate"] = 0.001;
  std::ofstream(folder_ / "alone.json") << undisturbed.dump();
  const json alone =
      good({"train", (folder_ / "alone.json").string(), "-o", (folder_ / "alone").string()});
  const json result = json::parse(read_text(elements / "0/result.json")).at("result");
  EXPECT_EQ(result.at("weights_sha256"), alone.at("weights_sha256"));

  study(token);
  const json seen = judge();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0][0], "COMPLETE");
  EXPECT_EQ(seen[0][1], (json{{"learning_rate", 0.001}, {"widths", "2,4"}}));
  EXPECT_EQ(seen[0][2], alone.at("validation_loss"));
  EXPECT_EQ(seen[1][0], "FAIL");
  EXPECT_EQ(seen[2][0], "COMPLETE");
  EXPECT_EQ(seen[3][0], "FAIL");
}

// docs/CLUSTER.md has the same at full size.
TEST_F(Sweeps, OnSlurmNetworkVariantsTimesLossesAreComparedOverFiveSeeds) {
  good({"site", "add", "loop3", "--host", "loop", "--ssh-config", cluster.config(), "--root",
        (folder_ / "site").string(), "--program", program});
  const std::string token = submit(plan(4, 4),
                                   {{"plan", "plan.json"},
                                    {"space",
                                     {{"residual", {true, false}},
                                      {"loss", {"bce+dice", "focal+dice"}},
                                      {"seed", {{"low", 1}, {"high", 5}, {"step", 1}}}}},
                                    {"sampler", "grid"},
                                    {"at_once", 4},
                                    {"objective",
                                     {{"result", "validation_score"},
                                      {"curve", "score/validation"},
                                      {"direction", "maximize"}}}},
                                   "loop3");
  ASSERT_TRUE(becomes(token, "done"));
  const json told = study(token);
  EXPECT_EQ(told.at("direction"), "maximize");
  const json& variants = told.at("variants");
  ASSERT_EQ(variants.size(), 4u);
  std::set<std::pair<bool, std::string>> seen;
  for (const json& variant : variants) {
    const json& p = variant.at("parameters");
    seen.emplace(p.at("residual").get<bool>(), p.at("loss").get<std::string>());
    ASSERT_EQ(variant.at("values").size(), 5u);
    for (const json& value : variant.at("values")) {
      EXPECT_GE(value.get<double>(), 0);
      EXPECT_LE(value.get<double>(), 1);
    }
    const std::string verdict = variant.at("verdict");
    if (&variant == &variants.front()) {
      EXPECT_EQ(verdict, "best");
      continue;
    }
    EXPECT_EQ(variant.at("pairs"), 5);
    const double low = variant.at("interval")[0], high = variant.at("interval")[1];
    EXPECT_EQ(verdict, low <= 0 && high >= 0 ? "no difference" : "worse");
  }
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(told.at("note").get<std::string>().find("cannot be compared"), std::string::npos);
  const json optuna = judge();
  ASSERT_EQ(optuna.size(), 20u);
  for (const json& trial : optuna) EXPECT_EQ(trial[0], "COMPLETE");
}

TEST_F(Sweeps, OnSlurmTpeChoosesWhileOthersRun) {
  good({"site", "add", "loop2", "--host", "loop", "--ssh-config", cluster.config(), "--root",
        (folder_ / "site").string(), "--program", program});
  const std::string token =
      submit(plan(4, 2),
             {{"plan", "plan.json"},
              {"space",
               {{"learning_rate", {{"low", 1e-4}, {"high", 0.1}, {"log", true}}},
                {"blocks_per_level", {{"low", 1}, {"high", 2}}}}},
              {"sampler", "tpe"},
              {"trials", 12},
              {"at_once", 2}},
             "loop2");
  ASSERT_TRUE(becomes(token, "done"));
  study(token);
  const json seen = judge();
  ASSERT_EQ(seen.size(), 12u);
  for (const json& trial : seen) EXPECT_EQ(trial[0], "COMPLETE");
}

}
}
