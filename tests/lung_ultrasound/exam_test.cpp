#include "pipelines/lung_ultrasound/exam.h"

#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"
#include "modules/core/findings.h"
#include "modules/io/video_writer.h"
#include "pipelines/lung_ultrasound/phantom.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <set>

namespace sensorium::lung_ultrasound {
Extension make_extension();
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

fs::path fresh(const std::string& name) {
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_exam" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

ExamClip clip(const std::string& zone, std::optional<int> score,
              std::vector<Probabilities> p = {}) {
  ExamClip out{.item = {"a.mp4", zone}};
  out.judgement.score.majority = out.judgement.score.mean = out.judgement.score.max =
      out.judgement.score.top = score;
  out.readable = std::move(p);
  return out;
}

TEST(Exam, SchemesHaveTheZonesTheyAreNamedAfter) {
  const auto schemes = zone_schemes();
  ASSERT_EQ(schemes.size(), 4u);
  for (const ZoneScheme& s : schemes) {
    EXPECT_EQ(std::to_string(s.zones.size()), s.id);
    std::set<std::string> ids;
    for (const Zone& z : s.zones) ids.insert(z.id);
    EXPECT_EQ(ids.size(), s.zones.size());
    EXPECT_FALSE(s.source.empty());
  }
  EXPECT_THROW((void)zone_scheme("7"), Error);
}

TEST(Exam, ZonesAreReadFromNames) {
  const ZoneScheme six = zone_scheme("6");
  EXPECT_EQ(zone_in_name("patient_12_L1.mp4", six), "L1");
  EXPECT_EQ(zone_in_name("patient-15-r2-2.avi", six), "R2");
  EXPECT_EQ(zone_in_name("patient_12_L4.mp4", six), "") << "no such zone among six";
  EXPECT_EQ(zone_in_name("L1_or_R1.mp4", six), "") << "two are none";
  EXPECT_EQ(zone_in_name("XL1.mp4", six), "");
  EXPECT_EQ(zone_in_name("a_z14.mp4", zone_scheme("14")), "Z14");
}

TEST(Exam, TheWorstPatternOfAZoneCountsAndMissingZonesAreSaid) {
  const ZoneScheme six = zone_scheme("6");
  LungParameters p;
  p.rule = "mean";
  const std::vector<ExamClip> clips = {clip("R1", 0, {{0.1, 0.2, 0, 0.7}}),
                                       clip("R1", 2, {{0.6, 0.4, 0, 0}}), clip("L3", 1),
                                       clip("L2", std::nullopt), clip("", 2)};
  const ExamScore s = score_exam(clips, six, p);
  EXPECT_EQ(s.zones[0].score, 2) << "of 0 and 2";
  EXPECT_EQ(s.total, 3);
  EXPECT_EQ(s.seen, 2);
  EXPECT_EQ(s.missing, (std::vector<std::string>{"R2", "R3", "L1", "L2"}));
  EXPECT_EQ(s.without_zone, 1);
  EXPECT_NEAR((*s.classes.used)[3], 0.35, 1e-12) << "mean over the two clips that have answers";
  const Findings f = exam_findings(clips, s, six, p);
  EXPECT_EQ(f.items.size(), 2u);
  EXPECT_EQ(f.summary[0].value, 3);
  EXPECT_EQ(f.tables[0].rows[1][3], "missing");
  EXPECT_EQ(f.tables[0].rows[4][3], "unreadable");
  EXPECT_NE(f.notes[0].find("R2, R3, L1, L2"), std::string::npos);
}

TEST(Exam, TheClipNetworkIsOneMoreRule) {
  const ZoneScheme six = zone_scheme("6");
  LungParameters p;
  p.rule = "attention";
  std::vector<ExamClip> clips = {clip("R1", 1, {{0, 1, 0, 0}}), clip("L1", 0, {{0, 1, 0, 0}})};
  clips[0].attention = Probabilities{0.9, 0, 0, 0.1};
  clips[1].attention = Probabilities{0.3, 0, 0, 0.7};
  clips[0].judgement.score.attention = 2;
  const ExamScore s = score_exam(clips, six, p);
  EXPECT_EQ(s.zones[0].score, 2);
  EXPECT_NEAR((*s.classes.used)[0], 0.6, 1e-12);
  EXPECT_EQ(s.classes.by_attention, 0);
  EXPECT_FALSE(s.classes.agree) << "frames say class 1";
  EXPECT_EQ(exam_findings(clips, s, six, p).tables[1].rows.back()[0], "attention");
}

TEST(Exam, ATableNamesFilesAndZonesOrIsRefused) {
  const fs::path folder = fresh("table");
  const ZoneScheme six = zone_scheme("6");
  write_atomically(folder / "list.csv", "file,zone\na.mp4,r1\nb.mp4,\n");
  const auto items = exam_items({(folder / "list.csv").string()}, six);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].zone, "R1");
  EXPECT_EQ(items[0].file, folder / "a.mp4");
  EXPECT_EQ(items[1].zone, "");
  write_atomically(folder / "list.csv", "file,zone\na.mp4,R9\n");
  EXPECT_THROW((void)exam_items({(folder / "list.csv").string()}, six), Error);
  write_atomically(folder / "list.csv", "file\na.mp4\n");
  EXPECT_THROW((void)exam_items({(folder / "list.csv").string()}, six), Error);
  EXPECT_THROW((void)exam_items({fresh("empty").string()}, six), Error);
}

TEST(Exam, AFolderOfClipsBecomesScoreClassAndReport) {
  const fs::path folder = fresh("clips"), out = fresh("result");
  PhantomOptions o;
  o.frames = 8;
  o.width = 200;
  o.height = 180;
  o.variety = 0.3;
  o.pattern = "a_lines";
  write_video(make_phantom(o).video, folder / "p_R1.mkv");
  write_atomically(folder / "p_R2.mp4", "no clip");
  const Extension e = make_extension();
  for (const PipelineCommand& c : e.pipelines[0].commands) {
    if (c.verb != "exam") continue;
    const json result = c.run({folder.string()}, {{"zones", "6"}, {"use_network", false}}, out, {});
    EXPECT_EQ(result.at("zones_seen"), 1);
    EXPECT_EQ(result.at("total"), 0);
    EXPECT_EQ(result.at("missing").size(), 5u);
    EXPECT_EQ(result.at("clips").size(), 2u);
    EXPECT_NE(result.at("clips")[1].at("failure"), "");
    EXPECT_TRUE(fs::exists(out / "exam.json"));
    EXPECT_FALSE(findings_from_json(result.at("findings")).tables.empty()) << "for the report";
    return;
  }
  FAIL() << "no exam command";
}

}
}
