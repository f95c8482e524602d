// Training on a set on disk: what is in memory, and that a run is the same however it was stopped.
#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "tests/learn_training/sharded_dots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class Streamed : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    write_sharded_dots(set_, 24, 4);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static TrainingOptions options() {
    TrainingOptions o;
    o.steps = 30; // 24 dots, 3 samples of each, 4 in a batch: 1.7 epochs
    o.batch_size = 4;
    o.validate_every = 7;
    o.checkpoint_every = 5;
    o.threads = 1;
    return o;
  }
  TrainingResult run(const std::string& name, const Context& context = {},
                     const StreamOptions& stream = small_stream()) const {
    ResidualUnetOptions network;
    network.widths = "4,8";
    const auto training = sharded_dots(set_, "training", stream),
               validation = sharded_dots(set_, "validation", stream);
    const TrainingResult result = train(build_residual_unet(network, 1), *training, *validation,
                                        options(), folder_ / name, context);
    EXPECT_LE(training->cache().held(), std::max<std::uint64_t>(stream.memory, dots_record_bytes));
    return result;
  }
  // Stops before the given step of this process.
  static Context stops_after(int steps) {
    Context context;
    context.progress = [left = std::make_shared<int>(steps)](double, std::string_view) {
      return (*left)-- > 0;
    };
    return context;
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-streamed-" + std::to_string(::getpid()));
  fs::path set_ = folder_ / "set";
};

TEST_F(Streamed, MemoryHoldsAFewRecordsAndEachIsReadOnceAnEpoch) {
  const StreamOptions stream{
      .block_bytes = 3 * dots_record_bytes - 1, .mixed = 1, .memory = 6 * dots_record_bytes};
  const auto samples = sharded_dots(set_, "training", stream);
  ASSERT_EQ(samples->size(), 72u);
  Sampler sampler(samples->size(), 1, samples->layout());
  for (std::uint64_t i = 0; i < 72; ++i) {
    samples->get(sampler.at(i).first, 0);
    EXPECT_LE(samples->cache().held(), 6 * dots_record_bytes);
  }
  EXPECT_EQ(samples->cache().reads(), 24u);
}

TEST_F(Streamed, WhatIsExpectedIsReadBeforeItIsAskedFor) {
  const auto samples = sharded_dots(set_, "training");
  samples->expect({0, 1, 2, 3}); // records 0 and 1
  while (samples->cache().reads() < 2) std::this_thread::yield();
  EXPECT_EQ(samples->cache().held(), 2 * dots_record_bytes);
  samples->get(4, 0);
  EXPECT_EQ(samples->cache().reads(), 2u);
}

TEST_F(Streamed, ManyThreadsGetTheRecordsTheyAskFor) {
  const auto samples = sharded_dots(set_, "training");
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 400; ++i) {
          const std::size_t index = (i * (7 + 4 * t)) % samples->size();
          samples->expect({(index + 11) % samples->size()});
          const Sample got = samples->get(index, 5), same = samples->get(index, 5);
          if (got.input.values != same.input.values) ++wrong;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(samples->cache().held(), small_stream().memory);
}

TEST_F(Streamed, AStoppedRunEndsWithTheWeightsOfAnUndisturbedOne) {
  const std::string whole = run("whole").weights_sha256;
  for (const int steps : {7, 9, 3}) EXPECT_THROW(run("stopped", stops_after(steps)), Error);
  EXPECT_EQ(run("stopped").weights_sha256, whole);
}

TEST_F(Streamed, MemoryAndReadersChangeNothing) {
  const std::string whole = run("whole").weights_sha256;
  StreamOptions one = small_stream();
  one.memory = 1; // the record in use, and no other
  one.readers = 1;
  EXPECT_EQ(run("one record", {}, one).weights_sha256, whole);
  one.readers = 0;
  EXPECT_EQ(run("no reader", {}, one).weights_sha256, whole);
  one.memory = 1u << 30;
  EXPECT_EQ(run("all records", {}, one).weights_sha256, whole);
  one.mixed = 3; // another order is another run
  EXPECT_NE(run("mixed", {}, one).weights_sha256, whole);
}

TEST_F(Streamed, TheWaitForSamplesIsToldAndIsPartOfTheSteps) {
  const TrainingResult result = run("told");
  EXPECT_GT(result.steps_s, 0);
  EXPECT_GE(result.loader_waited_s, 0);
  EXPECT_LE(result.loader_waited_s, result.steps_s);
  const std::string log = read_text(folder_ / "told" / "log.jsonl");
  EXPECT_NE(log.find("loader/waited_s"), std::string::npos);
}

TEST_F(Streamed, ARunDoesNotGoOnWithAnotherSet) {
  EXPECT_THROW(run("run", stops_after(7)), Error);
  fs::remove_all(set_);
  write_sharded_dots(set_, 24, 4, 3); // the same records in other files
  try {
    run("run");
    FAIL() << "taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Conflict);
    EXPECT_NE(std::string(e.what()).find("/set"), std::string::npos) << e.what();
  }
}

TEST_F(Streamed, AShardThatIsCutWhileTrainingEndsItWithOneClearError) {
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(set_))
    if (entry.path().filename().string().starts_with("training")) shards.push_back(entry.path());
  Context context;
  context.progress = [&, step = std::make_shared<int>(0)](double, std::string_view) {
    if (++*step == 8)
      for (const fs::path& shard : shards) fs::resize_file(shard, 40);
    return true;
  };
  try {
    run("cut", context);
    FAIL() << "taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::BadInput);
    EXPECT_NE(std::string(e.what()).find("was cut short while it was read"), std::string::npos)
        << e.what();
  }
}

}
}
