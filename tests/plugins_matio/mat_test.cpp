#include "tests/medical/judge.h"

#include <fmt/format.h>

#include <fstream>

namespace sensorium::test {
namespace {

class Mat : public testing::Test {
protected:
  void SetUp() override {
    NEEDS_JUDGES();
    cases = judge("plugins_matio/judge.py", {"make", folder.path().string()});
  }
  static void cut(const fs::path& from, const fs::path& to, std::size_t length) {
    std::ofstream(to, std::ios::binary) << read_text(from).substr(0, length);
  }
  Folder folder;
  nlohmann::json cases;
};

TEST_F(Mat, EveryFileGivesTheArrayInOurOrderWithoutAScale) {
  ASSERT_GE(cases.size(), 8u);
  for (const auto& want : cases) {
    const std::string name = want["file"];
    SCOPED_TRACE(name);
    if (const auto error = error_of(folder / name)) {
      ADD_FAILURE() << error->what();
      continue;
    }
    const Dataset dataset = registry().open(folder / name);
    const Volume& v = std::get<Volume>(dataset);
    EXPECT_EQ((std::vector<int>{v.width, v.height, v.depth, v.channels}),
              want["size"].get<std::vector<int>>());
    EXPECT_EQ(name_of(v.type), want["type"].get<std::string>());
    expect_same(numbers(dataset), read_numbers(folder / (name + ".f64")),
                want.value("tolerance", 0.0));
    EXPECT_EQ(v.origin.warnings.size(), want["warnings"].get<std::size_t>());
    if (want.contains("named")) {
      EXPECT_NE(v.origin.warnings.at(0).find(want["named"].get<std::string>()), std::string::npos)
          << v.origin.warnings[0];
    }
    EXPECT_EQ(v.spacing[0].known(), want.contains("heidelberg"));
    auto header = describe(registry().header(folder / name)), loaded = describe(dataset);
    header.erase("sha256");
    loaded.erase("sha256");
    EXPECT_EQ(header, loaded);
  }
}

TEST_F(Mat, AHeidelbergExportGivesScaleLocaliserAndLines) {
  const Dataset dataset = registry().open(folder / "three.mat");
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_NEAR(v.spacing[0].micrometres, 11.4, 1e-9);
  EXPECT_NEAR(v.spacing[1].micrometres, 3.87, 1e-9);
  EXPECT_NEAR(v.spacing[2].micrometres, 120, 1e-9);
  EXPECT_EQ(v.spacing[0].source, ScaleSource::VendorField);
  EXPECT_EQ(v.laterality, Laterality::Left);
  EXPECT_EQ(v.modality, "OCT");
  ASSERT_TRUE(v.localizer);
  EXPECT_EQ(v.localizer->width, 60);
  EXPECT_NEAR(v.localizer->spacing[1].micrometres, 12, 1e-9);
  ASSERT_EQ(v.surfaces.size(), 3u);
  EXPECT_EQ(v.surfaces[0].depth[2 * 40 + 5], 12);
  EXPECT_EQ(v.surfaces[1].depth[40], 16);
  EXPECT_TRUE(std::isnan(v.surfaces[2].depth[6])) << "a value above 1e30 is a gap";
  EXPECT_EQ(v.surfaces[2].depth[7], 10);
  EXPECT_EQ(v.origin.patient.id, "SECRET");
}

TEST_F(Mat, ADistanceOfZeroIsUnknownAndAReadersLinesAreFound) {
  const Dataset dataset = registry().open(folder / "one.mat");
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_FALSE(v.spacing[2].known());
  ASSERT_EQ(v.scan_lines.size(), 1u);
  EXPECT_NEAR(v.scan_lines[0].x0, 100, 1e-9);
  EXPECT_NEAR(v.scan_lines[0].x1, 200, 1e-9);
  ASSERT_EQ(v.surfaces.size(), 12u);
  EXPECT_EQ(v.surfaces[3].source, "reader");
  EXPECT_EQ(v.surfaces[3].depth[0], 11.5f);
}

TEST_F(Mat, WithoutAnImageItSaysSo) {
  expect_error(folder / "none.mat", ErrorCode::Unsupported, "none of them an image");
}

TEST_F(Mat, TruncatedFilesGiveOneError) {
  for (const char* name : {"plain.mat", "packed.mat", "one.mat", "v73.mat"}) {
    const auto size = fs::file_size(folder / name);
    for (const double part : {0.1, 0.3, 0.5, 0.7, 0.9}) {
      cut(folder / name, folder / "cut.mat",
          static_cast<std::size_t>(static_cast<double>(size) * part));
      const auto error = error_of(folder / "cut.mat");
      ASSERT_TRUE(error) << name << " " << part;
      EXPECT_FALSE(error->hint().empty());
    }
  }
  cut(folder / "plain.mat", folder / "cut.mat", fs::file_size(folder / "plain.mat") - 3);
  expect_error(folder / "cut.mat", ErrorCode::BadInput, "truncated");
}

TEST_F(Mat, ALyingLengthNamesBothNumbers) {
  std::string text = read_text(folder / "plain.mat");
  const std::uint32_t claimed = 0x7ffffff0;
  std::memcpy(text.data() + 132, &claimed, 4);
  std::ofstream(folder / "lie.mat", std::ios::binary) << text;
  expect_error(folder / "lie.mat", ErrorCode::BadInput,
               fmt::format("promises 2147483632 bytes, there are {}", text.size() - 136));
}

// matio asks for 8 bytes an element here before it reads on.
TEST_F(Mat, AStructureThatLiesAboutItsSizeIsPassedOver) {
  std::string text = read_text(folder / "nested.mat");
  ASSERT_EQ(text[0xa0], 1) << "the first dimension of the structure";
  text[0xa3] = 0x3e;
  std::ofstream(folder / "lie.mat", std::ios::binary) << text;
  expect_error(folder / "lie.mat", ErrorCode::Unsupported, "none of them an image");
}

TEST(MatFile, EmptyAndForeignFilesAreNotOurs) {
  const Folder folder;
  std::ofstream(folder / "empty.mat").close();
  expect_error(folder / "empty.mat", ErrorCode::BadInput, "empty");
  std::ofstream(folder / "text.mat") << std::string(300, 'x');
  expect_error(folder / "text.mat", ErrorCode::Unsupported, "is text");
  std::ofstream(folder / "head.mat")
      << "MATLAB 5.0 MAT-file" << std::string(105, ' ') << std::string("\0\1IM", 4);
  expect_error(folder / "head.mat", ErrorCode::BadInput, "no variable");
}

TEST(MatFile, TheRealCircularScanTakesTheScanNotTheLargerLocaliser) {
  NEEDS_JUDGES();
  NEEDS_SHARED_DATA("oct/octSegmentation");
  const Folder folder;
  const fs::path path = fs::path(SENSORIUM_SHARED_DATA) /
                        "oct/octSegmentation/datafiles/exampleScans/circularScan.mat";
  const auto want = judge("plugins_matio/judge.py",
                          {"heidelberg", path.string(), (folder / "want.f64").string()});
  const Dataset dataset = registry().open(path);
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_EQ((std::vector<int>{v.width, v.height, v.depth}), (std::vector<int>{768, 496, 1}));
  expect_same(numbers(dataset), read_numbers(folder / "want.f64"), 1e-6);
  EXPECT_NEAR(v.spacing[0].micrometres, want["scale"][0].get<double>(), 1e-9);
  EXPECT_NEAR(v.spacing[1].micrometres, want["scale"][1].get<double>(), 1e-9);
  EXPECT_FALSE(v.spacing[2].known());
  EXPECT_EQ(v.laterality, Laterality::Right);
  ASSERT_EQ(v.surfaces.size(), 12u);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_NEAR(v.surfaces[k].depth[0], want["first"][k].get<double>(), 1e-4);
  EXPECT_NEAR(v.surfaces[3].depth[0], v.surfaces[0].depth[0], 2)
      << "the reader's first boundary is the ILM";
  ASSERT_TRUE(v.localizer);
}

}
}
