// Every variant of every builder: ONNX's checker takes it, ONNX Runtime agrees with our executor,
// and one training step lowers its loss. variants.json: [family, parameters, input shape].
#include "modules/core/file.h"
#include "modules/learn/builders.h"
#include "modules/learn/model.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/splits.h"
#include "modules/learn/training.h"
#include "modules/learn/weights.h"
#include "tests/support/process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

struct Variant {
  std::string family;
  json parameters;
  std::vector<std::int64_t> shape;
  std::string name() const { return family + " " + parameters.dump(); }
  bool is_map() const { return family == "residual_unet"; }
};

std::vector<Variant> variants() {
  std::vector<Variant> out;
  for (const json& v :
       json::parse(read_text(SENSORIUM_SOURCE_DIR "/tests/learn_training/variants.json")))
    out.push_back({v.at(0), v.at(1), v.at(2)});
  return out;
}

std::vector<float> noise(std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 engine(mixed_seed(seed, 3));
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& v : out) v = static_cast<float>(engine() % 20001) / 5000.0f - 2;
  return out;
}

std::int64_t product(const std::vector<std::int64_t>& shape, std::size_t from = 0) {
  std::int64_t count = 1;
  for (std::size_t i = from; i < shape.size(); ++i) count *= shape[i];
  return count;
}

class Variants : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-variants-" + std::to_string(::getpid()));
};

// Norms of a new network change nothing but the statistics; scale, shift and statistics as after
// training make a mistake visible.
void disturb_norms(Graph& graph) {
  for (auto& [name, tensor] : graph.initializers) {
    if (name.starts_with("const.") || name.ends_with(".weight") || tensor.type != DType::Float32)
      continue;
    int k = 0;
    for (float& v : tensor.as<float>()) v += 0.05f * static_cast<float>(++k % 7);
  }
}

TEST_F(Variants, AgreeWithOnnxRuntime) {
  if (!fs::exists(SENSORIUM_JUDGES "/bin/python")) GTEST_SKIP() << "skipped: no judges";
  const std::vector<Variant> all = variants();
  for (std::size_t i = 0; i < all.size(); ++i) {
    Graph graph = build_network(all[i].family, all[i].parameters, i);
    disturb_norms(graph);
    const std::string stem = (folder_ / std::to_string(i)).string();
    write_onnx(graph, stem + ".onnx");
    const Graph read = read_onnx(stem + ".onnx");
    EXPECT_TRUE(unsupported_nodes(read).empty()) << all[i].name();
    const Tensor input{all[i].shape, noise(product(all[i].shape), i)};
    NamedTensors tensors;
    tensors.tensors["input"] = HostTensor::floats(input.shape, input.values);
    for (const bool optimise : {false, true}) {
      Model model = Model::from_graph(read, {.threads = 1, .optimise = optimise});
      const Tensor output = model.run(input);
      tensors.tensors[optimise ? "optimised" : "plain"] =
          HostTensor::floats(output.shape, output.values);
    }
    write_safetensors(tensors, stem + ".safetensors");
  }
  const auto outcome = testing_support::run_program(
      {SENSORIUM_JUDGES "/bin/python", "-W", "ignore",
       SENSORIUM_SOURCE_DIR "/tests/learn_training/variants.py", folder_.string()});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json worst = json::parse(outcome.out);
  ASSERT_EQ(worst.size(), 2 * all.size());
  for (const auto& [key, value] : worst.items())
    EXPECT_LE(value.get<double>(), 1e-4)
        << key << " " << all[static_cast<std::size_t>(std::stoi(key))].name();
}

// As many samples as a batch holds: each step sees the same ones.
class Fixed : public SampleSource {
public:
  Fixed(const Variant& variant, std::string groups, std::size_t count)
      : variant_(variant), groups_(std::move(groups)), count_(count) {}
  std::size_t size() const override { return count_; }
  std::string group(std::size_t i) const override { return groups_ + std::to_string(i); }
  Sample get(std::size_t i, std::uint64_t) const override {
    std::vector<std::int64_t> shape(variant_.shape.begin() + 1, variant_.shape.end());
    Sample s{{shape, noise(product(shape), i)}, {}, {}};
    if (!variant_.is_map()) {
      s.target = {{1}, {static_cast<float>(i % 2)}};
      return s;
    }
    shape[0] = 1;
    s.target = {shape, noise(product(shape), i + 100)};
    for (float& v : s.target.values) v = v > 1 ? 1.0f : 0.0f;
    return s;
  }

private:
  const Variant& variant_;
  std::string groups_;
  std::size_t count_;
};

double loss_at(const fs::path& folder, int step) {
  std::ifstream in(folder / "log.jsonl");
  for (std::string line; std::getline(in, line);)
    if (const json entry = json::parse(line);
        entry.at("tag") == "loss/training" && entry.at("step") == step)
      return entry.at("value");
  return -1;
}

TEST_F(Variants, OneTrainingStepLowersTheLoss) {
  for (const Variant& variant : variants()) {
    TrainingOptions o;
    o.loss = variant.is_map() ? "bce" : "cross_entropy";
    o.optimiser = "sgd";
    o.schedule = "constant";
    o.learning_rate = 0.01;
    o.weight_decay = 0;
    o.warmup_steps = 0;
    o.steps = 2;
    o.batch_size = 4;
    o.validate_every = o.checkpoint_every = 2;
    o.threads = 1;
    const fs::path run = folder_ / "run";
    fs::remove_all(run);
    train(build_network(variant.family, variant.parameters, 1), Fixed(variant, "a", 4),
          Fixed(variant, "b", 1), o, run, {});
    EXPECT_LT(loss_at(run, 2), loss_at(run, 1) - 1e-6) << variant.name();
  }
}

}
}
