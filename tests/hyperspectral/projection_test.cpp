// Sums straight from the stored samples against sums of the values that read_spectrum gives.
#include "hyperspectral/project.h"
#include "modules/core/file.h"
#include "modules/core/random.h"
#include "tests/io_cube/support.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

namespace sensorium::hyper {
namespace {

// Every value that the type takes up to its ends, in any byte order.
Cube random_cube(SampleType type, Interleave interleave, bool big_endian, int lines, int samples,
                 int bands) {
  Cube cube{.lines = lines, .samples = samples, .bands = bands, .type = type};
  cube.interleave = interleave;
  cube.big_endian = big_endian;
  set_dense_strides(cube);
  Random random(static_cast<std::uint64_t>(type) * 7 + static_cast<std::uint64_t>(interleave));
  const std::size_t count = cube.pixels() * static_cast<std::size_t>(bands), size = size_of(type);
  std::vector<std::byte> bytes(count * size);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits = random.bits();
    if (type == SampleType::Float32)
      bits = std::bit_cast<std::uint32_t>(static_cast<float>(1000 * random.normal()));
    if (type == SampleType::Float64) bits = std::bit_cast<std::uint64_t>(1000 * random.normal());
    for (std::size_t k = 0; k < size; ++k)
      bytes[i * size + (big_endian ? size - 1 - k : k)] = static_cast<std::byte>(bits >> (8 * k));
  }
  cube.data = Buffer(std::move(bytes));
  cube.origin.path = "random";
  return cube;
}

void expect_sums(const Cube& cube, const std::vector<int>& bands) {
  Projection p{.bands = bands, .weights = {}, .offset = {0.5, -3, 0}};
  Random random(3);
  for (std::size_t k = 0; k < bands.size(); ++k)
    p.weights.push_back({random.normal(), random.normal(), random.uniform()});
  Raster out(cube.lines, cube.samples);
  project(cube, p, Context{}, out);
  const TileRange part{1, cube.lines - 1, 2, cube.samples - 3};
  std::vector<double> sums(3 * part.pixels());
  project_tile(cube, part, p, sums);
  for (int l = 0; l < cube.lines; ++l)
    for (int s = 0; s < cube.samples; ++s) {
      const std::vector<double> v = read_spectrum(cube, l, s);
      for (std::size_t c = 0; c < 3; ++c) {
        double want = p.offset[c], magnitude = 1;
        for (std::size_t k = 0; k < bands.size(); ++k) {
          const double one = p.weights[k][c] * v[static_cast<std::size_t>(bands[k])];
          want += one;
          magnitude += std::abs(one);
        }
        ASSERT_NEAR(out.rows(l, 1)[3 * static_cast<std::size_t>(s) + c], want, 1e-7 * magnitude);
        if (l < 1 || s < 2 || s >= cube.samples - 1) continue;
        const auto i = static_cast<std::size_t>((l - 1) * part.samples + s - 2);
        ASSERT_NEAR(sums[3 * i + c], want, 1e-14 * magnitude) << l << " " << s;
      }
    }
}

TEST(StoredSums, EqualThoseOfReadSpectraInEveryTypeAndOrder) {
  for (const SampleType type :
       {SampleType::UInt8, SampleType::Int16, SampleType::UInt16, SampleType::Int32,
        SampleType::Float32, SampleType::Float64, SampleType::UInt32, SampleType::Int8})
    for (const Interleave order : {Interleave::Bsq, Interleave::Bil, Interleave::Bip})
      for (const bool big : {false, true}) {
        SCOPED_TRACE(std::string(name_of(type)) + " " + std::string(name_of(order)) +
                     (big ? " big" : ""));
        const Cube cube = random_cube(type, order, big, 3, 13, 11);
        expect_sums(cube, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        expect_sums(cube, {3, 4, 5, 6, 7, 8, 9, 10});
        expect_sums(cube, {1, 2, 7, 4, 10});
        expect_sums(cube, {5});
      }
}

TEST(StoredSums, GoOnBeyondABlockOfPixels) {
  for (const Interleave order : {Interleave::Bsq, Interleave::Bil, Interleave::Bip})
    expect_sums(random_cube(SampleType::Int16, order, false, 2, 1031, 6), {0, 1, 2, 3, 4, 5});
}

TEST(StoredSums, OfAFileWhoseBandsLieFarApartAreThoseOfTheCubeInMemory) {
  const test::Folder folder;
  Cube cube = random_cube(SampleType::Int16, Interleave::Bsq, false, 190, 200, 460);
  const auto bytes = cube.data.bytes();
  test::write(folder / "cube.raw",
              std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  Cube mapped = cube;
  mapped.data = Buffer(MappedFile::open(folder / "cube.raw"), 0, bytes.size());
  ASSERT_TRUE(lies_scattered(mapped));
  for (const std::optional<double> ignored : {std::optional<double>(), std::optional(7.0)}) {
    cube.ignore_value = mapped.ignore_value = ignored; // with one the sums go another way
    Projection p{.bands = {459, 3, 4, 5, 200}, .weights = {}, .offset = {0.5, -3, 0}};
    for (int k = 0; k < 5; ++k) p.weights.push_back({0.1 * k, 1, -0.2 * k});
    Raster want(190, 200), got(190, 200);
    project(cube, p, Context{}, want);
    project(mapped, p, Context{}, got);
    for (int l = 0; l < 190; ++l)
      for (std::size_t i = 0; i < 600; ++i) {
        const float a = got.rows(l, 1)[i], b = want.rows(l, 1)[i];
        ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << l << " " << i;
      }
  }
}

TEST(StoredSums, ATileOutsideTheCubeIsRefused) {
  const Cube cube = random_cube(SampleType::Int16, Interleave::Bip, false, 3, 13, 4);
  std::vector<double> out(3 * 13);
  const Projection p{.bands = {0}, .weights = {{1, 1, 1}}};
  EXPECT_EQ(test::error_of([&] { project_tile(cube, {3, 1, 0, 13}, p, out); }).code(),
            ErrorCode::Internal);
  EXPECT_EQ(test::error_of([&] { project_tile(cube, {0, 1, 1, 13}, p, out); }).code(),
            ErrorCode::Internal);
  const Projection far{.bands = {4}, .weights = {{1, 1, 1}}};
  EXPECT_EQ(test::error_of([&] { project_tile(cube, {0, 1, 0, 13}, far, out); }).code(),
            ErrorCode::Internal);
}

}
}
