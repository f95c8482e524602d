// Runs over a real Slurm, and over the queue of this machine.
#include "tests/cluster/slurm_fixture.h"

#include "modules/cluster/fetch.h"
#include "modules/cluster/submission.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <csignal>
#include <functional>
#include <sys/mount.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

SlurmCluster& cluster = SlurmCluster::here();

struct Kind {
  const char* name;
  bool slurm;
};

// What both schedulers promise.
class Jobs : public ::testing::TestWithParam<Kind> {
protected:
  void SetUp() override {
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::string part = name.substr(0, name.find('/')) + (GetParam().slurm ? "S" : "L");
    if (GetParam().slurm)
      site_ = cluster.site(part);
    else
      site_ =
          Site{.name = part, .kind = "local", .root = (cluster.folder / part).string(), .slots = 2};
    transport_ = transport_of(site_);
    scheduler_ = scheduler_of(site_);
    program_ = write_program(cluster.folder);
  }
  ClusterRun make(const json& task) const {
    ClusterRun run{.name = "test", .verb = "train", .tasks = {task}, .program = program_.string()};
    run.resources.minutes = 5;
    return run;
  }
  ClusterRun send(const ClusterRun& run) {
    return submit({.site = site_, .run = run, .uploads = {}}, store_, *transport_, *scheduler_, {});
  }
  RunState state_of(const ClusterRun& run) {
    const SiteState all = scheduler_->poll(*transport_, site_, {run.token});
    return all.runs.contains(run.token) ? all.runs.at(run.token) : RunState{};
  }
  bool becomes(const ClusterRun& run, const std::string& state) {
    RunState last;
    if (eventually([&] { return (last = state_of(run)).state == state; })) return true;
    ADD_FAILURE() << "wanted " << state << ", is " << explain(last, run) << "\n"
                  << (fs::exists(folder(run) / "log.txt") ? read_text(folder(run) / "log.txt")
                                                          : "");
    return false;
  }
  fs::path folder(const ClusterRun& run) const { return run_folder(site_, run.token); }
  void let_go(const ClusterRun& run) const { std::ofstream(folder(run) / "out/go") << "go"; }

  Site site_;
  fs::path program_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Scheduler> scheduler_;
  RunStore store_{cluster.folder / "jobs"};
};

TEST_P(Jobs, EndWellAndAreFetchedWithTheirHashes) {
  const ClusterRun run = send(make({{"a", 1}}));
  ASSERT_TRUE(becomes(run, "done"));
  const fs::path here = cluster.folder / "fetched";
  fs::remove_all(here);
  const Fetched fetched = fetch_run(*transport_, site_, run.token, here, {});
  EXPECT_EQ(fetched.verified, 3); // verb, ran, task
  EXPECT_EQ(read_text(here / "out/verb"), "train\n");
  EXPECT_EQ(json::parse(read_text(here / "out/task")), (json{{"a", 1}}));

  std::ofstream(folder(run) / "out/verb") << "something else\n"; // another size: rsync sees it
  EXPECT_THROW(fetch_run(*transport_, site_, run.token, here, {}), Error);
}

TEST_P(Jobs, LogsAreReadFromAByteOn) {
  const ClusterRun run = send(make({{"a", 1}}));
  ASSERT_TRUE(becomes(run, "done"));
  const LogPiece all = read_log(*transport_, site_, run.token, -1, 0);
  EXPECT_EQ(all.text, read_text(folder(run) / "log.txt"));
  EXPECT_EQ(all.next, all.text.size());
  EXPECT_EQ(read_log(*transport_, site_, run.token, -1, 5).text, all.text.substr(5));
  EXPECT_EQ(read_log(*transport_, site_, run.token, -1, all.next).text, "");
}

TEST_P(Jobs, FailureIsToldWithItsStatusAndCanBeRepeated) {
  const ClusterRun run = send(make({{"do", "fail"}}));
  ASSERT_TRUE(becomes(run, "failed"));
  EXPECT_EQ(state_of(run).status, 4);
  std::ofstream(folder(run) / "task.json") << R"({"a": 2})";
  const ClusterRun again = retry(run, site_, store_, *transport_, *scheduler_, {});
  EXPECT_NE(again.job_id, run.job_id);
  ASSERT_TRUE(becomes(again, "done"));
  EXPECT_EQ(state_of(again).attempts, 2);
  EXPECT_THROW(retry(again, site_, store_, *transport_, *scheduler_, {}), Error) << "ended well";
}

