// Plans: what is wrong is named; a right one trains and goes on.
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

class Plans : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
    if (!fs::exists(SENSORIUM_BINARY_DIR "/lib/libsensorium_learn.so"))
      GTEST_SKIP() << "skipped: this build has no LibTorch";
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static Outcome sensorium(std::vector<std::string> words) {
    words.insert(words.begin(), SENSORIUM_BINARY_DIR "/bin/sensorium");
    return run_program(words);
  }
  Outcome train(const std::string& plan) const {
    write_atomically(folder_ / "plan.json", plan);
    return sensorium({"train", path("plan.json")});
  }
  void expect_refused(const json& change, const std::vector<std::string>& named) const {
    json plan = {{"pipeline", "oct_hrf"}, {"parameters", json::object()}, {"output", path("out")}};
    plan.merge_patch(change);
    const Outcome outcome = train(plan.dump());
    EXPECT_EQ(outcome.status, 4) << outcome.err;
    for (const std::string& part : named)
      EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in: " << outcome.err;
    EXPECT_NE(outcome.err.find("plan.json"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("hint:"), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "out"));
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-plans-" + std::to_string(::getpid()));
};

TEST_F(Plans, WrongOnesAreRefusedNamingKeyAndValue) {
  expect_refused({{"parameters", {{"stepz", 7}}}}, {"'stepz'", "'steps'"});
  expect_refused({{"parameters", {{"steps", "many"}}}}, {"'steps'", "\"many\""});
  expect_refused({{"parameters", {{"steps", -4}}}}, {"'steps'", "-4"});
  expect_refused({{"parameters", {{"steps", 1.5}}}}, {"'steps'", "1.5"});
  expect_refused({{"parameters", {{"momentum", 2}}}}, {"'momentum'", "0.999"});
  expect_refused({{"parameters", {{"loss", "magic"}}}}, {"'loss'", "magic", "dice"});
  expect_refused({{"parameters", {{"residual", "yes"}}}}, {"'residual'", "yes"});
  expect_refused({{"parameters", 3}}, {"'parameters'", "3"});
  expect_refused({{"pipelines", "x"}}, {"'pipelines'", "\"x\""});
  expect_refused({{"pipeline", 4}}, {"'pipeline'", "4"});
  expect_refused({{"files", "x"}}, {"'files'"});
  expect_refused({{"files", {1}}}, {"'files'", "1"});
  expect_refused({{"output", false}}, {"'output'", "false"});
  expect_refused({{"pipeline", nullptr}}, {"'pipeline'"});
}

TEST_F(Plans, FilesThatAreNoPlansAreRefused) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string("3"), std::string("\xff\xfe{}"),
        std::string(100000, '['), std::string("{\"pipeline\": \"oct_hrf\"")}) {
    const Outcome outcome = train(text);
    EXPECT_EQ(outcome.status, 4) << text.substr(0, 20) << outcome.err;
    EXPECT_NE(outcome.err.find("plan.json"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(sensorium({"train", path("absent.json")}).status, 3);
  EXPECT_EQ(train(R"({"pipeline": "oct_hrx"})").status, 3);
  const Outcome other = train(R"({"pipeline": "oct_hrf", "verb": "phantom"})");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.err.find("sensorium phantom"), std::string::npos) << other.err;
}

TEST_F(Plans, AWrittenPlanTrainsAndTheSameCommandGoesOn) {
  const std::string plan = path("plan.json");
  const Outcome written = sensorium({"train",
                                     "oct_hrf",
                                     "--seeds",
                                     "1",
                                     "--validation_seeds",
                                     "1",
                                     "--widths",
                                     "4,8",
                                     "--steps",
                                     "4",
                                     "--threads",
                                     "1",
                                     "--validate_every",
                                     "2",
                                     "--checkpoint_every",
                                     "2",
                                     "-o",
                                     path("out"),
                                     "--write-plan",
                                     plan});
  ASSERT_EQ(written.status, 0) << written.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  json document = json::parse(read_text(plan));
  EXPECT_EQ(document.at("verb"), "train");
  EXPECT_EQ(document.at("parameters").at("widths"), "4,8");
  EXPECT_TRUE(document.at("parameters").contains("learning_rate"));

  const Outcome first = sensorium({"train", plan, "--json"});
  ASSERT_EQ(first.status, 0) << first.out << first.err;
  EXPECT_TRUE(fs::exists(folder_ / "out" / "oct_hrf.onnx"));
  EXPECT_TRUE(fs::exists(folder_ / "out" / "run" / "events"));
  const json result = json::parse(first.out);
  EXPECT_EQ(result.at("steps"), 4);
  for (const auto& entry : fs::directory_iterator(folder_ / "out" / "run"))
    if (entry.path().filename() == "checkpoint-000000004.ckpt") fs::remove(entry.path());
  const Outcome again = sensorium({"train", plan, "--json"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(json::parse(again.out).at("weights_sha256"), result.at("weights_sha256"));

  // A word on the command line wins over the plan; a run of another plan is not overwritten.
  const Outcome other = sensorium({"train", plan, "--learning_rate", "0.01"});
  EXPECT_EQ(other.status, 7);
  EXPECT_NE(other.err.find("learning_rate"), std::string::npos) << other.err;
}

TEST_F(Plans, ANetworkThatWasBuiltCanBeTheStart) {
  const auto build = [&](const std::string& name, const std::string& channels) {
    return sensorium({"models", "build", "residual_unet", "--widths", "4,8", "--norm", "instance",
                      "--in_channels", channels, "-o", path(name)});
  };
  ASSERT_EQ(build("one.onnx", "1").status, 0);
  ASSERT_EQ(build("three.onnx", "3").status, 0);
  const auto train_from = [&](const std::string& name) {
    return sensorium({"train", "oct_hrf", "--start", path(name), "--seeds", "1",
                      "--validation_seeds", "1", "--steps", "1", "-o", path("from")});
  };
  const Outcome outcome = train_from("one.onnx");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json facts =
      json::parse(sensorium({"models", "show", path("from/oct_hrf.onnx"), "--json"}).out);
  EXPECT_GT(facts.at("operators").value("InstanceNormalization", 0), 0);
  EXPECT_EQ(train_from("three.onnx").status, 5);
}

}
}
