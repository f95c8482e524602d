// Structured reports: written by us and read by pydicom and highdicom, by ourselves, and back.
#include "modules/core/findings.h"
#include "plugins/dcmtk/outline.h"
#include "tests/plugins_dcmtk/made.h"

#include <algorithm>

namespace sensorium::test {
namespace {

Finding finding(const std::string& id, const std::string& label, std::vector<Run> runs) {
  Finding f;
  f.id = id;
  f.label = label;
  f.score = 0.75;
  f.footprint = std::move(runs);
  f.measures = {{"volume", 1234.5, "um3", "x"},
                {"equivalent diameter", 12.25, "um", "x"},
                {"mean intensity", 0.5, "1", "x"}};
  f.attributes = {{"slab", "inner"}, {"review", "accepted"}};
  return f;
}

// A ring (with a hole), a diagonal touch, and a finding in two slices.
Findings findings(const Dataset& source) {
  Findings out;
  out.pipeline = "oct_hrf";
  out.version = "1.0";
  out.input_sha256 = origin_of(source).sha256;
  out.items = {finding("f-1", "focus", {{0, 1, 1, 4}, {0, 2, 1, 1}, {0, 2, 4, 1}, {0, 3, 1, 4}}),
               finding("f-2", "exudate", {{1, 4, 0, 2}, {1, 5, 2, 2}, {2, 4, 1, 3}}),
               finding("f-3", "focus", {{3, 7, 5, 1}})};
  out.summary = {{"count", 3, "1", "x"}};
  return out;
}

std::vector<std::array<int, 4>> sorted(const std::vector<Run>& runs) {
  std::vector<std::array<int, 4>> pixels;
  for (const Run& r : runs)
    for (int x = r.x; x < r.x + r.length; ++x) pixels.push_back({r.z, r.y, x, 1});
  std::sort(pixels.begin(), pixels.end());
  return pixels;
}

void expect_equal(const Findings& got, const Findings& want) {
  ASSERT_EQ(got.items.size(), want.items.size());
  for (std::size_t i = 0; i < want.items.size(); ++i) {
    const Finding &g = got.items[i], &w = want.items[i];
    EXPECT_EQ(g.id, w.id);
    EXPECT_EQ(g.label, w.label);
    EXPECT_DOUBLE_EQ(g.score, w.score);
    EXPECT_EQ(sorted(g.footprint), sorted(w.footprint)) << w.id;
    EXPECT_EQ(g.attributes, w.attributes);
    ASSERT_EQ(g.measures.size(), w.measures.size());
    for (std::size_t k = 0; k < w.measures.size(); ++k) {
      EXPECT_EQ(g.measures[k].name, w.measures[k].name);
      EXPECT_EQ(g.measures[k].unit, w.measures[k].unit);
      EXPECT_DOUBLE_EQ(g.measures[k].value, w.measures[k].value);
    }
  }
}

TEST(Outline, AnyFootprintComesBackPixelForPixel) {
  std::uint64_t state = 7;
  for (int round = 0; round < 200; ++round) {
    std::vector<sensorium::Run> runs;
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 11; ++x) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        if (state >> 62 != 0) continue;
        if (!runs.empty() && runs.back().y == y && runs.back().x + runs.back().length == x)
          ++runs.back().length;
        else
          runs.push_back({0, y, x, 1});
      }
    std::vector<sensorium::Run> back;
    for (const dicom::Outline& o : dicom::outlines_of(runs)) {
      EXPECT_EQ(o.points.front(), o.points.back());
      for (const sensorium::Run& r : dicom::filled(o.points, o.z, 11, 9)) back.push_back(r);
    }
    ASSERT_EQ(sorted(back), sorted(runs)) << round;
  }
}

TEST(Outline, PolygonsAreCutAtTheBorder) {
  const auto runs = dicom::filled({{-5, -5}, {3, -5}, {3, 2}, {-5, 2}}, 0, 4, 4);
  EXPECT_EQ(sorted(runs).size(), 6u); // 3 x 2 pixels
}

class DicomReport : public testing::Test {
protected:
  void SetUp() override {
    NEEDS_JUDGES();
    fs::copy(made().folder / "even", folder / "even");
    fs::copy(made().folder / "opt.dcm", folder / "opt.dcm");
  }
  void write(const Dataset& source, const Findings& what, const fs::path& path,
             bool deidentified = false) {
    registry()
        .writer("dicom_sr")
        .write({.volume = std::get<Volume>(source),
                .role = "findings",
                .source = &source,
                .findings = &what,
                .statement = "as reviewed by ann, not signed",
                .deidentified = deidentified},
               path);
  }
  Findings read(const fs::path& path, const Dataset& source) {
    const LayerReaderDefinition* reader = registry().layer_reader(path);
    if (reader == nullptr) throw std::runtime_error("not recognised");
    return reader->read(path, source, {});
  }
  Folder folder;
};

TEST_F(DicomReport, ReopensWithTheSameFindings) {
  const Dataset source = registry().open(folder / "even");
  const Findings want = findings(source);
  write(source, want, folder / "r.dcm");
  expect_equal(read(folder / "r.dcm", source), want);
}

