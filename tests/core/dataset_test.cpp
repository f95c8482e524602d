#include "modules/core/dataset.h"
#include "modules/core/dataset_store.h"
#include "modules/core/error.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>

namespace sensorium {
namespace {
namespace fs = std::filesystem;

class TemporaryFolder : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sensorium-core-" + std::to_string(::getpid()));
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};
using DatasetStore = TemporaryFolder;

Volume small_volume() {
  Volume v;
  v.width = 3;
  v.height = 2;
  v.depth = 2;
  v.type = PixelType::UInt16;
  v.pixels = Buffer::of(std::vector<std::uint16_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 65535});
  v.spacing = {known_spacing(11.5, ScaleSource::VendorField, "ScaleX"),
               known_spacing(3.87, ScaleSource::HeaderTag, "PixelSpacing"),
               unknown_spacing("Distance is 0")};
  v.laterality = Laterality::Left;
  v.surfaces = {{"ILM", {1, 1, std::numeric_limits<float>::quiet_NaN(), 0, 1, 1}, "vendor", ""}};
  v.localizer = Image{2, 1, 1, PixelType::UInt8, Buffer::of(std::vector<std::uint8_t>{7, 9}), {}};
  v.scan_lines = {{0, 1, 2, 3}, {4, 5, 6, 7}};
  v.origin.path = "a.vol";
  v.origin.sha256 = "ab";
  v.origin.patient.name = "Nobody";
  return v;
}

TEST(Spacing, ZeroNegativeAndNotFiniteAreUnknown) {
  for (const double value : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Spacing spacing = known_spacing(value, ScaleSource::HeaderTag, "pixdim[1]");
    EXPECT_FALSE(spacing.known()) << value;
    EXPECT_NE(spacing.field.find("pixdim[1]"), std::string::npos);
  }
}

TEST(Spacing, JsonKeepsValueSourceAndField) {
  const Spacing back =
      spacing_from_json(to_json(known_spacing(3.87, ScaleSource::UserEntry, "entered")));
  EXPECT_DOUBLE_EQ(back.micrometres, 3.87);
  EXPECT_EQ(back.source, ScaleSource::UserEntry);
  EXPECT_EQ(back.field, "entered");
  EXPECT_FALSE(spacing_from_json(to_json(unknown_spacing("no tag"))).known());
}

TEST(Dataset, ValidateRefusesSizesThatDoNotFit) {
  Volume v = small_volume();
  EXPECT_NO_THROW(validate(v));
  v.width = 4;
  EXPECT_THROW(validate(v), Error);
  v = small_volume();
  v.depth = 0;
  EXPECT_THROW(validate(v), Error);
  v = small_volume();
  v.surfaces[0].depth.pop_back();
  EXPECT_THROW(validate(v), Error);
}

TEST(Dataset, PatientFieldsOnlyWhenAskedFor) {
  EXPECT_EQ(describe(small_volume()).dump().find("Nobody"), std::string::npos);
  EXPECT_NE(describe(small_volume(), true).dump().find("Nobody"), std::string::npos);
}

TEST(Dataset, ColourBecomesLuminance) {
  Volume v;
  v.width = v.height = v.depth = 1;
  v.channels = 3;
  v.pixels = Buffer::of(std::vector<std::uint8_t>{100, 50, 200});
  EXPECT_NEAR(to_float(v)[0], 0.299 * 100 + 0.587 * 50 + 0.114 * 200, 1e-4);
}

TEST(Dataset, CheckedBytesDoesNotOverflow) {
  EXPECT_EQ(checked_bytes({3, 4, 5}, 60, "x"), 60u);
  EXPECT_THROW(checked_bytes({3, 4, 6}, 60, "x"), Error);
  EXPECT_THROW(checked_bytes({1ull << 63, 4}, ~0ull, "x"), Error);
  EXPECT_EQ(checked_bytes({0, ~0ull}, 10, "x"), 0u);
}

TEST_F(DatasetStore, ReturnsWhatWasStored) {
  const fs::path file = folder_ / "v.dat";
  store_dataset(small_volume(), file);
  const Volume back = std::get<Volume>(map_dataset(file));
  const Volume want = small_volume();
  EXPECT_EQ(std::vector(samples<std::uint16_t>(back.pixels).begin(),
                        samples<std::uint16_t>(back.pixels).end()),
            std::vector(samples<std::uint16_t>(want.pixels).begin(),
                        samples<std::uint16_t>(want.pixels).end()));
  EXPECT_EQ(back.laterality, Laterality::Left);
  EXPECT_DOUBLE_EQ(back.spacing[0].micrometres, 11.5);
  EXPECT_FALSE(back.spacing[2].known());
  ASSERT_EQ(back.surfaces.size(), 1u);
  EXPECT_TRUE(std::isnan(back.surfaces[0].depth[2]));
  ASSERT_TRUE(back.localizer);
  EXPECT_EQ(samples<std::uint8_t>(back.localizer->pixels)[1], 9);
  EXPECT_EQ(back.scan_lines.size(), 2u);
  EXPECT_EQ(back.origin.patient.name, "Nobody");
}

TEST_F(DatasetStore, EveryTruncationIsAnError) {
  const fs::path file = folder_ / "v.dat", cut = folder_ / "cut.dat";
  store_dataset(small_volume(), file);
  const std::string whole = read_text(file);
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    std::ofstream(cut, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    EXPECT_THROW(map_dataset(cut), Error) << size;
  }
}

}
}
