#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "modules/learn/checkpoint.h"
#include "modules/learn/event_file.h"
#include "modules/learn/onnx_file.h"
#include "tests/learn_training/dots.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using testing_support::run_program;

class Training : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static Graph network(const std::string& norm = "batch") {
    ResidualUnetOptions o;
    o.widths = "4,8";
    o.norm = norm;
    return build_residual_unet(o, 1);
  }
  static TrainingOptions options() {
    TrainingOptions o;
    o.steps = 60;
    o.batch_size = 4;
    o.validate_every = 20;
    o.checkpoint_every = 20;
    o.learning_rate = 0.02;
    o.warmup_steps = 5;
    o.threads = 1;
    return o;
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-training-" + std::to_string(::getpid()));
};

double first_loss(const fs::path& folder, const std::string& tag) {
  std::ifstream in(folder / "log.jsonl");
  for (std::string line; std::getline(in, line);)
    if (const auto entry = nlohmann::json::parse(line); entry.at("tag") == tag)
      return entry.at("value");
  return -1;
}

TEST_F(Training, EveryLossFalls) {
  for (const char* loss : {"bce", "focal", "dice", "focal_tversky", "bce+dice"}) {
    TrainingOptions o = options();
    o.loss = loss;
    const TrainingResult result =
        train(network(), Dots(24, 0), Dots(6, 1000), o, folder_ / loss, {});
    EXPECT_EQ(result.steps, 60);
    EXPECT_GT(result.best_validation_score, first_loss(folder_ / loss, "score/validation") - 1e-9)
        << loss;
    EXPECT_LE(result.best_validation_score, 1);
    EXPECT_LT(result.best_validation_loss, 0.8 * first_loss(folder_ / loss, "loss/validation") +
                                               0.2 * first_loss(folder_ / loss, "loss/training"))
        << loss;
    EXPECT_NO_THROW(read_onnx(result.best));
  }
}

TEST_F(Training, WhenCheckpointsAreWrittenChangesNoWeights) {
  TrainingOptions o = options();
  const std::string often =
      train(network(), Dots(24, 0), Dots(6, 1000), o, folder_ / "often", {}).weights_sha256;
  o.checkpoint_every = 0; // as many as their cost allows
  const TrainingResult result =
      train(network(), Dots(24, 0), Dots(6, 1000), o, folder_ / "by cost", {});
  EXPECT_EQ(result.weights_sha256, often);
  std::vector<std::string> warnings;
  const auto newest = newest_checkpoint(folder_ / "by cost", warnings);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->state.at("step"), 60);
  EXPECT_TRUE(warnings.empty());
  double bytes = 0;
  for (const auto& [name, tensor] : newest->tensors)
    bytes += static_cast<double>(tensor.bytes.size());
  EXPECT_EQ(first_loss(folder_ / "by cost", "checkpoint/bytes"), bytes);
  EXPECT_GE(first_loss(folder_ / "by cost", "checkpoint/waited_s"), 0);
}

TEST_F(Training, TheTrainedNetworkFindsTheDots) {
  TrainingOptions o = options();
  o.steps = 150;
  const TrainingResult result =
      train(network(), Dots(24, 0), Dots(6, 1000), o, folder_ / "run", {});
  Model model = Model::load(result.last, {.threads = 1});
  const Sample sample = Dots(1, 5000).get(0, 0);
  const Tensor out = model.run(Tensor{{1, 1, 16, 16}, sample.input.values});
  int right = 0;
  for (std::size_t i = 0; i < 256; ++i)
    right += (out.values[i] > 0) == (sample.target.values[i] > 0.5f) ? 1 : 0;
  EXPECT_GE(right, 250);
}

// Remembers what it was asked for.
class Asked : public Dots {
public:
  using Dots::Dots;
  Sample get(std::size_t i, std::uint64_t seed) const override {
    const std::scoped_lock lock(mutex_);
    asked_.emplace_back(i, seed);
    return Dots::get(i, seed);
  }
  std::vector<std::pair<std::size_t, std::uint64_t>> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

private:
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<std::size_t, std::uint64_t>> asked_;
};

