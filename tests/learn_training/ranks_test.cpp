// Several processes train one network: the sums are right, what belongs to one batch is one batch,
// and nothing that happens to one rank leaves the others waiting.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/ranks.h"
#include "tests/learn_training/sharded_dots.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Process;

const std::string child = SENSORIUM_BINARY_DIR "/bin/ranks_child";

struct End {
  int status = 0;
  std::string out, err;
};

class Ranks : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Rank 0 trains in NAME, rank R in NAME-R.
  std::vector<std::unique_ptr<Process>> start(const std::string& name, int ranks,
                                              const json& plan) {
    std::vector<std::unique_ptr<Process>> out;
    const fs::path meeting = folder_ / ("meeting" + std::to_string(++meetings_));
    for (int r = 0; r < ranks; ++r) {
      const fs::path run = folder_ / (r == 0 ? name : name + "-" + std::to_string(r));
      out.push_back(std::make_unique<Process>(std::vector<std::string>{
          "/usr/bin/env", "SENSORIUM_RANK=" + std::to_string(r),
          "SENSORIUM_RANKS=" + std::to_string(ranks),
          "SENSORIUM_RANK_MEETING=file:" + meeting.string(), "SENSORIUM_RANK_TIMEOUT=300", child,
          run.string(), plan.dump()}));
    }
    return out;
  }
  static std::vector<End> ends(std::vector<std::unique_ptr<Process>>& processes) {
    std::vector<End> out;
    for (auto& p : processes) {
      End end;
      end.out = p->read_rest();
      end.status = p->wait();
      end.err = p->errors();
      out.push_back(std::move(end));
    }
    return out;
  }
  std::string hash_of(const std::string& name, int ranks, const json& plan) {
    auto processes = start(name, ranks, plan);
    const auto all = ends(processes);
    for (const End& end : all) {
      EXPECT_EQ(end.status, 0) << end.err;
      EXPECT_EQ(end.out, all.front().out);
    }
    return all.front().out;
  }
  std::vector<float> weights(const std::string& name) const {
    std::vector<float> out;
    const Graph graph = read_onnx(folder_ / name / "last.onnx");
    for (const auto& [key, tensor] : graph.initializers)
      if (tensor.type == DType::Float32) {
        const auto values = tensor.as<float>();
        out.insert(out.end(), values.begin(), values.end());
      }
    return out;
  }
  static json plan(int batch, json more = json::object()) {
    json options{{"steps", 12},           {"batch_size", batch}, {"loss", "bce"},
                 {"checkpoint_every", 3}, {"validate_every", 4}, {"threads", 1}};
    options.update(more);
    return {{"options", options}};
  }

  fs::path folder_ = fs::temp_directory_path() / ("sensorium-ranks-" + std::to_string(::getpid()));
  int meetings_ = 0;
};

TEST_F(Ranks, TellWhatTheirCommunicationCost) {
  hash_of("run", 2, plan(2));
  std::map<std::string, double> said;
  std::istringstream log(read_text(folder_ / "run" / "log.jsonl"));
  for (std::string line; std::getline(log, line);) {
    const json entry = json::parse(line);
    said[entry["tag"]] = entry["value"];
  }
  ASSERT_EQ(said.count("ranks/communication_share") + said.count("ranks/waiting_share"), 2u);
  EXPECT_GT(said["ranks/communication_share"], 0);
  EXPECT_GE(said["ranks/waiting_share"], 0);
  EXPECT_LT(said["ranks/communication_share"] + said["ranks/waiting_share"], 1);
}

TEST_F(Ranks, AddUpNumbersOfEveryTypeAndManySizes) {
  for (int ranks = 1; ranks <= 4; ++ranks) {
    auto processes = start("sums", ranks, {{"sums", true}});
    for (const End& end : ends(processes)) {
      EXPECT_EQ(end.status, 0) << end.err;
      EXPECT_EQ(end.out, "right\n");
    }
  }
}

TEST_F(Ranks, SeveralWithSmallBatchesAreOneWithALargeOne) {
  hash_of("one", 1, plan(8));
  const auto one = weights("one");
  for (const int ranks : {2, 4}) {
    const std::string name = "of" + std::to_string(ranks);
    hash_of(name, ranks, plan(8 / ranks));
    const auto several = weights(name);
    ASSERT_EQ(several.size(), one.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      difference += std::pow(several[i] - one[i], 2);
      size += std::pow(one[i], 2);
    }
    // Sums of 32-bit numbers in another order, twelve steps long.
    EXPECT_LT(std::sqrt(difference / size), 1e-4) << ranks;
  }
  hash_of("other", 2, plan(8));
  EXPECT_NE(weights("other"), one); // twice the batch is another run
}

