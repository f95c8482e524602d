// What training refuses, by name; and that nothing good is lost by it.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/builders.h"
#include "modules/learn/checkpoint.h"
#include "tests/learn_training/dots.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <fstream>
#include <set>
#include <sys/file.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using testing_support::run_program;

const std::string child = SENSORIUM_BINARY_DIR "/bin/training_child";

class TrainingRefusal : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static Graph network(const std::string& norm = "batch", int outputs = 1) {
    return build_residual_unet({.out_channels = outputs, .widths = "4,8", .norm = norm}, 1);
  }
  static TrainingOptions options(int steps = 12) {
    TrainingOptions o;
    o.steps = steps;
    o.batch_size = 4;
    o.validate_every = 4;
    o.checkpoint_every = 4;
    o.learning_rate = 0.02;
    o.warmup_steps = 0;
    o.threads = 1;
    return o;
  }
  std::string refusal(const SampleSource& training, const TrainingOptions& o = options(),
                      int outputs = 1) {
    try {
      train(network("batch", outputs), training, Dots(4, 1000), o, folder_ / "refused", {});
    } catch (const Error& e) {
      return std::string(name_of(e.code())) + ": " + e.what();
    }
    return "accepted";
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-refusal-" + std::to_string(::getpid()));
};

// Dots with one sample changed.
class Changed : public Dots {
public:
  explicit Changed(std::function<void(Sample&)> change) : Dots(8, 0), change_(std::move(change)) {}
  Sample get(std::size_t i, std::uint64_t seed) const override {
    Sample s = Dots::get(i, seed);
    if (i == 5) change_(s);
    return s;
  }

private:
  std::function<void(Sample&)> change_;
};

