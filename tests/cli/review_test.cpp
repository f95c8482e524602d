// Reviewed cases on the command line: exports, several readers, imports, training sets, follow-up.
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/findings.h"
#include "modules/core/promoted_models.h"
#include "modules/review/readers.h"
#include "modules/review/review_log.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

const std::string program = SENSORIUM_BINARY_DIR "/bin/sensorium";
const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";
const std::string python = SENSORIUM_JUDGES "/bin/python";

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), program);
  return run_program(words);
}

std::string read_shell(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char piece[4096];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe))
    text.append(piece, count);
  return ::pclose(pipe) == 0 ? text : "failed: " + text;
}

// One analysis of the sample for all tests of the program; each test works on a copy.
const fs::path& analysed() {
  static const fs::path folder = [] {
    const fs::path made =
        fs::temp_directory_path() / ("sensorium-review-cli-" + std::to_string(::getpid()));
    fs::remove_all(made);
    const Outcome run = sensorium({"run", "oct_hrf", sample, "-o", made.string(), "--no-report"});
    if (run.status != 0) throw std::runtime_error(run.err);
    std::atexit([] {
      std::error_code code;
      fs::remove_all(
          fs::temp_directory_path() / ("sensorium-review-cli-" + std::to_string(::getpid())), code);
    });
    return made;
  }();
  return folder;
}

class ReviewedCases : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    make_folder(folder_);
    ::setenv("XDG_DATA_HOME", path("data").c_str(), 1);
    fs::copy(analysed(), folder_ / "case", fs::copy_options::recursive);
    base_ = findings_from_json(json::parse(read_text(folder_ / "case" / "findings.json")));
    ASSERT_GE(base_.items.size(), 3u);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::unique_ptr<ReviewLog> log(const std::string& name = "case") const {
    return ReviewLog::open(folder_ / name / "review.sqlite", ReviewLog::Mode::ReadWrite);
  }
  json ask(std::vector<std::string> words) const {
    words.push_back("--json");
    const Outcome out = sensorium(words);
    EXPECT_EQ(out.status, 0) << out.err << out.out;
    return out.status == 0 ? json::parse(out.out) : json();
  }
  void refused(std::vector<std::string> words, int status, const std::string& part) const {
    const Outcome out = sensorium(words);
    EXPECT_EQ(out.status, status) << out.err;
    EXPECT_NE(out.err.find(part), std::string::npos) << out.err;
    EXPECT_NE(out.err.find("hint: "), std::string::npos) << out.err;
  }
  // Voxels of a NIfTI or NRRD map as the judge reads them: [sum of voxels > 0, largest value].
  std::vector<long> voxels(const std::string& file) const {
    const bool nrrd = file.ends_with(".nrrd");
    const std::string text =
        read_shell(python + " -c \"import numpy as np\n" +
                   (nrrd ? "import nrrd; a = nrrd.read('" + file + "')[0]"
                         : "import nibabel; a = np.asarray(nibabel.load('" + file + "').dataobj)") +
                   "\nprint((a > 0).sum(), a.max())\"");
    long sum = -1, most = -1;
    std::sscanf(text.c_str(), "%ld %ld", &sum, &most);
    return {sum, most};
  }
  long size_of(const std::vector<Finding>& list) const {
    std::vector<std::uint8_t> mask;
    for (const Finding& f : list) paint_runs(f.footprint, 384, 352, 16, mask);
    return std::count(mask.begin(), mask.end(), 1);
  }
  fs::path folder_ =
      fs::temp_directory_path() / ("sensorium-reviewed-" + std::to_string(::getpid()));
  Findings base_;
};