TEST_F(Ranks, ASetOnDiskIsVisitedInOneOrderByAnyNumberOfRanks) {
  write_sharded_dots(folder_ / "set", 24, 5);
  const auto on_disk = [&](int batch) {
    json out = plan(batch);
    out["set"] = (folder_ / "set").string();
    return out;
  };
  hash_of("disk1", 1, on_disk(8));
  hash_of("disk2", 2, on_disk(4));
  const auto one = weights("disk1"), two = weights("disk2");
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    difference += std::pow(two[i] - one[i], 2);
    size += std::pow(one[i], 2);
  }
  EXPECT_LT(std::sqrt(difference / size), 1e-4);
  hash_of("memory1", 1, plan(8));
  EXPECT_NE(weights("memory1"), one) << "the set was not used";
}

TEST_F(Ranks, TheSamePlanGivesTheSameWeights) {
  for (const json& more : {json::object(), json{{"accumulate", 2}}, json{{"average_every", 3}}}) {
    const std::string name = "run" + std::to_string(more.dump().size());
    EXPECT_EQ(hash_of(name + "a", 2, plan(3, more)), hash_of(name + "b", 2, plan(3, more)));
  }
}

TEST_F(Ranks, AccumulatedBatchesAreTheSumOverTheRanksToo) {
  hash_of("parts", 2, plan(2, {{"accumulate", 2}}));
  hash_of("whole", 1, plan(4, {{"accumulate", 2}}));
  const auto parts = weights("parts"), whole = weights("whole");
  double worst = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(parts[i]) - whole[i]));
  EXPECT_LT(worst, 1e-3);
}

// What ranks on GPUs that they share, or on GPUs and processors, use.
TEST_F(Ranks, SumsAfterTheBackwardPassAreThoseBesideIt) {
  for (const json& more : {json::object(), json{{"accumulate", 2}}}) {
    const std::string name = "sums" + std::to_string(more.size());
    hash_of(name + "beside", 2, plan(4, more));
    ::setenv("SENSORIUM_RANK_TRANSPORT", "host", 1);
    const std::string after = hash_of(name + "after", 2, plan(4, more));
    EXPECT_EQ(hash_of(name + "again", 2, plan(4, more)), after);
    ::unsetenv("SENSORIUM_RANK_TRANSPORT");
    const auto one = weights(name + "beside"), other = weights(name + "after");
    ASSERT_EQ(one.size(), other.size());
    double worst = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(one[i]) - other[i]));
    EXPECT_LT(worst, 1e-4);
    const auto transport = [&](const std::string& run) {
      return read_text(folder_ / (name + run) / "transport.txt", 1 << 16);
    };
    EXPECT_NE(transport("beside").find("by Gloo between processors"), std::string::npos);
    EXPECT_NE(transport("after").find("after the backward pass"), std::string::npos);
  }
}

TEST_F(Ranks, NcclIsRefusedWithTheReasonWhereItCannotBe) {
  ::setenv("SENSORIUM_RANK_TRANSPORT", "nccl", 1);
  auto processes = start("nccl", 2, plan(4));
  ::unsetenv("SENSORIUM_RANK_TRANSPORT");
  for (const End& end : ends(processes)) {
    EXPECT_EQ(end.status, Error(ErrorCode::Unsupported, "").exit_status());
    EXPECT_NE(end.err.find("NCCL cannot add up the gradients: rank 0 computes on a processor"),
              std::string::npos)
        << end.err;
  }
}

TEST_F(Ranks, KilledOnesGoOnAsIfNothingHadHappened) {
  for (const json& more : {json::object(), json{{"average_every", 2}}}) {
    const std::string name = "killed" + std::to_string(more.size());
    const std::string undisturbed = hash_of(name + "whole", 2, plan(3, more));
    json followed = plan(3, more);
    followed["follow"] = true;
    for (const int steps : {5, 3}) {
      auto processes = start(name, 2, followed);
      for (int step = 0; step < steps; ++step)
        for (auto& p : processes) {
          ASSERT_EQ(p->read_line().value_or("gone"), "step");
          p->write_text("g");
        }
      for (auto& p : processes) p->signal(SIGKILL);
      for (auto& p : processes) p->wait();
    }
    EXPECT_EQ(hash_of(name, 2, plan(3, more)), undisturbed);
  }
}

TEST_F(Ranks, OneThatDiesEndsTheOthersWithAReason) {
  json followed = plan(3);
  followed["follow"] = true;
  auto processes = start("dies", 3, followed);
  for (int step = 0; step < 4; ++step)
    for (auto& p : processes) {
      ASSERT_EQ(p->read_line().value_or("gone"), "step");
      p->write_text("g");
    }
  processes[1]->signal(SIGKILL);
  for (auto& p : processes) p->close_input();
  const auto all = ends(processes);
  EXPECT_EQ(all[1].status, 1000 + SIGKILL);
  for (const int r : {0, 2}) {
    EXPECT_NE(all[static_cast<std::size_t>(r)].status, 0);
    EXPECT_NE(all[static_cast<std::size_t>(r)].err.find("rank " + std::to_string(r) + " of 3"),
              std::string::npos)
        << all[static_cast<std::size_t>(r)].err;
  }
  EXPECT_TRUE(fs::exists(folder_ / "dies" / "checkpoint-000000003.ckpt"));
}

