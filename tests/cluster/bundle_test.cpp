// The program is sent to a site where it is not installed: once, and it needs nothing there.
#include "tests/cluster/slurm_fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

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

void make_bundle(const std::string& bundle) {
  const auto made = testing_support::run_program(
      {SENSORIUM_SOURCE_DIR "/scripts/bundle", bundle, SENSORIUM_BINARY_DIR, "--links"});
  ASSERT_EQ(made.status, 0) << made.err << made.out;
}

// Header lines and sections of a definition file; the header is the section "".
std::map<std::string, std::string> sections_of(const fs::path& definition) {
  std::map<std::string, std::string> out;
  std::string section;
  std::istringstream in(read_text(definition));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#") || line.empty()) continue;
    if (line.starts_with("%"))
      section = line.substr(1);
    else
      out[section] += line.substr(line.find_first_not_of(' ')) + "\n";
  }
  return out;
}

// A program with the libraries that it names, at the paths it has here.
void put_program(const fs::path& root, const std::string& path) {
  const auto put = [&](const fs::path& file) {
    const fs::path to = root / file.relative_path();
    fs::create_directories(to.parent_path());
    fs::copy_file(fs::canonical(file), to, fs::copy_options::skip_existing);
  };
  put(path);
  std::istringstream words(testing_support::run_program({"/usr/bin/ldd", path}).out);
  for (std::string word; words >> word;)
    if (word.starts_with("/")) put(word);
}

// Apptainer is in no archive that the project may use. Its steps are done as it does them: %files
// by cp -fLr in the folder of the definition, %test and %runscript by the root's own shell. For
// the base image stands a root with nothing but a shell and dirname.
TEST(Bundle, TheApptainerDefinitionMakesARootInWhichTheProgramRuns) {
  const fs::path folder = cluster.folder / "apptainer", root = folder / "root";
  make_folder(folder);
  make_bundle((folder / "b").string());
  const auto sections = sections_of(folder / "b/apptainer.def");
  EXPECT_EQ(sections.at(""), "Bootstrap: docker\nFrom: debian:12-slim\n");
  for (const char* path : {"/bin/sh", "/usr/bin/dirname"}) put_program(root, path);
  std::istringstream files(sections.at("files"));
  for (std::string from, to; files >> from >> to;) {
    make_folder((root / fs::path(to).relative_path()).parent_path());
    const auto copied = testing_support::run_program(
        {"/bin/sh", "-c", "cd \"$1\" && exec cp -fLr \"$2\" \"$3\"", "sh", (folder / "b").string(),
         from, (root / fs::path(to).relative_path()).string()});
    ASSERT_EQ(copied.status, 0) << copied.err;
  }
  const auto in_root = [&](const std::string& script, const std::vector<std::string>& words) {
    std::vector<std::string> all{"/usr/bin/env",
                                 "-i",
                                 "PATH=/usr/bin:/bin",
                                 "/usr/sbin/chroot",
                                 root.string(),
                                 "/bin/sh",
                                 "-c",
                                 script,
                                 "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return testing_support::run_program(all);
  };
  const auto tested = in_root(sections.at("test"), {});
  EXPECT_EQ(tested.status, 0) << tested.err;
  EXPECT_NE(tested.out, "");
  const auto version = in_root(sections.at("runscript"), {"--version"});
  EXPECT_EQ(version.status, 0) << version.err;
  EXPECT_EQ(version.out, tested.out);
  const auto pipelines = in_root(sections.at("runscript"), {"--json", "pipelines"});
  EXPECT_EQ(pipelines.status, 0) << pipelines.err;
  EXPECT_NE(pipelines.out.find("\"oct_hrf\""), std::string::npos);
}

TEST(Bundle, IsSentOnceAndNeedsNothingOnTheSite) {
  const fs::path folder = cluster.folder / "bundle";
  make_folder(folder);
  const std::string bundle = (folder / "b").string(), site = (folder / "site").string();
  make_bundle(bundle);
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
  const json checked = good({"site", "check", "bare"});
  EXPECT_TRUE(checked.at("program").is_null()) << "nothing is installed there yet";
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

  // A check with the bundle installs it: from then on no one names it.
  EXPECT_EQ(good({"site", "check", "bare", "--bundle", bundle}).at("program"),
            (sent / "sensorium").string());
  EXPECT_EQ(fs::last_write_time(sent), written);
  const std::string third =
      good(std::vector<std::string>(submit.begin(), submit.end() - 2)).at("token");
  ASSERT_TRUE(is_done(third));

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
