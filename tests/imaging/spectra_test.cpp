#include "modules/core/error.h"
#include "modules/imaging/spectra.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace sensorium;

namespace {

// 2 lines x 3 samples x 2 bands, pixel after pixel.
Cube cube_of(std::vector<float> values) {
  Cube c;
  c.lines = 2, c.samples = 3, c.bands = 2;
  c.type = SampleType::Float32;
  c.interleave = Interleave::Bip;
  set_dense_strides(c);
  c.data = Buffer::of(std::move(values));
  return c;
}

Cube small() { return cube_of({1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}); }

TEST(Spectra, OnePixelIsItsOwnMeanAndHasNoDeviation) {
  const Spectrum s = spectrum_of(small(), {1, 1, 2, 1});
  EXPECT_EQ(s.mean, (std::vector<double>{6, 60}));
  EXPECT_TRUE(std::isnan(s.sd[0]));
  EXPECT_EQ(s.count, (std::vector<std::uint64_t>{1, 1}));
}

TEST(Spectra, RectangleIsMeanAndDeviationOverNMinusOne) {
  const Spectrum s = spectrum_of(small(), {0, 2, 1, 2}); // 2, 3, 5, 6 and ten times that
  EXPECT_DOUBLE_EQ(s.mean[0], 4);
  EXPECT_DOUBLE_EQ(s.sd[0], std::sqrt(10.0 / 3)); // (4 + 1 + 1 + 4) / 3
  EXPECT_DOUBLE_EQ(s.mean[1], 40);
  EXPECT_DOUBLE_EQ(s.sd[1], std::sqrt(1000.0 / 3));
}

TEST(Spectra, IgnoredAndMissingValuesAreNoMeasurements) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Cube c = cube_of({1, -1, nan, -1, 3, -1, 0, 0, 0, 0, 0, 0});
  c.ignore_value = -1;
  const Spectrum s = spectrum_of(c, {0, 1, 0, 3});
  EXPECT_EQ(s.count, (std::vector<std::uint64_t>{2, 0}));
  EXPECT_DOUBLE_EQ(s.mean[0], 2);
  EXPECT_TRUE(std::isnan(s.mean[1]));
}

TEST(Spectra, StatedReflectanceScaleDividesMeanAndDeviation) {
  Cube c = small();
  c.reflectance_scale = 10;
  const Spectrum s = spectrum_of(c, {0, 2, 1, 2});
  EXPECT_DOUBLE_EQ(s.mean[1], 4);
  EXPECT_DOUBLE_EQ(s.sd[0], std::sqrt(10.0 / 3) / 10);
}

TEST(Spectra, ManyPartsAreOneMean) {
  Cube c;
  c.lines = 40, c.samples = 1000, c.bands = 100; // two parts
  c.type = SampleType::UInt16;
  c.interleave = Interleave::Bsq;
  set_dense_strides(c);
  std::vector<std::uint16_t> values(std::size_t{40} * 1000 * 100);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::uint16_t>(60000 + i / 40000 + i % 2);
  c.data = Buffer::of(std::move(values));
  const Spectrum s = spectrum_of(c, {0, 40, 0, 1000});
  EXPECT_EQ(s.count[99], 40000u);
  EXPECT_NEAR(s.mean[99], 60099.5, 1e-7);
  EXPECT_NEAR(s.sd[99], 0.5 * std::sqrt(40000.0 / 39999), 1e-9);
}

TEST(Spectra, PlaceOutsideIsRefused) {
  EXPECT_THROW(spectrum_of(small(), {0, 3, 0, 1}), Error);
  EXPECT_THROW(spectrum_of(small(), {0, 1, -1, 1}), Error);
  EXPECT_THROW(spectrum_of(small(), {0, 0, 0, 1}), Error);
}

TEST(Spectra, CanBeStopped) {
  Context stop;
  stop.progress = [](double, std::string_view) { return false; };
  try {
    spectrum_of(small(), {0, 2, 0, 3}, stop);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Cancelled);
  }
}

TEST(Spectra, TableHasARowForEachBand) {
  Cube c = small();
  c.wavelengths_nm = {450.5, 700};
  c.bad_bands = {0, 1};
  const TileRange one{0, 1, 0, 1}, all{0, 1, 0, 2};
  const std::string csv =
      spectra_csv(c, {{"1", one, spectrum_of(c, one)}, {"leaf, dry", all, spectrum_of(c, all)}});
  EXPECT_EQ(csv, "band,wavelength_nm,bad,1,\"leaf, dry\",\"leaf, dry sd\",\"leaf, dry pixels\"\r\n"
                 "1,450.5,0,1,1.5,0.707106781,2\r\n"
                 "2,700,1,10,15,7.07106781,2\r\n");
  c.wavelengths_nm.clear();
  EXPECT_TRUE(spectra_csv(c, {}).starts_with("band,bad\r\n1,0\r\n"));
}

}