TEST_F(ReviewedCases, MapsAndTablesHoldTheReviewAndSaySo) {
  if (!fs::exists(python)) GTEST_SKIP() << "no judges";
  {
    const auto writing = log();
    writing->append("ann", "reject", decision_data(base_.items[0]));
    writing->append("ann", "draw", draw_data({{2, 10, 10, 5}}, "exudate"));
  }
  std::vector<Finding> kept(base_.items.begin() + 1, base_.items.end());
  kept.push_back({.footprint = {{2, 10, 10, 5}}});
  for (const char* name : {"m.nrrd", "m.nii.gz"}) {
    ask({"convert", path("case"), "-o", path(name)});
    EXPECT_EQ(voxels(path(name)), (std::vector<long>{size_of(kept), 1})) << name;
    EXPECT_NE(read_shell("(zcat -f " + path(name) + " | head -c 1000 | strings)")
                  .find("as reviewed by ann"),
              std::string::npos)
        << name;
    ask({"convert", path("case"), "-o", path(name), "--state", "proposed"});
    EXPECT_EQ(voxels(path(name)), (std::vector<long>{size_of(base_.items), 1})) << name;
    EXPECT_NE(
        read_shell("(zcat -f " + path(name) + " | head -c 1000 | strings)").find("as proposed"),
        std::string::npos);
  }
  ask({"convert", path("case"), "-o", path("l.nrrd"), "--map", "labels", "--decided-only"});
  EXPECT_EQ(voxels(path("l.nrrd")), (std::vector<long>{5, 2})) << "exudate is the second label";
  ask({"convert", path("case"), "-o", path("f.json")});
  const json document = json::parse(read_text(path("f.json")));
  EXPECT_EQ(document.at("export").at("state"), "as reviewed");
  EXPECT_EQ(document.at("items").size(), base_.items.size());
  EXPECT_EQ(document.at("review").at("findings").size(), base_.items.size() + 1);
  ask({"convert", path("case"), "-o", path("f.csv")});
  const std::string csv = read_text(path("f.csv"));
  EXPECT_NE(csv.find(",rejected"), std::string::npos);
  EXPECT_NE(csv.find("as reviewed"), std::string::npos);
}

TEST_F(ReviewedCases, WithoutAReviewTheProposalLeavesAndAReviewIsRefused) {
  const json out = ask({"convert", path("case"), "-o", path("m.nrrd")});
  EXPECT_NE(out.at("statement").get<std::string>().find("as proposed"), std::string::npos);
  refused({"convert", path("case"), "-o", path("m.nrrd"), "--state", "reviewed"}, 2, "no review");
  refused({"convert", path("case"), "-o", path("m.nrrd"), "--reader", "zoe"}, 3, "zoe");
}

TEST_F(ReviewedCases, AnExportedMaskComesBackAsTheSameLayer) {
  log()->append("ann", "accept", decision_data(base_.items[1]));
  for (const char* name : {"m.nrrd", "m.nii.gz", "m.tif"}) {
    SCOPED_TRACE(name);
    ask({"convert", path("case"), "-o", path(name), "--decided-only"});
    const std::string reader = std::string("elsewhere ") + name;
    const json in = ask({"import-mask", path("case"), path(name), "--reader", reader});
    EXPECT_EQ(in.at("findings"), 1);
    const json c = ask({"compare", path("case"), "--reader", "ann", "--reader", reader});
    EXPECT_EQ(c.at("matched"), 1);
    EXPECT_DOUBLE_EQ(c.at("mean_dice").get<double>(), 1);
    refused({"import-mask", path("case"), path(name), "--reader", reader}, 7, "already");
  }
  write_atomically(path("bad.txt"), "no mask");
  refused({"import-mask", path("case"), path("bad.txt"), "--reader", "x"}, 5, "bad.txt");
}

TEST_F(ReviewedCases, ABlindedReadIsKeptApartUntilAllHaveSigned) {
  ask({"readers", path("case"), "--blinded", "ann", "--blinded", "ben"});
  log()->append("ann", "accept", decision_data(base_.items[0]));
  log()->append("ben", "reject", decision_data(base_.items[0]));
  refused({"compare", path("case"), "--reader", "ann", "--reader", "ben"}, 7, "blinded");
  refused({"consensus", path("case"), "--rule", "majority"}, 7, "blinded");
  refused({"convert", path("case"), "-o", path("m.nrrd")}, 7, "blinded");
  ask({"convert", path("case"), "-o", path("m.nrrd"), "--reader", "ann"});
  const json closed = ask({"readers", path("case"), "--sign-layer", "ann"});
  EXPECT_TRUE(closed.at("closed").get<bool>());
  EXPECT_FALSE(closed.at("readers")[0].contains("accepted"));
  const json open = ask({"readers", path("case"), "--sign-layer", "ben"});
  EXPECT_FALSE(open.at("closed").get<bool>());
  const json c = ask({"compare", path("case"), "--reader", "ann", "--ai"});
  EXPECT_EQ(c.at("matched"), 1);
  EXPECT_EQ(c.at("only_b"), base_.items.size() - 1);
  ask({"compare", path("case"), "--reader", "ann", "--reader", "ben"});
}

