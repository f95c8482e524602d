// Networks with fewer channels than a vector holds: oneDNN's kernels for a strided 1x1 convolution
// damaged the heap (executor_nn.cpp), and the program ended within some steps.
#include "modules/learn/builders.h"
#include "modules/learn/training.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <unistd.h>

namespace sensorium {
namespace {

namespace fs = std::filesystem;

class Noise : public SampleSource {
public:
  explicit Noise(std::string name) : name_(std::move(name)) {}
  std::size_t size() const override { return 2; }
  std::string group(std::size_t i) const override { return name_ + std::to_string(i); }
  Sample get(std::size_t i, std::uint64_t) const override {
    std::mt19937_64 engine(i);
    Sample s{{{3, 146, 146}, std::vector<float>(3 * 146 * 146)},
             {{1, 146, 146}, std::vector<float>(146 * 146)},
             {}};
    for (float& v : s.input.values) v = static_cast<float>(engine() % 1000) / 1000.0f;
    for (float& v : s.target.values) v = static_cast<float>(engine() % 2);
    return s;
  }

private:
  std::string name_;
};

TEST(NarrowNetworks, TrainWithoutDamage) {
  for (const char* widths : {"8,8", "8,16", "12,16"}) {
    const fs::path folder =
        fs::temp_directory_path() / ("sensorium-narrow-" + std::to_string(::getpid()));
    TrainingOptions options;
    options.steps = 8;
    options.batch_size = 1;
    options.validate_every = 4;
    options.threads = 1;
    const Noise training("training"), validation("validation");
    const TrainingResult result =
        train(build_residual_unet({.in_channels = 3, .widths = widths}, 1), training, validation,
              options, folder, {});
    EXPECT_EQ(result.steps, 8) << widths;
    fs::remove_all(folder);
  }
}

}
}
