// training_step MODEL.onnx DATA BATCH HEIGHT WIDTH STEPS THREADS: trains on one batch again and
// again and prints a line for each step: wall and processor seconds of the step before it, loss.
// DATA: float32, BATCH images of one channel, then BATCH targets. training_step.py compares it with
// PyTorch.
#include "modules/core/error.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/training.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace {
using namespace sensorium;

class OneBatch : public SampleSource {
public:
  OneBatch(const char* path, std::int64_t batch, std::int64_t height, std::int64_t width,
           std::string name)
      : batch_(static_cast<std::size_t>(batch)), shape_{1, height, width},
        values_(static_cast<std::size_t>(2 * batch * height * width)), name_(std::move(name)) {
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(values_.data()),
              static_cast<std::streamsize>(values_.size() * sizeof(float)));
  }
  std::size_t size() const override { return batch_; }
  std::string group(std::size_t i) const override { return fmt::format("{}{}", name_, i); }
  Sample get(std::size_t i, std::uint64_t) const override {
    return {{shape_, part(i)}, {shape_, part(batch_ + i)}, {}};
  }

private:
  std::vector<float> part(std::size_t i) const {
    const std::size_t each = values_.size() / 2 / batch_;
    const auto from = values_.begin() + static_cast<std::ptrdiff_t>(i * each);
    return {from, from + static_cast<std::ptrdiff_t>(each)};
  }
  std::size_t batch_;
  std::vector<std::int64_t> shape_;
  std::vector<float> values_;
  std::string name_;
};

}

int main(int argc, char** argv) try {
  if (argc != 8) return 2;
  const auto number = [&](int i) { return std::atoi(argv[i]); };
  const OneBatch training(argv[2], number(3), number(4), number(5), "a"),
      validation(argv[2], number(3), number(4), number(5), "b");
  TrainingOptions o;
  o.batch_size = number(3);
  o.steps = number(6);
  o.threads = number(7);
  o.schedule = "constant";
  o.warmup_steps = 0;
  o.learning_rate = 1e-3;
  o.validate_every = o.checkpoint_every = 1000000;
  auto wall = std::chrono::steady_clock::now();
  std::clock_t cpu = std::clock();
  Context context;
  context.progress = [&](double, std::string_view text) {
    const auto now = std::chrono::steady_clock::now();
    std::printf("%.6f %.6f %s\n", std::chrono::duration<double>(now - wall).count(),
                static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC,
                std::string(text.substr(text.rfind(' ') + 1)).c_str());
    wall = std::chrono::steady_clock::now();
    cpu = std::clock();
    return true;
  };
  char folder[] = "/tmp/training_step_XXXXXX";
  if (::mkdtemp(folder) == nullptr) return 1;
  train(read_onnx(argv[1]), training, validation, o, folder, context);
  std::filesystem::remove_all(folder);
} catch (const sensorium::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
