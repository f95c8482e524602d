// The reviewed regions of a class map, from the command line alone.
#include "modules/core/file.h"
#include "modules/report/class_picture.h"
#include "modules/review/review_log.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;

const std::string sample = SENSORIUM_SOURCE_DIR "/resources/samples/chart_sample.hdr";
constexpr int width = 148, height = 100;

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), SENSORIUM_BINARY_DIR "/bin/sensorium");
  return testing_support::run_program(words);
}

std::string text_of_pdf(const fs::path& file) {
  std::FILE* pipe = ::popen(("pdftotext -layout '" + file.string() + "' -").c_str(), "r");
  std::string text;
  char piece[4096];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, pipe))
    text.append(piece, count);
  EXPECT_EQ(::pclose(pipe), 0);
  return text;
}

TEST(ClassReview, MapTableMaskAndReportAreAsReviewed) {
  const fs::path folder =
      fs::temp_directory_path() / ("sensorium-classes-" + std::to_string(::getpid()));
  fs::remove_all(folder);
  const std::string name = (folder / "case").string();
  const Outcome run = sensorium({"run", "cube_analysis", sample, "-o", name, "--method", "kmeans",
                                 "--count", "4", "--no-report"});
  ASSERT_EQ(run.status, 0) << run.err;
  const Findings found =
      findings_from_json(json::parse(read_text(folder / "case" / "findings.json")));
  ASSERT_GE(found.items.size(), 3u);
  const std::vector<std::string> names = class_names(found);
  ASSERT_EQ(names.size(), 4u);
  const Finding &rejected = found.items[0], &renamed = found.items[1];
  const std::string other = renamed.label == names[0] ? names[1] : names[0];
  const ClassMap before = read_class_map(folder / "case", width, height);
  ASSERT_FALSE(before.empty());
  const auto out = [&](const char* file) { return (folder / file).string(); };
  const Outcome none = sensorium({"convert", name, "-o", out("x.png"), "--state", "reviewed"});
  EXPECT_NE(none.status, 0);
  EXPECT_NE(none.err.find("has no review"), std::string::npos) << none.err;
  {
    const auto log = ReviewLog::open(folder / "case" / "review.sqlite", ReviewLog::Mode::ReadWrite);
    log->append("ann", "reject", decision_data(rejected));
    log->append("ann", "relabel", relabel_data(renamed, other));
    log->append("ann", "note", note_data(renamed.id, "seen twice"));
  }
  for (const char* file : {"reviewed/classes.png", "t.csv", "m.nrrd", "r.pdf"}) {
    make_folder(folder / "reviewed");
    const Outcome made = std::string(file).ends_with(".pdf")
                             ? sensorium({"report", name, "-o", out(file)})
                             : sensorium({"convert", name, "-o", out(file)});
    ASSERT_EQ(made.status, 0) << file << ": " << made.err;
  }
  const ClassMap after = read_class_map(folder / "reviewed", width, height);
  ASSERT_EQ(after.values.size(), before.values.size());
  EXPECT_EQ(after.colours, before.colours);
  std::vector<std::uint8_t> gone, named;
  paint_runs(rejected.footprint, width, height, 1, gone);
  paint_runs(renamed.footprint, width, height, 1, named);
  const int number = other == names[0] ? 1 : 2;
  for (std::size_t i = 0; i < after.values.size(); ++i)
    ASSERT_EQ(int{after.values[i]}, gone[i] ? 0 : named[i] ? number : int{before.values[i]}) << i;
  const std::string table = read_text(folder / "t.csv");
  EXPECT_NE(table.find(rejected.id + "," + rejected.label + ",,"), std::string::npos);
  EXPECT_NE(table.find(",rejected"), std::string::npos);
  EXPECT_NE(table.find("seen twice"), std::string::npos);
  const std::string text = text_of_pdf(folder / "r.pdf");
  EXPECT_NE(text.find("0 accepted, 1 rejected, 1 changed, 0 drawn by hand"), std::string::npos);
  EXPECT_NE(text.find("Class map after review"), std::string::npos);
  EXPECT_NE(text.find("Pixels, after review"), std::string::npos);
  EXPECT_NE(text.find("as reviewed by ann"), std::string::npos);
  fs::remove_all(folder);
}

}
}
