// The pipeline as the host sees it: what each method writes, and what it refuses.
#include "modules/core/file.h"
#include "modules/imaging/spectral_library.h"
#include "modules/io/envi_reader.h"
#include "modules/io/envi_writer.h"
#include "pipelines/cube_analysis/outputs.h"
#include "pipelines/cube_analysis/references.h"
#include "tests/io_cube/support.h"
#include "tests/support/pipeline.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

namespace sensorium::cube_analysis {
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

// 8 lines x 10 samples x 5 bands at 500 to 900 nm, reflectance x 1000. Left half: rising spectra;
// right half: falling ones; each pixel with its own brightness. (9, 0) is bright in the middle band
// alone; (0, 7) is not measured.
Cube halves() {
  Cube cube;
  cube.lines = 8;
  cube.samples = 10;
  cube.bands = 5;
  cube.type = SampleType::Int16;
  cube.interleave = Interleave::Bil;
  set_dense_strides(cube);
  cube.reflectance_scale = 1000;
  cube.ignore_value = -1;
  std::vector<std::int16_t> values;
  for (int l = 0; l < 8; ++l)
    for (int b = 0; b < 5; ++b)
      for (int s = 0; s < 10; ++s) {
        const int shape = s < 5 ? 100 + 50 * b : 300 - 50 * b;
        int v = shape + shape * ((7 * l + 3 * s) % 5) / 20 + (5 * l + 3 * s + 2 * b) % 3;
        if (l == 0 && s == 9) v = b == 2 ? 800 : 100;
        if (l == 7 && s == 0) v = -1;
        values.push_back(static_cast<std::int16_t>(v));
      }
  cube.data = Buffer::of(std::move(values));
  for (int b = 0; b < 5; ++b) cube.wavelengths_nm.push_back(500 + 100 * b);
  cube.wavelength_source = WavelengthSource::Stated;
  cube.origin.path = "halves.hdr";
  cube.origin.sha256 = "abc";
  return cube;
}

std::shared_ptr<const Analysis> analysed(const Dataset& dataset, const json& values) {
  return pipeline().analysed(dataset, values);
}

Error refused(const Dataset& dataset, const json& values) {
  return error_of([&] { analysed(dataset, values); });
}

void write_all(const Analysis& a, const fs::path& folder) {
  test::write_files(a, folder, {.path = "halves.hdr"});
}

// The first channel of maps.hdr, as another program would read it.
std::vector<float> classes_in(const fs::path& folder) {
  const Cube maps = test::open_cube(folder / "maps.hdr");
  std::vector<float> out(maps.pixels());
  read_tile<float>(maps, {0, maps.lines, 0, maps.samples}, std::array{0}, TileOrder::Bands, out);
  return out;
}

TEST(CubeAnalysis, ThePlacesOfTheCubeNameItsHalves) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "sam"}, {"places", "1,1,3,3; 8,5"}});
  const test::Folder folder;
  write_all(*a, folder.path());
  const std::vector<float> c = classes_in(folder.path());
  for (std::size_t i = 0; i < 80; ++i) {
    if (i == 70) {
      EXPECT_TRUE(std::isnan(c[i])) << "no measurement";
    } else if (i != 9) {
      EXPECT_EQ(c[i], i % 10 < 5 ? 1 : 2) << i;
    }
  }
  const Findings f = pipeline().concluded(cube, *a);
  ASSERT_EQ(f.tables.at(0).rows.size(), 2u);
  EXPECT_EQ(f.tables[0].rows[0][1], "x 1 y 1, 3 x 3");
  EXPECT_EQ(f.tables[0].rows[0][2], "39");
  EXPECT_NEAR(f.summary.at(1).value, 100.0 / 80, 1e-12);
}

TEST(CubeAnalysis, ConnectedRegionsAreFindings) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "sam"}, {"places", "1,1; 8,5"}, {"limit", 0.1}});
  const Findings f = pipeline().concluded(cube, *a, {{"least_pixels", 2}});
  ASSERT_EQ(f.items.size(), 2u);
  const Finding &left = f.items[0], &right = f.items[1];
  EXPECT_EQ(left.label, "x 1 y 1");
  EXPECT_EQ(left.measures.at(0).value, 39) << "without the pixel that was not measured";
  EXPECT_EQ(left.measures.at(0).unit, "px");
  EXPECT_EQ(left.measures.at(1).name, "mean spectral angle");
  EXPECT_EQ(left.measures.at(1).unit, "rad");
  EXPECT_LT(left.measures.at(1).value, 0.1);
  EXPECT_LT(left.score, 0) << "an angle is no probability";
  EXPECT_EQ(left.box, (std::array<int, 6>{0, 0, 0, 4, 7, 0}));
  EXPECT_EQ(right.measures.at(0).value, 39) << "without the odd pixel";
  EXPECT_EQ(right.box, (std::array<int, 6>{5, 0, 0, 9, 7, 0}));
  EXPECT_TRUE(left.id.starts_with("region-0-0-")) << left.id;
  EXPECT_EQ(pipeline().concluded(cube, *a, {{"least_pixels", 40}}).items.size(), 0u);
  EXPECT_TRUE(test::notes(pipeline().concluded(cube, *a, {{"least_pixels", 40}}),
                          "2 smaller regions, 100.0 % of the classified pixels"));
  const auto mixed = analysed(cube, {{"method", "unmix"}, {"places", "1,1; 8,5"}});
  const Findings shares = pipeline().concluded(cube, *mixed);
  ASSERT_FALSE(shares.items.empty());
  EXPECT_GT(shares.items[0].score, 0.5) << "the mean share";
  EXPECT_LE(shares.items[0].score, 1 + 1e-6);
  EXPECT_NE(shares.items[0].id, right.id) << "other pixels, another region";
}

