// What stands in a report, as poppler's pdftotext and pdfinfo read it.
#include "modules/core/error.h"
#include "modules/report/report.h"
#include "modules/review/footprint.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

class Report : public testing::Test {
protected:
  Report()
      : folder_(fs::temp_directory_path() / ("sensorium-report-" + std::to_string(::getpid()))) {
    make_folder(folder_);
    Volume v{.width = 120, .height = 80, .depth = 3};
    v.pixels = Buffer::of(std::vector<std::uint8_t>(v.voxels(), 90));
    v.spacing = {known_spacing(11.47, ScaleSource::VendorField, "ScaleX"),
                 known_spacing(3.872, ScaleSource::VendorField, "ScaleZ"),
                 unknown_spacing("Distance is 0")};
    v.modality = "OCT";
    v.laterality = Laterality::Left;
    v.origin.path = "/clinic/Quillfeather_19511103.vol";
    v.origin.format = "heyex_vol";
    v.origin.sha256 = std::string(64, 'c');
    v.origin.patient = {"PID-77123", "Quillfeather Amaryllis", "1951-11-03", "F"};
    v.origin.facts = {{"study date", "2024-05-06", "StudyDate (0008,0020)"},
                      {"quality", "31 dB", "Quality"},
                      {"series", "1.2.840.99.7", "SeriesInstanceUID (0020,000e)"}};
    v.origin.warnings = {"read from /clinic/Quillfeather_19511103.vol with care"};
    dataset_ = v;
    findings_.pipeline = "oct_hrf";
    findings_.parameters_text = R"({"threshold":0.5})";
    for (int i = 0; i < 4; ++i) findings_.items.push_back(focus(i));
    findings_.summary = {{"foci", 4, "1", "count"}};
    findings_.notes = {"Seen in Quillfeather_19511103: nothing unusual"};
  }
  ~Report() override { fs::remove_all(folder_); }

  static Finding focus(int i) {
    Finding f;
    f.id = "f" + std::to_string(i);
    f.label = "focus";
    f.score = 0.9 - 0.1 * i;
    f.footprint = {{i % 3, 20 + i, 30 + 10 * i, 5}};
    place(f);
    return f;
  }

  void act(const std::string& kind, json data) {
    const auto number = static_cast<std::int64_t>(events_.size()) + 1;
    events_.push_back({number, "2026-01-31T12:00:00Z", "kim", kind, std::move(data), "", ""});
  }

  std::string output_of(const std::string& command) const {
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string text;
    char piece[4096];
    while (const std::size_t n = std::fread(piece, 1, sizeof piece, pipe)) text.append(piece, n);
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return text;
  }

  // Text and document information of the report; lines that were broken are joined.
  std::string report(ReportOptions options = {}) {
    const fs::path file = folder_ / "report.pdf";
    const ReviewState review = fold(findings_, events_);
    ReportInput in{.dataset = dataset_, .findings = findings_, .review = review};
    in.provenance = {{"program", "0.1.0"}, {"device", "cpu"}, {"finished", "2026-01-31T12:00:00Z"}};
    in.command = "sensorium run oct_hrf /clinic/Quillfeather_19511103.vol --seed 0 -o out";
    in.options = options;
    write_pdf(in, file);
    std::string text = output_of("pdftotext -layout '" + file.string() + "' -") +
                       output_of("pdfinfo '" + file.string() + "'");
    std::string joined;
    for (const char c : text)
      if (c != '\n' && c != ' ' && c != '\f')
        joined += c;
      else if (!joined.empty() && joined.back() != ' ')
        joined += ' ';
    return joined;
  }

  fs::path folder_;
  Dataset dataset_;
  Findings findings_;
  std::vector<Event> events_;
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Report, SaysWhoWhatAndAtWhichScale) {
  const std::string text = report();
  for (const char* part :
       {"Not a medical device", "Quillfeather Amaryllis", "PID-77123", "1951-11-03", "left (OS)",
        "120 x 80 pixels, 3 slices", "11.47 um", "3.872 um", "Distance is 0", "31 dB", "Not signed",
        "sensorium run oct_hrf"})
    EXPECT_TRUE(says(text, part)) << part << " is missing in:\n" << text;
}

