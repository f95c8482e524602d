// What a user may get wrong on the command line, and what they are told.
#include "modules/core/file.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <sys/mount.h>
#include <sys/stat.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";
const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), program);
  return run_program(words);
}

class Mistakes : public ::testing::Test {
protected:
  void SetUp() override { make_folder(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // Exit status, and parts of what is said.
  static void expect(const std::vector<std::string>& words, int status,
                     const std::vector<std::string>& parts) {
    const Outcome outcome = sensorium(words);
    EXPECT_EQ(outcome.status, status) << words.back() << "\n" << outcome.err;
    for (const std::string& part : parts)
      EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " is not in\n" << outcome.err;
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-mistakes-" + std::to_string(::getpid()));
};

TEST_F(Mistakes, AMistypedWordIsNamedWithTheNearest) {
  expect({"inof", sample}, 2, {"no command 'inof'", "did you mean 'info'"});
  expect({"models", "verfy", "x"}, 2, {"no command 'verfy' of 'sensorium models'", "'verify'"});
  expect({"run", "oct_hrf", sample, "--thresold", "0.5"}, 2,
         {"no option '--thresold' of 'sensorium run'", "'--threshold'"});
  expect({"run", "oct_hrf", sample, "--thresold=0.5"}, 2, {"'--thresold'", "'--threshold'"});
  expect({"dataset", "from-reviews", "x", "-o", "y", "--unsined"}, 2,
         {"'sensorium dataset from-reviews'", "'--unsigned'"});
  expect({"info", sample, "--zzzzzzzzzzz"}, 2, {"see 'sensorium info --help'"});
  expect({"convert", sample, sample, "-o", path("x.nrrd")}, 2, {"one word too many"});
  expect({"models", "show"}, 2, {"see 'sensorium models show --help'"});
}

TEST_F(Mistakes, EveryCommandAnswersInOneJsonDocument) {
  make_folder(folder_ / "empty");
  const std::string absent = path("absent"), empty = path("empty");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--version"},
           {"info", sample},
           {"info", "--formats"},
           {"info", absent},
           {"info", sample, absent},
           {"run", "oct_hrf", absent, "-o", path("o")},
           {"run", absent + ".json"},
           {"pipelines"},
           {"pipelines", "oct_hrf"},
           {"devices"},
           {"models"},
           {"models", "list"},
           {"models", "show", "oct_hrf"},
           {"models", "verify", "oct_hrf"},
           {"models", "import", absent},
           {"models", "build"},
           {"models", "compare", "oct_hrf", absent},
           {"convert", sample, "-o", path("o.nrrd")},
           {"convert", empty, "-o", path("p.nrrd")},
           {"report", empty},
           {"readers", empty},
           {"compare", empty, "--ai"},
           {"consensus", empty},
           {"import-mask", empty, sample, "--reader", "R"},
           {"follow-up", empty, empty},
           {"dataset", "from-reviews", empty, "-o", path("d")},
           {"dataset", "compare", empty, "--model", "oct_hrf"},
           {"promote", "oct_hrf"},
           {"evaluate", "oct_hrf", "--write-plan", path("e.json")},
           {"train", "oct_hrf", "--write-plan", path("t.json")},
           {"phantom", "oct_hrf", "--write-plan", path("f.json")},
           {"nonsense"},
           {"run"}}) {
    std::vector<std::string> all = words;
    all.push_back("--json");
    const Outcome outcome = sensorium(all);
    const json answer = json::parse(outcome.out, nullptr, false);
    ASSERT_FALSE(answer.is_discarded()) << words.front() << ": " << outcome.out << outcome.err;
    EXPECT_NE(outcome.status, 1) << outcome.out;
    EXPECT_EQ(answer.is_object() && answer.contains("error"),
              outcome.status != 0 && outcome.status != 9)
        << outcome.out;
  }
}

TEST_F(Mistakes, AFolderSaysWhatLiesInIt) {
  make_folder(folder_ / "export" / "deeper");
  fs::copy(sample, folder_ / "export" / "scan 1.nrrd");
  write_atomically(folder_ / "export" / "notes.txt", "notes\n");
  expect({"info", path("export")}, 5, {"1 file in it can be opened", "scan 1.nrrd"});
  make_folder(folder_ / "outer" / "inner");
  expect({"info", path("outer")}, 5, {"holds nothing", "give one of them"});
}

TEST_F(Mistakes, AResultFolderIsToldFromOtherThings) {
  make_folder(folder_ / "empty");
  for (const char* command : {"report", "follow-up"}) {
    std::vector<std::string> words = {command, path("empty")};
    if (words[0] == "follow-up") words.push_back(path("empty"));
    expect(words, 3, {"no result folder", "sensorium run"});
  }
  expect({"report", sample}, 3, {"is a file, not a result folder"});
  expect({"report", path("absent")}, 3, {"there is no folder"});
}

TEST_F(Mistakes, PlacesThatCannotBeWrittenAreNamedAsTheUserNamedThem) {
  const Outcome outcome = sensorium({"convert", sample, "-o", path("absent/scan.nrrd")});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("there is no folder '" + path("absent") + "'"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(outcome.err.find(".tmp"), std::string::npos) << outcome.err;
}

TEST_F(Mistakes, APipeDoesNotHoldTheProgramUp) {
  ASSERT_EQ(::mkfifo(path("pipe.json").c_str(), 0600), 0);
  expect({"run", path("pipe.json")}, 4, {"not a regular file"});
  expect({"train", path("pipe.json")}, 4, {"not a regular file"});
  expect({"info", path("pipe.json")}, 4, {"neither a file nor a folder"});
}

TEST_F(Mistakes, NamesThatAreNoTextAreRefusedBeforeTheWork) {
  const std::string odd = path("sk\xe4n.nrrd"), wide = path("skän – 名前 1.nrrd");
  fs::copy(sample, odd);
  fs::copy(sample, wide);
  expect({"run", "oct_hrf", odd, "-o", path("a")}, 4, {"not UTF-8", "another name"});
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  const Outcome batch =
      sensorium({"run", "oct_hrf", odd, wide, "-o", path("b"), "--no-report", "--json"});
  EXPECT_EQ(batch.status, 9) << batch.err;
  const json rows = json::parse(batch.out);
  EXPECT_EQ(rows.at(0).at("status"), "failed");
  EXPECT_EQ(rows.at(1).at("status"), "done")
      << rows.dump(1, ' ', true, json::error_handler_t::replace);
  EXPECT_TRUE(fs::exists(folder_ / "b" / "batch.json"));
}

TEST_F(Mistakes, RecordingsThatACommandDoesNotTakeAreRefused) {
  expect({"train", "oct_hrf", sample, "-o", path("t")}, 2, {"takes no recordings", "--dataset"});
  expect({"phantom", "oct_hrf", sample, "-o", path("p")}, 2, {"takes no recordings"});
  expect({"phantom", "motor_fault", sample, "-o", path("m")}, 2,
         {"phantom motor_fault takes no recordings", sample, "from its parameters alone"});
  EXPECT_FALSE(fs::exists(folder_ / "m"));
  expect({"train", "oct_hrf", "--dataset", folder_.string(), "-o", path("t")}, 3,
         {"no training set", "from-reviews"});
  expect({"train", "oct_hrf", "--learning_rate", "nan", "-o", path("t")}, 2, {"cannot be nan"});
}

TEST_F(Mistakes, ABatchSaysHowFarItIsAndAStopKeepsWhatIsDone) {
  const Outcome batch =
      sensorium({"run", "oct_hrf", sample, path("absent"), "-o", path("b"), "--no-report"});
  EXPECT_EQ(batch.status, 9);
  EXPECT_NE(batch.err.find("1 of 2: "), std::string::npos) << batch.err;
  EXPECT_NE(batch.out.find("1 of 2 done, 1 failed"), std::string::npos) << batch.out;
}

class FullDisk : public Mistakes {
protected:
  void SetUp() override {
    Mistakes::SetUp();
    make_folder(folder_ / "disk");
    mounted_ = ::mount("tmpfs", path("disk").c_str(), "tmpfs", 0, "size=64k") == 0;
    if (!mounted_) GTEST_SKIP() << "skipped: no tmpfs can be mounted: " << std::strerror(errno);
  }
  void TearDown() override {
    if (mounted_) ::umount2(path("disk").c_str(), MNT_DETACH);
    Mistakes::TearDown();
  }
  bool mounted_ = false;
};

TEST_F(FullDisk, LeavesNoHalfResultAndSaysSo) {
  expect({"run", "oct_hrf", sample, "-o", path("disk/case")}, 6, {"disk is full"});
  EXPECT_FALSE(fs::exists(folder_ / "disk" / "case" / "provenance.json"));
  expect({"convert", sample, "-o", path("disk/scan.nrrd")}, 6, {"disk is full"});
  EXPECT_FALSE(fs::exists(folder_ / "disk" / "scan.nrrd"));
  expect({"models", "build", "residual_unet", "-o", path("disk/net.onnx")}, 6, {"disk is full"});
  EXPECT_FALSE(fs::exists(folder_ / "disk" / "net.onnx"));
}

}
}
