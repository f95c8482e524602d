// A file system of 256 KiB: the disk is full while a run goes on.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "modules/learn/checkpoint.h"
#include "tests/learn_training/dots.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <sys/mount.h>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class DiskFull : public ::testing::Test {
protected:
  void SetUp() override {
    make_folder(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!mounted_) GTEST_SKIP() << "skipped: no tmpfs can be mounted: " << std::strerror(errno);
  }
  void TearDown() override {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    fs::remove_all(folder_);
  }
  static Checkpoint checkpoint(int step, std::size_t floats) {
    return {{{"step", step}},
            {{"w", HostTensor::floats({static_cast<std::int64_t>(floats)},
                                      std::vector<float>(floats, 1))}}};
  }
  static std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-disk-full-" + std::to_string(::getpid()));
  bool mounted_ = false;
};

TEST_F(DiskFull, TheOlderCheckpointStaysAndNoHalfIsLeft) {
  write_checkpoint(checkpoint(1, 1000), folder_ / "checkpoint-000000001.ckpt");
  try {
    write_checkpoint(checkpoint(2, 100000), folder_ / "checkpoint-000000002.ckpt"); // 400 kB
    FAIL() << "400 kB fitted in 256 KiB";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Resources) << e.what();
  }
  EXPECT_EQ(files_in(folder_), 1u);
  std::vector<std::string> warnings;
  const auto newest = newest_checkpoint(folder_, warnings);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->state.at("step"), 1);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(DiskFull, ARunStopsAndGoesOnWhenThereIsRoom) {
  ResidualUnetOptions network;
  network.widths = "4,8";
  const Graph graph = build_residual_unet(network, 1);
  TrainingOptions options;
  options.steps = 12;
  options.batch_size = 4;
  options.checkpoint_every = 1;
  options.validate_every = 12;
  options.threads = 1;
  const Dots training(24, 0), validation(4, 1000);
  const fs::path run = folder_ / "run", filler = folder_ / "filler";
  Context context;
  int calls = 0;
  context.progress = [&](double, std::string_view) {
    if (++calls != 6) return true;
    // Written beside; the one given up for it has to be gone, or the room it leaves is used.
    while (!fs::exists(run / "checkpoint-000000005.ckpt") ||
           fs::exists(run / "checkpoint-000000003.ckpt"))
      ::usleep(1000);
    const auto free = fs::space(folder_).available;
    write_atomically(filler, std::string(free, 'x')); // from now on there is no room
    return true;
  };
  try {
    train(graph, training, validation, options, run, context);
    FAIL() << "it went on with a full disk";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Resources) << e.what();
  }
  ASSERT_TRUE(fs::exists(filler)) << "the filler itself did not fit";
  std::vector<std::string> warnings;
  const auto newest = newest_checkpoint(run, warnings);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->state.at("step"), 5);

  fs::remove(filler);
  const TrainingResult resumed = train(graph, training, validation, options, run, {});
  const fs::path elsewhere = fs::path(folder_.string() + "-whole");
  const TrainingResult whole = train(graph, training, validation, options, elsewhere, {});
  fs::remove_all(elsewhere);
  EXPECT_EQ(resumed.weights_sha256, whole.weights_sha256);
}

}
}
