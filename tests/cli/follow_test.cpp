// run motor_fault FILE --follow, as a person would: a pipe that is written to, Ctrl-C, bad words.
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using namespace testing_support;

const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";

// Three balanced currents of 50 Hz at 1 kHz; from `faulty` on with a negative sequence of a fifth
// at 70 degrees, as a short in phase a makes it.
std::string currents(int from, int count, int faulty) {
  std::string out;
  for (int i = from; i < from + count; ++i)
    for (int k = 0; k < 3; ++k) {
      const double turn = 2 * std::numbers::pi * (0.05 * i - k / 3.0);
      const double back = 2 * std::numbers::pi * (0.05 * i + 70 / 360.0 + k / 3.0);
      out += std::to_string(3 * std::cos(turn) + (i >= faulty ? 0.6 * std::cos(back) : 0)) +
             (k < 2 ? "," : "\n");
    }
  return out;
}

class Follow : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-follow-" + std::to_string(::getpid()));
};

std::vector<json> events_in(const std::string& text) {
  std::vector<json> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(json::parse(line));
  return out;
}

Outcome finished(Process& p) {
  Outcome out;
  out.out = p.read_rest();
  out.status = p.wait();
  out.err = p.errors();
  return out;
}

const json* first(const std::vector<json>& events, const std::string& name) {
  for (const json& e : events)
    if (e.at("event") == name) return &e;
  return nullptr;
}

TEST_F(Follow, StandardInputIsDiagnosedUntilItEnds) {
  Process p({program, "run", "motor_fault", "-", "--follow", "--rate", "1000", "--use_network",
             "false", "--json", "-o", path("out")});
  p.write_text("ia,ib,ic\n" + currents(0, 3000, 3000));
  p.write_text(currents(3000, 2000, 3000));
  p.close_input();
  const Outcome outcome = finished(p);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto events = events_in(outcome.out);
  const json* begin = first(events, "begin");
  ASSERT_NE(begin, nullptr) << outcome.out;
  EXPECT_NEAR(begin->at("begin_s"), 3, 0.05);
  EXPECT_EQ(first(events, "diagnosis")->at("channel"), "ia");
  EXPECT_EQ(events.back().at("reason"), "the writer ended");
  EXPECT_EQ(events.back().at("samples"), 5000);
  EXPECT_EQ(read_text(folder_ / "out" / "follow.jsonl"), outcome.out);
}

TEST_F(Follow, CtrlCIsAProperEnd) {
  Process p({program, "run", "motor_fault", "-", "--follow", "--rate", "1000", "--use_network",
             "false", "--json"});
  p.write_text("ia,ib,ic\n" + currents(0, 3000, 99999));
  auto line = p.read_line();
  while (line && line->find("\"ready\"") == std::string::npos) line = p.read_line();
  ASSERT_TRUE(line);
  p.signal(SIGINT);
  const Outcome outcome = finished(p);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\"reason\":\"stopped\""), std::string::npos) << outcome.out;
}

TEST_F(Follow, AFileThatGrowsNoMoreEndsByIdle) {
  std::ofstream(path("a.csv")) << "ia,ib,ic\n" + currents(0, 2000, 99999);
  const Outcome outcome =
      run_program({program, "run", "motor_fault", path("a.csv"), "--follow", "--idle", "0.3",
                   "--rate", "1000", "--use_network", "false"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("watching; I2/I1 0.000"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("nothing came for 0.3 s: 2000 rows"), std::string::npos);
  EXPECT_NE(outcome.out.find("latency"), std::string::npos);
}

TEST_F(Follow, MistakesAreOneError) {
  const auto expect = [&](std::vector<std::string> words, int status, const std::string& part) {
    words.insert(words.begin(), {program, "run"});
    const Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_NE((outcome.err + outcome.out).find(part), std::string::npos) << outcome.err;
  };
  std::ofstream(path("a.csv")) << "ia,ib,ic\n" + currents(0, 100, 0);
  expect({"motor_fault", path("absent.csv"), "--follow"}, 3, "cannot follow");
  expect({"motor_fault", path("a.csv"), path("a.csv"), "--follow"}, 2, "one recording");
  expect({"oct_hrf", path("a.csv"), "--follow"}, 5, "cannot follow a recording");
  expect({"motor_fault", path("a.csv"), "--follow", "--idle", "0.1"}, 5, "sample rate");
  expect({"motor_fault", path("a.csv"), "--follow", "--idle", "-1"}, 2, "--idle");
  const Outcome as_json =
      run_program({program, "run", "motor_fault", path("a.csv"), "--follow", "--json"});
  const auto events = events_in(as_json.out);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at("event"), "error");
  EXPECT_EQ(events[0].at("code"), "unsupported");
}

}
}
