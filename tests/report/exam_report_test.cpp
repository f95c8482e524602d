// The exam's report as pdftotext reads it, and the drawing of the zones.
#include "modules/report/exam_report.h"
#include "modules/report/zone_drawing.h"
#include "modules/review/pooling.h"

#include <gtest/gtest.h>

#include <QImage>
#include <QPainter>

#include <unistd.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

double area_of(const QPainterPath& path) {
  double sum = 0;
  for (const QPolygonF& polygon : path.toFillPolygons()) {
    double twice = 0;
    for (qsizetype i = 0; i + 1 < polygon.size(); ++i)
      twice += polygon[i].x() * polygon[i + 1].y() - polygon[i + 1].x() * polygon[i].y();
    sum += std::abs(twice) / 2;
  }
  return sum;
}

TEST(ZoneDrawing, zones_lie_in_their_body_and_never_over_each_other) {
  for (const ZoneScheme& scheme : zones_of_pipeline("lung_ultrasound").schemes) {
    const ZoneDrawing drawing = zone_drawing(scheme, {0, 0, 400, 400}, 16);
    ASSERT_EQ(drawing.zones.size(), scheme.zones.size());
    for (std::size_t i = 0; i < drawing.zones.size(); ++i) {
      const QPainterPath& one = drawing.zones[i].area;
      EXPECT_GT(area_of(one), 300) << scheme.id << " " << drawing.zones[i].id.toStdString();
      EXPECT_TRUE(QRectF(0, 0, 400, 400).contains(one.boundingRect()));
      for (std::size_t k = 0; k < i; ++k)
        EXPECT_LT(area_of(one.intersected(drawing.zones[k].area)), 1)
            << scheme.id << " " << drawing.zones[i].id.toStdString();
    }
  }
}

// In the front view the patient's right is on the viewer's left; from behind it is on the right.
TEST(ZoneDrawing, right_and_left_are_the_patient_s) {
  const ZoneBook book = zones_of_pipeline("lung_ultrasound");
  const ZoneDrawing drawing = zone_drawing(*find_scheme(book, "12"), {0, 0, 400, 400}, 16);
  const auto x = [&](const char* id) {
    for (const ZoneShape& z : drawing.zones)
      if (z.id == id) return z.area.boundingRect().center().x();
    return -1.0;
  };
  EXPECT_LT(x("R1"), x("L1")) << "front";
  EXPECT_GT(x("R5"), x("L5")) << "back";
}

double luminance(const QColor& c) {
  const auto part = [](double v) {
    return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * part(c.redF()) + 0.7152 * part(c.greenF()) + 0.0722 * part(c.blueF());
}

TEST(ZoneDrawing, a_score_can_be_read_on_its_colour) {
  for (const bool dark : {false, true})
    for (int score = 0; score <= 3; ++score) {
      const double a = luminance(score_color(score, dark)),
                   b = luminance(text_on_score(score, dark));
      EXPECT_GE((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05), 4.5) << score << " " << dark;
    }
}

std::string text_of(const fs::path& pdf) {
  std::string text;
  std::FILE* pipe = ::popen(("pdftotext -layout '" + pdf.string() + "' -").c_str(), "r");
  char piece[4096];
  while (const std::size_t n = std::fread(piece, 1, sizeof piece, pipe)) text.append(piece, n);
  ::pclose(pipe);
  return text;
}

ExamBoard board() {
  ExamState state;
  state.clips = {{.id = "clip-1", .file = "/a/secret_R1.mp4"},
                 {.id = "clip-2", .file = "/a/other.mp4"}};
  ClipResult clip;
  clip.analysed = true;
  for (const char* rule : pooling_rules)
    clip.rules.push_back({rule, std::string(rule) == "max" ? 2 : 1, "regular"});
  clip.frames = {{.frame = 0, .readable = true, .score = 1}, {.frame = 3}};
  return exam_board(state, zones_of_pipeline("lung_ultrasound"), {{"clip-1", clip}});
}

TEST(ExamReport, says_zones_rules_and_what_is_missing) {
  const fs::path file =
      fs::temp_directory_path() / ("sensorium-exam-" + std::to_string(::getpid()) + ".pdf");
  const ExamBoard b = board();
  write_exam_pdf({.board = b, .created = "2026-01-31T12:00:00Z", .reader = "Ada"}, file);
  const std::string text = text_of(file);
  for (const char* words :
       {"At least 1 of 36", "Total score over 1 of 12 zones under the rule 'top'.",
        "Zones without a score: R2", "three or more separate B-lines", "The rules disagree",
        "secret_R1.mp4", "not analysed", "Not a medical device", "Rouby et al. 2018",
        "right upper anterior"})
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  EXPECT_NE(text.find("Not signed."), std::string::npos);
  write_exam_pdf(
      {.board = b, .created = "2026-01-31T12:00:00Z", .reader = "", .deidentified = true}, file);
  EXPECT_EQ(text_of(file).find("secret"), std::string::npos);
  EXPECT_NE(text_of(file).find("clip-1"), std::string::npos);
  fs::remove(file);
}

TEST(ExamReport, says_who_signed_what_was_unread_and_what_has_changed) {
  const fs::path file =
      fs::temp_directory_path() / ("sensorium-signed-" + std::to_string(::getpid()) + ".pdf");
  ExamBoard b = board();
  b.signature = ExamSignature{.reader = "Ada Secret",
                              .time_utc = "2026-01-31T12:34:56Z",
                              .statement = "",
                              .hash = "",
                              .clips = {},
                              .total = 1,
                              .unread = {"1 clip is not analysed."}};
  b.clips[0].result.marks = {{"consolidation", 2}, {"effusion", 1}};
  write_exam_pdf({.board = b, .created = "2026-01-31T12:00:00Z", .reader = "Ada"}, file);
  std::string text = text_of(file);
  for (const char* words :
       {"Signed by Ada Secret at 2026-01-31T12:34:56Z.",
        "When it was signed: 1 clip is not analysed.", "marked: 2 × consolidation, effusion"})
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  EXPECT_EQ(text.find("Changed since signed"), std::string::npos);
  b.clips[0].change = "2 later events";
  b.changed = {"clip-1 in R1 (2 later events)"};
  write_exam_pdf(
      {.board = b, .created = "2026-01-31T12:00:00Z", .reader = "", .deidentified = true}, file);
  text = text_of(file);
  EXPECT_NE(text.find("Signed at 2026-01-31T12:34:56Z."), std::string::npos);
  EXPECT_NE(text.find("Changed since signed"), std::string::npos);
  EXPECT_NE(text.find("clip-1 in R1 (2 later events)"), std::string::npos);
  EXPECT_EQ(text.find("Secret"), std::string::npos);
  fs::remove(file);
}

}
}