TEST_F(ReviewedCases, AConsensusIsStoredAndSpeaksForTheCase) {
  {
    const auto writing = log();
    for (const char* reader : {"ann", "ben"})
      writing->append(reader, "accept", decision_data(base_.items[0]));
    writing->append("ann", "accept", decision_data(base_.items[1]));
  }
  const json made = ask({"consensus", path("case"), "--by", "chief"});
  EXPECT_EQ(made.at("kept"), 1);
  EXPECT_EQ(made.at("left_out"), 1);
  refused({"consensus", path("case"), "--by", "chief"}, 7, "chief");
  const json out = ask({"convert", path("case"), "-o", path("f.json")});
  EXPECT_NE(out.at("statement").get<std::string>().find("consensus by chief"), std::string::npos);
  EXPECT_EQ(json::parse(read_text(path("f.json"))).at("items").size(), 1u);
}

TEST_F(ReviewedCases, TrainingSetsTakeSignedCasesAndSplitByPatient) {
  refused({"dataset", "from-reviews", path("case"), "-o", path("set"), "--fractions", "1"}, 2,
          "no review");
  const auto focus = std::find_if(base_.items.begin(), base_.items.end(),
                                  [](const Finding& f) { return f.label == "focus"; });
  ASSERT_NE(focus, base_.items.end()) << "without a focus there is no F1";
  log()->append("ann", "accept", decision_data(*focus));
  log()->append("ann", "reject", decision_data(base_.items[focus == base_.items.begin() ? 1 : 0]));
  refused({"dataset", "from-reviews", path("case"), "-o", path("set"), "--fractions", "1"}, 7,
          "not signed");
  log()->sign("ann", "done");
  refused({"dataset", "from-reviews", path("case"), "-o", path("set")}, 2, "cannot be split");
  refused({"dataset", "from-reviews", path("case"), path("case"), "-o", path("set2"), "--fractions",
           "0.5,0.5"},
          7, "already");
  const json index =
      ask({"dataset", "from-reviews", path("case"), "-o", path("set3"), "--fractions", "1"});
  const json& item = index.at("items").at(0);
  EXPECT_EQ(item.at("findings"), 1);
  EXPECT_EQ(item.at("ignored_findings"), base_.items.size() - 2);
  EXPECT_EQ(item.at("part"), "training");
  EXPECT_TRUE(fs::exists(folder_ / "set3" / "images" / "00001.nrrd"));
  const json same = ask({"dataset", "compare", path("set3"), "--part", "training", "--model",
                         SENSORIUM_SOURCE_DIR "/resources/models/oct_hrf.onnx"});
  EXPECT_EQ(same.at("f1").at("change").at("value"), 0);
}

TEST_F(ReviewedCases, AModelIsPromotedAndRolledBackByAPerson) {
  fs::copy(SENSORIUM_SOURCE_DIR "/resources/models/oct_hrf.onnx", path("new.onnx"));
  refused({"promote", "oct_hrf", path("new.onnx")}, 2, "person");
  const json promoted = ask({"promote", "oct_hrf", path("new.onnx"), "--by", "kim"});
  EXPECT_EQ(promoted.at("current").at("path"), path("new.onnx"));
  ask({"run", "oct_hrf", sample, "-o", path("with"), "--no-report"});
  const json recipe = json::parse(read_text(folder_ / "with" / "recipe.json"));
  EXPECT_EQ(recipe.at("model").at("path"), path("new.onnx"));
  EXPECT_EQ(recipe.at("model").at("sha256"), promoted.at("current").at("sha256"));
  write_atomically(path("new.onnx"), "changed");
  refused({"run", "oct_hrf", sample, "-o", path("x"), "--no-report"}, 7, "promoted");
  EXPECT_TRUE(ask({"rollback", "oct_hrf", "--by", "kim"}).at("current").is_null());
  refused({"rollback", "oct_hrf", "--by", "kim"}, 7, "nothing to go back to");
  EXPECT_EQ(ask({"promote", "oct_hrf"}).at("history").size(), 2u);
}

