#include "tests/plugins_dcmtk/made.h"

namespace sensorium::test {
namespace {

class DicomSegmentation : public testing::Test {
protected:
  void SetUp() override {
    NEEDS_JUDGES();
    fs::copy(made().folder / "even", folder / "even");
    for (const char* name : {"enhanced.dcm", "opt.dcm", "opt_placed.dcm", "us.dcm"})
      fs::copy(made().folder / name, folder / name);
  }
  static Volume mask_like(int w, int h, int d, int labels) {
    Volume mask{.width = w, .height = h, .depth = d};
    std::vector<std::uint8_t> values(mask.voxels(), 0);
    for (std::size_t i = 0; i < values.size(); i += 3)
      values[i] = static_cast<std::uint8_t>(1 + i % static_cast<std::size_t>(labels));
    mask.pixels = Buffer::of(std::move(values));
    return mask;
  }
  Folder folder;
};

TEST_F(DicomSegmentation, WhatHighdicomWritesIsReadWithItsEmptySlices) {
  judge("plugins_dcmtk/judge.py", {"make_seg", folder.path().string()});
  const Dataset dataset = registry().open(folder / "judge_seg.dcm");
  const Volume& v = std::get<Volume>(dataset);
  ASSERT_EQ((std::vector<int>{v.width, v.height, v.depth}), (std::vector<int>{6, 8, 4}));
  expect_same(numbers(dataset), read_numbers(folder / "judge_seg.f64"));
  EXPECT_DOUBLE_EQ(v.spacing[2].micrometres, 2000);
  bool named = false;
  for (const Fact& fact : v.origin.facts)
    named = named || (fact.name == "segment 2" && fact.value == "exudate");
  EXPECT_TRUE(named);
}

TEST_F(DicomSegmentation, HighdicomReadsOurLabelsAndTheirSources) {
  const Dataset source = registry().open(folder / "even");
  const Volume labels = mask_like(6, 8, 4, 2);
  const fs::path path = folder / "ours.dcm";
  registry()
      .writer("dicom_seg")
      .write({.volume = labels, .role = "labels", .source = &source}, path);
  const auto seen = judge("plugins_dcmtk/judge.py", {"seg", path.string()});
  EXPECT_EQ(seen["segments"].size(), 2u);
  EXPECT_EQ(seen["patient"], "SECRET-4711");
  EXPECT_EQ(seen["spacing"], nlohmann::json({0.5, 0.75}));
  EXPECT_FALSE(seen["frame_of_reference"].get<std::string>().empty());
  const auto bits = read_numbers(path.string() + ".f64");
  const auto want = numbers(labels.type, labels.pixels);
  ASSERT_EQ(seen["frames"].size(), 8u);
  ASSERT_EQ(bits.size(), 2 * want.size());
  for (std::size_t f = 0; f < 8; ++f)
    for (std::size_t i = 0; i < 48; ++i)
      ASSERT_EQ(bits[f * 48 + i],
                want[f % 4 * 48 + i] == seen["frames"][f][0].get<double>() ? 1 : 0)
          << f << " " << i;
  std::string uid;
  for (const Fact& fact : origin_of(source).facts)
    if (fact.name == "series") uid = fact.value;
  EXPECT_EQ(seen["referenced_series"].get<std::string>(), uid);
  EXPECT_NE(seen["frames"][0][1], seen["frames"][1][1]) << "each slice names its own instance";
}

TEST_F(DicomSegmentation, OurOwnIsReadBackTheSame) {
  for (const char* name : {"even", "enhanced.dcm", "opt.dcm", "opt_placed.dcm", "us.dcm"}) {
    SCOPED_TRACE(name);
    const Dataset source = registry().open(folder / name);
    int w = 0, h = 0, d = 0;
    if (const auto* v = std::get_if<Volume>(&source)) {
      w = v->width;
      h = v->height;
      d = v->depth;
    } else {
      const auto& video = std::get<Video>(source);
      w = video.width;
      h = video.height;
      d = video.frames;
    }
    const Volume labels = mask_like(w, h, d, 2);
    const fs::path path = folder / "back.dcm";
    registry()
        .writer("dicom_seg")
        .write({.volume = labels, .role = "labels", .source = &source}, path);
    const Dataset dataset = registry().open(path);
    const Volume& back = std::get<Volume>(dataset);
    EXPECT_EQ((std::vector<int>{back.width, back.height, back.depth}), (std::vector<int>{w, h, d}));
    expect_same(numbers(dataset), numbers(labels.type, labels.pixels));
    if (const auto* v = std::get_if<Volume>(&source)) {
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(back.spacing[i].known(), v->spacing[i].known()) << i;
        EXPECT_NEAR(back.spacing[i].micrometres, v->spacing[i].micrometres, 1e-6);
      }
    }
    const auto seen = judge("plugins_dcmtk/judge.py", {"seg", path.string()});
    EXPECT_EQ(seen["highdicom"].get<bool>(), name != std::string("us.dcm"));
    EXPECT_EQ(seen["frames"].size(), static_cast<std::size_t>(2 * d));
    EXPECT_EQ(seen["frames"][static_cast<std::size_t>(d - 1)][2].get<int>(),
              std::string(name) == "even" ? 0 : d);
  }
}

TEST_F(DicomSegmentation, ASoftMapIsFractional) {
  const Dataset source = registry().open(folder / "opt.dcm");
  Volume soft{.width = 20, .height = 16, .depth = 3};
  std::vector<std::uint8_t> values(soft.voxels());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i);
  soft.pixels = Buffer::of(std::move(values));
  const fs::path path = folder / "soft.dcm";
  registry()
      .writer("dicom_seg")
      .write({.volume = soft, .role = "soft_map", .source = &source}, path);
  EXPECT_TRUE(judge("plugins_dcmtk/judge.py", {"seg", path.string()})["fractional"].get<bool>());
  expect_same(read_numbers(path.string() + ".f64"), numbers(soft.type, soft.pixels));
  expect_same(numbers(registry().open(path)), numbers(soft.type, soft.pixels));
}

TEST_F(DicomSegmentation, WithoutADicomSourceItIsRefusedWithAReason) {
  const Volume mask = mask_like(6, 8, 4, 1);
  const auto refused = [&](const Dataset* source, ErrorCode code, const std::string& part) {
    try {
      registry()
          .writer("dicom_seg")
          .write({.volume = mask, .role = "mask", .source = source}, folder / "no.dcm");
      ADD_FAILURE() << "written";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
      EXPECT_NE(e.hint().find("NRRD"), std::string::npos) << e.hint();
    }
  };
  refused(nullptr, ErrorCode::Unsupported, "not DICOM");
  const Dataset other = registry().open(folder / "opt.dcm");
  refused(&other, ErrorCode::Unsupported, "20 x 16 x 3");
  const Dataset gone = registry().open(folder / "even");
  fs::remove_all(folder / "even");
  refused(&gone, ErrorCode::NotFound, "no longer there");
}

}
}
