#include "modules/learn/onnx_file.h"
#include "pipelines/motor_fault/classifier.h"
#include "pipelines/motor_fault/synthetic.h"
#include "pipelines/motor_fault/trainer.h"
#include "tests/io/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

using namespace sensorium;
using namespace sensorium::motor_fault;
using namespace sensorium::test;

namespace {

Graph network() {
  return build_residual_mlp(
      {.inputs = static_cast<int>(feature_count), .classes = class_count, .width = 8, .blocks = 1},
      3);
}

Features some_features(float scale) {
  Features f{};
  for (std::size_t i = 0; i < f.size(); ++i)
    f[i] = scale * static_cast<float>(std::sin(static_cast<double>(i) + 1));
  return f;
}

}

TEST(Calibration, TheErrorIsThatOfTheBins) {
  EXPECT_EQ(calibration_error({}), 0);
  // 0.95 twice, both right; 0.55 twice, one right: |1.9 - 2| / 4 + |1.1 - 1| / 4.
  const std::vector<Answer> answers = {
      {"a", 1, 1, 0, 0.95}, {"b", 2, 2, 0, 0.95}, {"c", 3, 3, 0, 0.55}, {"d", 4, 0, 0, 0.55}};
  EXPECT_NEAR(calibration_error(answers), 0.05, 1e-12);
  EXPECT_NEAR(calibration_error({{"sure and wrong", 1, 2, 0, 1.0}}), 1, 1e-12);
}

TEST(Calibration, ATemperatureDividesTheLogits) {
  const TemporaryFolder folder;
  write_onnx(network(), folder / "one.onnx");
  write_onnx(with_temperature(network(), 2), folder / "two.onnx");
  Classifier classifier;
  const auto one = classifier.run(folder / "one.onnx", {{some_features(3), {}}}, {}),
             two = classifier.run(folder / "two.onnx", {{some_features(3), {}}}, {});
  for (std::size_t k = 1; k < class_count; ++k)
    EXPECT_NEAR(std::log(two[0][k] / two[0][0]), std::log(one[0][k] / one[0][0]) / 2, 1e-4);
}

TEST(Calibration, TheTemperatureOfLeastCrossEntropyIsFound) {
  const TemporaryFolder folder;
  write_onnx(network(), folder / "one.onnx");
  Classifier classifier;
  // Sixty recordings of one window each; the label is the best class for two of three, else the
  // next: a network that is sharper than two thirds must be cooled.
  std::vector<Example> examples;
  std::vector<std::pair<std::array<float, class_count>, int>> answers;
  for (int i = 0; i < 60; ++i) {
    const Window f{some_features(2 + 0.1f * static_cast<float>(i)), {}};
    const auto p = classifier.run(folder / "one.onnx", {f}, {}).front();
    const int best = static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
    const int label = i % 3 == 0 ? (best + 1) % class_count : best;
    examples.push_back({f, label, std::to_string(i)});
    answers.push_back({p, label});
  }
  const auto entropy = [&](double t) {
    double sum = 0;
    for (const auto& [p, label] : answers) {
      double all = 0;
      for (const float q : p) all += std::pow(static_cast<double>(q), 1 / t);
      sum -=
          std::log(std::pow(static_cast<double>(p[static_cast<std::size_t>(label)]), 1 / t) / all);
    }
    return sum;
  };
  const double t = temperature_of(network(), examples, folder / "scratch.onnx", {});
  EXPECT_LE(entropy(t), entropy(t * 1.1) + 1e-6);
  EXPECT_LE(entropy(t), entropy(t / 1.1) + 1e-6);
  EXPECT_LT(entropy(t), entropy(1));
}

TEST(Examples, AWindowWithoutReferenceKeepsTheRest) {
  Example e{{some_features(1), std::vector<float>(raw_channels * raw_samples, 0.5F)}, 3, "file"};
  const Example bare = without_reference(e);
  for (std::size_t i = 0; i < feature_count; ++i)
    EXPECT_EQ(bare.window.features[i],
              std::find(of_reference.begin(), of_reference.end(), i) != of_reference.end()
                  ? 0
                  : e.window.features[i]);
  for (std::size_t i = 0; i < e.window.raw.size(); ++i)
    EXPECT_EQ(bare.window.raw[i], i < 3 * raw_samples ? 0.5F : 0);
  EXPECT_EQ(bare.label, 3);
}

// Graph and training of the variant on samples: it learns what two synthetic motors differ in, and
// the pipeline's classifier runs it.
TEST(Samples, AConvolutionalNetworkTrainsAndRuns) {
  const TemporaryFolder folder;
  TrainerOptions o;
  o.network = "samples";
  o.machines = 4;
  o.validation_machines = 2;
  o.steps = 12;
  o.batch_size = 16;
  const Pretrained start = pretrain(o, folder / "run", {});
  EXPECT_EQ(start.graph.inputs.at(0).dims, (std::vector<std::int64_t>{-1, 6, 192}));
  for (const Node& node : start.graph.nodes)
    EXPECT_TRUE(node.op == "Conv" || node.op == "Relu" || node.op == "Add" || node.op == "Gemm" ||
                node.op == "GlobalAveragePool" || node.op == "Flatten" || node.op == "Identity")
        << node.op;
  const Graph same = with_normalisation(start.graph, start.normalisation);
  EXPECT_EQ(same.nodes.size(), start.graph.nodes.size());
  write_onnx(with_temperature(same, 2), folder / "samples.onnx");
  const auto answers = answers_of(folder / "samples.onnx", start.validation, {});
  EXPECT_EQ(answers.size(), 2u * class_count);
  for (const Answer& a : answers) {
    EXPECT_GE(a.probability, 1.0 / class_count);
    EXPECT_LE(a.probability, 1.0);
  }
}

// Set a healthy and a faulty recording of the real set beside each other.
TEST(Examples, WindowsOutsideTheFaultAreLikeHealthyOnes) {
  const std::filesystem::path itsc = std::filesystem::path(SENSORIUM_SHARED_DATA) / "motor/itsc";
  if (!std::filesystem::exists(itsc)) GTEST_SKIP() << "no real recordings here";
  const auto files = labelled_files(
      {(itsc / "SC_A4_B0_C0_002.csv").string(), (itsc / "SC_HLT_002.csv").string()}, 1000, {});
  ASSERT_EQ(files.size(), 2u);
  EXPECT_TRUE(files[0].changes);
  EXPECT_FALSE(files[1].changes);
  ASSERT_FALSE(files[0].outside.empty());
  EXPECT_TRUE(files[1].outside.empty()) << "a healthy recording is all of one piece";
  for (const Example& e : files[0].windows)
    EXPECT_GT(e.window.features[2], 0.2) << "I2/I1 in the fault";
  for (const Example& e : files[0].outside) EXPECT_LT(e.window.features[2], 0.06) << "and outside";
}
