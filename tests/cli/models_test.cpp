// sensorium models: the expectations come from graphs made here, node by node.
#include "modules/core/file.h"
#include "modules/core/hash.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

class Models : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // The user's model folder lies below this test's own.
  Outcome models(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/usr/bin/env", "XDG_DATA_HOME=" + path("data"),
                                 SENSORIUM_BINARY_DIR "/bin/sensorium", "models"});
    return run_program(words);
  }
  // y = op(x + w) with six weights.
  static Graph graph(const std::string& op) {
    Graph g;
    g.name = "small";
    g.inputs = {{"x", DType::Float32, {-1, 6}, {"batch", ""}}};
    g.outputs = {{"y", DType::Float32, {-1, 6}, {"batch", ""}}};
    g.initializers["w"] = HostTensor::floats({6}, {1, 2, 3, 4, 5, 6});
    g.nodes = {{"Add", "", "plus", {"x", "w"}, {"s"}, {}}, {op, "", "last", {"s"}, {"y"}, {}}};
    return g;
  }
  std::string write(const Graph& g, const std::string& name) const {
    write_onnx(g, path(name));
    return path(name);
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-models-" + std::to_string(::getpid()));
};

TEST_F(Models, ShowCountsWhatTheFileHolds) {
  Graph g = graph("Relu");
  ModelCard card;
  card.task = "adds";
  set_card(g, card);
  const std::string file = write(g, "a.onnx");
  const Outcome outcome = models({"show", file, "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const json facts = json::parse(outcome.out);
  EXPECT_EQ(facts.at("parameters"), 6);
  EXPECT_EQ(facts.at("operators"), (json{{"Add", 1}, {"Relu", 1}}));
  EXPECT_EQ(facts.at("inputs").at(0).at("shape"), "[batch, 6]");
  EXPECT_EQ(facts.at("card").at("task"), "adds");
  EXPECT_EQ(facts.at("bytes"), fs::file_size(file));
  const Outcome judge = run_program({"/usr/bin/sha256sum", file});
  EXPECT_EQ(facts.at("sha256"), judge.out.substr(0, 64));
  const auto missing = facts.at("card_missing").get<std::vector<std::string>>();
  EXPECT_NE(std::find(missing.begin(), missing.end(), "limits"), missing.end());
  EXPECT_EQ(std::find(missing.begin(), missing.end(), "task"), missing.end());
}

TEST_F(Models, VerifyTellsTheFileFromAnother) {
  const std::string file = write(graph("Relu"), "a.onnx");
  const std::string hash = run_program({"/usr/bin/sha256sum", file}).out.substr(0, 64);
  EXPECT_EQ(models({"verify", file, "--sha256", hash}).status, 0);
  const Outcome other = models({"verify", file, "--sha256", std::string(64, '0')});
  EXPECT_EQ(other.status, 7);
  EXPECT_NE(other.err.find(hash), std::string::npos) << other.err;
  EXPECT_EQ(models({"verify", file, "--sha256", "12"}).status, 2);
  const json open = json::parse(models({"verify", file, "--json"}).out);
  EXPECT_FALSE(open.at("compared").get<bool>());
  write_atomically(file + ".sha256", hash + "  a.onnx\n");
  EXPECT_TRUE(json::parse(models({"verify", file, "--json"}).out).at("compared").get<bool>());
  write_onnx(graph("Sigmoid"), file);
  EXPECT_EQ(models({"verify", file}).status, 7);
}

TEST_F(Models, ImportNamesWhatIsMissing) {
  const Outcome no_card = models({"import", write(graph("Relu"), "a.onnx"), "--json"});
  EXPECT_EQ(no_card.status, 0) << no_card.err;
  const json result = json::parse(no_card.out);
  EXPECT_TRUE(result.at("usable").get<bool>());
  EXPECT_TRUE(result.at("installed").is_null());
  EXPECT_NE(result.at("warnings").dump().find("no model card"), std::string::npos);
  EXPECT_FALSE(fs::exists(path("data"))) << "nothing is copied without --install";

  const Outcome unknown = models({"import", write(graph("Bernoulli"), "b.onnx"), "--install"});
  EXPECT_EQ(unknown.status, 5);
  EXPECT_NE(unknown.out.find("Bernoulli 'last'"), std::string::npos) << unknown.out;
  EXPECT_FALSE(fs::exists(path("data")));
}

TEST_F(Models, AnInstalledModelIsListedAndFoundById) {
  const std::string file = write(graph("Relu"), "mine.onnx");
  ASSERT_EQ(models({"import", file, "--install"}).status, 0);
  EXPECT_EQ(models({"import", file, "--install"}).status, 0) << "the same again is no conflict";
  const json list = json::parse(models({"--json"}).out);
  const auto found = std::find_if(list.begin(), list.end(),
                                  [](const json& entry) { return entry.at("id") == "mine"; });
  ASSERT_NE(found, list.end()) << list;
  EXPECT_EQ(found->at("from"), "installed");
  EXPECT_EQ(found->at("sha256"), sha256_of_path(file));
  EXPECT_EQ(models({"show", "mine"}).status, 0);
  write_onnx(graph("Sigmoid"), file);
  EXPECT_EQ(models({"import", file, "--install"}).status, 7);
  EXPECT_EQ(models({"import", file, "--install", "--id", "mine2"}).status, 0);
  EXPECT_EQ(models({"import", file, "--install", "--id", "../out"}).status, 2);
  EXPECT_FALSE(fs::exists(path("data/sensorium/out.onnx")));
}

TEST_F(Models, DamagedFilesAreErrorsAndDoNotHideTheOthers) {
  const std::string whole = read_text(write(graph("Relu"), "whole.onnx"));
  make_folder(path("data/sensorium/models"));
  write_atomically(path("data/sensorium/models/good.onnx"), whole);
  write_atomically(path("data/sensorium/models/cut.onnx"), whole.substr(0, whole.size() / 2));
  const Outcome outcome = models({"--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  int good = 0, cut = 0;
  for (const json& entry : json::parse(outcome.out)) {
    good += entry.at("id") == "good" && !entry.contains("error") ? 1 : 0;
    cut += entry.at("id") == "cut" && entry.contains("error") ? 1 : 0;
  }
  EXPECT_EQ(good, 1);
  EXPECT_EQ(cut, 1);
  EXPECT_EQ(models({"show", "cut"}).status, 4);
  EXPECT_EQ(models({"import", path("data/sensorium/models/cut.onnx")}).status, 4);
  EXPECT_EQ(models({"show", path("absent.onnx")}).status, 3);

  Graph damaged = graph("Relu");
  damaged.metadata[card_key] = "{\"task\": 3}";
  EXPECT_EQ(models({"import", write(damaged, "card.onnx")}).status, 4);
}

}
}
