#include "tests/plugins_arrays/support.h"

namespace sensorium::test {
namespace {

std::vector<double> samples_of(const Cube& c) {
  std::vector<double> out(c.pixels() * static_cast<std::uint64_t>(c.bands));
  read_tile<double>(c, {0, c.lines, 0, c.samples}, {}, TileOrder::Pixels, out);
  return out;
}

class Cubes : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (!fs::exists(judges_python())) return;
    folder = new Folder;
    cases = judge("plugins_arrays/judge.py", {"cubes", folder->path().string()});
  }
  static void TearDownTestSuite() {
    delete folder;
    folder = nullptr;
  }
  void SetUp() override { NEEDS_JUDGES(); }
  static fs::path file(const std::string& name) { return *folder / name; }
  static inline Folder* folder = nullptr;
  static inline nlohmann::json cases;
};

TEST_F(Cubes, EveryContainerGivesTheSamplesAndWavelengthsItHolds) {
  ASSERT_GE(cases.size(), 16u);
  for (const auto& want : cases) {
    const std::string name = want["file"];
    SCOPED_TRACE(name);
    const Dataset dataset = registry().open(file(name));
    ASSERT_TRUE(std::holds_alternative<Cube>(dataset)) << kind_of(dataset);
    const Cube& c = std::get<Cube>(dataset);
    EXPECT_EQ((std::vector<int>{c.lines, c.samples, c.bands}),
              want["size"].get<std::vector<int>>());
    EXPECT_EQ(name_of(c.type), want["type"].get<std::string>());
    expect_same(samples_of(c), read_numbers(file(name + ".f64")), 0);
    expect_same(c.wavelengths_nm, want["nm"].get<std::vector<double>>(), 1e-9);
    EXPECT_EQ(describe_cube(c)["wavelength_source"], want["source"]) << c.wavelength_note;
    if (want.contains("mapped")) {
      EXPECT_EQ(c.data.mapped(), want["mapped"].get<bool>());
    }
    if (want.contains("scale")) {
      EXPECT_EQ(c.reflectance_scale, want["scale"].get<double>());
    }
    if (want.contains("ignore")) {
      EXPECT_EQ(c.ignore_value, want["ignore"].get<double>());
    }
    EXPECT_EQ(c.origin.warnings.size(), want["warnings"].get<std::size_t>())
        << nlohmann::json(c.origin.warnings).dump();
    if (want.contains("said")) {
      EXPECT_NE(c.origin.warnings.at(0).find(want["said"].get<std::string>()), std::string::npos)
          << c.origin.warnings[0];
    }
    auto header = describe(registry().header(file(name))), loaded = describe(dataset);
    header.erase("sha256");
    loaded.erase("sha256");
    EXPECT_EQ(header, loaded);
  }
}

TEST_F(Cubes, AnImageVolumeStaysOne) {
  EXPECT_EQ(kind_of(registry().open(file("volume.mat"))), "volume");
}

TEST_F(Cubes, AViewBesideTheFileSaysWhatItHolds) {
  fs::copy(file("volume.mat"), file("said.mat"));
  const std::string plain = origin_of(registry().open(file("said.mat"))).sha256;
  write(file("said.mat.view.json"),
        R"({"as": "cube", "variable": "scan", "axes": ["bands", "samples", "lines"],
            "reflectance_scale": 2, "ignore_value": -1})");
  const Dataset dataset = registry().open(file("said.mat"));
  const Cube& c = std::get<Cube>(dataset);
  EXPECT_EQ((std::vector<int>{c.lines, c.samples, c.bands}), (std::vector<int>{16, 30, 40}));
  EXPECT_EQ(c.reflectance_scale, 2.0);
  EXPECT_EQ(c.ignore_value, -1.0);
  EXPECT_TRUE(c.origin.warnings.empty());
  EXPECT_NE(origin_of(dataset).sha256, plain) << "another view is another input";
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {R"({"as": "cube", "variable": "none"})", "there is no variable 'none'"},
           {R"({"as": "song"})", "'as' cannot be 'song'"},
           {R"({"lines": 0})", "'lines' is 0"},
           {R"({"rate_hz": -1})", "'rate_hz' is -1"},
           {R"({"lines": "x"})", "of another kind"},
           {R"({"what": 1})", "unknown key 'what'"},
           {R"({"as": "cube", "axes": ["lines", "lines", "bands"]})", "the axes"},
           {"[", "no JSON object"}}) {
    write(file("said.mat.view.json"), text);
    expect_error(file("said.mat"), ErrorCode::BadInput, part);
  }
}

TEST_F(Cubes, TheOrderOfPixelsCanBeSaid) {
  fs::copy(file("columns.mat"), file("turned.mat"));
  write(file("turned.mat.view.json"), R"({"as": "cube", "pixels": "rows"})");
  const Dataset right_way = registry().open(file("columns.mat"));
  const Dataset dataset = registry().open(file("turned.mat"));
  const Cube &c = std::get<Cube>(dataset), &right = std::get<Cube>(right_way);
  // Pixel 1 of the list is line 1 when columns run first, sample 1 when rows do.
  EXPECT_EQ(read_spectrum(c, 0, 1), read_spectrum(right, 1, 0));
}

