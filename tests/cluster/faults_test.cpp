// The client is killed at every step of a submission, submissions compete, the connection fails at
// random, the local record is deleted: always exactly one job, and its right end. SENSORIUM_KILLS:
// how many kills; as many as there are places to die at when it is not set.
#include "tests/cluster/slurm_fixture.h"

#include "modules/cluster/submission.h"
#include "modules/core/error.h"

#include <fmt/format.h>

#include <random>
#include <set>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using testing_support::Outcome;
using testing_support::Process;

SlurmCluster& cluster = SlurmCluster::here();
const std::string client = SENSORIUM_BINARY_DIR "/bin/cluster_client";

constexpr int steps = 8, calls = 5; // of a submission
constexpr int places_to_die = steps + 4 * calls;

int wanted_kills() {
  const char* text = std::getenv("SENSORIUM_KILLS");
  return text ? std::max(1, std::atoi(text)) : places_to_die;
}

class Faults : public ::testing::Test {
protected:
  void SetUp() override {
    site_ = cluster.site("faults");
    program_ = write_program(cluster.folder);
  }
  std::vector<std::string> words(const std::string& token, const std::string& fault,
                                 int seed) const {
    return {client, store().string(),    cluster.config(), site_.root, program_.string(), token,
            fault,  std::to_string(seed)};
  }
  Outcome submit(const std::string& token, const std::string& fault, int seed = 0) const {
    return testing_support::run_program(words(token, fault, seed));
  }
  fs::path store() const { return cluster.folder / "store"; }
  SiteState poll() {
    Ssh transport(cluster.ssh());
    return scheduler_of(site_)->poll(transport, site_, {});
  }
  bool all_done(const std::vector<std::string>& tokens) {
    return eventually([&] {
      const SiteState state = poll();
      for (const std::string& token : tokens)
        if (!state.runs.contains(token) || state.runs.at(token).state != "done") return false;
      return true;
    });
  }
  void expect_one_job(const std::string& token) const {
    EXPECT_EQ(cluster.jobs_named(token).size(), 1u) << token;
    EXPECT_EQ(read_text(fs::path(run_folder(site_, token)) / "out/ran"), "once\n") << token;
  }
  Site site_;
  fs::path program_;
};

TEST_F(Faults, TheClientIsKilledAtEveryStep) {
  std::vector<std::string> faults;
  for (const char* kind : {"step", "before", "after", "during", "during"})
    for (int i = 1; i <= (std::string(kind) == "step" ? steps : calls); ++i)
      faults.push_back(fmt::format("{} {}", kind, i));
  std::mt19937 engine(11);
  std::vector<std::string> tokens;
  std::set<std::string> used;
  const auto expect_one_job_each = [&] { // while Slurm still remembers them
    ASSERT_TRUE(all_done(tokens));
    for (const std::string& token : tokens) expect_one_job(token);
    tokens.clear();
  };
  const int wanted = wanted_kills();
  int kills = 0;
  for (int i = 0; kills < wanted; ++i) {
    ASSERT_LT(i, 3 * wanted + 2 * places_to_die) << "the client is not killed where it should be";
    const std::string fault = faults[static_cast<std::size_t>(i) % faults.size()];
    tokens.push_back(new_token());
    const Outcome first = submit(tokens.back(), fault, static_cast<int>(engine() % 100000));
    if (first.status == 1000 + SIGKILL) {
      ++kills;
      used.insert(fault.substr(0, fault.find(' ')));
    } else {
      ASSERT_EQ(first.status, 0) << fault << ": " << first.err;
    }
    const Outcome second = submit(tokens.back(), "none");
    ASSERT_EQ(second.status, 0) << fault << ": " << second.err;
    if (tokens.size() == 50) expect_one_job_each();
  }
  expect_one_job_each();
  EXPECT_EQ(used.size(), 4u);
  RecordProperty("kills", kills);
}

TEST_F(Faults, ThreeClientsSubmitTheSameRunAtOnce) {
  std::vector<std::string> tokens;
  for (int round = 0; round < std::max(2, wanted_kills() / 10); ++round) {
    tokens.push_back(new_token());
    std::vector<std::unique_ptr<Process>> clients;
    for (int i = 0; i < 3; ++i)
      clients.push_back(std::make_unique<Process>(words(tokens.back(), "none", i)));
    std::set<std::string> ids;
    for (auto& process : clients) {
      const std::string out = process->read_rest();
      EXPECT_EQ(process->wait(), 0) << process->errors();
      ids.insert(out);
    }
    EXPECT_EQ(ids.size(), 1u);
  }
  ASSERT_TRUE(all_done(tokens));
  for (const std::string& token : tokens) expect_one_job(token);
}

// A lost answer is not a lost job: one call of three fails before or after it had its effect.
TEST_F(Faults, TheConnectionFailsAtRandom) {
  std::vector<std::string> tokens;
  for (int i = 0; i < std::max(2, wanted_kills() / 10); ++i) {
    tokens.push_back(new_token());
    Outcome outcome{.status = 6, .out = {}, .err = {}};
    for (int attempt = 0; outcome.status == 6 && attempt < 200; ++attempt)
      outcome = submit(tokens.back(), "flaky", 1000 * i + attempt);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  ASSERT_TRUE(all_done(tokens));
  for (const std::string& token : tokens) expect_one_job(token);
}

TEST_F(Faults, AllIsKnownAgainWithoutTheLocalRecord) {
  const std::string token = new_token();
  ASSERT_EQ(submit(token, "none").status, 0);
  ASSERT_TRUE(all_done({token}));
  fs::remove_all(store());
  const SiteState state = poll();
  ASSERT_TRUE(state.found.contains(token));
  EXPECT_EQ(state.found.at(token).name, "a run");
  EXPECT_EQ(state.found.at(token).verb, "run");
  EXPECT_EQ(state.runs.at(token).state, "done");
  EXPECT_EQ(state.runs.at(token).job_id, cluster.jobs_named(token).at(0));
}

}
}