TEST_F(Training, EachEpochAsksForEachSampleWithANewSeed) {
  const Asked training(12, 0), validation(5, 1000);
  TrainingOptions o = options();
  o.steps = 9; // three epochs of three batches of four
  train(network(), training, validation, o, folder_, {});
  const auto asked = training.asked();
  ASSERT_GE(asked.size(), 36u);
  std::map<std::size_t, std::set<std::uint64_t>> seeds;
  std::vector<std::vector<std::size_t>> epochs(3);
  for (std::size_t k = 0; k < 36; ++k) {
    seeds[asked[k].first].insert(asked[k].second);
    epochs[k / 12].push_back(asked[k].first);
  }
  EXPECT_NE(epochs[0], epochs[1]) << "the order is the same in each epoch";
  for (std::vector<std::size_t>& epoch : epochs) {
    std::sort(epoch.begin(), epoch.end());
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(epoch[i], i);
  }
  for (const auto& [index, used] : seeds) EXPECT_EQ(used.size(), 3u) << index;
  ASSERT_FALSE(validation.asked().empty());
  for (const auto& [index, seed] : validation.asked()) EXPECT_EQ(seed, 0u);
}

// A half holds up to 65504. The loss is multiplied by 65536 at first; bright samples make the
// gradients of the first convolution overflow then.
TEST_F(Training, AnOverflowInHalfPrecisionLowersTheLossScaleAndLeavesTheWeights) {
  class Bright : public Dots {
  public:
    Bright() : Dots(4, 0) {}
    Sample get(std::size_t i, std::uint64_t) const override {
      Sample s = Dots::get(i, 0);
      for (float& v : s.input.values) v *= 100;
      return s;
    }
  };
  TrainingOptions o = options();
  o.precision = "float16";
  o.loss = "bce";
  o.warmup_steps = 0;
  o.learning_rate = 1e-3;
  o.steps = o.validate_every = o.checkpoint_every = 30;
  train(network("none"), Bright(), Dots(4, 1000), o, folder_, {});
  std::vector<double> scales, losses;
  std::ifstream in(folder_ / "log.jsonl");
  for (std::string line; std::getline(in, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.at("tag") == "loss_scale") scales.push_back(entry.at("value"));
    if (entry.at("tag") == "loss/training") losses.push_back(entry.at("value"));
  }
  ASSERT_EQ(scales.size(), 30u);
  ASSERT_EQ(scales.front(), 32768) << "no overflow: the samples are not bright enough";
  EXPECT_NEAR(losses[1], losses[0], 1e-6) << "a step that overflowed changed the weights";
  for (std::size_t i = 1; i < 30; ++i)
    EXPECT_TRUE(scales[i] == scales[i - 1] || scales[i] == scales[i - 1] / 2) << i;
  EXPECT_EQ(scales[29], scales[20]) << "it does not settle";
  EXPECT_LT(losses.back(), losses.front());
}

TEST_F(Training, AGroupInBothSourcesIsLeakage) {
  try {
    train(network(), Dots(24, 0), Dots(4, 20), options(), folder_, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::BadInput);
    EXPECT_NE(std::string(e.what()).find("dots20"), std::string::npos);
  }
}

TEST_F(Training, NotANumberStopsAndNamesTheSample) {
  Dots training(24, 0);
  training.poisoned = 5;
  try {
    train(network(), training, Dots(4, 1000), options(), folder_, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("dots5"), std::string::npos) << e.what();
  }
}

TEST_F(Training, AnotherPlanInTheFolderIsRefused) {
  train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_, {});
  TrainingOptions other = options();
  other.learning_rate = 0.01;
  try {
    train(network(), Dots(24, 0), Dots(4, 1000), other, folder_, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Conflict);
    EXPECT_NE(std::string(e.what()).find("learning_rate"), std::string::npos) << e.what();
  }
}