TEST_F(Ranks, OneThatIsAskedToStopStopsAllAtOneStep) {
  const std::string undisturbed = hash_of("whole", 2, plan(3));
  json followed = plan(3);
  followed["follow"] = true;
  auto processes = start("stopped", 2, followed);
  for (int step = 0; step < 5; ++step)
    for (auto& p : processes) {
      ASSERT_EQ(p->read_line().value_or("gone"), "step");
      p->write_text(step == 4 && p == processes[1] ? "s" : "g");
    }
  for (const End& end : ends(processes)) {
    EXPECT_EQ(end.status, Error(ErrorCode::Cancelled, "").exit_status()) << end.err;
    EXPECT_NE(end.err.find("stopped at step 4"), std::string::npos) << end.err;
  }
  EXPECT_EQ(hash_of("stopped", 2, plan(3)), undisturbed);
}

TEST_F(Ranks, ABadSampleOfOneRankEndsAll) {
  json bad = plan(3, {{"steps", 30}});
  bad["poisoned"] = {{"rank", 1}, {"sample", 7}};
  auto processes = start("bad", 2, bad);
  const auto all = ends(processes);
  EXPECT_EQ(all[1].status, Error(ErrorCode::BadInput, "").exit_status());
  EXPECT_NE(all[1].err.find("dots7"), std::string::npos) << all[1].err;
  EXPECT_NE(all[0].err.find("rank 1 of 2 stopped the training"), std::string::npos) << all[0].err;
}

TEST_F(Ranks, OtherNumbersOfRanksAndOtherPlansAreRefused) {
  hash_of("two", 2, plan(3));
  auto alone = start("two", 1, plan(3));
  const auto end = ends(alone);
  EXPECT_EQ(end[0].status, Error(ErrorCode::Conflict, "").exit_status());
  EXPECT_NE(end[0].err.find("/ranks"), std::string::npos) << end[0].err;
}

class RankSetupTest : public ::testing::Test {
protected:
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char* name :
         {"SENSORIUM_RANK", "SENSORIUM_RANKS", "SENSORIUM_RANK_MEETING", "SENSORIUM_RANK_TIMEOUT",
          "SLURM_NTASKS", "SLURM_PROCID", "SLURM_STEP_NODELIST", "SLURM_STEP_NUM_TASKS",
          "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_LOCALID", "SENSORIUM_LOCAL_RANK",
          "SENSORIUM_RANK_TRANSPORT"})
      ::unsetenv(name);
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
};

TEST_F(RankSetupTest, ComesFromTheEnvironment) {
  EXPECT_EQ(rank_setup().ranks, 1);
  set("SENSORIUM_RANKS", "3");
  set("SENSORIUM_RANK", "2");
  set("SENSORIUM_RANK_MEETING", "tcp:node7:20001");
  const RankSetup three = rank_setup();
  EXPECT_EQ(three.ranks, 3);
  EXPECT_EQ(three.rank, 2);
  EXPECT_EQ(three.host, "node7");
  EXPECT_EQ(three.port, 20001);
}

TEST_F(RankSetupTest, ComesFromSrunOnly) {
  set("SLURM_NTASKS", "2"); // an allocation of two tasks, not yet a step of two
  EXPECT_EQ(rank_setup().ranks, 1);
  set("SLURM_STEP_NUM_TASKS", "2");
  set("SLURM_STEP_NODELIST", "n[03-04]");
  set("SLURM_PROCID", "1");
  set("SLURM_JOB_ID", "12");
  set("SLURM_STEP_ID", "0");
  const RankSetup setup = rank_setup();
  EXPECT_EQ(setup.ranks, 2);
  EXPECT_EQ(setup.rank, 1);
  EXPECT_EQ(setup.host, "n03");
  set("SLURM_STEP_ID", "1");
  EXPECT_NE(rank_setup().port, setup.port);
}