TEST(CubeAnalysis, ALimitLeavesTheOddPixelOut) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "sam"}, {"places", "1,1; 8,5"}, {"limit", 0.1}});
  const test::Folder folder;
  write_all(*a, folder.path());
  EXPECT_EQ(classes_in(folder.path())[9], 0);
  EXPECT_NEAR(pipeline().concluded(cube, *a).summary.at(2).value, 1.25, 1e-12);
}

TEST(CubeAnalysis, ThePictureHoldsTheClassesAsItsPixels) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "sid"}, {"places", "1,1; 8,5"}});
  const test::Folder folder;
  write_all(*a, folder.path());
  const Dataset read = test::registry().open(folder / "classes.png");
  const auto pixels = samples<std::uint8_t>(std::get<Volume>(read).pixels);
  const auto colours = class_colours(2);
  ASSERT_EQ(pixels.size(), 240u) << "as colours";
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(pixels[c], colours[1][c]);
    EXPECT_EQ(pixels[3 * 8 + c], colours[2][c]);
    EXPECT_EQ(pixels[3 * 70 + c], 0);
  }
  std::set<std::array<std::uint8_t, 3>> different;
  for (const auto& one : class_colours(64)) different.insert(one);
  EXPECT_EQ(different.size(), 65u);
}

TEST(CubeAnalysis, ClustersFollowTheShapeOnceTheContinuumIsGone) {
  const Cube cube = halves();
  const auto a = analysed(
      cube, {{"method", "kmeans"}, {"count", 3}, {"preparation", "derivative1"}, {"window", 3}});
  const test::Folder folder;
  write_all(*a, folder.path());
  const std::vector<float> c = classes_in(folder.path());
  EXPECT_NE(c[0], c[8]);
  const json record = json::parse(read_text(folder / "analysis.json"));
  EXPECT_EQ(record.at("method").at("settled"), true);
  EXPECT_EQ(record.at("input").at("path"), "halves.hdr");
  EXPECT_EQ(record.at("classes").size(), 3u);
}

TEST(CubeAnalysis, TheOddPixelIsTheAnomaly) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "rx"}, {"percent", 2.0}});
  const test::Folder folder;
  write_all(*a, folder.path());
  const std::vector<float> c = classes_in(folder.path());
  for (std::size_t i = 0; i < 80; ++i)
    if (i != 70) {
      EXPECT_EQ(c[i], i == 9 ? 1 : 0) << i;
    }
}

TEST(CubeAnalysis, AbundancesOfALibraryThatItWroteItself) {
  const Cube cube = halves();
  const test::Folder folder, again;
  write_all(*analysed(cube, {{"method", "sam"}, {"places", "1,1; 8,5"}, {"limit", 0.2}}),
            folder.path());
  const SpectralLibrary library = library_of(envi::load(folder / "spectra.sli", Samples::Load));
  ASSERT_EQ(library.names, (std::vector<std::string>{"x 1 y 1", "x 8 y 5"}));
  EXPECT_EQ(library.nm, cube.wavelengths_nm);
  EXPECT_NEAR(library.values[0][4] / library.values[0][0], 3, 0.1);
  const auto a =
      analysed(cube, {{"method", "unmix"}, {"library", (folder / "spectra.hdr").string()}});
  write_all(*a, again.path());
  const Cube maps = test::open_cube(again / "maps.hdr");
  EXPECT_EQ(maps.bands, 3);
  EXPECT_EQ(maps.band_names.at(2), "root mean square of the rest");
  const std::vector<double> left = read_spectrum(maps, 3, 2), right = read_spectrum(maps, 3, 7);
  EXPECT_NEAR(left[0] + left[1], 1, 1e-6);
  EXPECT_GT(left[0], 0.8);
  EXPECT_GT(right[1], 0.8);
  EXPECT_TRUE(std::isnan(read_spectrum(maps, 7, 0)[0]));
  EXPECT_TRUE(fs::exists(again / "abundance_2.png"));
  const std::string table = read_text(again / "spectra.csv");
  EXPECT_TRUE(table.starts_with("band,wavelength_nm,bad,x 1 y 1,x 1 y 1 sd,x 1 y 1 pixels,"))
      << table;
  const auto one = analysed(cube, {{"method", "sam"},
                                   {"library", (folder / "spectra.sli").string()},
                                   {"only", "X 8, nothing"}});
  EXPECT_EQ(pipeline().concluded(cube, *one).tables.at(0).rows.size(), 1u);
}

