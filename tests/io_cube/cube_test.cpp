#include "tests/io_cube/support.h"

#include "modules/core/dataset_store.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace sensorium::test {
namespace {

// value = 100 line + 10 sample + band, in memory.
Cube counting(Interleave interleave, int lines = 2, int samples = 3, int bands = 4) {
  Cube cube;
  cube.lines = lines;
  cube.samples = samples;
  cube.bands = bands;
  cube.type = SampleType::UInt16;
  cube.interleave = interleave;
  set_dense_strides(cube);
  std::vector<std::uint16_t> values(static_cast<std::size_t>(lines * samples * bands));
  for (int l = 0; l < lines; ++l)
    for (int s = 0; s < samples; ++s)
      for (int b = 0; b < bands; ++b)
        values[cube.stride[0] * static_cast<std::size_t>(l) +
               cube.stride[1] * static_cast<std::size_t>(s) +
               cube.stride[2] * static_cast<std::size_t>(b)] =
            static_cast<std::uint16_t>(100 * l + 10 * s + b);
  cube.data = Buffer::of(std::move(values));
  return cube;
}

class EachInterleave : public testing::TestWithParam<Interleave> {};
INSTANTIATE_TEST_SUITE_P(Cubes, EachInterleave,
                         testing::Values(Interleave::Bsq, Interleave::Bil, Interleave::Bip),
                         [](const auto& one) { return std::string(name_of(one.param)); });

TEST_P(EachInterleave, TilesHoldTheSamplesInBothOrders) {
  const Cube cube = counting(GetParam());
  validate_cube(cube);
  const TileRange tile{1, 1, 1, 2};
  const std::vector<int> bands{3, 0, 2};
  std::vector<double> out(6);
  read_tile<double>(cube, tile, bands, TileOrder::Pixels, out);
  EXPECT_EQ(out, (std::vector<double>{113, 110, 112, 123, 120, 122}));
  read_tile<double>(cube, tile, bands, TileOrder::Bands, out);
  EXPECT_EQ(out, (std::vector<double>{113, 123, 110, 120, 112, 122}));
  std::vector<float> all(24);
  read_tile<float>(cube, {0, 2, 0, 3}, {}, TileOrder::Pixels, all);
  EXPECT_EQ(all[0], 0);
  EXPECT_EQ(all[23], 123);
  EXPECT_EQ(all[12], 100);
  EXPECT_EQ(read_spectrum(cube, 1, 2), (std::vector<double>{120, 121, 122, 123}));
}

// Blocks of 32 and 64 pixels are read at once: longer lines cross them.
TEST_P(EachInterleave, LongLinesAreWhole) {
  Cube cube = counting(GetParam(), 2, 150, 5);
  for (const TileOrder order : {TileOrder::Pixels, TileOrder::Bands}) {
    std::vector<double> out(2 * 149 * 2);
    const std::vector<int> bands{4, 1};
    read_tile<double>(cube, {0, 2, 1, 149}, bands, order, out);
    for (int l = 0; l < 2; ++l)
      for (int s = 0; s < 149; ++s)
        for (std::size_t b = 0; b < 2; ++b) {
          const auto pixel = static_cast<std::size_t>(l * 149 + s);
          const std::size_t at = order == TileOrder::Pixels ? pixel * 2 + b : b * 298 + pixel;
          ASSERT_EQ(out[at], 100 * l + 10 * (s + 1) + bands[b]);
        }
  }
}

// Bands of a large BSQ file are copied from it; what comes is what a cube in memory gives.
class ScatteredCubes : public testing::TestWithParam<std::pair<SampleType, bool>> {};
INSTANTIATE_TEST_SUITE_P(Cubes, ScatteredCubes,
                         testing::Values(std::pair(SampleType::Int16, false),
                                         std::pair(SampleType::UInt16, true),
                                         std::pair(SampleType::Complex64, false)));

TEST_P(ScatteredCubes, AreReadAsThoseInMemory) {
  const Folder folder;
  Cube cube;
  cube.lines = 180;
  cube.samples = 190;
  cube.type = GetParam().first;
  cube.big_endian = GetParam().second;
  cube.interleave = Interleave::Bsq;
  const std::size_t size = size_of(cube.type);
  cube.bands = static_cast<int>((34u << 20) / (cube.pixels() * size)) + 1;
  set_dense_strides(cube);
  std::vector<std::byte> bytes(cube.pixels() * static_cast<std::size_t>(cube.bands) * size);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(size == 8 && i % 4 == 3 ? 0x41 : i * i % 127);
  const fs::path path = folder / "cube.raw";
  write(path, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  Cube mapped = cube;
  cube.data = Buffer(std::move(bytes));
  mapped.data = Buffer(MappedFile::open(path), 0, cube.data.size());
  ASSERT_TRUE(lies_scattered(mapped));
  ASSERT_FALSE(lies_scattered(cube));
  const std::vector<int> bands{cube.bands - 1, 0, 17, 3};
  for (const TileRange& tile : {TileRange{7, 5, 0, 190}, TileRange{0, 180, 31, 9}})
    for (const TileOrder order : {TileOrder::Pixels, TileOrder::Bands}) {
      std::vector<double> want(tile.pixels() * bands.size()), got(want.size());
      read_tile<double>(cube, tile, bands, order, want);
      read_tile<double>(mapped, tile, bands, order, got);
      EXPECT_EQ(got, want);
    }
  EXPECT_EQ(read_spectrum(mapped, 179, 189), read_spectrum(cube, 179, 189));
  const TileRange tile{3, 2, 5, 7};
  EXPECT_EQ(read_complex(mapped, tile, bands), read_complex(cube, tile, bands));
  std::vector<float> few(3);
  EXPECT_EQ(
      error_of([&] { read_tile<float>(mapped, {179, 2, 0, 1}, {}, TileOrder::Bands, few); }).code(),
      ErrorCode::Internal);
}

TEST(Cubes, ATileOutsideIsRefused) {
  const Cube cube = counting(Interleave::Bip);
  std::vector<double> out(4);
  EXPECT_THROW(read_tile<double>(cube, {2, 1, 0, 1}, {}, TileOrder::Pixels, out), Error);
  EXPECT_THROW(read_tile<double>(cube, {0, 1, -1, 1}, {}, TileOrder::Pixels, out), Error);
  const std::vector<int> band{4};
  EXPECT_THROW(read_tile<double>(cube, {0, 1, 0, 4}, band, TileOrder::Pixels, out), Error);
}

TEST(Cubes, TilesCoverEachPixelOnceAndStaySmall) {
  for (const auto& [lines, samples, limit] :
       std::vector<std::array<int, 3>>{{7, 5, 40}, {3, 100, 64}, {1, 1, 1}, {10, 4, 1}}) {
    const Cube cube = counting(Interleave::Bip, lines, samples, 2);
    std::vector<int> seen(static_cast<std::size_t>(lines * samples), 0);
    for (const TileRange& t : tiles_of(cube, 2, static_cast<std::size_t>(limit))) {
      EXPECT_LE(t.pixels() * 2, static_cast<std::size_t>(std::max(limit, 2)));
      for (int l = 0; l < t.lines; ++l)
        for (int s = 0; s < t.samples; ++s)
          ++seen[static_cast<std::size_t>((t.line + l) * samples + t.sample + s)];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), lines * samples);
  }
}

TEST(Cubes, WhereColumnsLieTogetherTilesAreWholeColumns) {
  Cube cube = counting(Interleave::Bip, 6, 10, 2);
  cube.interleave = Interleave::Other;
  cube.stride = {1, 6, 60}; // as MATLAB stores 6 x 10 x 2
  std::vector<int> seen(60, 0);
  for (const TileRange& t : tiles_of(cube, 2, 40)) {
    EXPECT_EQ(t.line, 0);
    EXPECT_EQ(t.lines, 6);
    EXPECT_LE(t.pixels() * 2, 40u);
    EXPECT_GE(t.samples, 1);
    for (int s = 0; s < t.samples; ++s)
      for (int l = 0; l < 6; ++l) ++seen[static_cast<std::size_t>(l * 10 + t.sample + s)];
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), 60);
}

