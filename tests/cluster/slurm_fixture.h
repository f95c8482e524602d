// One real Slurm a test program (slurm.sh), started at the first use and gone at its end.
#pragma once

#include "modules/cluster/run_store.h"
#include "modules/cluster/scheduler.h"
#include "modules/cluster/ssh.h"
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sensorium {

class SlurmCluster : public ::testing::Environment {
public:
  static SlurmCluster& here() {
    static auto* cluster =
        static_cast<SlurmCluster*>(::testing::AddGlobalTestEnvironment(new SlurmCluster));
    return *cluster;
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a real Slurm is started by root alone: run as root";
    ASSERT_TRUE(folder.empty());
    folder = "/tmp/sns." + std::to_string(::getpid());
    const auto outcome = call({"start", folder.string(), std::to_string(::getpid())});
    ASSERT_EQ(outcome.out, "ready\n") << "the test cluster does not start: " << outcome.err;
    make_folder(folder / "rt");
    fs_permissions();
    ::setenv("XDG_RUNTIME_DIR", (folder / "rt").c_str(), 1);
    ::setenv("XDG_DATA_HOME", (folder / "data").c_str(), 1);
    ::setenv("SLURM_CONF", (folder / "etc/slurm.conf").c_str(), 1);
  }
  void TearDown() override {
    if (!folder.empty()) call({"purge", folder.string()});
  }
  static testing_support::Outcome call(std::vector<std::string> words) {
    words.insert(words.begin(), SENSORIUM_SOURCE_DIR "/tests/cluster/slurm.sh");
    return testing_support::run_program(words);
  }
  std::string config() const { return (folder / "ssh_config").string(); }
  SshOptions ssh() const { return {.host = "loop", .config = config()}; }
  Site site(const std::string& name) const {
    Site site{.name = name, .host = "loop", .config = config(), .root = (folder / name).string()};
    Ssh transport(ssh());
    return discover_site(site, transport);
  }
  // Slurm's own word on what there is, past our code: lines "job id, name".
  std::vector<std::string> jobs_named(const std::string& token) const {
    const auto outcome = testing_support::run_program(
        {"/usr/bin/squeue", "-h", "-t", "all", "-n", "sns-" + token, "-o", "%F"});
    std::vector<std::string> out;
    std::istringstream in(outcome.out);
    for (std::string line; std::getline(in, line);)
      if (!line.empty()) out.push_back(line);
    return out;
  }
  std::filesystem::path folder;

private:
  void fs_permissions() {
    std::filesystem::permissions(folder / "rt", std::filesystem::perms::owner_all);
  }
};

// Waits for a condition; the limit is for what is broken, not for what is slow.
template<class Condition> bool eventually(const Condition& condition, int limit_s = 240) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(limit_s);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

// A program for jobs: VERB TASK -o OUT after two options. Its task says what to do.
inline std::filesystem::path write_program(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "program";
  std::ofstream out(path);
  out << R"sh(#!/bin/sh
verb=$4 task=$5 out=$7
[ -f "$task" ] || exit 3
case $(cat "$task") in *'"fail"'*) exit 4 ;; esac
case $(cat "$task") in *'"wait"'*)
  trap 'echo stopped >>"$out/stops"; exit 8' TERM
  echo begun >>"$out/begins"
  until [ -e "$out/go" ]; do sleep 0.1 & wait $!; done ;;
esac
echo "$verb" >"$out/verb"
echo once >>"$out/ran"
cp "$task" "$out/task"
)sh";
  out.close();
  std::filesystem::permissions(path, std::filesystem::perms::all);
  return path;
}

}