TEST(CubeAnalysis, FindsItsOwnPureSpectraAndSaysSo) {
  const Cube cube = halves();
  const auto a = analysed(cube, {{"method", "unmix"}, {"count", 3}});
  ASSERT_FALSE(a->notes.empty());
  EXPECT_TRUE(contains(a->notes[0], "not of known materials"));
  EXPECT_EQ(pipeline().concluded(cube, *a).tables.at(0).rows.size(), 3u);
}

TEST(CubeAnalysis, WhiteAndDarkComeFirst) {
  Cube cube = halves();
  cube.reflectance_scale.reset();
  const test::Folder folder;
  Cube white = halves();
  white.lines = 1;
  std::vector<std::int16_t> values(50, 2000);
  for (std::size_t s = 0; s < 10; ++s) values[30 + s] = 4000; // the light is brighter at 800 nm
  white.data = Buffer::of(values);
  white.ignore_value.reset();
  white.reflectance_scale.reset();
  envi::write(white, folder / "white.hdr", Context{});
  const auto a = analysed(
      cube,
      {{"method", "sam"}, {"places", "1,1; 8,5"}, {"white", (folder / "white.hdr").string()}});
  write_all(*a, folder.path());
  const SpectralLibrary library = library_of(envi::load(folder / "spectra.sli", Samples::Load));
  const double ratio = library.values[0][3] / library.values[0][4];
  EXPECT_NEAR(ratio, 250.0 / 300 / 2, 0.01);
  EXPECT_EQ(refused(cube, {{"white", "/nowhere/white.hdr"}}).code(), ErrorCode::NotFound);
}

TEST(CubeAnalysis, RefusesWhatContradictsItself) {
  const Cube cube = halves();
  const auto usage = [&](const json& values, const char* word) {
    const Error e = refused(cube, values);
    EXPECT_EQ(e.code(), ErrorCode::Usage) << values.dump();
    EXPECT_TRUE(contains(e.what(), word)) << e.what();
    EXPECT_FALSE(e.hint().empty());
  };
  usage({{"method", "rx"}, {"preparation", "smooth"}}, "rx");
  usage({{"method", "sam"}, {"places", "10,0"}}, "outside");
  usage({{"method", "sam"}, {"places", "1,1,2147483647,2147483647"}}, "outside");
  usage({{"method", "sam"}, {"places", "1;2"}}, "no place");
  usage({{"method", "sam"}, {"places", " ; "}}, "names no place");
  usage({{"method", "sam"}, {"places", "0,7"}}, "no measurement");
  usage({{"method", "sam"}, {"places", "1,1"}, {"library", "x"}}, "both");
  usage({{"method", "kmeans"}, {"preparation", "smooth"}, {"window", 7}}, "window");
  usage({{"method", "unmix"}, {"count", 6}}, "6 pure spectra");
  EXPECT_EQ(refused(cube, {{"method", "sam"}, {"library", "/nowhere.sli"}}).code(),
            ErrorCode::NotFound);
}

TEST(CubeAnalysis, HostileLibrariesGiveOneClearError) {
  const Cube cube = halves();
  const test::Folder folder;
  const auto with = [&](const std::string& header, std::size_t bytes) {
    write_atomically(folder / "lib.hdr", header);
    write_atomically(folder / "lib.sli", std::string(bytes, '\1'));
    return refused(cube, {{"method", "sam"}, {"library", (folder / "lib.hdr").string()}});
  };
  const std::string head = "ENVI\nfile type = ENVI Spectral Library\nbands = 1\ndata type = 4\n"
                           "interleave = bsq\nbyte order = 0\n";
  const std::string nm = "wavelength units = nm\nwavelength = {500, 700, 900}\n";
  EXPECT_EQ(with(head + "samples = 3\nlines = 2\n" + nm, 20).code(), ErrorCode::BadInput);
  EXPECT_EQ(with(head + "samples = 3\nlines = 2000000000\n" + nm, 24).code(), ErrorCode::BadInput);
  EXPECT_EQ(with(head + "samples = 3\nlines = 2\n", 24).code(), ErrorCode::Unsupported)
      << "no wavelengths";
  EXPECT_EQ(with(head + "samples = 3\nlines = 2\nwavelength units = nm\nwavelength = {1500, 1600, "
                        "1700}\n",
                 24)
                .code(),
            ErrorCode::Unsupported)
      << "other wavelengths";
  EXPECT_EQ(
      with(head + "samples = 1\nlines = 20000\nwavelength units = nm\nwavelength = {500}\n", 80000)
          .code(),
      ErrorCode::Unsupported)
      << "an image, no library";
  write_atomically(folder / "zero.hdr", head + "samples = 3\nlines = 1\n" + nm);
  write_atomically(folder / "zero.sli", std::string(12, '\0'));
  EXPECT_EQ(refused(cube, {{"method", "sam"}, {"library", (folder / "zero.hdr").string()}}).code(),
            ErrorCode::BadInput);
}

}
}