TEST(Cubes, ComplexSamplesAreMagnitudesOrParts) {
  Cube cube;
  cube.lines = cube.samples = 1;
  cube.bands = 2;
  cube.type = SampleType::Complex64;
  cube.interleave = Interleave::Bip;
  set_dense_strides(cube);
  cube.data = Buffer::of(std::vector<float>{3, -4, 0, 2});
  EXPECT_EQ(read_spectrum(cube, 0, 0), (std::vector<double>{5, 2}));
  const auto parts = read_complex(cube, {0, 1, 0, 1}, {});
  EXPECT_EQ(parts[0], std::complex<double>(3, -4));
  EXPECT_EQ(parts[1], std::complex<double>(0, 2));
}

TEST(Cubes, TheNearestGoodBandIsFound) {
  Cube cube = counting(Interleave::Bip);
  EXPECT_FALSE(band_at(cube, 500));
  cube.wavelengths_nm = {400, 500, 600, 700};
  EXPECT_EQ(band_at(cube, 590), 2);
  cube.bad_bands = {0, 0, 1, 0};
  EXPECT_EQ(band_at(cube, 590), 1);
  EXPECT_EQ(good_bands(cube), (std::vector<int>{0, 1, 3}));
}

TEST(Cubes, WhatDoesNotAgreeIsRefused) {
  Cube cube = counting(Interleave::Bsq);
  cube.wavelengths_nm = {400, 500};
  EXPECT_TRUE(contains(error_of([&] { validate_cube(cube); }).what(), "2 wavelengths for 4 bands"));
  cube = counting(Interleave::Bsq);
  cube.lines = 3;
  EXPECT_THROW(validate_cube(cube), Error);
  cube.lines = 2147483647;
  cube.stride = {1ull << 62, 1, 1};
  EXPECT_THROW(validate_cube(cube), Error);
}

TEST(Cubes, CrossToAnotherProcessByName) {
  const Folder folder;
  write(folder / "a.raw", bytes_of(std::vector<std::uint16_t>{1, 2, 3, 4, 5, 6}));
  write(folder / "a.hdr",
        "ENVI\nlines = 1\nsamples = 2\nbands = 3\ndata type = 12\ninterleave = bip\nbyte order = "
        "0\nwavelength units = nm\nwavelength = {450, 550, 650}\nbbl = {1, 0, 1}\ndata ignore "
        "value = 6\ndefault bands = {3, 2, 1}\n");
  const Dataset made = registry().open(folder / "a.hdr");
  store_dataset(made, folder / "store");
  EXPECT_LT(fs::file_size(folder / "store"), 4096u); // the samples are not in it
  const Dataset back = map_dataset(folder / "store");
  EXPECT_EQ(describe(back), describe(made));
  EXPECT_EQ(read_spectrum(std::get<Cube>(back), 0, 1), (std::vector<double>{4, 5, 6}));
  Cube owned = std::get<Cube>(made);
  owned.data_path.clear();
  store_dataset(owned, folder / "store");
  EXPECT_EQ(read_spectrum(std::get<Cube>(map_dataset(folder / "store")), 0, 0),
            (std::vector<double>{1, 2, 3}));
}

}
}
