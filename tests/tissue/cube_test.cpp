// How a cube of any sensor is read for a network, and what is refused.
#include "hyperspectral/tissue_cube.h"
#include "hyperspectral/tissue_map.h"
#include "hyperspectral/tissue_network.h"
#include "modules/learn/builders.h"
#include "tests/io_cube/support.h"

#include <cmath>

namespace sensorium::hyper {
namespace {

using nlohmann::json;
using test::contains;
using test::error_of;

// Lines x samples of the spectrum that at() gives, float, band by band.
template<class F> Cube cube_of(int lines, int samples, std::vector<double> nm, const F& at) {
  Cube c;
  c.lines = lines;
  c.samples = samples;
  c.bands = static_cast<int>(nm.size());
  c.type = SampleType::Float32;
  c.interleave = Interleave::Bsq;
  set_dense_strides(c);
  std::vector<float> values;
  for (const double w : nm)
    for (int i = 0; i < lines * samples; ++i) values.push_back(static_cast<float>(at(i, w)));
  c.data = Buffer::of(std::move(values));
  c.wavelengths_nm = std::move(nm);
  c.wavelength_source = WavelengthSource::Stated;
  c.origin.path = "made.hdr";
  return c;
}

std::vector<double> range(double first, double last, double step) {
  std::vector<double> nm;
  for (double w = first; w <= last + 1e-9; w += step) nm.push_back(w);
  return nm;
}

double slope(int, double nm) { return 0.2 + 0.3 * (nm - 400) / 600; }

TEST(TissueCube, AnyBandGridGivesTheSameSpectrum) {
  const std::vector<double> wanted = tissue_wavelengths();
  ASSERT_EQ(wanted.size(), 46u);
  std::vector<double> turned = range(400, 1000, 3);
  std::reverse(turned.begin(), turned.end());
  for (const auto& nm : {range(400, 1000, 5), range(440, 910, 1), range(400, 1000, 25), turned}) {
    const Cube cube = cube_of(3, 4, nm, slope);
    const SpectraReader reader(cube, wanted);
    std::vector<float> out;
    std::vector<std::uint8_t> usable;
    reader.read({0, 3, 0, 4}, out, usable);
    for (std::size_t b = 0; b < wanted.size(); ++b)
      EXPECT_NEAR(out[b * 12 + 5], slope(0, wanted[b]), 1e-3) << nm[1] - nm[0] << " " << wanted[b];
    EXPECT_EQ(usable, std::vector<std::uint8_t>(12, 1));
  }
  for (const BandShare& s : band_shares(range(449.2, 900.3, 7.28), wanted, "x")) {
    double sum = 0;
    for (const double one : s.shares) sum += one;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(TissueCube, WhatIsNoReflectanceIsRefusedWithItsNumbers) {
  const auto refused = [](const Cube& cube) {
    return error_of([&] { SpectraReader(cube, tissue_wavelengths()); });
  };
  Cube nameless = cube_of(2, 2, range(400, 1000, 10), slope);
  nameless.wavelengths_nm.clear();
  EXPECT_EQ(refused(nameless).code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(refused(nameless).what(), "wavelengths of 'made.hdr' are not known"));

  const Error infrared = refused(cube_of(2, 2, range(1000, 2500, 10), slope));
  EXPECT_TRUE(contains(infrared.what(), "1000 to 2500 nm")) << infrared.what();
  EXPECT_EQ(refused(cube_of(2, 2, range(500, 1000, 5), slope)).code(), ErrorCode::Unsupported);
  EXPECT_NO_THROW(SpectraReader(cube_of(2, 2, range(458, 895, 5), slope), tissue_wavelengths()));
  EXPECT_TRUE(
      contains(refused(cube_of(2, 2, {450, 500, 560, 700, 900}, slope)).what(), "no good band"));
  Cube bad = cube_of(2, 2, range(400, 1000, 10), slope);
  bad.bad_bands.assign(61, 0);
  for (std::size_t b = 20; b < 26; ++b) bad.bad_bands[b] = 1;
  EXPECT_TRUE(contains(refused(bad).what(), "between 590 and 660 nm")) << refused(bad).what();

  const Error counts =
      refused(cube_of(2, 2, range(400, 1000, 10), [](int, double) { return 900; }));
  EXPECT_EQ(counts.code(), ErrorCode::BadInput) << "the same in every band: no spectrum";
  const Error radiance =
      refused(cube_of(2, 2, range(400, 1000, 10), [](int, double nm) { return nm; }));
  EXPECT_TRUE(contains(radiance.what(), "does not look like calibrated reflectance"));
  EXPECT_TRUE(contains(radiance.hint(), "--white"));
  const Error nothing =
      refused(cube_of(2, 2, range(400, 1000, 10), [](int, double) { return std::nan(""); }));
  EXPECT_EQ(nothing.code(), ErrorCode::BadInput);

  Cube stored = cube_of(2, 2, range(400, 1000, 10), slope);
  stored.type = SampleType::Int16;
  std::vector<std::int16_t> values;
  for (int i = 0; i < 4 * 61; ++i) values.push_back(static_cast<std::int16_t>(4000 + i));
  stored.data = Buffer::of(std::move(values));
  EXPECT_TRUE(contains(refused(stored).what(), "holds integers")) << refused(stored).what();
  stored.reflectance_scale = 10000;
  EXPECT_TRUE(SpectraReader(stored, tissue_wavelengths()).check().stated);
}

TEST(TissueCube, PixelsWithoutASpectrumAreMarked) {
  Cube cube = cube_of(2, 3, range(400, 1000, 10), [](int pixel, double nm) {
    if (pixel == 1) return nm == 600 ? std::nan("") : 0.4 + nm / 1e4;
    if (pixel == 2) return 0.0;
    if (pixel == 3) return nm == 500 ? -9.0 : 0.4 + nm / 1e4;
    return 0.3 + nm / 1e4;
  });
  cube.ignore_value = -9;
  const SpectraReader reader(cube, tissue_wavelengths());
  std::vector<float> out;
  std::vector<std::uint8_t> usable;
  reader.read({0, 2, 0, 3}, out, usable);
  EXPECT_EQ(usable, (std::vector<std::uint8_t>{1, 0, 0, 0, 1, 1}));
  for (std::size_t b = 0; b < 46; ++b) EXPECT_EQ(out[b * 6 + 1], 0);
  EXPECT_TRUE(contains(reader.check().text, "states no reflectance scale"));
}

TEST(TissueCube, SpectraScaledPixelByPixelAreSaid) {
  const Cube cube = cube_of(6, 6, range(400, 1000, 10), [](int pixel, double nm) {
    return std::clamp((nm - 450) / 450.0, 0.0, 1.0) * (1 + 0.0 * pixel);
  });
  const SpectraReader reader(cube, tissue_wavelengths());
  EXPECT_TRUE(reader.check().scaled_by_pixel);
  EXPECT_TRUE(contains(reader.check().text, "pixel by pixel"));
}

TEST(TissueNetwork, NormalisationForgetsScaleAndOffset) {
  std::vector<float> a{0.1f, 0.3f, 0.2f, 0.6f}, b;
  for (const float v : a) b.push_back(3 * v + 2);
  normalise_spectrum(a);
  normalise_spectrum(b);
  // Mean 0.3, deviation sqrt((0.04 + 0 + 0.01 + 0.09) / 4) = 0.187083.
  EXPECT_NEAR(a[0], -0.2 / 0.187083, 1e-4);
  EXPECT_NEAR(a[3], 0.3 / 0.187083, 1e-4);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(a[i], b[i], 1e-4);
}

TEST(TissueNetwork, OperationsAreCounted) {
  const Graph mlp =
      build_residual_mlp({.inputs = 10, .classes = 3, .width = 8, .blocks = 1, .norm = "none"}, 1);
  // 10 x 8, a block of 8 x 8 twice, 8 x 3; two operations each.
  EXPECT_EQ(operations_per_pixel(mlp), 2.0 * (80 + 64 + 64 + 24));
  EXPECT_EQ(operations_per_pixel(with_normalised_spectra(mlp, 10)), 2.0 * (80 + 64 + 64 + 24));
  const Graph unet =
      build_spectral_unet({.bands = 46, .classes = 4, .channels = 12, .widths = "12"}, 1);
  // Mean twice 46, mix 46 x 12, one unit of two 3 x 3 convolutions (no shortcut: 12 to 12), head.
  EXPECT_EQ(operations_per_pixel(unet), 2.0 * (2 * 46 + 46 * 12 + 2 * 9 * 144 + 48));
}

TEST(TissueNetwork, WhatLooksLikeNoTrainingIsFar) {
  std::vector<float> rows;
  for (int i = 0; i < 200; ++i) {
    std::vector<float> row;
    for (int b = 0; b < 8; ++b)
      row.push_back(static_cast<float>(std::sin(0.1 * i) * b + 0.5 * std::cos(0.3 * i) * (b % 3) +
                                       0.01 * std::sin(1.7 * i * (b + 1))));
    rows.insert(rows.end(), row.begin(), row.end());
  }
  const Likeness like = likeness_of(rows, rows, 8, 2);
  EXPECT_LT(like.distance({rows.data() + 80, 8}), like.limit);
  const std::vector<float> strange{0, 4, 0, -4, 0, 4, 0, -4};
  EXPECT_GT(like.distance(strange), like.limit);
  const Likeness again = likeness_from_json(to_json(like));
  EXPECT_NEAR(again.distance(strange), like.distance(strange), 1e-3);
  EXPECT_THROW(likeness_of({rows.data(), 80}, rows, 8, 2), Error);
}

TEST(TissueNetwork, ACardMustSpeakOfTissue) {
  for (const char* text :
       {"", "[]", "{}", R"({"tissue": 3})", R"({"tissue": {"wavelengths_nm": [1, 2],
      "classes": ["a", "b"], "likeness": {"mean": [0], "directions": [], "limit": 1}}})"})
    EXPECT_EQ(error_of([&] { facts_of_card(text, "m.onnx"); }).code(), ErrorCode::Unsupported)
        << text;
  const json card = {
      {"tissue", to_json(TissueModelFacts{{450, 460}, {"a", "b"}, {{0, 0}, {{1, 0}}, 0.5}})}};
  EXPECT_EQ(facts_of_card(card.dump(), "m.onnx").classes.size(), 2u);
}

TEST(TissueMap, ThePictureHoldsTheClassesAndALegend) {
  const test::Folder folder;
  const std::vector<std::uint8_t> classes{0, 1, 255, 1};
  write_class_map(classes, 2, 2, {}, {{"one", {10, 20, 30}}, {"two", {200, 100, 50}}}, "said",
                  folder / "map.png");
  const auto read = std::get<Volume>(test::registry().open(folder / "map.png"));
  EXPECT_EQ(read.width, 480);
  EXPECT_GT(read.height, 480) << "the legend lies below";
  const auto px = samples<std::uint8_t>(read.pixels);
  const auto at = [&](std::size_t x, std::size_t y) {
    const std::size_t i = 3 * (y * 480 + x);
    return std::array<int, 3>{px[i], px[i + 1], px[i + 2]};
  };
  EXPECT_EQ(at(100, 100), (std::array<int, 3>{10, 20, 30}));
  EXPECT_EQ(at(400, 100), (std::array<int, 3>{200, 100, 50}));
  EXPECT_EQ(at(100, 400), (std::array<int, 3>{0, 0, 0})) << "no class is black";
}

}
}
