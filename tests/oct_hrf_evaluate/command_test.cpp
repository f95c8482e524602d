// `sensorium evaluate oct_hrf` and `train`: seeds kept apart, the same numbers twice, cancelling.
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/evaluate.h"
#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace sensorium;
using namespace sensorium::oct_hrf;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

fs::path folder(const std::string& name) {
  const fs::path path = fs::path(SENSORIUM_BINARY_DIR) / "test_oct_hrf_evaluate" / name;
  fs::remove_all(path);
  return path;
}

ErrorCode refusal(const PipelineCommand& command, const json& parameters,
                  const std::vector<std::string>& files = {}) {
  const fs::path out = folder("refused");
  try {
    command.run(files, parameters, out, {});
  } catch (const Error& e) {
    EXPECT_FALSE(fs::exists(out / "evaluation.json"));
    return e.code();
  }
  ADD_FAILURE() << "taken: " << parameters.dump();
  return ErrorCode::Internal;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const json tiny = {{"validation_seeds", 1}, {"seeds", 2}, {"scans", 1}, {"rounds", 200}};

}

TEST(EvaluateCommand, TrainingAndValidationSeedsAreRefusedAsTest) {
  for (const int first : {0, 1, 9999, 10000, 19999})
    EXPECT_EQ(refusal(evaluate_command(), {{"first_seed", first}}), ErrorCode::Usage) << first;
}

TEST(TrainCommand, ValidationAndTestSeedsAreRefusedAsTraining) {
  if (!has_network()) GTEST_SKIP() << "skipped: no LibTorch in this build";
  for (const int first : {9990, 10000, 20000})
    EXPECT_EQ(refusal(train_command(), {{"first_seed", first}, {"seeds", 20}}), ErrorCode::Usage)
        << first;
}

TEST(EvaluateCommand, TwiceTheSameNumbersAndNoNan) {
  const fs::path one = folder("one"), two = folder("two");
  Context first, second;
  first.threads = 1;
  second.threads = 2;
  json a = evaluate_command().run({}, tiny, one, first);
  json b = evaluate_command().run({}, tiny, two, second);
  for (const auto& [name, of] : a.at("detectors").items()) {
    const json& phantom = of.at("phantom");
    EXPECT_EQ(phantom.at("bscans"), 2);
    EXPECT_GT(phantom.at("lesions").get<int>(), 0);
    for (const char* key : {"f1", "sensitivity", "precision", "dice"}) {
      ASSERT_TRUE(phantom.at(key).is_number()) << name << " " << key;
      EXPECT_GE(phantom.at(key).get<double>(), 0) << name << " " << key;
      EXPECT_LE(phantom.at(key).get<double>(), 1) << name << " " << key;
    }
    EXPECT_LE(phantom.at("f1_95")[0].get<double>(), phantom.at("f1").get<double>() + 1e-12);
    EXPECT_GE(phantom.at("f1_95")[1].get<double>(), phantom.at("f1").get<double>() - 1e-12);
  }
  EXPECT_TRUE(a.at("detectors").contains("top-hat"));
  EXPECT_EQ(a.at("detectors").at("top-hat"), b.at("detectors").at("top-hat"));
  EXPECT_EQ(text_of(one / "evaluation.md"), text_of(two / "evaluation.md"));
  EXPECT_EQ(json::parse(text_of(one / "evaluation.json")), a);
  EXPECT_NE(text_of(one / "evaluation.md").find("one to one, nearest first"), std::string::npos);
}

TEST(EvaluateCommand, CancellingLeavesNothing) {
  const fs::path out = folder("cancelled");
  Context context;
  context.progress = [](double fraction, std::string_view) { return fraction < 0.05; };
  try {
    evaluate_command().run({}, tiny, out, context);
    ADD_FAILURE() << "went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Cancelled);
  }
  EXPECT_FALSE(fs::exists(out / "evaluation.json"));
}

TEST(EvaluateCommand, AFileThatIsNotThereIsNamed) {
  EXPECT_EQ(refusal(evaluate_command(), tiny, {"/nowhere/scan.vol"}), ErrorCode::NotFound);
}