TEST_F(TrainingRefusal, SamplesThatLieAreNamed) {
  const auto expect = [&](const std::string& part, std::function<void(Sample&)> change) {
    const std::string said = refusal(Changed(std::move(change)));
    EXPECT_TRUE(said.starts_with("bad_input")) << said;
    EXPECT_NE(said.find("dots5"), std::string::npos) << said;
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  expect("300 values", [](Sample& s) { s.input.values.resize(300); });
  expect("[1,8,32]", [](Sample& s) { s.input.shape = {1, 8, 32}; });
  expect("weight", [](Sample& s) { s.weight = {{4}, {1, 1, 1, 1}}; });
  expect("target", [](Sample& s) { s.target.values[7] = INFINITY; });
  expect("a target holds 3", [](Sample& s) { s.target.values[7] = 3; });
  expect("a target holds -1", [](Sample& s) { s.target.values[7] = -1; });
}

TEST_F(TrainingRefusal, ClassNumbersBeyondTheOutputs) {
  TrainingOptions o = options();
  o.loss = "cross_entropy";
  const std::string said = refusal(Changed([](Sample& s) { s.target.values[7] = 2; }), o, 2);
  EXPECT_NE(said.find("takes 0 to 1"), std::string::npos) << said;
  o.loss = "cross_entropy+dice";
  EXPECT_EQ(refusal(Dots(8, 0), o, 2), "accepted");
}

TEST_F(TrainingRefusal, AnInfiniteLossKeepsTheLastGoodCheckpoint) {
  TrainingOptions o = options();
  o.optimiser = "sgd";
  o.gradient_clip = 0;
  o.learning_rate = 10;
  o.checkpoint_every = 1;
  const std::string said = refusal(Changed([](Sample& s) {
                                     for (float& v : s.input.values) v = 3e38f;
                                   }),
                                   o);
  EXPECT_TRUE(said.starts_with("bad_input")) << said;
  EXPECT_NE(said.find("dots5"), std::string::npos) << said;
  for (const fs::path& path : checkpoints_in(folder_ / "refused"))
    for (const auto& [name, tensor] : read_checkpoint(path).tensors)
      for (const float v : tensor.as<float>()) ASSERT_TRUE(std::isfinite(v)) << path << " " << name;
}

TEST_F(TrainingRefusal, TwoBatchesAddedAreOneOfTwiceTheSize) {
  TrainingOptions whole = options(6), halves = options(6);
  whole.loss = halves.loss = "bce";
  whole.batch_size = 8;
  halves.accumulate = 2;
  const auto a = train(network("group"), Dots(24, 0), Dots(4, 1000), whole, folder_ / "a", {});
  const auto b = train(network("group"), Dots(24, 0), Dots(4, 1000), halves, folder_ / "b", {});
  EXPECT_NEAR(a.best_validation_loss, b.best_validation_loss, 1e-4);
}

TEST_F(TrainingRefusal, HalfPrecisionTrainsAndResumes) {
  for (const char* precision : {"bfloat16", "float16"}) {
    TrainingOptions o = options(40);
    o.precision = precision;
    const auto whole =
        train(network(), Dots(24, 0), Dots(4, 1000), o, folder_ / precision / "a", {});
    TrainingOptions plain = options(40);
    const auto exact =
        train(network(), Dots(24, 0), Dots(4, 1000), plain, folder_ / precision / "b", {});
    EXPECT_NEAR(whole.best_validation_loss, exact.best_validation_loss, 0.15) << precision;
    Context context;
    int calls = 0;
    context.progress = [&](double, std::string_view) { return ++calls < 14; };
    EXPECT_THROW(
        train(network(), Dots(24, 0), Dots(4, 1000), o, folder_ / precision / "c", context), Error);
    EXPECT_EQ(train(network(), Dots(24, 0), Dots(4, 1000), o, folder_ / precision / "c", {})
                  .weights_sha256,
              whole.weights_sha256)
        << precision;
  }
}

// What is learnt makes the validation worse: its targets are turned round.
TEST_F(TrainingRefusal, StopsWhenNothingImproves) {
  class TurnedRound : public Dots {
  public:
    TurnedRound() : Dots(4, 1000) {}
    Sample get(std::size_t i, std::uint64_t seed) const override {
      Sample s = Dots::get(i, seed);
      for (float& v : s.target.values) v = 1 - v;
      return s;
    }
  };
  TrainingOptions o = options(400);
  o.patience = 2;
  const auto result = train(network(), Dots(24, 0), TurnedRound(), o, folder_ / "run", {});
  EXPECT_TRUE(result.stopped_early);
  EXPECT_EQ(result.steps, result.best_step + 2 * o.validate_every);
  const auto again = train(network(), Dots(24, 0), TurnedRound(), o, folder_ / "run", {});
  EXPECT_EQ(again.steps, result.steps);
  EXPECT_EQ(again.weights_sha256, result.weights_sha256);
}

// A checkpoint whose hashes are right and whose content is not: the one before is used.
TEST_F(TrainingRefusal, AHostileCheckpointFallsBack) {
  TrainingOptions o = options();
  o.keep_checkpoints = 9;
  const auto whole = train(network(), Dots(24, 0), Dots(4, 1000), o, folder_ / "run", {});
  const Checkpoint good = read_checkpoint(checkpoints_in(folder_ / "run").front());
  const auto resumed_with = [&](const Checkpoint& bad) {
    write_checkpoint(bad, folder_ / "run" / "checkpoint-000000099.ckpt");
    Context context;
    int warnings = 0;
    context.log = [&](LogLevel level, std::string_view) {
      warnings += level == LogLevel::Warning ? 1 : 0;
    };
    const auto result = train(network(), Dots(24, 0), Dots(4, 1000), o, folder_ / "run", context);
    EXPECT_EQ(warnings, 1);
    return result.weights_sha256;
  };
  Checkpoint bad = good;
  bad.tensors.erase(bad.tensors.begin());
  EXPECT_EQ(resumed_with(bad), whole.weights_sha256);
  bad = good;
  bad.tensors.begin()->second = HostTensor::floats({2}, {1, 2});
  EXPECT_EQ(resumed_with(bad), whole.weights_sha256);
  bad = good;
  bad.state["step"] = "twelve";
  EXPECT_EQ(resumed_with(bad), whole.weights_sha256);
  bad = good;
  bad.state["step"] = 1000000;
  EXPECT_EQ(resumed_with(bad), whole.weights_sha256);
  bad = good;
  bad.state.erase("plan");
  EXPECT_EQ(resumed_with(bad), whole.weights_sha256);
}

TEST_F(TrainingRefusal, OneProcessAFolder) {
  const int fd = ::open((folder_ / "lock").c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  try {
    train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_, {});
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Conflict);
  }
  ::close(fd);
  EXPECT_NO_THROW(train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_, {}));
}

// A file size limit stands in for the full disk: write() fails in the same place.
TEST_F(TrainingRefusal, AFullDiskIsSaidAndTheRunGoesOnAfterwards) {
  const auto undisturbed = run_program({child, (folder_ / "whole").string(), "20"});
  ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
  const std::string run = (folder_ / "full").string();
  int refused = 0;
  for (const char* kilobytes : {"4", "24", "60"}) {
    const auto outcome = run_program({"/bin/bash", "-c",
                                      std::string("trap '' XFSZ; ulimit -f ") + kilobytes +
                                          "; exec " + child + " " + run + " 20"});
    if (outcome.status == 0) continue;
    ++refused;
    EXPECT_EQ(outcome.status, 6) << outcome.err; // ErrorCode::Resources
    EXPECT_NE(outcome.err.find(run), std::string::npos) << outcome.err;
  }
  EXPECT_GT(refused, 0);
  const auto after = run_program({child, run, "20"});
  EXPECT_EQ(after.out, undisturbed.out) << after.err;
  for (const auto& entry : fs::directory_iterator(run)) EXPECT_NE(entry.path().extension(), ".tmp");
}

}
}
