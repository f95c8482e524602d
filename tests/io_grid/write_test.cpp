#include "tests/medical/judge.h"

namespace sensorium::test {
namespace {

Volume volume_of(PixelType type, int channels, bool placed, std::array<bool, 3> known) {
  Volume v{.width = 6, .height = 5, .depth = 4, .channels = channels, .type = type};
  std::vector<std::byte> bytes(v.voxels() * static_cast<std::size_t>(channels) * size_of(type));
  for (std::size_t i = 0; i < bytes.size() / size_of(type); ++i) {
    if (type == PixelType::Float32) {
      const float value = static_cast<float>(i) * 0.25f - 3;
      std::memcpy(bytes.data() + 4 * i, &value, 4);
    } else if (type == PixelType::UInt16) {
      const auto value = static_cast<std::uint16_t>(i * 517);
      std::memcpy(bytes.data() + 2 * i, &value, 2);
    } else
      bytes[i] = static_cast<std::byte>(i * 7 % 251);
  }
  v.pixels = Buffer(std::move(bytes));
  const double um[3] = {11.47, 3.872, 120.5};
  for (std::size_t i = 0; i < 3; ++i)
    v.spacing[i] = known[i] ? known_spacing(um[i], ScaleSource::VendorField, "ScaleX")
                            : unknown_spacing("the B-scan distance is 0");
  if (placed) v.orientation = Orientation{{5, -6, 7}, {0, 1, 0, 0, 0, -1, -1, 0, 0}};
  return v;
}

struct Case {
  PixelType type;
  int channels;
  bool placed;
  std::array<bool, 3> known;
};

const std::vector<Case> cases{{PixelType::UInt8, 1, false, {true, true, true}},
                              {PixelType::UInt8, 1, true, {true, true, true}},
                              {PixelType::UInt8, 1, false, {false, false, false}},
                              {PixelType::UInt16, 1, false, {true, true, false}},
                              {PixelType::Float32, 1, true, {true, true, true}},
                              {PixelType::UInt8, 3, false, {true, true, true}}};

class GridWrite : public testing::TestWithParam<std::string> {};

TEST_P(GridWrite, TheJudgeReadsTheSameVoxelsAndSpacing) {
  NEEDS_JUDGES();
  const Folder folder;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Volume v = volume_of(cases[i].type, cases[i].channels, cases[i].placed, cases[i].known);
    const fs::path path =
        folder / ("case" + std::to_string(i) + (GetParam() == "nrrd" ? ".nrrd" : ".nii.gz"));
    SCOPED_TRACE(path.filename().string());
    registry().writer(GetParam()).write({.volume = v, .role = "soft_map"}, path);
    const auto seen = judge("io_grid/judge.py", {"read", path.string()});
    EXPECT_EQ(seen["size"].get<std::vector<int>>(), (std::vector<int>{6, 5, 4, cases[i].channels}));
    expect_same(read_numbers(path.string() + ".f64"), numbers(v.type, v.pixels));
    for (std::size_t axis = 0; axis < 3; ++axis)
      EXPECT_NEAR(seen["spacing_mm"][axis].get<double>(),
                  cases[i].known[axis] ? v.spacing[axis].micrometres / 1e3 : 1.0, 1e-6);
    for (std::size_t k = 0; cases[i].placed && k < 9; ++k)
      EXPECT_NEAR(seen["direction"][k].get<double>(), v.orientation->direction[k], 1e-6);
    for (std::size_t k = 0; cases[i].placed && k < 3; ++k)
      EXPECT_NEAR(seen["origin"][k].get<double>(), v.orientation->origin_mm[k], 1e-5);
    const bool none = !cases[i].known[0];
    if (GetParam() == "nrrd") {
      EXPECT_EQ(seen["units"].empty(), !(cases[i].known[0] && cases[i].known[2]));
    } else {
      EXPECT_EQ(seen["units"].get<std::string>(), none ? "unknown" : "mm");
    }
  }
}

TEST_P(GridWrite, ItkReadsTheSameVoxelsSpacingAndPlace) {
  NEEDS_JUDGES();
  const Folder folder;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Volume v = volume_of(cases[i].type, cases[i].channels, cases[i].placed, cases[i].known);
    const fs::path path =
        folder / ("case" + std::to_string(i) + (GetParam() == "nrrd" ? ".nrrd" : ".nii.gz"));
    SCOPED_TRACE(path.filename().string());
    registry().writer(GetParam()).write({.volume = v, .role = "soft_map"}, path);
    const auto seen = judge("io_grid/judge_itk.py", {"read", path.string()});
    EXPECT_EQ(seen["size"].get<std::vector<int>>(), (std::vector<int>{6, 5, 4, cases[i].channels}));
    expect_same(read_numbers(path.string() + ".f64"), numbers(v.type, v.pixels));
    for (std::size_t axis = 0; axis < 3; ++axis)
      EXPECT_NEAR(seen["spacing_mm"][axis].get<double>(),
                  cases[i].known[axis] ? v.spacing[axis].micrometres / 1e3 : 1.0, 1e-6);
    for (std::size_t k = 0; cases[i].placed && k < 9; ++k)
      EXPECT_NEAR(seen["direction"][k].get<double>(), v.orientation->direction[k], 1e-6);
    for (std::size_t k = 0; cases[i].placed && k < 3; ++k)
      EXPECT_NEAR(seen["origin"][k].get<double>(), v.orientation->origin_mm[k], 1e-5);
  }
}

