// train --ranks and --nodes: several processes, one network, one answer.
#include "app/cli/ranks.h"
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

class RanksOfTheCommandLine : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string written(const std::string& name, const std::string& text) const {
    write_atomically(folder_ / name, text);
    return path(name);
  }
  std::string refusal(const std::string& name, const std::string& text) const {
    try {
      read_node_file(written(name, text));
      return "accepted";
    } catch (const Error& e) {
      EXPECT_FALSE(e.hint().empty());
      return e.what();
    }
  }
  Outcome train(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> words{SENSORIUM_BINARY_DIR "/bin/sensorium",
                                   "--json",
                                   "train",
                                   "oct_hrf",
                                   "-o",
                                   path(output),
                                   "--steps",
                                   "4",
                                   "--seeds",
                                   "2",
                                   "--sample_scans",
                                   "1",
                                   "--validation_seeds",
                                   "1",
                                   "--widths",
                                   "4,8",
                                   "--batch_size",
                                   "2",
                                   "--side",
                                   "32"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-cli-ranks-" + std::to_string(::getpid()));
};

TEST_F(RanksOfTheCommandLine, NodeFilesAreJsonOrCsv) {
  const auto csv = read_node_file(written(
      "nodes.csv", "rank, host, devices\r\n1,\"far away\",cuda:1\r\n0,localhost,cpu\r\n\r\n"));
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_EQ(csv[0].host, "localhost");
  EXPECT_EQ(csv[0].device, "cpu");
  EXPECT_EQ(csv[1].host, "far away");
  EXPECT_EQ(csv[1].device, "cuda:1");
  const auto rows = read_node_file(
      written("nodes", R"( [{"rank": 0, "host": "localhost"}, {"host": "n2", "rank": 1}])"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].host, "n2");
  EXPECT_EQ(rows[1].device, "");
}

TEST_F(RanksOfTheCommandLine, NodeFilesThatMakeNoSenseAreRefused) {
  EXPECT_NE(
      refusal("a.json", R"([{"rank":0,"host":"localhost"},{"rank":2,"host":"n"}])").find("0, 1, 2"),
      std::string::npos);
  EXPECT_NE(
      refusal("a.json", R"([{"rank":0,"host":"localhost"},{"rank":0,"host":"n"}])").find("\"n\""),
      std::string::npos);
  EXPECT_NE(refusal("a.json", R"([{"rank":0,"host":"-oProxyCommand=x"}])").find("-oProxy"),
            std::string::npos);
  EXPECT_NE(refusal("a.json", R"([{"rank":0,"host":"another.example"}])").find("'another.example'"),
            std::string::npos);
  EXPECT_NE(refusal("a.json", R"([{"rank":0,)").find("a.json"), std::string::npos);
  for (const char* text :
       {"", "[]", "[1, 2]", "rank,host\n", "host\nlocalhost\n", "rank,host\nx,localhost\n",
        "rank,host\n99999999999,localhost\n", "[[]]", "[{\"rank\":[0],\"host\":{}}]"})
    EXPECT_NE(refusal("b", text), "accepted") << text;
}

TEST_F(RanksOfTheCommandLine, WordsAreTakenOutWithTheirValues) {
  EXPECT_EQ(words_without({"train", "--ranks", "2", "x", "--nodes=f", "--json", "-o", "d"},
                          {"--ranks", "--nodes"}, {"--json"}),
            (std::vector<std::string>{"train", "x", "-o", "d"}));
  EXPECT_TRUE(words_without({"--ranks"}, {"--ranks"}, {}).empty());
}

TEST_F(RanksOfTheCommandLine, TwoTrainOneNetwork) {
  if (!fs::exists(SENSORIUM_BINARY_DIR "/lib/libsensorium_learn.so"))
    GTEST_SKIP() << "skipped: this build has no LibTorch";
  const Outcome ranks = train("ranks", {"--ranks", "2"});
  ASSERT_EQ(ranks.status, 0) << ranks.err;
  const Outcome nodes = train(
      "nodes",
      {"--nodes", written("nodes.csv", "rank,host,devices\n0,localhost,cpu\n1,127.0.0.1,cpu\n")});
  ASSERT_EQ(nodes.status, 0) << nodes.err;
  const Outcome rows =
      train("rows", {"--nodes", written("nodes.json", R"([{"rank": 1, "host": "localhost"},
                                                  {"rank": 0, "host": "localhost"}])")});
  ASSERT_EQ(rows.status, 0) << rows.err;
  const Outcome alone = train("alone", {});
  ASSERT_EQ(alone.status, 0) << alone.err;
  const auto hash = [](const Outcome& o) { return json::parse(o.out).at("weights_sha256"); };
  EXPECT_EQ(hash(ranks), hash(nodes));
  EXPECT_EQ(hash(ranks), hash(rows));
  EXPECT_NE(hash(ranks), hash(alone)) << "two ranks see twice the samples";
  EXPECT_TRUE(fs::exists(folder_ / "ranks/oct_hrf.onnx"));
  EXPECT_TRUE(fs::exists(folder_ / "ranks/ranks/1/messages.txt"));
  for (const auto& entry : fs::directory_iterator(folder_ / "ranks/ranks/1/run"))
    EXPECT_NE(entry.path().extension(), ".ckpt") << "rank 0 alone writes checkpoints";
}

TEST_F(RanksOfTheCommandLine, WhatOneSaysIsSaid) {
  if (!fs::exists(SENSORIUM_BINARY_DIR "/lib/libsensorium_learn.so"))
    GTEST_SKIP() << "skipped: this build has no LibTorch";
  const Outcome bad = train(
      "bad", {"--nodes",
              written("nodes.csv", "rank,host,devices\n0,localhost,cpu\n1,localhost,cuda:77\n")});
  EXPECT_NE(bad.status, 0);
  EXPECT_NE((bad.out + bad.err).find("rank 1 of 2: "), std::string::npos) << bad.out << bad.err;
}

}
}