TEST_F(Cubes, WhatIsCutShortOrClaimsTooMuchGivesOneError) {
  for (const char* name : {"packed.mat", "plain.mat", "chunked73.mat", "plain73.mat",
                           "bands_first.h5", "neon.h5", "contig.tif", "tiled.tif", "pixels.tif"}) {
    SCOPED_TRACE(name);
    const std::string whole = read_text(file(name));
    const std::string cut = std::string("cut_") + name;
    for (const double part : {0.02, 0.3, 0.6, 0.9}) {
      write(file(cut),
            whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size()))));
      const Error e = error_of(file(cut));
      EXPECT_NE(std::string(e.what()).find(cut), std::string::npos) << e.what();
      EXPECT_FALSE(e.hint().empty()) << e.what();
      EXPECT_NE(e.code(), ErrorCode::Internal) << e.what();
    }
  }
  expect_error(file("claims.h5"), ErrorCode::BadInput, "claims 2000000000000 bytes");
  expect_error(file("lzf.h5"), ErrorCode::Unsupported, "filter 32000");
  expect_error(file("text.h5"), ErrorCode::Unsupported, "no data set that is a cube");
}

TEST_F(Cubes, AGeoTiffOfOursIsReadByOthersAndByUs) {
  const Dataset dataset = registry().open(file("neon.h5"));
  const Cube& c = std::get<Cube>(dataset);
  const auto& writer = registry().writer("geotiff");
  writer.write_cube(c, file("ours.tif"), Context{});
  const auto seen = judge("plugins_arrays/judge.py", {"tiff", file("ours.tif").string()});
  EXPECT_EQ(seen["shape"], (nlohmann::json{9, 6, 7}));
  EXPECT_EQ(seen["type"], "int16");
  EXPECT_NE(seen["metadata"].get<std::string>().find("Nanometers"), std::string::npos);
  EXPECT_EQ(seen["ignore"], "-9999");
  const Dataset again = registry().open(file("ours.tif"));
  const Cube& back = std::get<Cube>(again);
  EXPECT_EQ(samples_of(back), samples_of(c));
  EXPECT_EQ(back.wavelengths_nm, c.wavelengths_nm);
  EXPECT_EQ(back.wavelength_source, WavelengthSource::Stated);
  EXPECT_EQ(back.ignore_value, c.ignore_value);
  EXPECT_NEAR(back.reflectance_scale.value_or(0), 10000, 1e-9);
  std::vector<double> bands = read_numbers(file("ours.tif.f64")), ours(bands.size());
  read_tile<double>(c, {0, c.lines, 0, c.samples}, {}, TileOrder::Bands, ours);
  EXPECT_EQ(bands, ours);
  EXPECT_THROW(writer.write_cube(back, file("ours.tif"), Context{}), Error) << "over itself";
}

TEST(RealCubes, EachOpensWithItsDimensionsAndWavelengths) {
  NEEDS_SHARED_DATA("hyperspectral");
  struct Row {
    std::string file;
    int lines, samples, bands;
    double first_nm, last_nm; // 0: none
  };
  for (const Row& want :
       std::vector<Row>{{"jasper/jasperRidge2_R198.mat", 100, 100, 198, 408.5202, 0},
                        {"indian_pines/Indian_pines_corrected.npy", 145, 145, 200, 400.019989, 0},
                        {"indian_pines/92AV3GT.GIS", 145, 145, 1, 0, 0},
                        {"helicoid_patches/058-02_0_0.npy", 17, 17, 63, 449.2294, 0},
                        {"helicoid_patches/058-02_0_1.npy", 17, 17, 63, 449.2294, 0},
                        {"plantcv/corn-kernel-hyperspectral.raw", 31, 43, 580, 366.551, 1048.42},
                        {"plantcv/corn-kernel-hyperspectral.hdr", 31, 43, 580, 366.551, 1048.42},
                        {"plantcv/darkReference", 1, 1600, 978, 379.027, 1000.95},
                        {"hylite/Radiometric_2x2_1x1.dat", 1, 384, 624, 377.35, 2503.73}}) {
    SCOPED_TRACE(want.file);
    const Dataset dataset =
        registry().open(fs::path(SENSORIUM_SHARED_DATA) / "hyperspectral" / want.file);
    const Cube& c = std::get<Cube>(dataset);
    EXPECT_EQ((std::vector<int>{c.lines, c.samples, c.bands}),
              (std::vector<int>{want.lines, want.samples, want.bands}));
    ASSERT_EQ(c.wavelengths_nm.empty(), want.first_nm == 0) << c.wavelength_note;
    if (want.first_nm > 0) {
      EXPECT_NEAR(c.wavelengths_nm.front(), want.first_nm, 1e-3);
    }
    if (want.last_nm > 0) {
      EXPECT_NEAR(c.wavelengths_nm.back(), want.last_nm, 5e-3);
    }
  }
}

}
}
