#include "tests/plugins_dcmtk/made.h"

namespace sensorium::test {
namespace {

class DicomSeries : public testing::Test {
protected:
  void SetUp() override { NEEDS_JUDGES(); }
  // The judge fills slice i with 100 i + 0 .. 47.
  static std::vector<double> first_of_slices(const Volume& v) {
    std::vector<double> out;
    const auto all = numbers(v.type, v.pixels);
    for (int z = 0; z < v.depth; ++z) out.push_back(all[static_cast<std::size_t>(z) * 48]);
    return out;
  }
  static fs::path series(const std::string& name) { return made().folder / name; }
};

TEST_F(DicomSeries, SlicesAreSortedByPlace) {
  const Dataset dataset = registry().open(series("even"));
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_EQ((std::vector<int>{v.width, v.height, v.depth}), (std::vector<int>{6, 8, 4}));
  EXPECT_EQ(first_of_slices(v), (std::vector<double>{0, 200, 100, 300}));
  EXPECT_DOUBLE_EQ(v.spacing[0].micrometres, 750);
  EXPECT_DOUBLE_EQ(v.spacing[1].micrometres, 500);
  EXPECT_DOUBLE_EQ(v.spacing[2].micrometres, 2000);
  ASSERT_TRUE(v.orientation);
  EXPECT_EQ(v.orientation->origin_mm, (std::array<double, 3>{-10, 20, 0}));
  EXPECT_EQ(v.origin.format, "dicom");
}

TEST_F(DicomSeries, UnevenSlicesHaveNoSliceDistance) {
  const Dataset dataset = registry().open(series("uneven"));
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_FALSE(v.spacing[2].known());
  EXPECT_NE(v.spacing[2].field.find("2 to 5 mm"), std::string::npos) << v.spacing[2].field;
  EXPECT_FALSE(v.origin.warnings.empty());
}

TEST_F(DicomSeries, WithoutPlacesTheInstanceNumberDecidesAndAWarningSaysSo) {
  const Dataset dataset = registry().open(series("numbered"));
  const Volume& v = std::get<Volume>(dataset);
  EXPECT_EQ(first_of_slices(v), (std::vector<double>{100, 200, 0}));
  EXPECT_FALSE(v.spacing[2].known());
  ASSERT_FALSE(v.origin.warnings.empty());
  EXPECT_NE(v.origin.warnings.back().find("instance numbers"), std::string::npos);
}

TEST_F(DicomSeries, SeveralSeriesAreListed) {
  expect_error(series("two"), ErrorCode::Unsupported, "2 series");
}

TEST_F(DicomSeries, OneTruncatedSliceIsNamed) {
  const Folder folder;
  fs::copy(series("even"), folder / "even");
  const fs::path one = fs::directory_iterator(folder / "even")->path();
  fs::resize_file(one, fs::file_size(one) - 20);
  const auto error = error_of(folder / "even");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::BadInput);
  EXPECT_NE(std::string(error->what()).find(one.filename().string()), std::string::npos)
      << error->what();
}

}
}
