// An exam's folder on the command line: report, JSON, structured report as pydicom reads it.
#include "modules/core/file.h"
#include "modules/core/findings.h"
#include "modules/review/exam_folder.h"
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
const std::string python = SENSORIUM_JUDGES "/bin/python";

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char piece[4096];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe))
    text.append(piece, count);
  ::pclose(pipe);
  return text;
}

Findings clip_findings(const std::string& majority, const std::string& top) {
  Findings f;
  f.pipeline = "lung_ultrasound";
  f.tables = {{"verdicts",
               "",
               {"rule", "score", "used"},
               {{"majority", majority, ""}, {"top", top, "yes"}}}};
  Finding verdict;
  verdict.id = "clip-score-" + top;
  verdict.label = "score " + top;
  f.items = {verdict};
  return f;
}

class Exams : public testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    ExamFile file{.created = "2026-01-31T12:00:00Z"};
    const auto add = [&](const std::string& name, const Findings& findings) {
      const fs::path clip_case = folder_ / "cases" / name;
      make_folder(clip_case);
      write_atomically(clip_case / "findings.json", to_json(findings).dump());
      const std::string clip = (folder_ / ("secret_" + name + ".mp4")).string();
      file.cases[clip] = clip_case.string();
      clips_.emplace_back("clip-" + std::to_string(clips_.size() + 1), clip);
    };
    add("R1", clip_findings("0", "1"));
    add("L4", clip_findings("2", "2"));
    write_exam_file(exam_, file);
    const auto log = ReviewLog::open(exam_ / "review.sqlite", ReviewLog::Mode::ReadWrite);
    log->append("ada", "exam_clips", exam_clips_data(clips_));
    const ZoneBook book = zones_of_pipeline("lung_ultrasound");
    const ZoneScheme& twelve = *find_scheme(book, "12");
    log->append("ada", "exam_score", exam_score_data(*find_zone(twelve, "R6"), "3"));
    log->append("ada", "exam_score", exam_score_data(*find_zone(twelve, "L1"), "uninterpretable"));
  }
  void TearDown() override { fs::remove_all(folder_); }
  Outcome write(const std::string& name, std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        program, "report", exam_.string(), "-o", (folder_ / name).string(), "--reader", "ada"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  }
  fs::path folder_ = fs::temp_directory_path() / ("sensorium-exams-" + std::to_string(::getpid()));
  fs::path exam_ = folder_ / "exam";
  std::vector<std::pair<std::string, std::string>> clips_;
};

TEST_F(Exams, the_json_adds_up) {
  const Outcome out = write("board.json");
  ASSERT_EQ(out.status, 0) << out.err;
  EXPECT_NE(out.out.find("total score 6 (rule 'top')"), std::string::npos) << out.out;
  const json board = json::parse(read_text(folder_ / "board.json"));
  EXPECT_EQ(board.at("total"), 1 + 2 + 3);
  EXPECT_EQ(board.at("total_by_rule"), (json{{"majority", 5}, {"top", 6}}));
  EXPECT_EQ(board.at("most"), 36);
  EXPECT_EQ(board.at("zones_seen"), 3);
  EXPECT_EQ(board.at("rules_agree"), false);
  EXPECT_EQ(board.at("zones").at(5).at("decided_by"), "ada");
  EXPECT_EQ(board.at("missing").size(), 9u);
  EXPECT_EQ(board.at("events"), 3);
}

TEST_F(Exams, pydicom_reads_the_same_zones_and_scores) {
  if (!fs::exists(python)) GTEST_SKIP() << "no judges";
  const Outcome out = write("exam.sr.dcm");
  ASSERT_EQ(out.status, 0) << out.err;
  const std::string judge =
      python + " " SENSORIUM_SOURCE_DIR "/tests/cli/exam_judge.py '" + folder_.string();
  const std::string text = output_of(judge + "/exam.sr.dcm' 2>&1");
  const json seen = json::parse(text, nullptr, false);
  ASSERT_TRUE(seen.is_object()) << text;
  ASSERT_EQ(seen.at("zones").size(), 12u);
  const auto zone = [&](const char* id) { return seen.at("zones").at(id); };
  EXPECT_EQ(zone("R1"), (json{{"place", "right upper anterior"},
                              {"right", true},
                              {"score", "score 1"},
                              {"rules", "rules disagree"},
                              {"pattern", "three or more separate B-lines"}}));
  EXPECT_EQ(zone("L4").at("score"), "score 2");
  EXPECT_EQ(zone("L4").at("right"), false);
  EXPECT_EQ(zone("R6").at("score"), "score 3");
  EXPECT_EQ(zone("R6").at("pattern"), "consolidation");
  EXPECT_EQ(zone("L1").at("score"), "uninterpretable");
  EXPECT_EQ(zone("R2").at("score"), "not examined");
  EXPECT_EQ(seen.at("sums").at("total score"), 6.0);
  EXPECT_EQ(seen.at("sums").at("total score, majority"), 5.0);
  EXPECT_EQ(seen.at("sums").at("zones with a score"), 3.0);
  EXPECT_EQ(seen.at("text"), true) << "clips are named";
  ASSERT_EQ(write("blank.sr.dcm", {"--deidentify"}).status, 0);
  const json blank = json::parse(output_of(judge + "/blank.sr.dcm' 2>&1"), nullptr, false);
  ASSERT_TRUE(blank.is_object());
  EXPECT_EQ(blank.at("text"), false);
  EXPECT_EQ(blank.at("zones").at("R1").at("score"), "score 1");
}

