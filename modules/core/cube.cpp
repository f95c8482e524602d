#include "modules/core/cube.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace sensorium {
using nlohmann::json;
namespace {

struct TypeRow {
  SampleType type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<TypeRow, 12> types{{
    {SampleType::UInt8, "uint8", 1},
    {SampleType::Int16, "int16", 2},
    {SampleType::Int32, "int32", 4},
    {SampleType::Float32, "float32", 4},
    {SampleType::Float64, "float64", 8},
    {SampleType::Complex64, "complex64", 8},
    {SampleType::Complex128, "complex128", 16},
    {SampleType::UInt16, "uint16", 2},
    {SampleType::UInt32, "uint32", 4},
    {SampleType::Int64, "int64", 8},
    {SampleType::UInt64, "uint64", 8},
    {SampleType::Int8, "int8", 1},
}};

const TypeRow& row_of(SampleType type) {
  for (const TypeRow& row : types)
    if (row.type == type) return row;
  throw Error(ErrorCode::Internal, fmt::format("a cube of sample type {}", static_cast<int>(type)));
}

// One stored number at p, its bytes turned when the file's order is not this machine's.
template<class S, bool Swap> S load(const std::byte* p) {
  S value;
  if constexpr (Swap) {
    std::array<std::byte, sizeof(S)> turned;
    for (std::size_t i = 0; i < sizeof(S); ++i) turned[i] = p[sizeof(S) - 1 - i];
    std::memcpy(&value, turned.data(), sizeof(S));
  } else {
    std::memcpy(&value, p, sizeof(S));
  }
  return value;
}

template<class S, bool Swap> struct Real {
  static constexpr std::size_t size = sizeof(S);
  template<class T> static T get(const std::byte* p) { return static_cast<T>(load<S, Swap>(p)); }
};

template<class S, bool Swap> struct Magnitude {
  static constexpr std::size_t size = 2 * sizeof(S);
  template<class T> static T get(const std::byte* p) {
    return static_cast<T>(std::hypot(load<S, Swap>(p), load<S, Swap>(p + sizeof(S))));
  }
};

struct Steps {
  const std::byte* first;
  std::ptrdiff_t line, sample, band; // bytes
};

Steps steps_of(const Cube& cube, const TileRange& tile) {
  const auto size = static_cast<std::ptrdiff_t>(size_of(cube.type));
  const auto step = [&](int axis) {
    return static_cast<std::ptrdiff_t>(cube.stride[static_cast<std::size_t>(axis)]) * size;
  };
  return {cube.data.bytes().data() + tile.line * step(0) + tile.sample * step(1), step(0), step(1),
          step(2)};
}

template<class Load, class T>
void copy_bands(const Steps& s, const TileRange& tile, std::span<const int> bands, T* out) {
  const std::size_t pixels = tile.pixels();
  constexpr int block = 64;
  for (int l = 0; l < tile.lines; ++l)
    for (int x0 = 0; x0 < tile.samples; x0 += s.sample == Load::size ? tile.samples : block) {
      const int x1 = s.sample == Load::size ? tile.samples : std::min(tile.samples, x0 + block);
      for (std::size_t b = 0; b < bands.size(); ++b) {
        const std::byte* p = s.first + l * s.line + x0 * s.sample + bands[b] * s.band;
        T* o = out + b * pixels +
               static_cast<std::size_t>(l) * static_cast<std::size_t>(tile.samples) + x0;
        if (s.sample == static_cast<std::ptrdiff_t>(Load::size))
          for (int x = 0; x < x1 - x0; ++x)
            o[x] = Load::template get<T>(p + static_cast<std::size_t>(x) * Load::size);
        else
          for (int x = 0; x < x1 - x0; ++x) o[x] = Load::template get<T>(p + x * s.sample);
      }
    }
}

template<class Load, class T>
void copy_pixels(const Steps& s, const TileRange& tile, std::span<const int> bands, T* out) {
  const std::size_t count = bands.size();
  const bool dense = s.band == static_cast<std::ptrdiff_t>(Load::size) &&
                     std::adjacent_find(bands.begin(), bands.end(),
                                        [](int a, int b) { return b != a + 1; }) == bands.end();
  constexpr int block = 32;
  for (int l = 0; l < tile.lines; ++l)
    for (int x0 = 0; x0 < tile.samples; x0 += block) {
      const int x1 = std::min(tile.samples, x0 + block);
      const std::byte* row = s.first + l * s.line;
      T* o = out + (static_cast<std::size_t>(l) * static_cast<std::size_t>(tile.samples) +
                    static_cast<std::size_t>(x0)) *
                       count;
      if (dense)
        for (int x = x0; x < x1; ++x, o += count) {
          const std::byte* p = row + x * s.sample + bands.front() * s.band;
          for (std::size_t b = 0; b < count; ++b) o[b] = Load::template get<T>(p + b * Load::size);
        }
      else
        for (std::size_t b = 0; b < count; ++b) {
          const std::byte* p = row + bands[b] * s.band;
          for (int x = x0; x < x1; ++x)
            o[static_cast<std::size_t>(x - x0) * count + b] =
                Load::template get<T>(p + x * s.sample);
        }
    }
}

template<class Load, class T>
void copy_tile(const Cube& cube, const TileRange& tile, std::span<const int> bands, TileOrder order,
               T* out) {
  const Steps steps = steps_of(cube, tile);
  if (order == TileOrder::Bands)
    copy_bands<Load>(steps, tile, bands, out);
  else
    copy_pixels<Load>(steps, tile, bands, out);
}

// Calls work.operator()<Load>() for the cube's stored type.
template<bool Swap, class Work> void with_swap(SampleType type, const Work& work) {
  switch (type) {
  case SampleType::UInt8:
    return work.template operator()<Real<std::uint8_t, false>>();
  case SampleType::Int8:
    return work.template operator()<Real<std::int8_t, false>>();
  case SampleType::Int16:
    return work.template operator()<Real<std::int16_t, Swap>>();
  case SampleType::UInt16:
    return work.template operator()<Real<std::uint16_t, Swap>>();
  case SampleType::Int32:
    return work.template operator()<Real<std::int32_t, Swap>>();
  case SampleType::UInt32:
    return work.template operator()<Real<std::uint32_t, Swap>>();
  case SampleType::Int64:
    return work.template operator()<Real<std::int64_t, Swap>>();
  case SampleType::UInt64:
    return work.template operator()<Real<std::uint64_t, Swap>>();
  case SampleType::Float32:
    return work.template operator()<Real<float, Swap>>();
  case SampleType::Float64:
    return work.template operator()<Real<double, Swap>>();
  case SampleType::Complex64:
    return work.template operator()<Magnitude<float, Swap>>();
  case SampleType::Complex128:
    return work.template operator()<Magnitude<double, Swap>>();
  }
}

template<class Work> void with_type(const Cube& cube, const Work& work) {
  if (cube.big_endian)
    with_swap<true>(cube.type, work);
  else
    with_swap<false>(cube.type, work);
}

std::vector<int> all_bands(const Cube& cube) {
  std::vector<int> out(static_cast<std::size_t>(cube.bands));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int>(i);
  return out;
}

void check_range(const Cube& cube, const TileRange& t, std::span<const int> bands,
                 std::size_t out) {
  bool inside = t.line >= 0 && t.lines > 0 && t.line <= cube.lines - t.lines && t.sample >= 0 &&
                t.samples > 0 && t.sample <= cube.samples - t.samples && !bands.empty() &&
                cube.data.size() > 0;
  for (const int band : bands) inside = inside && band >= 0 && band < cube.bands;
  if (!inside || out != t.pixels() * bands.size())
    throw Error(ErrorCode::Internal,
                fmt::format("a tile of {} x {} at {}, {} is outside of '{}'", t.lines, t.samples,
                            t.line, t.sample, cube.origin.path));
}

Error bad(const Cube& cube, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", cube.origin.path, what),
               "export or copy the file again");
}

std::string_view name_of(WavelengthSource source) {
  return source == WavelengthSource::Stated    ? "stated"
         : source == WavelengthSource::Guessed ? "guessed"
                                               : "absent";
}

}

