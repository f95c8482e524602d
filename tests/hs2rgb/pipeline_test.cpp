// The pipeline as the host sees it.
#include "modules/core/file.h"
#include "modules/io/envi_writer.h"
#include "pipelines/hs2rgb/convert.h"
#include "tests/io_cube/support.h"
#include "tests/support/pipeline.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace sensorium::hs2rgb {
Extension make_extension();

namespace {

using nlohmann::json;
using test::contains;
using test::error_of;
namespace fs = std::filesystem;

const test::DrivenPipeline& pipeline() {
  static const test::DrivenPipeline one(make_extension());
  return one;
}

// 400 to 700 nm, every 10 nm: a grey ramp over the samples, reflectance 0 to 1, times scale.
Cube ramp(float scale = 1) {
  Cube cube;
  cube.lines = 2;
  cube.samples = 11;
  cube.bands = 31;
  cube.type = SampleType::Float32;
  cube.interleave = Interleave::Bil;
  set_dense_strides(cube);
  std::vector<float> values(2 * 11 * 31);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = scale * static_cast<float>(i % 11) / 10;
  cube.data = Buffer::of(std::move(values));
  for (int b = 0; b < 31; ++b) cube.wavelengths_nm.push_back(400 + 10 * b);
  cube.wavelength_source = WavelengthSource::Stated;
  cube.origin.path = "ramp.hdr";
  cube.origin.sha256 = "abc";
  return cube;
}

std::shared_ptr<const Analysis> analysed(const Dataset& dataset, const json& values) {
  return pipeline().analysed(dataset, values);
}

std::vector<std::uint8_t> bytes_of(const Analysis& a, const Cube& cube) {
  const test::Folder folder;
  test::write_files(a, folder.path(), cube.origin);
  const Dataset read = test::registry().open(folder / "rgb.png");
  const auto pixels = samples<std::uint8_t>(std::get<Volume>(read).pixels);
  return {pixels.begin(), pixels.end()};
}

TEST(Hs2rgb, AGreyWorldIsGreyInEveryLight) {
  const Cube cube = ramp();
  for (const char* light : {"A", "C", "D50", "D55", "D65", "D75", "E"})
    for (const char* sum : {"astm_e308", "sensor"}) {
      const auto a =
          analysed(cube, {{"illuminant", light}, {"sum", sum}, {"exposure", "as_stored"}});
      const auto bytes = bytes_of(*a, cube);
      ASSERT_EQ(bytes.size(), 66u);
      for (std::size_t s = 0; s < 11; ++s) {
        const long want = std::lround(255 * hyper::srgb_encoded(static_cast<double>(s) / 10));
        for (std::size_t c = 0; c < 3; ++c)
          EXPECT_NEAR(bytes[3 * s + c], want, 1) << light << " " << sum << " " << s;
      }
    }
}

TEST(Hs2rgb, AStatedScaleIsHonouredAndAnUnstatedOneSaid) {
  Cube counts = ramp(4000);
  counts.reflectance_scale = 4000;
  EXPECT_EQ(bytes_of(*analysed(counts, json::object()), counts),
            bytes_of(*analysed(ramp(), {{"exposure", "as_stored"}}), counts));
  counts.reflectance_scale.reset();
  const auto a = analysed(counts, json::object());
  ASSERT_FALSE(a->notes.empty());
  EXPECT_TRUE(contains(a->notes[0], "no reflectance scale"));
  const auto bytes = bytes_of(*a, counts);
  EXPECT_GT(bytes[30], 200); // the brightest sample is bright
}

TEST(Hs2rgb, ThreeBandsByWavelength) {
  Cube cube = ramp();
  cube.bad_bands.assign(31, 0);
  cube.bad_bands[15] = 1; // 550 nm
  const auto p = parameters_from<Hs2rgbParameters>({{"route", "bands"}, {"red_nm", 652}});
  const Converted c = convert(cube, p, Context{});
  EXPECT_EQ(c.record.at("bands").at(0).at("nm"), 650);
  EXPECT_EQ(c.record.at("bands").at(1).at("nm"), 540);
  EXPECT_EQ(c.record.at("bands").at(2).at("band"), 7);
  const auto far = parameters_from<Hs2rgbParameters>({{"route", "bands"}, {"red_nm", 900}});
  EXPECT_TRUE(contains(convert(cube, far, Context{}).notes.at(0), "900"));
}

TEST(Hs2rgb, ComponentsNeedNoWavelengths) {
  Cube cube = ramp();
  cube.wavelengths_nm.clear();
  cube.wavelength_source = WavelengthSource::Absent;
  const Error e = error_of([&] { analysed(cube, json::object()); });
  EXPECT_EQ(e.code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(e.hint(), "--route pca"));
  const auto bytes = bytes_of(*analysed(cube, {{"route", "pca"}}), cube);
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[30], 255);
}