TEST_P(Jobs, RunningOnesAreCancelledAndGoOnWhenRepeated) {
  const ClusterRun run = send(make({{"do", "wait"}}));
  ASSERT_TRUE(eventually([&] { return fs::exists(folder(run) / "out/begins"); }));
  ASSERT_TRUE(becomes(run, "running"));
  EXPECT_THROW(retry(run, site_, store_, *transport_, *scheduler_, {}), Error) << "still runs";
  scheduler_->cancel(*transport_, site_, run.token);
  ASSERT_TRUE(becomes(run, "cancelled"));
  EXPECT_EQ(read_text(folder(run) / "out/stops"), "stopped\n");
  let_go(run);
  // A job that is about to leave the queue is waited for.
  const ClusterRun again = retry(run, site_, store_, *transport_, *scheduler_, {});
  ASSERT_TRUE(becomes(again, "done"));
}

TEST_P(Jobs, OfASweepTheFailedElementsAloneAreRepeated) {
  ClusterRun run = make(nullptr);
  run.tasks = {json{{"a", 0}}, json{{"do", "fail"}}, json{{"a", 2}}};
  run.array = true;
  run.at_once = 2;
  run = send(run);
  ASSERT_TRUE(becomes(run, "failed"));
  const RunState state = state_of(run);
  EXPECT_EQ(state.elements.at(0).state, "done");
  EXPECT_EQ(state.elements.at(1).state, "failed");
  EXPECT_EQ(state.elements.at(1).status, 4);
  EXPECT_EQ(state.elements.at(2).state, "done");
  std::ofstream(folder(run) / "elements/1/task.json") << R"({"a": 1})";
  const ClusterRun again = retry(run, site_, store_, *transport_, *scheduler_, {});
  ASSERT_TRUE(becomes(again, "done"));
  for (const char* element : {"0", "1", "2"})
    EXPECT_EQ(read_text(folder(run) / "elements" / element / "out/ran"), "once\n");
}

// All its processes die at once, as when memory runs out: no exit file.
TEST_P(Jobs, AVanishedOneIsLostAndGoesOnWhenRepeated) {
  const ClusterRun run = send(make({{"do", "wait"}}));
  ASSERT_TRUE(eventually([&] { return fs::exists(folder(run) / "out/begins"); }));
  if (GetParam().slurm)
    SlurmCluster::call({"kill-job", cluster.folder.string(), run.job_id});
  else
    ASSERT_EQ(::kill(-std::stoi(run.job_id), SIGKILL), 0);
  ASSERT_TRUE(becomes(run, "lost"));
  EXPECT_FALSE(fs::exists(folder(run) / "exit.json"));
  let_go(run);
  const ClusterRun again = retry(run, site_, store_, *transport_, *scheduler_, {});
  EXPECT_TRUE(becomes(again, "done"));
}

// Whatever a user calls things, no shell and no scheduler reads it.
TEST_P(Jobs, HostileNamesAreText) {
  const fs::path bait = cluster.folder / "bait";
  const std::string hostile = "'; touch " + bait.string() + "; $(touch " + bait.string() +
                              ") `touch " + bait.string() +
                              "` \"\\ %j\n#SBATCH --wrap=x\n\t*?[a-z]{b,c} \xc3\xa9 -rf";
  const fs::path input = cluster.folder / "it's; $(touch bait) `b` \"c\" \\d %n *.txt";
  std::ofstream(input) << "content";
  const Upload upload = make_upload({{input, input.filename().string()}});
  ClusterRun run = make({{"text", hostile}, {hostile, 1}});
  run.name = hostile;
  run = submit({.site = site_, .run = run, .uploads = {upload}}, store_, *transport_, *scheduler_,
               {});
  ASSERT_TRUE(becomes(run, "done"));
  EXPECT_EQ(read_text(fs::path(store_folder(site_, upload)) / input.filename()), "content");
  EXPECT_EQ(json::parse(read_text(folder(run) / "out/task")).at("text"), hostile);
  const SiteState state = scheduler_->poll(*transport_, site_, {run.token});
  EXPECT_EQ(state.found.at(run.token).name, hostile);
  EXPECT_FALSE(fs::exists(bait));
}