std::size_t size_of(SampleType type) { return row_of(type).size; }
std::string_view name_of(SampleType type) { return row_of(type).name; }

SampleType sample_type_of(std::string_view wanted) {
  for (const TypeRow& row : types)
    if (row.name == wanted) return row.type;
  throw Error(ErrorCode::BadInput, fmt::format("unknown sample type '{}'", wanted));
}

bool is_complex(SampleType type) {
  return type == SampleType::Complex64 || type == SampleType::Complex128;
}

bool is_integer(SampleType type) {
  return !is_complex(type) && type != SampleType::Float32 && type != SampleType::Float64;
}

std::string_view name_of(Interleave interleave) {
  switch (interleave) {
  case Interleave::Bsq:
    return "bsq";
  case Interleave::Bil:
    return "bil";
  case Interleave::Bip:
    return "bip";
  case Interleave::Other:
    return "other";
  }
  return "";
}

void set_dense_strides(Cube& cube) {
  const auto lines = static_cast<std::uint64_t>(cube.lines),
             samples = static_cast<std::uint64_t>(cube.samples),
             bands = static_cast<std::uint64_t>(cube.bands);
  if (cube.interleave == Interleave::Bsq) cube.stride = {samples, 1, lines * samples};
  if (cube.interleave == Interleave::Bil) cube.stride = {samples * bands, 1, samples};
  if (cube.interleave == Interleave::Bip) cube.stride = {samples * bands, bands, 1};
}