TEST_F(RankSetupTest, TheNumberOnTheComputerChoosesTheGpu) {
  set("SENSORIUM_RANKS", "4");
  set("SENSORIUM_RANK", "3");
  set("SENSORIUM_RANK_MEETING", "tcp:node7:20001");
  EXPECT_EQ(rank_setup().local, 0);
  set("SLURM_LOCALID", "1");
  const RankSetup setup = rank_setup();
  EXPECT_EQ(setup.local, 1);
  EXPECT_EQ(device_of_rank("cuda", setup, 2), "cuda:1");
  EXPECT_EQ(device_of_rank("cuda", setup, 1), "cuda:0"); // two share it
  EXPECT_EQ(device_of_rank("cuda", setup, 0), "cuda:0"); // which then says that it is not there
  EXPECT_EQ(device_of_rank("cuda:5", setup, 2), "cuda:5");
  EXPECT_EQ(device_of_rank("cpu", setup, 2), "cpu");
  set("SENSORIUM_LOCAL_RANK", "2");
  EXPECT_EQ(device_of_rank("cuda", rank_setup(), 4), "cuda:2");
}

TEST(RankTransports, NcclIsForRanksThatHaveAGpuEach) {
  const auto chosen = [](const std::vector<RankDevice>& ranks, const std::string& wanted = "auto") {
    const TransportChoice choice = choose_transport(ranks, wanted);
    return std::pair(choice.transport, choice.text);
  };
  const auto holds = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos ? std::string() : text;
  };
  const RankDevice cpu, a{"GPU-a", ""}, b{"GPU-b", ""}, mute{"GPU-c", "libnccl.so.2 is missing"};
  EXPECT_EQ(chosen({cpu, cpu}).first, RankTransport::Processors);
  EXPECT_EQ(holds(chosen({cpu, cpu}).second, "Gloo between processors"), "");
  EXPECT_EQ(chosen({a, b}).first, RankTransport::Nccl);
  EXPECT_EQ(holds(chosen({a, b}).second, "2 ranks are added up by NCCL: each has a GPU"), "");
  EXPECT_EQ(chosen({a, b}, "nccl").first, RankTransport::Nccl);
  const auto shared = chosen({a, b, a});
  EXPECT_EQ(shared.first, RankTransport::Host);
  EXPECT_EQ(holds(shared.second, "not by NCCL: ranks 0 and 2 share one GPU"), "");
  EXPECT_EQ(holds(chosen({a, cpu}).second, "not by NCCL: rank 1 computes on a processor"), "");
  EXPECT_EQ(chosen({a, cpu}).first, RankTransport::Host);
  EXPECT_EQ(chosen({a, mute}).first, RankTransport::Host);
  EXPECT_EQ(holds(chosen({a, mute}).second, "rank 1 cannot use NCCL: libnccl.so.2 is missing"), "");
  EXPECT_EQ(chosen({a, b}, "host").first, RankTransport::Host);
  EXPECT_EQ(chosen({cpu, cpu}, "host").first, RankTransport::Host);
  for (const auto& ranks : {std::vector{cpu, cpu}, std::vector{a, a}, std::vector{a, mute}}) try {
      choose_transport(ranks, "nccl");
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::Unsupported);
      EXPECT_FALSE(e.hint().empty());
    }
}

TEST_F(RankSetupTest, WhatMakesNoSenseIsNamed) {
  const auto message = [] {
    try {
      rank_setup();
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  set("SENSORIUM_RANKS", "two");
  EXPECT_NE(message().find("SENSORIUM_RANKS is 'two'"), std::string::npos);
  set("SENSORIUM_RANKS", "2");
  set("SENSORIUM_RANK", "2");
  EXPECT_NE(message().find("SENSORIUM_RANK is '2'"), std::string::npos);
  set("SENSORIUM_RANK", "1");
  set("SENSORIUM_RANK_MEETING", "tcp:host:80");
  set("SENSORIUM_RANK_TRANSPORT", "mpi");
  EXPECT_NE(message().find("SENSORIUM_RANK_TRANSPORT is 'mpi'"), std::string::npos);
  ::unsetenv("SENSORIUM_RANK_TRANSPORT");
  set("SENSORIUM_LOCAL_RANK", "2");
  EXPECT_NE(message().find("SENSORIUM_LOCAL_RANK is '2'"), std::string::npos);
  ::unsetenv("SENSORIUM_LOCAL_RANK");
  for (const char* meeting :
       {"", "file:relative", "tcp:", "tcp:host", "tcp::80", "tcp:host:0", "tcp:host:70000"}) {
    set("SENSORIUM_RANK_MEETING", meeting);
    EXPECT_FALSE(message().empty()) << meeting;
  }
}

TEST(NodeLists, TheFirstNameIsFound) {
  EXPECT_EQ(first_host("n1"), "n1");
  EXPECT_EQ(first_host("n1,n2"), "n1");
  EXPECT_EQ(first_host("n[003-005,9],m1"), "n003");
  EXPECT_EQ(first_host("gpu[7,9]-ib"), "gpu7-ib");
  EXPECT_EQ(first_host("rack[1-2]n,x"), "rack1n");
  EXPECT_EQ(first_host("n["), "n");
}

}
}
