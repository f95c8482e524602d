// A hyperspectral cube: lines x samples x bands, usually far larger than memory, so its samples
// stay in the mapped file and are read by tiles.
#pragma once

#include "modules/core/origin.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// The numbers are those of ENVI's "data type"; Int8 is not among them.
enum class SampleType {
  UInt8 = 1,
  Int16 = 2,
  Int32 = 3,
  Float32 = 4,
  Float64 = 5,
  Complex64 = 6,
  Complex128 = 9,
  UInt16 = 12,
  UInt32 = 13,
  Int64 = 14,
  UInt64 = 15,
  Int8 = 101,
};
std::size_t size_of(SampleType type);
std::string_view name_of(SampleType type);        // "uint8" ... "complex64", "complex128"
SampleType sample_type_of(std::string_view name); // throws Error BadInput
bool is_complex(SampleType type);
bool is_integer(SampleType type);

// Which axis runs slowest to fastest. Bsq: band, line, sample. Bil: line, band, sample. Bip: line,
// sample, band. Other: none of these (MATLAB's and Fortran's columns-first arrays).
enum class Interleave { Bsq, Bil, Bip, Other };
std::string_view name_of(Interleave interleave); // "bsq" ...

// Stated: with a unit. Guessed: numbers without a unit, whose unit was taken from their size.
enum class WavelengthSource { Absent, Stated, Guessed };

struct Cube {
  int lines = 0, samples = 0, bands = 0;
  SampleType type = SampleType::UInt16;
  Interleave interleave = Interleave::Bsq;
  bool big_endian = false;
  // The distance of neighbours in stored samples, along lines, samples and bands. All zero: densely
  // packed as interleave says (set_dense_strides).
  std::array<std::uint64_t, 3> stride{};
  Buffer data;           // begins with sample (0, 0, 0)
  std::string data_path; // where data is mapped from, and from which byte; empty: not mapped
  std::uint64_t data_offset = 0;

  std::vector<double> wavelengths_nm; // one a band, or empty
  WavelengthSource wavelength_source = WavelengthSource::Absent;
  std::string wavelength_note;             // the key and unit they were read with, or why absent
  std::vector<double> fwhm_nm;             // one a band, or empty
  std::vector<std::uint8_t> bad_bands;     // 1: bad; one a band, or empty when none is known
  std::vector<int> default_bands;          // 0-based: red, green, blue, or one for grey
  std::vector<std::string> band_names;     // one a band, or empty
  std::optional<double> reflectance_scale; // the stored value that means reflectance 1
  std::optional<double> ignore_value;      // a stored value that means no measurement
  Origin origin;

  std::uint64_t pixels() const {
    return static_cast<std::uint64_t>(lines) * static_cast<std::uint64_t>(samples);
  }
  bool is_bad(int band) const {
    return !bad_bands.empty() && bad_bands[static_cast<std::size_t>(band)] != 0;
  }
};

// Fills in stride for Bsq, Bil and Bip.
void set_dense_strides(Cube& cube);
// The bands not marked bad, in order.
std::vector<int> good_bands(const Cube& cube);
// The band nearest to a wavelength, never a bad one; nothing without wavelengths. Throws nothing.
std::optional<int> band_at(const Cube& cube, double nm);

// A rectangle of pixels.
struct TileRange {
  int line = 0, lines = 0, sample = 0, samples = 0;
  std::size_t pixels() const {
    return static_cast<std::size_t>(lines) * static_cast<std::size_t>(samples);
  }
};

// Pixels: out[pixel][band]. Bands: out[band][pixel]. A pixel's number within a tile counts along
// samples first.
enum class TileOrder { Pixels, Bands };
// The order that is read without turning the samples.
TileOrder natural_order(const Cube& cube);

// Stored values of these bands (empty: all), as T (float or double; of complex samples the
// magnitude). out has exactly tile.pixels() * bands elements. Nothing is scaled; the ignore value
// and NaN come as they are. Throws Error Internal for a range outside the cube.
template<class T>
void read_tile(const Cube& cube, const TileRange& tile, std::span<const int> bands, TileOrder order,
               std::span<T> out);
// Real and imaginary part of complex samples; the imaginary part of others is 0. [pixel][band].
std::vector<std::complex<double>> read_complex(const Cube& cube, const TileRange& tile,
                                               std::span<const int> bands);
// One pixel's stored values, all bands.
std::vector<double> read_spectrum(const Cube& cube, int line, int sample);

// Tiles of whole lines (or parts of a very long one) in order; of whole columns where those lie
// together. Each has at most about max_values values of bands_read bands, and at least one pixel.
std::vector<TileRange> tiles_of(const Cube& cube, std::size_t bands_read,
                                std::size_t max_values = std::size_t{1} << 22);

// Whether the bands of a mapped cube lie so far apart that each touch of a band costs memory of its
// own (a large BSQ file).
bool lies_scattered(const Cube& cube);
// These bands of a tile as a cube in memory, BSQ, copied from the file (Buffer::copy). For
// scattered cubes. Throws Error Internal for a range outside the cube.
Cube gathered(const Cube& cube, const TileRange& tile, std::span<const int> bands);

nlohmann::json describe_cube(const Cube& cube);
// Sizes, strides and lengths of the lists against the data; throws Error BadInput naming the file.
// Data may be empty (a header).
void validate_cube(const Cube& cube);

}