std::vector<int> good_bands(const Cube& cube) {
  std::vector<int> out;
  for (int b = 0; b < cube.bands; ++b)
    if (!cube.is_bad(b)) out.push_back(b);
  return out;
}

std::optional<int> band_at(const Cube& cube, double nm) {
  std::optional<int> best;
  double least = std::numeric_limits<double>::infinity();
  for (int b = 0; b < static_cast<int>(cube.wavelengths_nm.size()); ++b)
    if (const double away = std::abs(cube.wavelengths_nm[static_cast<std::size_t>(b)] - nm);
        !cube.is_bad(b) && away < least) {
      least = away;
      best = b;
    }
  return best;
}

TileOrder natural_order(const Cube& cube) {
  return cube.stride[2] == 1 ? TileOrder::Pixels : TileOrder::Bands;
}

namespace {

// A byte that is not cleared before it is written.
struct Unset {
  Unset() {}
  std::byte value;
};

}

bool lies_scattered(const Cube& cube) {
  constexpr std::uint64_t far_apart = 64u << 10, large = 32u << 20; // bytes; empirical
  return cube.data.mapped() && cube.data.size() >= large && cube.stride[1] == 1 &&
         cube.stride[2] >= cube.stride[0] && cube.stride[2] * size_of(cube.type) >= far_apart;
}

Cube gathered(const Cube& cube, const TileRange& tile, std::span<const int> bands) {
  check_range(cube, tile, bands, tile.pixels() * bands.size());
  Cube out;
  out.lines = tile.lines;
  out.samples = tile.samples;
  out.bands = static_cast<int>(bands.size());
  out.type = cube.type;
  out.big_endian = cube.big_endian;
  out.ignore_value = cube.ignore_value;
  out.origin.path = cube.origin.path;
  set_dense_strides(out);
  const std::size_t size = size_of(cube.type);
  const bool whole_lines = cube.stride[0] == static_cast<std::uint64_t>(tile.samples);
  const std::size_t runs = whole_lines ? 1 : static_cast<std::size_t>(tile.lines),
                    run = tile.pixels() / runs * size;
  std::vector<Unset> bytes(tile.pixels() * bands.size() * size);
  std::size_t done = 0;
  for (const int band : bands)
    for (std::size_t r = 0; r < runs; ++r, done += run) {
      const std::uint64_t at = (static_cast<std::uint64_t>(tile.line) + r) * cube.stride[0] +
                               static_cast<std::uint64_t>(tile.sample) +
                               static_cast<std::uint64_t>(band) * cube.stride[2];
      cube.data.copy(at * size, std::as_writable_bytes(std::span(bytes).subspan(done, run)));
    }
  out.data = Buffer::of(std::move(bytes));
  return out;
}

template<class T>
void read_tile(const Cube& cube, const TileRange& tile, std::span<const int> bands, TileOrder order,
               std::span<T> out) {
  if (bands.empty()) {
    const std::vector<int> all = all_bands(cube);
    if (!all.empty()) read_tile<T>(cube, tile, all, order, out);
    return;
  }
  check_range(cube, tile, bands, out.size());
  if (lies_scattered(cube)) {
    const Cube part = gathered(cube, tile, bands);
    return read_tile<T>(part, {0, part.lines, 0, part.samples}, {}, order, out);
  }
  with_type(cube, [&]<class Load>() { copy_tile<Load>(cube, tile, bands, order, out.data()); });
}
template void read_tile<float>(const Cube&, const TileRange&, std::span<const int>, TileOrder,
                               std::span<float>);
template void read_tile<double>(const Cube&, const TileRange&, std::span<const int>, TileOrder,
                                std::span<double>);

std::vector<std::complex<double>> read_complex(const Cube& cube, const TileRange& tile,
                                               std::span<const int> bands) {
  const std::vector<int> wanted =
      bands.empty() ? all_bands(cube) : std::vector<int>(bands.begin(), bands.end());
  std::vector<std::complex<double>> out(tile.pixels() * wanted.size());
  if (!is_complex(cube.type)) {
    std::vector<double> real(out.size());
    read_tile<double>(cube, tile, wanted, TileOrder::Pixels, real);
    std::copy(real.begin(), real.end(), out.begin());
    return out;
  }
  check_range(cube, tile, wanted, out.size());
  if (lies_scattered(cube)) {
    const Cube near = gathered(cube, tile, wanted);
    return read_complex(near, {0, near.lines, 0, near.samples}, {});
  }
  Cube part = cube; // its real, then its imaginary halves, as a cube of half the sample size
  part.type = cube.type == SampleType::Complex64 ? SampleType::Float32 : SampleType::Float64;
  const Steps s = steps_of(cube, tile);
  const auto half = static_cast<std::ptrdiff_t>(size_of(part.type));
  with_type(part, [&]<class Load>() {
    std::vector<double> plane(out.size());
    for (int which = 0; which < 2; ++which) {
      Steps shifted = s;
      shifted.first += which * half;
      copy_pixels<Load>(shifted, tile, wanted, plane.data());
      for (std::size_t i = 0; i < out.size(); ++i)
        if (which == 0)
          out[i].real(plane[i]);
        else
          out[i].imag(plane[i]);
    }
  });
  return out;
}