TEST_F(Report, CountsAreThoseOfTheReview) {
  EXPECT_TRUE(says(report(), "0 accepted, 0 rejected, 0 changed, 0 drawn by hand, 4 undecided"));
  act("accept", decision_data(findings_.items[0]));
  act("accept", decision_data(findings_.items[1]));
  act("reject", decision_data(findings_.items[2]));
  act("draw",
      {{"finding", "drawn-4"}, {"label", "focus"}, {"footprint", runs_to_json({{0, 60, 60, 4}})}});
  const std::string text = report();
  EXPECT_TRUE(says(text, "2 accepted, 1 rejected, 0 changed, 1 drawn by hand, 1 undecided"))
      << text;
  EXPECT_TRUE(says(text, "drawn-4")) << text;
}

TEST_F(Report, DeidentifiedHoldsNoTextThatIdentifies) {
  act("note", note_data("", "Ms Quillfeather asked twice, see PID-77123"));
  const std::string plain = report();
  EXPECT_TRUE(says(plain, "asked twice"));
  const std::string text = report({.deidentified = true});
  EXPECT_TRUE(says(text, "De-identified"));
  EXPECT_TRUE(says(text, "asked twice")) << text;
  EXPECT_TRUE(says(text, "31 dB")) << text;
  for (const char* secret : {"Quillfeather", "quillfeather", "Amaryllis", "77123", "1951",
                             "19511103", "2024-05-06", "1.2.840.99.7", "/clinic"})
    EXPECT_FALSE(says(text, secret)) << secret << " stands in:\n" << text;
}

TEST_F(Report, FieldsThatTheFileLacksAreNotInvented) {
  origin_of(dataset_).patient = {};
  const std::string text = report();
  EXPECT_TRUE(says(text, "Name not given")) << text;
  EXPECT_TRUE(says(text, "Date of birth not given")) << text;
}

// The part of the report that lists the findings, from its heading on.
std::string list_of(const std::string& text) {
  const auto at = text.find("All findings");
  return at == std::string::npos ? std::string() : text.substr(at, 120);
}

TEST_F(Report, TheListOfFindingsSpeaksOfWhatTheRecordingHas) {
  EXPECT_TRUE(says(list_of(report()), "Finding Label B-scan x, y (px) Size Score State"));
  findings_.items[0].attributes["slab"] = "inner";
  EXPECT_TRUE(says(list_of(report()), "Finding Label B-scan x, y (px) Size Layer Score State"));
  findings_.items[0].attributes.clear();
  std::get<Volume>(dataset_).modality.clear();
  EXPECT_TRUE(says(list_of(report()), "Label B-scan x, y")) << "an unknown stack is taken as scans";
  std::get<Volume>(dataset_).modality = "CT";
  const std::string other = report();
  EXPECT_TRUE(says(list_of(other), "Label Slice x, y")) << other;
  EXPECT_FALSE(says(other, "B-scan")) << other;
  Video video{.width = 120, .height = 80, .frames = 3};
  video.pixels = Buffer::of(std::vector<std::uint8_t>(std::size_t{120} * 80 * 3, 90));
  dataset_ = video;
  EXPECT_TRUE(says(list_of(report()), "Label Frame x, y"));
}

// Two kinds of marks in two frames, and a length: pictures, legend, table.
TEST_F(Report, AClipShowsItsFramesWithMarksByKindAndWhatWasMeasured) {
  Video video{.width = 120, .height = 80, .frames = 3};
  video.pixels = Buffer::of(std::vector<std::uint8_t>(std::size_t{120} * 80 * 3, 0));
  dataset_ = video;
  findings_.items.clear();
  findings_.tables = {
      {"frames", "Frames", {"frame", "regular, %", "share, %"}, {{"1", "71.94183", "49.74"}}}};
  act("draw", {{"finding", "drawn-1"}, {"label", "consolidation"}, {"footprint", {0, 30, 20, 40}}});
  act("draw", {{"finding", "drawn-2"}, {"label", "A-line"}, {"footprint", {2, 40, 20, 60}}});
  act("measure", measure_data({{1, 1, 2}, {31, 1, 2}}, {"distance", 3, "mm", "PhysicalDeltaX"}));
  const std::string text = report();
  for (const char* words : {"Key frames", "frame 1 of 3", "frame 3 of 3 A-line consolidation",
                            "Measured by hand", "distance 3 mm 3 PhysicalDeltaX", "1 72 49.74"})
    EXPECT_TRUE(says(text, words)) << words << "\n" << text;
  act("reject", {{"finding", "drawn-1"}});
  const std::string less = report();
  EXPECT_TRUE(says(less, "Key frame, 3 of 3")) << less;
  EXPECT_FALSE(says(less, "frame 1 of 3"));
}

