#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "tests/lung_ultrasound/drawn.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace sensorium::lung_ultrasound {
Extension make_extension();
namespace {
using namespace test;
using nlohmann::json;
namespace fs = std::filesystem;

Findings run(const Dataset& clip, json changes = json::object()) {
  const Extension e = make_extension();
  const PipelineDefinition& p = e.pipelines.at(0);
  json parameters = json::object();
  for (const ParameterSpec& s : p.info.parameters) parameters[s.name] = s.default_value;
  parameters.update(changes);
  const auto analysis = p.analyse({.dataset = clip, .parameters = parameters, .model = {}}, {});
  return p.conclude(clip, *analysis, parameters);
}

double measure(const Findings& f, const std::string& name) {
  for (const Measure& m : f.summary)
    if (m.name == name) return m.value;
  ADD_FAILURE() << "no measure " << name;
  return -1;
}

TEST(LungPipeline, BLinesAreMarkedInTheirFrame) {
  const Findings f = run(sector_clip(8, with_b_lines(4), 0.15));
  EXPECT_FALSE(f.nothing_counted);
  EXPECT_EQ(measure(f, "score"), 1);
  EXPECT_EQ(measure(f, "frames looked at"), 8);
  int rays = 0, pleura = 0;
  for (const Finding& one : f.items) {
    rays += one.label == "B-line";
    pleura += one.label == "pleural line";
    if (one.id == f.items[0].id) continue;
    EXPECT_FALSE(one.footprint.empty());
    EXPECT_EQ(one.footprint[0].z, one.box[2]);
    EXPECT_GE(one.score, 0);
    EXPECT_LE(one.score, 1);
  }
  EXPECT_EQ(rays, 4);
  EXPECT_EQ(pleura, 1);
  EXPECT_EQ(f.items[0].id, "clip-score-1");
  EXPECT_EQ(f.items[0].label, "score 1");
  EXPECT_TRUE(f.items[0].footprint.empty());
  EXPECT_EQ(f.items[0].box[5], 7) << "the whole clip";
  ASSERT_EQ(f.tables.size(), 2u);
  EXPECT_EQ(f.tables[0].rows.size(), 4u);
  EXPECT_EQ(f.tables[1].rows.size(), 8u);
  // No measure is in millimetres: the clip has no scale.
  for (const Finding& one : f.items)
    for (const Measure& m : one.measures) EXPECT_TRUE(m.unit == "%" || m.unit == "1") << m.unit;
}

TEST(LungPipeline, LevelsAreLiveAndTheRuleChoosesTheVerdict) {
  const Dataset clip = sector_clip(8, with_b_lines(4), 0.15);
  EXPECT_EQ(measure(run(clip, {{"b_line_level", 1.9}}), "score"), 0);
  EXPECT_EQ(measure(run(clip, {{"separate", 5}}), "score"), 0);
  EXPECT_EQ(measure(run(clip, {{"coalescent", 0.1}}), "score"), 2);
}

TEST(LungPipeline, WhatCannotBeReadGetsNoScore) {
  Video still{.width = 100, .height = 80, .frames = 5, .channels = 1};
  still.pixels = Buffer::of(std::vector<std::uint8_t>(std::size_t{100} * 80 * 5, 128));
  const Findings f = run(Dataset(still));
  EXPECT_TRUE(f.nothing_counted);
  ASSERT_EQ(f.items.size(), 1u);
  EXPECT_EQ(f.items[0].label, "uninterpretable");
  EXPECT_NE(f.items[0].text.find("uninterpretable: "), std::string::npos);
  ASSERT_FALSE(f.notes.empty());
  EXPECT_NE(f.notes[0].find("Nothing was measured"), std::string::npos);
}

TEST(LungEvaluate, LabelsThatCannotBeRightAreRefused) {
  const PipelineCommand command = make_extension().pipelines.at(0).commands.at(0);
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_ultrasound";
  fs::create_directories(folder);
  const auto refused = [&](const std::string& text, const std::string& word) {
    std::ofstream(folder / "labels.csv") << text;
    try {
      command.run({(folder / "labels.csv").string()}, json::object(), folder, {});
      ADD_FAILURE() << "taken: " << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  };
  refused("file,severity\na.mp4,1\n", "patient_group");
  refused("file,patient_group,severity\na.mp4,p,7\n", "'7'");
  refused("file,patient_group,severity\na.mp4,,1\n", "line 2");
  refused("file,patient_group\n", "names no clip");
}

TEST(LungEvaluate, AClipThatCannotBeOpenedIsARow) {
  const PipelineCommand command = make_extension().pipelines.at(0).commands.at(0);
  const fs::path folder = fs::path(SENSORIUM_BINARY_DIR) / "test_lung_ultrasound";
  fs::create_directories(folder);
  std::ofstream(folder / "broken.mp4") << "no clip";
  std::ofstream(folder / "labels.csv")
      << "file,patient_group,severity\nbroken.mp4,p,1\nabsent.mp4,q,0\n";
  const json out = command.run({(folder / "labels.csv").string()}, json::object(), folder, {});
  EXPECT_EQ(out.at("not_measured").size(), 2u);
  EXPECT_TRUE(fs::exists(folder / "clips.csv"));
}

}
}