std::vector<double> read_spectrum(const Cube& cube, int line, int sample) {
  std::vector<double> out(static_cast<std::size_t>(cube.bands));
  read_tile<double>(cube, {line, 1, sample, 1}, {}, TileOrder::Pixels, out);
  return out;
}

std::vector<TileRange> tiles_of(const Cube& cube, std::size_t bands_read, std::size_t max_values) {
  const std::size_t width = static_cast<std::size_t>(cube.samples),
                    most_pixels =
                        std::max<std::size_t>(1, max_values / std::max<std::size_t>(1, bands_read));
  std::vector<TileRange> out;
  const std::size_t height = static_cast<std::size_t>(cube.lines);
  if (cube.stride[0] < cube.stride[1] && 2 * height <= most_pixels) {
    const int step = static_cast<int>(std::min(width, most_pixels / height));
    for (int sample = 0; sample < cube.samples; sample += step)
      out.push_back({0, cube.lines, sample, std::min(step, cube.samples - sample)});
    return out;
  }
  if (width <= most_pixels) {
    const int step = static_cast<int>(
        std::min<std::size_t>(static_cast<std::size_t>(cube.lines), most_pixels / width));
    for (int line = 0; line < cube.lines; line += step)
      out.push_back({line, std::min(step, cube.lines - line), 0, cube.samples});
    return out;
  }
  const int step = static_cast<int>(most_pixels);
  for (int line = 0; line < cube.lines; ++line)
    for (int sample = 0; sample < cube.samples; sample += step)
      out.push_back({line, 1, sample, std::min(step, cube.samples - sample)});
  return out;
}

json describe_cube(const Cube& c) {
  json defaults = json::array(), bad_list = json::array();
  for (const int band : c.default_bands) defaults.push_back(band + 1);
  for (int b = 0; b < c.bands; ++b)
    if (c.is_bad(b)) bad_list.push_back(b + 1);
  const auto number = [](const std::optional<double>& v) { return v ? json(*v) : json(); };
  return {{"lines", c.lines},
          {"samples", c.samples},
          {"bands", c.bands},
          {"type", name_of(c.type)},
          {"interleave", name_of(c.interleave)},
          {"byte_order", c.big_endian ? "big" : "little"},
          {"wavelengths_nm", c.wavelengths_nm},
          {"wavelength_source", name_of(c.wavelength_source)},
          {"wavelength_note", c.wavelength_note},
          {"fwhm_nm", c.fwhm_nm},
          {"bad_bands", bad_list},
          {"default_bands", defaults},
          {"band_names", c.band_names},
          {"reflectance_scale", number(c.reflectance_scale)},
          {"ignore_value", number(c.ignore_value)}};
}

void validate_cube(const Cube& c) {
  for (const int size : {c.lines, c.samples, c.bands})
    if (size <= 0) throw bad(c, fmt::format("no samples (a dimension is {})", size));
  const auto count = static_cast<std::size_t>(c.bands);
  const auto check = [&](std::size_t have, std::string_view what) {
    if (have != 0 && have != count)
      throw bad(c, fmt::format("{} {} for {} bands", have, what, c.bands));
  };
  check(c.wavelengths_nm.size(), "wavelengths");
  check(c.fwhm_nm.size(), "band widths (fwhm)");
  check(c.bad_bands.size(), "bad band marks");
  check(c.band_names.size(), "band names");
  for (const int band : c.default_bands)
    if (band < 0 || band >= c.bands) throw bad(c, fmt::format("default band {}", band + 1));
  if (c.data.size() == 0) return;
  const std::array<std::uint64_t, 3> last{static_cast<std::uint64_t>(c.lines) - 1,
                                          static_cast<std::uint64_t>(c.samples) - 1,
                                          static_cast<std::uint64_t>(c.bands) - 1};
  std::uint64_t end = 1; // samples up to and with the last one
  for (std::size_t i = 0; i < 3; ++i) {
    std::uint64_t reach = 0;
    if (__builtin_mul_overflow(last[i], c.stride[i], &reach) ||
        __builtin_add_overflow(end, reach, &end))
      throw bad(c, "its dimensions are impossible");
  }
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(end, size_of(c.type), &bytes) || bytes > c.data.size())
    throw bad(c, fmt::format("{} bytes of samples, {} expected", c.data.size(), bytes));
}

}
