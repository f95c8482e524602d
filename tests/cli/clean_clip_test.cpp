// A cine full of invented patient text goes out without it; pydicom and a template search judge.
#include "modules/core/file.h"
#include "tests/support/files.h"
#include "tests/support/process.h"

#include <gtest/gtest.h>

namespace sensorium {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using testing_support::Outcome;
using testing_support::run_program;

const char* const script = "plugins_dcmtk/judge_clean.py";

Outcome sensorium(std::vector<std::string> words) {
  words.insert(words.begin(), SENSORIUM_BINARY_DIR "/bin/sensorium");
  return run_program(words);
}

void expect_clean(const json& seen) {
  for (const char* nothing : {"secrets", "old_uids", "dated", "unknown"})
    EXPECT_EQ(seen.at(nothing), json::array()) << nothing;
  EXPECT_EQ(seen.at("private"), 0);
  EXPECT_EQ(seen.at("overlays"), 0);
  EXPECT_EQ(seen.at("removed"), "YES");
  EXPECT_EQ(seen.at("burnt"), "NO");
  EXPECT_EQ(seen.at("longitudinal"), "REMOVED");
  EXPECT_EQ(seen.at("codes"), json({"113100", "113101"}));
  EXPECT_EQ(seen.at("schemes"), json({"DCM", "DCM"}));
  EXPECT_NE(seen.at("method"), "");
  EXPECT_EQ(seen.at("empty").size(), 9u);
  EXPECT_EQ(seen.at("instance"), seen.at("meta_instance"));
  EXPECT_EQ(seen.at("uids_valid"), true);
  EXPECT_EQ(seen.at("preamble"), true);
}

void expect_picture(const json& seen) {
  EXPECT_EQ(seen.at("shape"), json({16, 240, 320, 3}));
  EXPECT_EQ(seen.at("frames"), 16);
  EXPECT_DOUBLE_EQ(seen.at("frame_time"), 37.5);
  EXPECT_EQ(seen.at("pointer"), 0x00181063);
  EXPECT_DOUBLE_EQ(seen.at("delta"), 0.0625);
  EXPECT_EQ(seen.at("region"), json({300, 230}));
  EXPECT_EQ(seen.at("image_type"), json({"DERIVED", "PRIMARY"}));
  EXPECT_EQ(seen.at("tissue_same"), true);
  for (const auto& [place, match] : seen.at("found").items())
    EXPECT_LT(match.get<double>(), 0.6) << place;
}

TEST(CleanClip, NothingOfThePatientIsLeft) {
  NEEDS_JUDGES();
  const test::Folder folder;
  json first;
  for (const std::string seed : {"1", "2"}) {
    SCOPED_TRACE(seed);
    const fs::path source = folder / "source.dcm", clean = folder / ("clean" + seed + ".dcm");
    const json made = test::judge(script, {"make", source.string(), seed});
    for (const auto& [place, match] : made.at("found").items())
      ASSERT_GT(match.get<double>(), 0.8) << place;
    const Outcome done =
        sensorium({"convert", source.string(), "-o", clean.string(), "--deidentify"});
    ASSERT_EQ(done.status, 0) << done.err;
    for (const char* secret : {"Hilde", "GEHEIM", "Zwetschge"})
      EXPECT_EQ((done.out + done.err).find(secret), std::string::npos);
    const json seen = test::judge(script, {"check", source.string(), clean.string(), seed});
    expect_clean(seen);
    expect_picture(seen);
    // The program's own reader: scale and time came along.
    const Outcome read = sensorium({"info", clean.string(), "--json"});
    EXPECT_NE(read.out.find("625"), std::string::npos) << read.out;
    if (seed == "1") first = seen;
  }
  const Outcome again =
      sensorium({"deidentify", "lung_ultrasound", (folder / "source.dcm").string(), "-o",
                 (folder / "again").string()});
  ASSERT_EQ(again.status, 0) << again.err;
  // Instances of one study stay together: the same source, the same new numbers.
  const json third = test::judge(script, {"check", (folder / "source.dcm").string(),
                                          (folder / "again" / "clip.dcm").string(), "2"});
  const json second = test::judge(
      script, {"check", (folder / "source.dcm").string(), (folder / "clean2.dcm").string(), "2"});
  for (const char* uid : {"study", "series", "frame_of_reference", "instance"}) {
    EXPECT_EQ(third.at(uid), second.at(uid));
    EXPECT_NE(third.at(uid), first.at(uid));
  }
}

TEST(CleanClip, WhatCannotBeCleanedDoesNotGoOut) {
  NEEDS_JUDGES();
  const test::Folder folder;
  const fs::path source = folder / "source.dcm";
  test::judge(script, {"make", source.string(), "3"});
  // Another format would lose the masking, or the scale.
  for (const char* name : {"out.mkv", "out.nrrd"}) {
    const Outcome done =
        sensorium({"convert", source.string(), "-o", (folder / name).string(), "--deidentify"});
    EXPECT_NE(done.status, 0);
    EXPECT_NE(done.err.find(".dcm"), std::string::npos) << done.err;
    EXPECT_FALSE(fs::exists(folder / name));
  }
  // A still picture of one grey has no beam that tells tissue from text.
  const std::string volume = SENSORIUM_SOURCE_DIR "/resources/samples/oct_phantom_sample.nrrd";
  const Outcome none =
      sensorium({"convert", volume, "-o", (folder / "oct.dcm").string(), "--deidentify"});
  EXPECT_NE(none.status, 0);
  EXPECT_FALSE(fs::exists(folder / "oct.dcm"));
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_EQ(entry.path().filename(), "source.dcm") << "left behind";
}

}
}