TEST_F(DicomReport, HighdicomReadsGroupsRegionsAndSources) {
  const Dataset source = registry().open(folder / "even");
  write(source, findings(source), folder / "r.dcm");
  const auto seen = judge("plugins_dcmtk/judge.py", {"sr", (folder / "r.dcm").string()});
  EXPECT_EQ(seen.at("title"), "126000");
  EXPECT_EQ(seen.at("patient"), "SECRET-4711");
  ASSERT_EQ(seen.at("groups").size(), 3u);
  EXPECT_EQ(seen.at("groups")[0].at("id"), "f-1");
  EXPECT_EQ(seen.at("groups")[1].at("finding"), "exudate");
  EXPECT_EQ(seen.at("groups")[0].at("measures")[0], nlohmann::json({"Volume", 1234.5, "um3"}));
  // The ring: its pieces cover 10 pixels; their area is that of the polygons (shoelace).
  EXPECT_DOUBLE_EQ(seen.at("groups")[0].at("area").get<double>(), 10);
  EXPECT_EQ(seen.at("groups")[1].at("images").size(), 2u);
  EXPECT_TRUE(seen.at("valid_uids").get<bool>());
  EXPECT_EQ(seen.at("evidence"), 4);
}

TEST_F(DicomReport, FramesOfOneFileAreNamed) {
  const Dataset source = registry().open(folder / "opt.dcm");
  Findings want = findings(source);
  want.items.pop_back(); // three frames only
  write(source, want, folder / "r.dcm");
  expect_equal(read(folder / "r.dcm", source), want);
}

TEST_F(DicomReport, WithoutADicomSourceItSaysWhatIsAbsent) {
  Dataset source = registry().open(folder / "even");
  origin_of(source).format = "heyex_vol";
  const Findings want = findings(source);
  write(source, want, folder / "r.dcm");
  expect_equal(read(folder / "r.dcm", source), want);
  const auto seen = judge("plugins_dcmtk/judge.py", {"sr", (folder / "r.dcm").string()});
  EXPECT_NE(seen.at("comment").get<std::string>().find("No image is referenced"),
            std::string::npos);
  EXPECT_EQ(seen.at("evidence"), 0);
  EXPECT_TRUE(seen.at("valid_uids").get<bool>());
}

TEST_F(DicomReport, AnotherRecordingIsRefused) {
  const Dataset source = registry().open(folder / "even");
  write(source, findings(source), folder / "r.dcm");
  Dataset other = registry().open(folder / "opt.dcm");
  EXPECT_THROW(read(folder / "r.dcm", other), Error);
  Dataset changed = source;
  origin_of(changed).format = "heyex_vol";
  write(changed, findings(changed), folder / "text.dcm");
  origin_of(changed).sha256 = std::string(64, 'a');
  EXPECT_THROW(read(folder / "text.dcm", changed), Error);
}

TEST_F(DicomReport, HighdicomsOwnReportIsRead) {
  judge("plugins_dcmtk/judge.py", {"make_sr", folder.path().string()});
  const Dataset source = registry().open(folder / "even");
  const Findings got = read(folder / "judge_sr.dcm", source);
  ASSERT_EQ(got.items.size(), 1u);
  EXPECT_EQ(got.items[0].id, "lesion 1");
  EXPECT_EQ(got.items[0].label, "Lesion");
  EXPECT_EQ(sorted(got.items[0].footprint).size(), 6u);
}

TEST_F(DicomReport, DeidentifiedObjectsHoldNoPatientText) {
  const Dataset source = registry().open(folder / "even");
  write(source, findings(source), folder / "r.dcm", true);
  Volume mask{.width = 6, .height = 8, .depth = 4};
  mask.pixels = Buffer::of(std::vector<std::uint8_t>(mask.voxels(), 1));
  registry()
      .writer("dicom_seg")
      .write({.volume = mask, .role = "mask", .source = &source, .deidentified = true},
             folder / "s.dcm");
  std::vector<std::string> secrets{"SECRET", "SECRET-4711"};
  for (const Fact& fact : origin_of(source).facts)
    if (fact.name == "study" || fact.name == "series" || fact.name == "instance")
      secrets.push_back(fact.value);
  for (const char* name : {"r.dcm", "s.dcm"}) {
    const std::string bytes = read_text(folder / name);
    for (const std::string& secret : secrets)
      EXPECT_EQ(bytes.find(secret), std::string::npos) << name << " " << secret;
  }
  const auto seen = judge("plugins_dcmtk/judge.py", {"sr", (folder / "r.dcm").string()});
  EXPECT_TRUE(seen.at("valid_uids").get<bool>());
  EXPECT_EQ(seen.at("patient"), "");
}

TEST_F(DicomReport, DamagedReportsAreRefused) {
  const Dataset source = registry().open(folder / "even");
  write(source, findings(source), folder / "r.dcm");
  const std::string bytes = read_text(folder / "r.dcm");
  for (const std::size_t size : {bytes.size() / 2, bytes.size() - 20}) {
    write_atomically(folder / "cut.dcm", bytes.substr(0, size));
    EXPECT_THROW(read(folder / "cut.dcm", source), Error) << size;
  }
}

}
}