TEST_F(Training, CancelKeepsTheStateAndGoesOn) {
  Context context;
  int calls = 0;
  context.progress = [&](double, std::string_view) { return ++calls < 30; };
  EXPECT_THROW(train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_ / "a", context),
               Error);
  const TrainingResult resumed =
      train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_ / "a", {});
  const TrainingResult whole =
      train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_ / "b", {});
  EXPECT_EQ(resumed.weights_sha256, whole.weights_sha256);
}

TEST_F(Training, ADamagedCheckpointFallsBackToTheOneBefore) {
  const TrainingResult whole =
      train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_ / "a", {});
  TrainingOptions longer = options();
  longer.keep_checkpoints = 5;
  train(network(), Dots(24, 0), Dots(4, 1000), longer, folder_ / "b", {});
  const fs::path newest = checkpoints_in(folder_ / "b").front();
  std::string bytes = read_text(newest);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_atomically(newest, bytes);
  std::vector<std::string> warnings;
  const auto checkpoint = newest_checkpoint(folder_ / "b", warnings);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->state.at("step"), 40);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(train(network(), Dots(24, 0), Dots(4, 1000), longer, folder_ / "b", {}).weights_sha256,
            whole.weights_sha256);
}

TEST_F(Training, EveryTruncatedCheckpointIsAnError) {
  Checkpoint checkpoint{{{"step", 3}}, {{"w", HostTensor::floats({2, 2}, {1, 2, 3, 4})}}};
  write_checkpoint(checkpoint, folder_ / "x.ckpt");
  const std::string whole = read_text(folder_ / "x.ckpt");
  EXPECT_EQ(read_checkpoint(folder_ / "x.ckpt").tensors.at("w").as<float>()[3], 4);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(parse_checkpoint(std::as_bytes(std::span(whole.data(), size)), "cut"), Error)
        << size;
}

// RFC 3720, appendix B.4: 32 bytes of zeros, and of ones.
TEST(EventFileFormat, Crc32cVectors) {
  const std::string zeros(32, '\0'), ones(32, '\xff');
  EXPECT_EQ(crc32c(zeros.data(), 32), 0x8a9136aau);
  EXPECT_EQ(crc32c(ones.data(), 32), 0x62a8ab43u);
}

TEST_F(Training, TensorBoardReadsTheCurves) {
  if (!fs::exists(SENSORIUM_JUDGES "/bin/python")) GTEST_SKIP() << "skipped: no judges";
  train(network(), Dots(24, 0), Dots(4, 1000), options(), folder_, {});
  const auto outcome = run_program(
      {SENSORIUM_JUDGES "/bin/python", "-c",
       "import sys\n"
       "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
       "a = EventAccumulator(sys.argv[1]); a.Reload()\n"
       "print(len(a.Scalars('loss/training')), [s.step for s in a.Scalars('loss/validation')])",
       (folder_ / "events").string()});
  EXPECT_EQ(outcome.out, "60 [20, 40, 60]\n") << outcome.err;
}

TEST(Splits, GroupsStayWhole) {
  std::vector<std::string> groups;
  for (int i = 0; i < 100; ++i) groups.push_back(fmt::format("patient{}", i / 5));
  const std::vector<int> parts = split_by_group(groups, {0.6, 0.2, 0.2}, 3);
  for (std::size_t i = 0; i < groups.size(); ++i) EXPECT_EQ(parts[i], parts[i / 5 * 5]);
  EXPECT_EQ(std::count(parts.begin(), parts.end(), 0), 60);
  EXPECT_NE(split_by_group(groups, {0.6, 0.2, 0.2}, 4), parts);
  EXPECT_THROW(split_by_group({"a", "a"}, {0.5, 0.5}, 1), Error);
}

}
}
