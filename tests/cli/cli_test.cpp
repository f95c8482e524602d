// The command line as a user meets it: words in, exit status and text out.
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::Process;
using testing_support::run_program;

const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";
const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), program);
  return run_program(words);
}

class CommandLine : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-cli-" + std::to_string(::getpid()));
};

TEST_F(CommandLine, HelpNamesEveryCommandAndTheDisclaimer) {
  const Outcome help = sensorium({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"info", "run", "pipelines", "devices", "worker", "convert", "report",
                           "train", "phantom", "Not a medical device"})
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
}

TEST_F(CommandLine, WrongWordsAreUsageErrorsWithAHint) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"rum"},
                                             {"info"},
                                             {"run"},
                                             {"run", "oct_hrf"},
                                             {"run", "oct_hrf", sample, "--thresold", "0.5"},
                                             {"run", "oct_hrf", sample, "--threshold", "7"},
                                             {"run", "oct_hrf", sample, "--threshold", "x"}}) {
    const Outcome outcome = sensorium(words);
    EXPECT_EQ(outcome.status, 2) << words.back() << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find("error: "), std::string::npos);
    EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
  }
}

TEST_F(CommandLine, AMistypedPipelineIsNotFoundAndSuggested) {
  const Outcome outcome = sensorium({"run", "oct_hrv", sample, "-o", path("o")});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("oct_hrf"), std::string::npos) << outcome.err;
}

