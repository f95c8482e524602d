// Trainings that are stopped end with the very weights of one that was not: preempted by a job of a
// higher partition, requeued at the time limit's signal, killed, and (SENSORIUM_LONG=1) lost with
// their node.
#include "tests/cluster/slurm_fixture.h"

#include "modules/cluster/submission.h"
#include "modules/core/error.h"

#include <fmt/format.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

SlurmCluster& cluster = SlurmCluster::here();

bool is_long() {
  const char* text = std::getenv("SENSORIUM_LONG");
  return text && std::string(text) == "1";
}

// A network of a few hundred weights. Its first checkpoint is one part in forty of its way, so that
// it is met while it runs.
json plan(int steps) {
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
            {"validate_every", steps},
            {"checkpoint_every", 20},
            {"threads", 1}}}};
}

class Training : public ::testing::Test {
protected:
  void SetUp() override {
    site_ = cluster.site("training");
    transport_ = transport_of(site_);
    scheduler_ = scheduler_of(site_);
  }
  ClusterRun send(const std::string& name, const std::string& partition, int nodes = 1,
                  int steps = 800) {
    ClusterRun run{.name = name,
                   .verb = "train",
                   .tasks = {plan(steps)},
                   .program = SENSORIUM_BINARY_DIR "/bin/sensorium"};
    run.resources.minutes = 30;
    run.resources.partition = partition;
    run.resources.nodes = nodes;
    return submit({.site = site_, .run = run, .uploads = {}}, store_, *transport_, *scheduler_, {});
  }
  RunState state_of(const ClusterRun& run) {
    const SiteState all = scheduler_->poll(*transport_, site_, {run.token});
    return all.runs.contains(run.token) ? all.runs.at(run.token) : RunState{};
  }
  fs::path folder(const ClusterRun& run) const { return run_folder(site_, run.token); }
  std::string log(const ClusterRun& run) const {
    return fs::exists(folder(run) / "log.txt") ? read_text(folder(run) / "log.txt") : "no log";
  }
  bool is_training(const ClusterRun& run) {
    return eventually([&] {
      if (!fs::exists(folder(run) / "out/run")) return false;
      for (const auto& entry : fs::directory_iterator(folder(run) / "out/run"))
        if (entry.path().extension() == ".ckpt") return true;
      return false;
    });
  }
  std::string weights_of(const ClusterRun& run) {
    RunState last;
    if (!eventually([&] { return (last = state_of(run)).final(); }, 400) || last.state != "done") {
      ADD_FAILURE() << run.name << ": " << explain(last, run) << "\n" << log(run);
      return {};
    }
    return json::parse(read_text(folder(run) / "result.json")).at("weights_sha256");
  }
  Site site_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Scheduler> scheduler_;
  RunStore store_{cluster.folder / "training-store"};
};

void slurm(std::vector<std::string> words) {
  words[0] = "/usr/bin/" + words[0];
  const auto outcome = testing_support::run_program(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(Training, EndsWithTheSameWeightsHoweverItWasStopped) {
  const ClusterRun preempted = send("preempted", "scavenge");
  ASSERT_TRUE(is_training(preempted)) << log(preempted);
  // It must not end before Slurm gets round to it; Slurm wakes what it ends.
  slurm({"scancel", "--signal=STOP", "--full", preempted.job_id});
  slurm({"sbatch", "--partition=urgent", "--exclusive", "--nodes=2", "--output=/dev/null",
         "--wrap=true"});

  const ClusterRun limited = send("time limit", "main");
  ASSERT_TRUE(is_training(limited)) << log(limited);
  slurm({"scancel", "--signal=USR1", "--batch",
         limited.job_id}); // what --signal sends near the limit

  ClusterRun killed = send("killed", "main");
  ASSERT_TRUE(is_training(killed)) << log(killed);
  SlurmCluster::call({"kill-job", cluster.folder.string(), killed.job_id});
  ASSERT_TRUE(eventually([&] { return state_of(killed).state == "lost"; })) << log(killed);
  killed = retry(killed, site_, store_, *transport_, *scheduler_, {});

  const ClusterRun whole = send("undisturbed", "main");
  const std::string wanted = weights_of(whole);
  ASSERT_EQ(wanted.size(), 64u);
  EXPECT_EQ(state_of(whole).attempts, 1) << log(whole);
  EXPECT_EQ(weights_of(limited), wanted) << log(limited);
  EXPECT_EQ(state_of(limited).limits_met, 1);
  EXPECT_GE(state_of(limited).attempts, 2);
  EXPECT_EQ(weights_of(killed), wanted) << log(killed);
  EXPECT_GE(state_of(killed).attempts, 2);
  EXPECT_EQ(weights_of(preempted), wanted) << log(preempted);
  EXPECT_EQ(state_of(preempted).limits_met, 0) << "preemption is not counted";
  EXPECT_GE(state_of(preempted).attempts, 2) << log(preempted);
}

// Processes of two nodes, started by srun, train one network.
TEST_F(Training, OfSeveralRanksGoesOnWhereItWasStopped) {
  ClusterRun limited = send("ranks, time limit", "main", 2, 200);
  ASSERT_TRUE(is_training(limited)) << log(limited);
  slurm({"scancel", "--signal=USR1", "--batch", limited.job_id});
  const ClusterRun whole = send("ranks", "main", 2, 200);
  const std::string wanted = weights_of(whole);
  ASSERT_EQ(wanted.size(), 64u);
  const std::string steps = read_text(folder(whole) / "out/ranks/1/run/log.jsonl");
  EXPECT_EQ(json::parse(steps.substr(0, steps.find('\n'))).at("step"), 1);
  EXPECT_EQ(weights_of(limited), wanted) << log(limited);
  EXPECT_EQ(state_of(limited).limits_met, 1) << log(limited);
}

// As a power failure: the node's daemon and all its processes are gone, and Slurm finds out.
TEST_F(Training, EndsWithTheSameWeightsAfterItsNodeFailed) {
  if (!is_long()) GTEST_SKIP() << "SENSORIUM_LONG=1 runs it (Slurm takes its time to find out)";
  const ClusterRun run = send("node failure", "main");
  ASSERT_TRUE(is_training(run)) << log(run);
  const std::string node = state_of(run).node;
  SlurmCluster::call({"kill-node", cluster.folder.string(), node});
  const std::string ended = weights_of(run);
  EXPECT_GE(state_of(run).attempts, 2) << log(run);
  EXPECT_NE(state_of(run).node, "");
  SlurmCluster::call({"start-node", cluster.folder.string(), node});
  EXPECT_EQ(weights_of(send("undisturbed again", "main")), ended);
}

}
}