TEST_P(GridWrite, WhatWeWriteWeReadWithTheSameKnowledge) {
  const Folder folder;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Volume v = volume_of(cases[i].type, cases[i].channels, cases[i].placed, cases[i].known);
    const fs::path path =
        folder / ("case" + std::to_string(i) + (GetParam() == "nrrd" ? ".nrrd" : ".nii.gz"));
    SCOPED_TRACE(path.filename().string());
    registry().writer(GetParam()).write({.volume = v, .role = "mask"}, path);
    const Dataset dataset = registry().open(path);
    const Volume& back = std::get<Volume>(dataset);
    EXPECT_EQ(back.type, v.type);
    EXPECT_EQ(back.channels, v.channels);
    expect_same(numbers(dataset), numbers(v.type, v.pixels));
    for (std::size_t axis = 0; axis < 3; ++axis) {
      EXPECT_EQ(back.spacing[axis].known(), v.spacing[axis].known())
          << axis << " " << back.spacing[axis].field;
      EXPECT_NEAR(back.spacing[axis].micrometres, v.spacing[axis].micrometres, 1e-4);
    }
    EXPECT_EQ(back.orientation.has_value(), v.orientation.has_value());
    for (std::size_t k = 0; v.orientation && k < 9; ++k)
      EXPECT_NEAR(back.orientation->direction[k], v.orientation->direction[k], 1e-6);
  }
}

TEST_P(GridWrite, AKnownMillimetreOnEveryAxisStaysKnown) {
  const Folder folder;
  Volume v = volume_of(PixelType::UInt8, 1, false, {true, true, true});
  for (Spacing& spacing : v.spacing)
    spacing = known_spacing(1000, ScaleSource::HeaderTag, "PixelSpacing");
  const fs::path path = folder / (GetParam() == "nrrd" ? "a.nrrd" : "a.nii.gz");
  registry().writer(GetParam()).write({.volume = v, .role = "mask"}, path);
  const Dataset dataset = registry().open(path);
  for (const Spacing& spacing : std::get<Volume>(dataset).spacing)
    EXPECT_DOUBLE_EQ(spacing.micrometres, 1000);
}

TEST_P(GridWrite, AMaskTakesTheGeometryOfItsSource) {
  const Folder folder;
  const Dataset source = volume_of(PixelType::UInt16, 1, true, {true, true, true});
  Volume mask = volume_of(PixelType::UInt8, 1, false, {false, false, false});
  const fs::path path = folder / (GetParam() == "nrrd" ? "a.nrrd" : "a.nii.gz");
  registry().writer(GetParam()).write({.volume = mask, .role = "mask", .source = &source}, path);
  const Dataset dataset = registry().open(path);
  const Volume& back = std::get<Volume>(dataset);
  EXPECT_NEAR(back.spacing[0].micrometres, 11.47, 1e-4);
  EXPECT_NEAR(back.spacing[2].micrometres, 120.5, 1e-4);
  ASSERT_TRUE(back.orientation);
  EXPECT_NEAR(back.orientation->origin_mm[1], -6, 1e-5);
}

TEST_P(GridWrite, TheNamesOfLabelsAreInTheFile) {
  NEEDS_JUDGES();
  const Folder folder;
  const Volume v = volume_of(PixelType::UInt8, 1, true, {true, true, true});
  const bool nrrd = GetParam() == "nrrd";
  const fs::path path = folder / (nrrd ? "a.nrrd" : "a.nii.gz");
  registry()
      .writer(GetParam())
      .write({.volume = v, .role = "labels", .labels = {{1, "focus"}, {12, "exudate"}}}, path);
  const auto seen = judge("io_grid/judge.py", {"read", path.string()});
  expect_same(read_numbers(path.string() + ".f64"), numbers(v.type, v.pixels));
  if (nrrd) {
    EXPECT_NE(read_text(path).find("sensorium_label_12:=exudate"), std::string::npos);
  } else {
    EXPECT_EQ(seen["extensions"],
              nlohmann::json::parse(R"([[6, "sensorium labels\n1\tfocus\n12\texudate\n"]])"));
  }
  const Dataset back = registry().open(path);
  expect_same(numbers(back), numbers(v.type, v.pixels));
}

TEST_P(GridWrite, AFolderThatIsNotThereIsAnError) {
  const Volume v = volume_of(PixelType::UInt8, 1, false, {true, true, true});
  EXPECT_THROW(
      registry().writer(GetParam()).write({.volume = v, .role = "mask"}, "/nonexistent/folder/a"),
      Error);
}

INSTANTIATE_TEST_SUITE_P(Formats, GridWrite, testing::Values("nrrd", "nifti"),
                         [](const auto& one) { return one.param; });

}
}