TEST_F(CommandLine, InfoSaysWhereTheScaleComesFrom) {
  const Outcome outcome = sensorium({"info", sample, "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json info = json::parse(outcome.out);
  EXPECT_EQ(info.at("modality"), "OCT");
  for (const json& spacing : info.at("spacing")) {
    EXPECT_TRUE(spacing.at("micrometres").is_number());
    EXPECT_NE(spacing.at("source"), "unknown");
  }
}

TEST_F(CommandLine, ErrorsAreJsonWhenAskedFor) {
  const Outcome outcome = sensorium({"info", path("absent.vol"), "--json"});
  EXPECT_EQ(outcome.status, 3);
  const json error = json::parse(outcome.out).at("error");
  EXPECT_EQ(error.at("code"), "not_found");
  EXPECT_NE(error.at("message").get<std::string>().find("absent.vol"), std::string::npos);
}

TEST_F(CommandLine, ARunLeavesTheWholeResultFolder) {
  const Outcome outcome = sensorium({"run", "oct_hrf", sample, "-o", path("case"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* name : {"recipe.json", "findings.json", "findings.csv", "provenance.json",
                           "soft_map.nrrd", "mask.nrrd", "surfaces.json", "report.pdf"})
    EXPECT_TRUE(fs::exists(folder_ / "case" / name)) << name;
  EXPECT_EQ(read_text(folder_ / "case" / "report.pdf").substr(0, 5), "%PDF-");
  const json provenance = json::parse(read_text(folder_ / "case" / "provenance.json"));
  EXPECT_NE(provenance.at("command").get<std::string>().find("sensorium run oct_hrf"),
            std::string::npos);
}

TEST_F(CommandLine, ARecipeMakesTheSameFindingsAgain) {
  ASSERT_EQ(
      sensorium({"run", "oct_hrf", sample, "-o", path("a"), "--threshold", "0.4", "--no-report"})
          .status,
      0);
  const Outcome again = sensorium({"run", path("a/recipe.json"), "-o", path("b"), "--no-report"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(read_text(folder_ / "a" / "findings.json"), read_text(folder_ / "b" / "findings.json"));
}

TEST_F(CommandLine, AnOlderRecipeMeansWhatItMeant) {
  ASSERT_EQ(
      sensorium({"run", "oct_hrf", sample, "-o", path("a"), "--second_look", "0", "--no-report"})
          .status,
      0);
  json old = json::parse(read_text(folder_ / "a" / "recipe.json"));
  old["pipeline"]["version"] = "1.0.0"; // had no second look
  for (const char* name : {"second_look", "list_look_alikes"}) old["parameters"].erase(name);
  write_atomically(folder_ / "old.json", old.dump());
  const Outcome again = sensorium({"run", path("old.json"), "-o", path("b"), "--no-report"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(read_text(folder_ / "a" / "findings.json"), read_text(folder_ / "b" / "findings.json"));
}

TEST_F(CommandLine, AChangedInputIsNoticed) {
  fs::copy(sample, folder_ / "scan.nrrd");
  ASSERT_EQ(sensorium({"run", "oct_hrf", path("scan.nrrd"), "-o", path("a"), "--no-report"}).status,
            0);
  std::fstream file(folder_ / "scan.nrrd", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-1, std::ios::end);
  const char last = static_cast<char>(0x5a);
  file.write(&last, 1);
  file.close();
  const Outcome again = sensorium({"run", path("a/recipe.json"), "-o", path("b"), "--no-report"});
  EXPECT_NE(again.status, 0);
  EXPECT_NE(again.err.find("scan.nrrd"), std::string::npos) << again.err;
}

TEST_F(CommandLine, ABatchGoesOnAfterABadFile) {
  write_atomically(folder_ / "bad.vol", "HSF-OCT-");
  const Outcome outcome = sensorium({"run", "oct_hrf", path("bad.vol"), sample, path("none.vol"),
                                     "-o", path("batch"), "--no-report", "--json"});
  EXPECT_EQ(outcome.status, 9) << outcome.err;
  const json rows = json::parse(outcome.out);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("status"), "failed");
  EXPECT_EQ(rows[1].at("status"), "done");
  EXPECT_EQ(rows[2].at("error").at("code"), "not_found");
  EXPECT_NE(read_text(folder_ / "batch" / "batch.csv").find("bad.vol,failed"), std::string::npos);
}

TEST_F(CommandLine, InterruptStopsCleanly) {
  Process process({program, "run", "oct_hrf", sample, "-o", path("c")});
  process.close_input();
  while (process.errors().find("progress") == std::string::npos) (void)process.read_line(50);
  process.signal(SIGINT);
  const std::string out = process.read_rest();
  const int status = process.wait();
  EXPECT_TRUE(status == 8 || status == 0)
      << status << " " << process.errors(); // 0: it was done before
  if (status == 8) {
    EXPECT_FALSE(fs::exists(folder_ / "c" / "findings.json"));
  }
}

TEST_F(CommandLine, ARecipeTakesNoFurtherFiles) {
  write_atomically(folder_ / "r.json", "{}");
  const Outcome outcome = sensorium({"run", path("r.json"), sample});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("names its own recordings"), std::string::npos) << outcome.err;
}

TEST_F(CommandLine, ARecordingIsNotWrittenOverItself) {
  fs::copy(sample, folder_ / "scan.nrrd");
  const std::string before = read_text(folder_ / "scan.nrrd");
  EXPECT_EQ(sensorium({"convert", path("scan.nrrd"), "-o", path("scan.nrrd")}).status, 2);
  EXPECT_EQ(read_text(folder_ / "scan.nrrd"), before);
}

TEST_F(CommandLine, ARunDoesNotEnterTheReviewOfAnotherRecording) {
  make_folder(folder_ / "case");
  write_atomically(folder_ / "case" / "review.sqlite", "a review");
  write_atomically(folder_ / "case" / "recipe.json",
                   json{{"format", "sensorium-recipe"},
                        {"version", 1},
                        {"pipeline", {{"id", "oct_hrf"}}},
                        {"inputs", {{{"path", "other.vol"}, {"sha256", std::string(64, 'a')}}}}}
                       .dump());
  const Outcome outcome = sensorium({"run", "oct_hrf", sample, "-o", path("case"), "--no-report"});
  EXPECT_EQ(outcome.status, 7) << outcome.err;
  EXPECT_NE(outcome.err.find("other.vol"), std::string::npos) << outcome.err;
  EXPECT_FALSE(fs::exists(folder_ / "case" / "findings.json"));
}

TEST_F(CommandLine, AnOutputThatCannotBeAFolderIsRefusedBeforeTheWork) {
  write_atomically(folder_ / "file", "a file");
  const Outcome outcome =
      sensorium({"run", "oct_hrf", path("absent.vol"), "-o", path("file/case")});
  EXPECT_EQ(outcome.status, 6) << outcome.err;
}

// In the whole program other libraries bring names that those of the DICOM reader also have.
TEST_F(CommandLine, CompressedDicomOpensInTheWholeProgram) {
  for (const char* name : {"jpegls16", "jpeg_ybr422", "j2k_rgb", "rle16", "deflated"}) {
    const std::string file =
        std::string(SENSORIUM_SOURCE_DIR "/tests/fuzz_medical/seeds/dicom/") + name + ".dcm";
    const Outcome outcome = sensorium({"convert", file, "-o", path("out.nrrd")});
    EXPECT_EQ(outcome.status, 0) << name << "\n" << outcome.err;
  }
}

TEST_F(CommandLine, FilesOfOtherKindsAreNamed) {
  write_atomically(folder_ / "scan.fda", "FOCTFDA and more");
  const Outcome outcome = sensorium({"info", path("scan.fda")});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_NE(outcome.err.find("Topcon"), std::string::npos) << outcome.err;
}

TEST_F(CommandLine, DamagedRecipesAreRefused) {
  write_atomically(folder_ / "r.json", "{");
  EXPECT_EQ(sensorium({"run", path("r.json")}).status, 4);
  write_atomically(folder_ / "r.json", R"({"format":"sensorium-recipe","version":99})");
  EXPECT_EQ(sensorium({"run", path("r.json")}).status, 5);
  write_atomically(
      folder_ / "r.json",
      R"({"format":"sensorium-recipe","version":1,"pipeline":{"id":"oct_hrf"},"inputs":[{"path":")" +
          sample + R"("}],"parameters":{"threshold":9}})");
  EXPECT_EQ(sensorium({"run", path("r.json"), "-o", path("o")}).status, 2);
}

TEST_F(CommandLine, CompletionOffersCommandsAndParameters) {
  EXPECT_NE(sensorium({"complete", "--", ""}).out.find("run\n"), std::string::npos);
  EXPECT_NE(sensorium({"complete", "--", "run", "oct_hrf", "--"}).out.find("--threshold\n"),
            std::string::npos);
}

// The script of each shell that is installed, as the shell runs it.
TEST_F(CommandLine, CompletionWorksInTheShells) {
  struct Case {
    const char *shell, *script;
  };
  const std::string load = "PATH=" SENSORIUM_BINARY_DIR "/bin:$PATH; ";
  int tried = 0;
  for (const Case& c :
       {Case{"/bin/bash",
             "source <(sensorium completion bash); COMP_WORDS=(sensorium run oct_hrf --thr); "
             "COMP_CWORD=3; _sensorium; echo \"${COMPREPLY[@]}\""},
        Case{"/usr/bin/zsh", "compdef() { :; }; compadd() { print -l -- ${(P)2}; }; source "
                             "<(sensorium completion zsh); "
                             "words=(sensorium run oct_hrf --thr); CURRENT=4; _sensorium"},
        Case{"/usr/bin/fish",
             "sensorium completion fish | source; complete -C 'sensorium run oct_hrf --thr'"}}) {
    if (!fs::exists(c.shell)) continue;
    ++tried;
    const bool fish = std::string_view(c.shell).ends_with("fish");
    const Outcome outcome = run_program(
        {c.shell, "-c",
         (fish ? "set -gx PATH " SENSORIUM_BINARY_DIR "/bin $PATH; " : load) + c.script});
    EXPECT_NE(outcome.out.find("--threshold"), std::string::npos) << c.shell << "\n"
                                                                  << outcome.out << outcome.err;
  }
  EXPECT_GT(tried, 0);
}

}
}
