// The program is sent to a site where it is not installed: once, and it needs nothing there.
#include "tests/cluster/slurm_fixture.h"

#include <gtest/gtest.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

SlurmCluster& cluster = SlurmCluster::here();
const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";

json good(std::vector<std::string> words) {
  words.insert(words.begin(), {program, "--json", "--quiet"});
  const auto outcome = testing_support::run_program(words);
  EXPECT_EQ(outcome.status, 0) << outcome.err << outcome.out;
  return json::parse(outcome.out, nullptr, false);
}

bool is_done(const std::string& token) {
  json last;
  if (eventually([&] { return (last = good({"jobs", "explain", token})).at("state") == "done"; }))
    return true;
  ADD_FAILURE() << last.dump(2);
  return false;
}

TEST(Bundle, IsSentOnceAndNeedsNothingOnTheSite) {
  const fs::path folder = cluster.folder / "bundle";
  make_folder(folder);
  const std::string bundle = (folder / "b").string(), site = (folder / "site").string();
  const auto made = testing_support::run_program(
      {SENSORIUM_SOURCE_DIR "/scripts/bundle", bundle, SENSORIUM_BINARY_DIR, "--links"});
  ASSERT_EQ(made.status, 0) << made.err << made.out;
  const json plan = {{"pipeline", "oct_hrf"},
                     {"verb", "train"},
                     {"parameters",
                      {{"seeds", 1},
                       {"sample_scans", 1},
                       {"patches", 1},
                       {"validation_seeds", 1},
                       {"side", 32},
                       {"widths", "2,4"},
                       {"batch_size", 2},
                       {"steps", 3},
                       {"threads", 1}}}};
  std::ofstream(folder / "plan.json") << plan.dump();
  good({"site", "add", "bare", "--host", "loop", "--ssh-config", cluster.config(), "--root", site});
  const std::vector<std::string> submit{
      "submit", "train", (folder / "plan.json").string(), "--site", "bare", "--bundle", bundle};
  const std::string token = good(submit).at("token");
  ASSERT_TRUE(is_done(token));

  std::vector<fs::path> store(fs::directory_iterator(site + "/store"), {});
  ASSERT_EQ(store.size(), 1u);
  const fs::path sent = store.front();
  const auto written = fs::last_write_time(sent);
  EXPECT_EQ(read_text(fs::path(site) / "runs" / token / "program"),
            (sent / "sensorium").string() + "\n");
  const std::string second = good(submit).at("token");
  ASSERT_NE(second, token);
  ASSERT_TRUE(is_done(second));
  EXPECT_EQ(std::distance(fs::directory_iterator(site + "/store"), {}), 1);
  EXPECT_EQ(fs::last_write_time(sent), written);

  // In a root of its own: no file of this machine is in reach.
  std::string loader;
  for (const auto& entry : fs::directory_iterator(sent / "lib"))
    if (entry.path().filename().string().starts_with("ld-linux"))
      loader = "/lib/" + entry.path().filename().string();
  fs::copy_file(folder / "plan.json", sent / "plan.json");
  make_folder(sent / "dev"); // of a kernel, not of an installation
  std::ofstream(sent / "dev/urandom") << std::string(4096, 'r');
  const auto alone = testing_support::run_program(
      {"/usr/bin/env", "-i", "SENSORIUM_ROOT=/", "/usr/sbin/chroot", sent.string(), loader,
       "--library-path", "/lib", "/bin/sensorium", "--json", "--quiet", "train", "/plan.json", "-o",
       "/out"});
  ASSERT_EQ(alone.status, 0) << alone.err << alone.out;
  EXPECT_EQ(json::parse(alone.out).at("weights_sha256").get<std::string>().size(), 64u);
}

}
}
