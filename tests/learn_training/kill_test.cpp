// Runs that are killed end with the very weights of one that was not. No kill waits for a clock
// alone: the child cannot pass the step it was let into, so each kill finds it alive however fast
// it is. SENSORIUM_KILLS: how many (the label long asks for hundreds).
#include "modules/core/file.h"
#include "modules/learn/checkpoint.h"
#include "tests/learn_training/sharded_dots.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using testing_support::Outcome;
using testing_support::Process;
using testing_support::run_program;

const std::string child = SENSORIUM_BINARY_DIR "/bin/training_child";
constexpr int steps = 40;

int wanted_kills() {
  const char* text = std::getenv("SENSORIUM_KILLS");
  return text ? std::atoi(text) : 8;
}

class KilledTraining : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
    undisturbed_ = run_program({child, path("whole"), std::to_string(steps)});
    ASSERT_EQ(undisturbed_.status, 0) << undisturbed_.err;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Lets the child finish some steps, then into one more, and kills it somewhere in that one.
  // Returns the step in which it was killed, or 0 when the run was over.
  int kill_after(const std::string& run, int further, double part_of_a_step) {
    Process process({child, run, std::to_string(steps), "follow"});
    int begun = 0;
    std::chrono::duration<double> step_time{0};
    for (; process.read_line().value_or("gone") == "step"; ++begun) {
      const auto start = std::chrono::steady_clock::now();
      process.write_text("g");
      if (begun == further) {
        ::usleep(static_cast<useconds_t>(1e6 * step_time.count() * part_of_a_step));
        process.signal(SIGKILL);
        EXPECT_EQ(process.wait(), 1000 + SIGKILL);
        return begun + 1;
      }
      process.wait_for_output();
      step_time = std::chrono::steady_clock::now() - start;
    }
    process.close_input();
    EXPECT_EQ(process.wait(), 0) << process.errors();
    return 0;
  }
  void expect_the_same_end(const std::string& run) {
    const Outcome end = run_program({child, run, std::to_string(steps)});
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, undisturbed_.out);
    EXPECT_EQ(read_text(fs::path(run) / "last.onnx"), read_text(folder_ / "whole" / "last.onnx"));
    for (const auto& entry : fs::directory_iterator(run))
      EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-killed-" + std::to_string(::getpid()));
  Outcome undisturbed_;
};

TEST_F(KilledTraining, AtRandomMomentsOfRandomSteps) {
  std::mt19937 engine(7);
  const int wanted = wanted_kills();
  int kills = 0;
  // 2 to 9 steps further each: some runs end, and a new one is begun.
  for (int run = 0; kills < wanted; ++run) {
    const std::string folder = path("run" + std::to_string(run));
    while (kills < wanted && kill_after(folder, 2 + static_cast<int>(engine() % 8),
                                        static_cast<double>(engine() % 1000) / 800) > 0)
      ++kills;
    expect_the_same_end(folder);
    ASSERT_LT(run, wanted) << "runs end without a kill";
  }
}

// A checkpoint is opened, written, synced, renamed, and an older one removed: a kill in each call.
TEST_F(KilledTraining, InEachCallThatTouchesTheDisk) {
  std::set<std::string> left_over;
  int kills = 0;
  for (int call = 1; call <= 24; ++call) {
    const std::string folder = path("call" + std::to_string(call % 4));
    const Outcome outcome =
        run_program({child, folder, std::to_string(steps), "die", std::to_string(call)});
    if (outcome.status == 0) continue;
    ASSERT_EQ(outcome.status, 1000 + SIGKILL) << outcome.err;
    ++kills;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".tmp")
        left_over.insert(entry.path().filename().string().substr(0, 5));
  }
  EXPECT_GE(kills, 20);
  EXPECT_TRUE(left_over.contains("check")) << "no kill fell into the writing of a checkpoint";
  for (int i = 0; i < 4; ++i) expect_the_same_end(path("call" + std::to_string(i)));
}

TEST_F(KilledTraining, OnASetOnDiskToo) {
  write_sharded_dots(folder_ / "set", 24, 4);
  ::setenv("SENSORIUM_TEST_SET", path("set").c_str(), 1);
  const std::string in_memory = undisturbed_.out;
  undisturbed_ = run_program({child, path("whole on disk"), std::to_string(steps)});
  EXPECT_EQ(undisturbed_.status, 0) << undisturbed_.err;
  EXPECT_NE(undisturbed_.out, in_memory);
  for (const int further : {4, 9, 2, 7})
    EXPECT_GT(kill_after(path("killed"), further, 0.3 + 0.1 * further), 0);
  const Outcome end = run_program({child, path("killed"), std::to_string(steps)});
  ::unsetenv("SENSORIUM_TEST_SET");
  EXPECT_EQ(end.status, 0) << end.err;
  EXPECT_EQ(end.out, undisturbed_.out);
}

TEST_F(KilledTraining, TheLogHoldsEachStepOnce) {
  const std::string run = path("run");
  for (const int further : {4, 9, 2}) ASSERT_GT(kill_after(run, further, 0.5), 0);
  expect_the_same_end(run);
  std::ifstream in(fs::path(run) / "log.jsonl");
  std::vector<int> found, wanted;
  for (std::string line; std::getline(in, line);)
    if (const auto entry = nlohmann::json::parse(line); entry.at("tag") == "loss/training")
      found.push_back(entry.at("step"));
  for (int i = 1; i <= steps; ++i) wanted.push_back(i);
  EXPECT_EQ(found, wanted);
  if (!fs::exists(SENSORIUM_JUDGES "/bin/python")) GTEST_SKIP() << "skipped: no judges";
  const auto outcome = run_program(
      {SENSORIUM_JUDGES "/bin/python", "-c",
       "import sys\n"
       "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
       "a = EventAccumulator(sys.argv[1]); a.Reload()\n"
       "print([s.step for s in a.Scalars('loss/training')] == list(range(1, 41)))",
       run + "/events"});
  EXPECT_EQ(outcome.out, "True\n") << outcome.err;
}

}
}