TEST_F(Exams, the_pdf_holds_the_board) {
  ASSERT_EQ(write("exam.pdf").status, 0);
  const std::string text =
      output_of("pdftotext -layout '" + (folder_ / "exam.pdf").string() + "' -");
  for (const char* words : {"At least 6 of 36", "Total score over 3 of 12 zones",
                            "uninterpretable ", "secret_L4.mp4", "consolidation; by ada", "intact"})
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
}

TEST_F(Exams, is_signed_on_the_command_line_and_every_export_says_so) {
  const auto readers = [&](std::vector<std::string> more) {
    std::vector<std::string> words{program, "readers", exam_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words);
  };
  EXPECT_NE(readers({}).out.find("not signed"), std::string::npos);
  EXPECT_NE(readers({"--sign-layer", "ada"}).err.find("it has no layers"), std::string::npos);
  const Outcome out = readers({"--sign", "ada"});
  ASSERT_EQ(out.status, 0) << out.err;
  EXPECT_NE(out.out.find("signed by ada at "), std::string::npos) << out.out;
  EXPECT_NE(out.out.find("2 clips' verdicts have not been decided on."), std::string::npos);
  EXPECT_NE(readers({"--sign", "ben"}).status, 0) << "once";
  ASSERT_EQ(write("signed.json").status, 0);
  json board = json::parse(read_text(folder_ / "signed.json"));
  EXPECT_EQ(board.at("signature").at("reader"), "ada");
  EXPECT_EQ(board.at("signature").at("clips").size(), 2u);
  EXPECT_EQ(board.at("signature").at("changed_since_signed"), false);
  EXPECT_NE(board.at("log").get<std::string>().find("signed by ada"), std::string::npos);
  const auto log =
      ReviewLog::open(folder_ / "cases" / "L4" / "review.sqlite", ReviewLog::Mode::ReadWrite);
  log->append("ben", "accept", {{"finding", "clip-score-2"}});
  EXPECT_NE(readers({}).out.find("changed: secret_L4.mp4 in L4 (1 later event)"),
            std::string::npos);
  ASSERT_EQ(write("changed.json", {"--deidentify"}).status, 0);
  const std::string text = read_text(folder_ / "changed.json");
  board = json::parse(text);
  EXPECT_EQ(board.at("signature").at("changed_since_signed"), true);
  EXPECT_EQ(board.at("clips").at(1).at("changed_since_signed"), "1 later event");
  EXPECT_EQ(text.find("\"ada\""), std::string::npos);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  ASSERT_EQ(write("signed.pdf").status, 0);
  const std::string pdf =
      output_of("pdftotext -layout '" + (folder_ / "signed.pdf").string() + "' -");
  for (const char* words : {"Signed by ada at ", "Changed since signed", "1 later event",
                            "2 clips' verdicts have not been decided on"})
    EXPECT_NE(pdf.find(words), std::string::npos) << words << "\n" << pdf;
  if (!fs::exists(python)) return;
  ASSERT_EQ(write("signed.sr.dcm").status, 0);
  const std::string judged =
      output_of(python + " " SENSORIUM_SOURCE_DIR "/tests/cli/exam_judge.py '" +
                (folder_ / "signed.sr.dcm").string() + "' 2>&1");
  const json seen = json::parse(judged, nullptr, false);
  ASSERT_TRUE(seen.is_object()) << judged;
  const std::string comment = seen.at("comment");
  EXPECT_NE(comment.find("signed by ada"), std::string::npos) << comment;
  EXPECT_NE(comment.find("changed since signed"), std::string::npos);
}

