#include "modules/io/npy_reader.h"
#include "tests/io_cube/support.h"

#include <fmt/format.h>

namespace sensorium::test {
namespace {

std::string npy(const std::string& type, bool fortran, const std::string& shape,
                const std::string& samples) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}", type,
                                   fortran ? "True" : "False", shape);
  header.resize(117, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size());
  out += '\0';
  return out + header + samples;
}

TEST(Npy, BothOrdersAreMapped) {
  const Folder folder;
  write(folder / "c.npy", npy("|u1", false, "2, 1, 3", "abcdef"));
  const Cube c = open_cube(folder / "c.npy");
  EXPECT_EQ(read_spectrum(c, 1, 0), (std::vector<double>{'d', 'e', 'f'}));
  EXPECT_TRUE(c.data.mapped());
  EXPECT_TRUE(warns(c, "which axis"));
  write(folder / "f.npy", npy("|u1", true, "2, 1, 3", "abcdef"));
  const Cube f = open_cube(folder / "f.npy");
  EXPECT_EQ(read_spectrum(f, 1, 0), (std::vector<double>{'b', 'd', 'f'}));
  EXPECT_EQ(f.interleave, Interleave::Other);
  write(folder / "b.npy", npy(">i2", false, "1, 1, 2", std::string("\xff\xfe\1\0", 4)));
  EXPECT_EQ(read_spectrum(open_cube(folder / "b.npy"), 0, 0), (std::vector<double>{-2, 256}));
}

TEST(Npy, AListOfWavelengthsTellsTheAxis) {
  const Folder folder;
  write(folder / "c.npy", npy("|u1", false, "3, 1, 2", "abcdef"));
  write(folder / "wavelengths.csv", "nm\n400\n500\n600\n");
  const Cube c = open_cube(folder / "c.npy");
  EXPECT_EQ(c.bands, 3);
  EXPECT_EQ(c.lines, 1);
  EXPECT_EQ(c.samples, 2);
  EXPECT_EQ(c.interleave, Interleave::Bsq);
  EXPECT_EQ(c.wavelengths_nm, (std::vector<double>{400, 500, 600}));
  EXPECT_EQ(c.wavelength_source, WavelengthSource::Guessed);
  EXPECT_EQ(read_spectrum(c, 0, 1), (std::vector<double>{'b', 'd', 'f'}));
  write(folder / "wavelength_other.csv", "401\n500\n600\n"); // two lists that differ: neither
  EXPECT_EQ(open_cube(folder / "c.npy").bands, 2);
}

TEST(Npy, WhatIsNoCubeIsRefused) {
  const Folder folder;
  const auto told = [&](const std::string& content) {
    write(folder / "x.npy", content);
    // The reader itself: an array of two axes is a recording to the registry.
    return error_of([&] { npy::load(folder / "x.npy", Samples::Load); });
  };
  EXPECT_EQ(told(npy("|u1", false, "2, 3", "abcdef")).code(), ErrorCode::Unsupported);
  EXPECT_EQ(told(npy("|O", false, "1, 2, 3", "abcdef")).code(), ErrorCode::Unsupported);
  EXPECT_EQ(told(npy("<f2", false, "1, 2, 3", "abcdefabcdef")).code(), ErrorCode::Unsupported);
  EXPECT_TRUE(contains(told(npy("|u1", false, "1, 2, 4", "abcdef")).what(), "cut short"));
  EXPECT_EQ(told(npy("<f8", false, "4000000000, 4000000000, 4000000000", "a")).code(),
            ErrorCode::BadInput);
  EXPECT_EQ(told(npy("<f8", false, "2000000000, 2000000000, 2000000000", "a")).code(),
            ErrorCode::BadInput);
  EXPECT_EQ(told(npy("|u1", false, "0, 1, 2", "")).code(), ErrorCode::BadInput);
  EXPECT_EQ(told(std::string("\x93NUMPY\x01\x00\xff", 9)).code(), ErrorCode::BadInput);
  EXPECT_EQ(told(std::string("\x93NUMPY\x09\x00\x10\x00", 10)).code(), ErrorCode::Unsupported);
}

}
}