TEST_F(ReviewedCases, TwoVisitsAreCompared) {
  fs::copy(folder_ / "case", folder_ / "later", fs::copy_options::recursive);
  log("later")->append("ann", "reject", decision_data(base_.items[0]));
  const json result = ask({"follow-up", path("case"), path("later"), "--csv", path("f.csv")});
  EXPECT_EQ(result.at("rows")[0].at("change"), -1);
  EXPECT_EQ(read_text(path("f.csv")).substr(0, 4), "slab");
  json provenance = json::parse(read_text(folder_ / "later" / "provenance.json"));
  provenance["dataset"]["laterality"] = "left";
  write_atomically(folder_ / "later" / "provenance.json", provenance.dump());
  refused({"follow-up", path("case"), path("later")}, 7, "left eye");
}

TEST_F(ReviewedCases, ANewerLogIsRefusedWithTheHint) {
  log()->append("ann", "accept", decision_data(base_.items[0]));
  if (!fs::exists(python)) GTEST_SKIP() << "no judges";
  read_shell(python + " -c \"import sqlite3; d = sqlite3.connect('" + path("case/review.sqlite") +
             "'); d.execute('PRAGMA user_version = 99'); d.commit()\"");
  refused({"convert", path("case"), "-o", path("m.nrrd")}, 5, "version 99");
}

// Every byte that leaves in this mode, PDF streams inflated, holds none of the seeded words.
TEST_F(ReviewedCases, DeidentifiedExportsHoldNoPatientText) {
  if (!fs::exists(python)) GTEST_SKIP() << "no judges";
  const std::string scan = path("quellmalz_zephyrine.dcm");
  ASSERT_EQ(
      read_shell(python + " " SENSORIUM_SOURCE_DIR "/tests/cli/make_opt.py " + sample + " " + scan),
      "");
  const std::string named = path("dicom");
  const Outcome ran = sensorium({"run", "oct_hrf", scan, "-o", named, "--no-report"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  {
    const auto writing = log("dicom");
    writing->append("ann", "draw", draw_data({{2, 10, 10, 5}}, "focus"));
    writing->append("ann", "note", note_data("drawn-1", "told Zephyrine Quellmalz to come back"));
  }
  const std::vector<std::string> secrets{
      "quellmalz",          "zephyrine", "qx-998877",
      "19310517",           "acc55443",  "oberndorfer",
      "wolkenkuckucksheim", "stu7766",   "1.2.826.0.1.3680043.10.511.31"};
  const auto leaks = [&](const fs::path& file) {
    std::string found;
    const std::string bytes =
        read_shell(python + " " SENSORIUM_SOURCE_DIR "/tests/cli/bytes.py " + file.string());
    for (const std::string& secret : secrets)
      if (bytes.find(secret) != std::string::npos) found += secret + " ";
    return found;
  };
  EXPECT_NE(leaks(scan), "") << "the search itself works";
  make_folder(folder_ / "out");
  for (const char* name : {"m.nrrd", "m.nii.gz", "m.tif", "m.dcm", "r.sr.dcm", "f.csv", "f.json"}) {
    const std::string file = path("out/") + name;
    ask({"convert", named, "-o", file, "--deidentify"});
    EXPECT_EQ(leaks(file), "") << name;
  }
  ask({"report", named, "-o", path("out/r.pdf"), "--deidentify"});
  EXPECT_EQ(leaks(path("out/r.pdf")), "") << "r.pdf";
  log("dicom")->sign("ann", "done");
  ask({"dataset", "from-reviews", named, "-o", path("out/set"), "--fractions", "1"});
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out" / "set"))
    if (entry.is_regular_file()) {
      EXPECT_EQ(leaks(entry.path()), "") << entry.path();
    }
  ask({"convert", named, "-o", path("named.json")});
  EXPECT_NE(leaks(path("named.json")), "") << "without the flag the note is kept";
}

}
}