class DicomExams : public Exams {
protected:
  void SetUp() override {
    if (!fs::exists(python)) GTEST_SKIP() << "no judges";
    Exams::SetUp();
  }
  // Clips of R1, R1, L4, the last one a video that is no DICOM; patients of the first two.
  void make(const std::string& first, const std::string& second) {
    const std::string made =
        output_of(python + " " SENSORIUM_SOURCE_DIR "/tests/cli/exam_judge.py make '" +
                  folder_.string() + "' " + first + " " + second + " 2>&1");
    names_ = json::parse(made, nullptr, false);
    ASSERT_TRUE(names_.is_object()) << made;
    fs::remove_all(exam_);
    ExamFile file{.created = "2026-01-31T12:00:00Z"};
    clips_.clear();
    for (const char* name : {"a_R1.dcm", "b_R1.dcm", "c_L4.mp4"}) {
      const std::string clip = (folder_ / name).string();
      file.cases[clip] = (folder_ / "cases" / "R1").string();
      clips_.emplace_back("clip-" + std::to_string(clips_.size() + 1), clip);
    }
    write_exam_file(exam_, file);
    ReviewLog::open(exam_ / "review.sqlite", ReviewLog::Mode::ReadWrite)
        ->append("ada", "exam_clips", exam_clips_data(clips_));
  }
  json judged(const std::string& name) {
    const std::string text =
        output_of(python + " " SENSORIUM_SOURCE_DIR "/tests/cli/exam_judge.py '" +
                  (folder_ / name).string() + "' 2>&1");
    const json seen = json::parse(text, nullptr, false);
    EXPECT_TRUE(seen.is_object()) << text;
    return seen;
  }
  json names_;
};

TEST_F(DicomExams, the_structured_report_refers_to_its_clips) {
  make("anna", "anna");
  const Outcome out = write("exam.sr.dcm");
  ASSERT_EQ(out.status, 0) << out.err;
  const json seen = judged("exam.sr.dcm");
  std::vector<std::string> both{names_.at("a_R1.dcm"), names_.at("b_R1.dcm")};
  std::sort(both.begin(), both.end());
  EXPECT_EQ(seen.at("sources"), (json{{"R1", both}}));
  EXPECT_EQ(seen.at("library"), both);
  EXPECT_EQ(seen.at("evidence"), json::array({names_.at("a_R1.dcm")}));
  EXPECT_EQ(seen.at("other_evidence"), json::array({names_.at("b_R1.dcm")})) << "of another study";
  EXPECT_EQ(seen.at("study"), names_.at("study"));
  EXPECT_EQ(seen.at("patient"), "anna");
  const std::string comment = seen.at("comment");
  EXPECT_NE(comment.find("1 of 3 clips are not DICOM"), std::string::npos) << comment;
  EXPECT_EQ(seen.at("path"), false) << "clips are named, their folder is not";
  EXPECT_EQ(seen.at("zones").at("R1").at("score"), "score 1");
}

TEST_F(DicomExams, a_deidentified_report_refers_to_nobody_s_clips) {
  make("anna", "anna");
  ASSERT_EQ(write("blank.sr.dcm", {"--deidentify"}).status, 0);
  const json seen = judged("blank.sr.dcm");
  EXPECT_EQ(seen.at("sources").at("R1").size(), 2u);
  EXPECT_EQ(seen.at("patient"), "");
  const std::string all = seen.dump();
  for (const char* name : {"a_R1.dcm", "b_R1.dcm", "study"})
    EXPECT_EQ(all.find(names_.at(name).get<std::string>()), std::string::npos) << name;
}

TEST_F(DicomExams, clips_of_different_patients_are_refused) {
  make("anna", "berta");
  for (const char* name : {"x.pdf", "x.json", "x.sr.dcm"})
    for (const bool blank : {false, true}) {
      const Outcome out = write(name, blank ? std::vector<std::string>{"--deidentify"}
                                            : std::vector<std::string>());
      EXPECT_NE(out.status, 0) << name;
      EXPECT_NE(out.err.find("the clips of this exam name different patients"), std::string::npos)
          << out.err;
      EXPECT_EQ(out.err.find("anna"), std::string::npos) << "no patient in an error";
      EXPECT_FALSE(fs::exists(folder_ / name));
    }
  const Outcome sign = run_program({program, "readers", exam_.string(), "--sign", "ada"});
  EXPECT_NE(sign.status, 0);
  EXPECT_NE(sign.err.find("different patients"), std::string::npos);
  EXPECT_FALSE(read_exam(exam_, "").board.signature.has_value());
}

TEST_F(Exams, a_bad_suffix_and_a_damaged_exam_are_refused) {
  const Outcome bad = write("exam.docx");
  EXPECT_NE(bad.status, 0);
  EXPECT_NE(bad.err.find("the suffixes are .pdf, .json and .sr.dcm"), std::string::npos) << bad.err;
  write_atomically(exam_ / "exam.json", "{");
  const Outcome damaged = write("exam.pdf");
  EXPECT_NE(damaged.status, 0);
  EXPECT_NE(damaged.err.find("is damaged"), std::string::npos) << damaged.err;
  EXPECT_FALSE(fs::exists(folder_ / "exam.pdf"));
}

}
}
