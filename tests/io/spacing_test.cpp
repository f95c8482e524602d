#include "modules/io/spacing.h"
#include "tests/io/support.h"

#include <limits>

namespace sensorium {
namespace {

using test::error_of;

Dataset volume() {
  Volume v;
  v.spacing = {known_spacing(12, ScaleSource::VendorField, "ScaleX"), unknown_spacing("why"),
               unknown_spacing("why")};
  return v;
}

TEST(UserSpacing, FillsWhatIsUnknown) {
  const auto v = std::get<Volume>(with_user_spacing(volume(), {5.0, 4.0, std::nullopt}));
  EXPECT_EQ(v.spacing[0].micrometres, 12);
  EXPECT_EQ(v.spacing[0].source, ScaleSource::VendorField);
  EXPECT_EQ(v.spacing[1].micrometres, 4);
  EXPECT_EQ(v.spacing[1].source, ScaleSource::UserEntry);
  EXPECT_FALSE(v.spacing[2].known());
  EXPECT_EQ(v.spacing[2].field, "why");
}

TEST(UserSpacing, ForceReplaces) {
  const auto v =
      std::get<Volume>(with_user_spacing(volume(), {5.0, std::nullopt, std::nullopt}, true));
  EXPECT_EQ(v.spacing[0].micrometres, 5);
  EXPECT_EQ(v.spacing[0].source, ScaleSource::UserEntry);
}

TEST(UserSpacing, RefusesImpossibleValues) {
  for (const double bad : {0.0, -1.0, 1e7, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()})
    EXPECT_EQ(
        error_of([&] { with_user_spacing(volume(), {std::nullopt, bad, std::nullopt}); }).code(),
        ErrorCode::Usage)
        << bad;
}

TEST(UserSpacing, VideoHasTwoAxes) {
  const auto v = std::get<Video>(with_user_spacing(Video{}, {100.0, 200.0, std::nullopt}));
  EXPECT_EQ(v.spacing[0].micrometres, 100);
  EXPECT_EQ(v.spacing[1].micrometres, 200);
  EXPECT_EQ(error_of([] { with_user_spacing(Video{}, {1.0, 1.0, 1.0}); }).code(), ErrorCode::Usage);
}

}
}