// One element at a time, though the queue has two places.
TEST_P(Jobs, OfASweepNoMoreElementsRunThanAllowed) {
  ClusterRun run = make(nullptr);
  run.tasks.assign(3, json{{"do", "wait"}});
  run.array = true;
  run.at_once = 1;
  run = send(run);
  const auto begun = [&] {
    int count = 0;
    for (int i = 0; i < 3; ++i)
      count += fs::exists(folder(run) / fmt::format("elements/{}/out/begins", i)) ? 1 : 0;
    return count;
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(eventually([&] { return begun() == i + 1; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(600)); // time to do it wrongly
    ASSERT_EQ(begun(), i + 1);
    for (int e = 0; e < 3; ++e) {
      const fs::path out = folder(run) / fmt::format("elements/{}/out", e);
      if (fs::exists(out / "begins")) std::ofstream(out / "go") << "go";
    }
  }
  ASSERT_TRUE(becomes(run, "done"));
}

INSTANTIATE_TEST_SUITE_P(Both, Jobs, ::testing::Values(Kind{"slurm", true}, Kind{"local", false}),
                         [](const auto& one) { return std::string(one.param.name); });

class OnSlurm : public Jobs {};
INSTANTIATE_TEST_SUITE_P(Real, OnSlurm, ::testing::Values(Kind{"slurm", true}));

TEST_P(OnSlurm, TheSiteIsDiscovered) {
  ASSERT_EQ(site_.partitions.size(), 3u);
  EXPECT_EQ(site_.partitions[0].name, "main");
  EXPECT_TRUE(site_.partitions[0].preferred);
  EXPECT_EQ(site_.partitions[0].nodes, 2);
  EXPECT_EQ(site_.partitions[0].cpus, 8);
  EXPECT_EQ(site_.partitions[0].memory_mib, 16384);
  EXPECT_EQ(site_.partitions[0].gres, "gpu:2");
  EXPECT_EQ(site_.partitions[0].time_limit, "2-00:00:00");
}

TEST_P(OnSlurm, WhatCannotStartSaysWhyInWords) {
  ClusterRun run = make({{"a", 1}});
  run.token = new_token();
  run.resources.partition = "nowhere";
  EXPECT_THROW(scheduler_->estimate(*transport_, site_, run), Error);
  EXPECT_THROW(send(run), Error);
  run.token = new_token();
  run.resources.partition = "main";
  EXPECT_FALSE(scheduler_->estimate(*transport_, site_, run).empty());
  run.resources.minutes = 3 * 24 * 60; // more than the partition's two days: waits for ever
  run = send(run);
  ASSERT_TRUE(eventually([&] { return state_of(run).reason == "PartitionTimeLimit"; }));
  EXPECT_NE(explain(state_of(run), run).find("more time than this partition allows"),
            std::string::npos);
  scheduler_->cancel(*transport_, site_, run.token);
  EXPECT_TRUE(becomes(run, "cancelled"));
}

// squeue that fails, or a connection that is not there, is no end of a job.
TEST_P(OnSlurm, WithoutAnAnswerNothingIsKnown) {
  const ClusterRun run = send(make({{"do", "wait"}}));
  ASSERT_TRUE(becomes(run, "running"));
  Site away = site_;
  const std::string config = (cluster.folder / "away").string();
  std::ofstream(config) << "Host loop\n  HostName 127.0.0.1\n  Port 1\n";
  away.config = config;
  const auto nowhere = transport_of(away);
  const SiteState state = scheduler_->poll(*nowhere, away, {run.token});
  EXPECT_FALSE(state.reached);
  EXPECT_TRUE(state.runs.empty());
  EXPECT_FALSE(state.failure.empty());
  scheduler_->cancel(*transport_, site_, run.token);
  EXPECT_TRUE(becomes(run, "cancelled"));
}

// Slurm forgets a job some minutes after its end: absent from a list that was obtained.
TEST_P(OnSlurm, AJobThatSlurmHasForgottenIsLostWithoutItsExitFile) {
  const ClusterRun run = send(make({{"a", 1}}));
  ASSERT_TRUE(becomes(run, "done"));
  std::ofstream(folder(run) / "jobid") << "900001\n"; // of which Slurm never heard
  ASSERT_TRUE(becomes(run, "done")) << "the exit file is the truth";
  fs::remove(folder(run) / "exit.json");
  EXPECT_EQ(state_of(run).state, "lost");
  EXPECT_EQ(state_of(run).presence, Presence::Absent);
}

TEST_P(OnSlurm, AJobThatSomeoneElseCancelledSaysSo) {
  const ClusterRun run = send(make({{"do", "wait"}}));
  ASSERT_TRUE(eventually([&] { return fs::exists(folder(run) / "out/begins"); }));
  testing_support::run_program({"/usr/bin/scancel", run.job_id});
  ASSERT_TRUE(becomes(run, "cancelled"));
  EXPECT_FALSE(fs::exists(folder(run) / "exit.json"));
  EXPECT_NE(explain(state_of(run), run).find("someone cancelled it on the site"),
            std::string::npos);
}

// The signal may come to the wrapper alone, or to all processes: the program hears it once.
TEST_P(OnSlurm, ASignalForTheWrapperAloneReachesTheProgram) {
  const ClusterRun run = send(make({{"do", "wait"}}));
  ASSERT_TRUE(eventually([&] { return fs::exists(folder(run) / "out/begins"); }));
  std::ofstream(folder(run) / "cancel") << "";
  testing_support::run_program({"/usr/bin/scancel", "--signal=TERM", "--batch", run.job_id});
  ASSERT_TRUE(becomes(run, "cancelled"));
  EXPECT_EQ(read_text(folder(run) / "out/stops"), "stopped\n");
}

// A file system of its own, so small that it is full at once.
class SmallDisk {
public:
  explicit SmallDisk(fs::path folder) : path(std::move(folder)) {
    make_folder(path);
    mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=2m") == 0;
  }
  ~SmallDisk() {
    if (mounted) ::umount2(path.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  void grow() const { ::mount("tmpfs", path.c_str(), "tmpfs", MS_REMOUNT, "size=16m"); }
  fs::path path;
  bool mounted = false;
};

std::string said(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Resources);
    EXPECT_FALSE(e.hint().empty());
    return e.what();
  }
  return "nothing";
}

TEST_P(OnSlurm, AFullDiskOfTheSiteIsToldAndTheCopyGoesOnLater) {
  const SmallDisk disk(cluster.folder / "small");
  if (!disk.mounted) GTEST_SKIP() << "skipped: no tmpfs can be mounted";
  Site site = site_;
  site.root = (disk.path / "site").string();
  const fs::path input = cluster.folder / "four megabytes";
  std::ofstream(input) << std::string(4 << 20, 'x') << "end";
  const Upload upload = make_upload({{input, "large"}});
  const std::string why = said([&] { stage(*transport_, site, upload, {}); });
  EXPECT_NE(why.find("the disk is full: "), std::string::npos) << why;
  EXPECT_FALSE(fs::exists(store_folder(site, upload))) << "nothing half-written is taken for whole";
  disk.grow();
  EXPECT_EQ(stage(*transport_, site, upload, {}), store_folder(site, upload));
  EXPECT_EQ(read_text(fs::path(store_folder(site, upload)) / "large"), read_text(input));
}

TEST_P(Jobs, AFullDiskHereLeavesNoHalfResult) {
  const ClusterRun run = send(make({{"a", 1}}));
  ASSERT_TRUE(becomes(run, "done"));
  std::ofstream(folder(run) / "out/large") << std::string(4 << 20, 'y');
  const SmallDisk disk(cluster.folder / "small here");
  if (!disk.mounted) GTEST_SKIP() << "skipped: no tmpfs can be mounted";
  const fs::path here = disk.path / "fetched";
  const std::string why = said([&] { fetch_run(*transport_, site_, run.token, here, {}); });
  EXPECT_TRUE(why.find("full") != std::string::npos ||
              why.find("No space left") != std::string::npos)
      << why;
  EXPECT_FALSE(fs::exists(here / "out/large"));
  disk.grow();
  EXPECT_EQ(fetch_run(*transport_, site_, run.token, here, {}).verified, 3); // as the job wrote
  EXPECT_EQ(read_text(here / "out/large").size(), 4u << 20);
  EXPECT_FALSE(fs::exists(here / "out/.sensorium-partial"));
}

TEST_P(OnSlurm, ACopyThatWasCutGoesOnAndIsCheckedByItsHash) {
  const fs::path input = cluster.folder / "large";
  std::ofstream(input) << std::string(3 << 20, 'x') << "end";
  const Upload upload = make_upload({{input, "large"}});
  const fs::path incoming = site_.root + "/store/.incoming-" + upload.key;
  make_folder(incoming);
  std::ofstream(incoming / "large") << std::string(1 << 20, 'x'); // what a cut copy left
  EXPECT_EQ(stage(*transport_, site_, upload, {}), store_folder(site_, upload));
  EXPECT_EQ(read_text(fs::path(store_folder(site_, upload)) / "large"), read_text(input));
  EXPECT_FALSE(fs::exists(incoming));

  Upload wrong = make_upload({{input, "other"}});
  std::ofstream(input) << "changed since it was hashed";
  EXPECT_THROW(stage(*transport_, site_, wrong, {}), Error);
  EXPECT_FALSE(fs::exists(store_folder(site_, wrong)));
}

}
}