TEST(Hs2rgb, ALateSensorIsSaid) {
  Cube cube = ramp();
  for (double& nm : cube.wavelengths_nm) nm += 60; // 460 to 760 nm
  const auto a = analysed(cube, {{"exposure", "as_stored"}});
  ASSERT_FALSE(a->notes.empty());
  EXPECT_TRUE(contains(a->notes[0], "misses a part of the visible"));
  const Findings f = pipeline().concluded(cube, *a);
  bool stated = false;
  for (const Measure& m : f.summary)
    stated = stated || (contains(m.name, "colour error") && m.value > 0);
  EXPECT_TRUE(stated);
}

TEST(Hs2rgb, PixelsWithoutMeasurementAreBlackAndCounted) {
  Cube cube = ramp();
  cube.ignore_value = 0;
  const auto a = analysed(cube, {{"exposure", "as_stored"}});
  const Findings f = pipeline().concluded(cube, *a);
  EXPECT_NEAR(f.summary.at(1).value, 100.0 / 11, 1e-9);
  cube = ramp(0);
  cube.ignore_value = 0;
  EXPECT_EQ(error_of([&] { analysed(cube, {{"exposure", "as_stored"}}); }).code(),
            ErrorCode::BadInput);
}

TEST(Hs2rgb, TheRecordSaysFromWhatAndHow) {
  const Cube cube = ramp();
  const auto a = analysed(cube, {{"observer", "1964"}, {"illuminant", "A"}});
  const test::Folder folder;
  test::write_files(*a, folder.path(), cube.origin);
  const json record = json::parse(read_text(folder / "rgb.json"));
  EXPECT_EQ(record.at("input").at("sha256"), "abc");
  EXPECT_EQ(record.at("method").at("illuminant"), "A");
  EXPECT_TRUE(contains(record.at("method").at("observer"), "1964"));
  EXPECT_EQ(record.at("parameters").at("route"), "cie");
}

// Counts = dark + reflectance * (white - dark), another white and dark for each sample: the picture
// is that of the reflectance.
TEST(Hs2rgb, WhiteAndDarkReferencesGiveReflectance) {
  const test::Folder folder;
  const auto counts = [](int lines, auto value) {
    Cube cube = ramp();
    cube.lines = lines;
    set_dense_strides(cube);
    std::vector<float> all;
    for (int l = 0; l < lines; ++l)
      for (int b = 0; b < 31; ++b)
        for (int s = 0; s < 11; ++s) all.push_back(static_cast<float>(value(l, b, s)));
    cube.data = Buffer::of(std::move(all));
    return cube;
  };
  const auto dark = [](int b, int s) { return 100.0 + b + 3 * s; };
  const auto span = [](int b, int s) { return 2000.0 - 20 * b + 10 * s; };
  envi::write(counts(2, [&](int l, int b, int s) { return dark(b, s) + (l == 0 ? -5 : 5); }),
              folder / "dark.hdr", Context{});
  envi::write(counts(4, [&](int, int b, int s) { return dark(b, s) + span(b, s); }),
              folder / "white.hdr", Context{});
  const Cube cube =
      counts(2, [&](int, int b, int s) { return dark(b, s) + span(b, s) * (s / 10.0) / 0.5; });
  const json given = {{"white", (folder / "white.hdr").string()},
                      {"dark", (folder / "dark.hdr").string()},
                      {"panel_reflectance", 0.5}};
  const auto a = analysed(cube, given), plain = analysed(ramp(), {{"exposure", "as_stored"}});
  EXPECT_EQ(bytes_of(*a, cube), bytes_of(*plain, ramp()));
  for (const std::string& note : a->notes) EXPECT_FALSE(contains(note, "brightness")) << note;
  test::write_files(*a, folder.path(), cube.origin);
  const json record = json::parse(read_text(folder / "rgb.json")).at("method").at("calibration");
  EXPECT_EQ(record.at("white").at("lines"), 4);
  EXPECT_EQ(record.at("white").at("sha256").get<std::string>().size(), 64u);
  EXPECT_EQ(record.at("elements_without_reference"), 0);
  json missing = given;
  missing["white"] = (folder / "none.hdr").string();
  EXPECT_EQ(error_of([&] { analysed(cube, missing); }).code(), ErrorCode::NotFound);
}

TEST(Hs2rgb, WrongUseIsRefused) {
  EXPECT_EQ(error_of([] { analysed(ramp(), {{"illuminant", "measured"}}); }).code(),
            ErrorCode::Usage);
  EXPECT_EQ(error_of([] { analysed(Volume{}, json::object()); }).code(), ErrorCode::Unsupported);
  Cube cube = ramp();
  cube.bands = 31;
  for (double& nm : cube.wavelengths_nm) nm += 1000;
  EXPECT_EQ(error_of([&] { analysed(cube, json::object()); }).code(), ErrorCode::Unsupported);
  EXPECT_EQ(error_of([&] { analysed(ramp(), {{"route", "mnf"}}); }).code(), ErrorCode::BadInput);
}

}
}