TEST_F(Report, ACubeHasNoSlices) {
  Cube cube;
  cube.samples = 120, cube.lines = 80, cube.bands = 3;
  dataset_ = cube;
  const std::string text = report();
  EXPECT_TRUE(says(list_of(text), "Finding Label x, y (px) Size Score State")) << text;
  EXPECT_FALSE(says(text, "B-scan")) << text;
}

TEST_F(Report, AFolderThatIsNotThereGivesOneError) {
  const ReviewState review = fold(findings_, events_);
  const ReportInput in{.dataset = dataset_, .findings = findings_, .review = review};
  EXPECT_THROW(write_pdf(in, folder_ / "absent" / "report.pdf"), Error);
  EXPECT_TRUE(fs::is_empty(folder_));
}

// A recording with its plots: axes, labels, spans of findings and the caption are text in the PDF.
class RecordingReport : public Report {
protected:
  RecordingReport() {
    Recording r;
    r.length = 5000;
    r.rate = known_rate(1000, RateSource::Stated, "header");
    Channel c{.name = "Quillfeather", .unit = "A", .source = "header"};
    c.samples = Buffer::of(std::vector<double>(5000));
    r.channels.push_back(c);
    r.origin.path = "/clinic/Quillfeather_19511103.csv";
    r.origin.format = "csv";
    dataset_ = r;
    findings_ = {};
    findings_.pipeline = "motor_fault";
    findings_.items.push_back(span("inter-turn", "inter-turn short", 2000, 2999));
    findings_.items.push_back(span("bearing", "bearing", 0, 4999));
    Plot time{.title = "Ratio over time",
              .caption = "read it as follows: Quillfeather_19511103 is a file",
              .x_label = "s",
              .y_label = "I2/I1"};
    time.x_to = 5;
    time.lines.push_back({"the ratio", {0, 1, 2, 5}, {0.02, 0.02, 0.1, 0.02}});
    time.samples_per_x = 1000;
    Plot spectrum{.title = "Spectrum with bands", .x_label = "Hz", .y_label = "dB"};
    spectrum.x_to = 500;
    spectrum.y_from = -80;
    spectrum.y_to = 0;
    spectrum.lines.push_back({"", {0, 100, 500}, {-70, 0, -70}});
    for (int i = 0; i < 40; ++i)
      spectrum.ranges.push_back({90.0 + i, 90.5 + i, "line " + std::to_string(i), i == 20});
    Plot locus{.title = "Locus", .x_label = "id", .y_label = "iq"};
    locus.equal_axes = true;
    plots_ = {time, spectrum, locus};
  }
  static Finding span(const std::string& id, const std::string& label, int from, int to) {
    Finding f{.id = id, .label = label, .score = 0.9};
    f.box = {from, 0, 0, to, 0, 0};
    f.text = label + " was found";
    return f;
  }
  std::string text(ReportOptions options = {}) {
    const ReviewState review = fold(findings_, events_);
    ReportInput in{.dataset = dataset_, .findings = findings_, .review = review};
    in.plots = plots_;
    in.options = options;
    write_pdf(in, folder_ / "report.pdf");
    return output_of("pdftotext -layout '" + (folder_ / "report.pdf").string() + "' -");
  }
  std::vector<Plot> plots_;
};

TEST_F(RecordingReport, DrawsPlotsWithAxesLabelsAndSpans) {
  const std::string all = text();
  for (const char* part : {"Ratio over time", "I2/I1", "the ratio", "Spectrum with bands", "Locus",
                           "inter-turn short, from 2.00 s", "line 20", "500"})
    EXPECT_TRUE(says(all, part)) << part << " is missing in:\n" << all;
  // A span as long as the recording says nothing about when; labels that find no room are left out.
  EXPECT_FALSE(says(all, "bearing, from"));
  EXPECT_FALSE(says(all, "line 39") && says(all, "line 38") && says(all, "line 37"));
}

TEST_F(RecordingReport, RejectedSpansAndNamesOfTheFileAreLeftOut) {
  act("reject", decision_data(findings_.items[0]));
  EXPECT_FALSE(says(text(), "inter-turn short, from"));
  EXPECT_TRUE(says(text(), "Quillfeather_19511103 is a file"));
  EXPECT_FALSE(says(text({.deidentified = true}), "Quillfeather_19511103"));
}

}
}
