#include "modules/io/npy_reader.h"

#include "modules/core/file.h"
#include "modules/io/cube_axes.h"
#include "modules/io/envi_header.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

namespace sensorium::npy {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);

struct Header {
  std::string type; // "<u2"
  bool fortran = false;
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;
};

// The value after 'key': in the header's Python literal.
std::string_view after(std::string_view text, std::string_view key, const Bytes& file) {
  const auto at = text.find(fmt::format("'{}'", key));
  const auto colon = at == std::string_view::npos ? at : text.find(':', at);
  if (colon == std::string_view::npos)
    throw file.bad(fmt::format("has no '{}' in its header", key));
  text.remove_prefix(colon + 1);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

Header parse(const Bytes& file) {
  const int major = file.little<std::uint8_t>(6, "the version");
  if (major < 1 || major > 3)
    throw file.unsupported(fmt::format("is a NumPy file of version {}", major),
                           "save it again with numpy.save");
  const std::uint64_t length = major == 1 ? file.little<std::uint16_t>(8, "the header's length")
                                          : file.little<std::uint32_t>(8, "the header's length");
  const std::uint64_t start = major == 1 ? 10 : 12;
  if (length > 65536) throw file.bad(fmt::format("has a header of {} bytes", length));
  const auto raw = file.part(start, length, "the header");
  const std::string_view text(reinterpret_cast<const char*>(raw.data()), raw.size());
  Header header{.offset = start + length};
  std::string_view value = after(text, "descr", file);
  if (!value.starts_with('\''))
    throw file.unsupported("is a structured NumPy array", "save one plain array");
  header.type = value.substr(1, value.substr(1).find('\''));
  header.fortran = after(text, "fortran_order", file).starts_with("True");
  value = after(text, "shape", file);
  const auto close = value.find(')');
  if (!value.starts_with('(') || close == std::string_view::npos)
    throw file.bad("has a shape that cannot be read");
  value = value.substr(1, close - 1);
  while (!value.empty()) {
    value.remove_prefix(std::min(value.find_first_not_of(" ,"), value.size()));
    if (value.empty()) break;
    std::uint64_t extent = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), extent);
    if (code != std::errc() || header.shape.size() > 8)
      throw file.bad("has a shape that cannot be read");
    header.shape.push_back(extent);
    value.remove_prefix(static_cast<std::size_t>(end - value.data()));
  }
  return header;
}

SampleType type_of(const Header& header, const Bytes& file) {
  static const std::map<std::string, SampleType, std::less<>> known = {
      {"u1", SampleType::UInt8},   {"i1", SampleType::Int8},      {"i2", SampleType::Int16},
      {"u2", SampleType::UInt16},  {"i4", SampleType::Int32},     {"u4", SampleType::UInt32},
      {"i8", SampleType::Int64},   {"u8", SampleType::UInt64},    {"f4", SampleType::Float32},
      {"f8", SampleType::Float64}, {"c8", SampleType::Complex64}, {"c16", SampleType::Complex128}};
  if (header.type.size() > 1 && std::string_view("<>|=").find(header.type[0]) != std::string::npos)
    if (const auto at = known.find(header.type.substr(1)); at != known.end()) return at->second;
  throw file.unsupported(
      fmt::format("holds values of NumPy's type '{}'", header.type.substr(0, 20)),
      "save integers, floats or complex numbers of 8 to 128 bits (no bool, float16 or object)");
}

Cube load_array(const fs::path& path, Samples samples, bool map_too) {
  const auto map = MappedFile::open(path);
  const Bytes file(map->bytes(), path.string());
  Header header = parse(file);
  const bool is_map = map_too && header.shape.size() == 2;
  if (is_map) header.shape.push_back(1);
  if (header.shape.size() != 3)
    throw file.unsupported(
        fmt::format("is a NumPy array of {} axes, not a cube of three", header.shape.size()),
        "save an array of lines x samples x bands");
  std::array<std::uint64_t, 3> size{};
  for (std::size_t i = 0; i < 3; ++i) {
    size[i] = header.shape[i];
    if (size[i] == 0 || size[i] > 2147483647)
      throw file.bad(fmt::format("has an axis of {}", size[i]));
  }
  Cube cube;
  cube.origin.path = path.string();
  cube.type = type_of(header, file);
  cube.big_endian = header.type[0] == '>';
  const std::uint64_t bytes =
      checked_bytes({size[0], size[1], size[2], size_of(cube.type)}, std::uint64_t{1} << 62,
                    fmt::format("'{}'", path.string()));
  if (!file.has(header.offset, bytes))
    throw file.bad(fmt::format("is cut short: {} bytes of samples, {} expected",
                               file.size() - std::min(file.size(), header.offset), bytes));

  const std::array<std::uint64_t, 3> step =
      header.fortran ? std::array<std::uint64_t, 3>{1, size[0], size[0] * size[1]}
                     : std::array<std::uint64_t, 3>{size[1] * size[2], size[2], 1};
  const SpectralAxis spectrum = is_map ? SpectralAxis{2, "", true} : spectral_axis(path, size);
  const std::array<std::size_t, 3> axes = spectrum.axis == 0 ? std::array<std::size_t, 3>{1, 2, 0}
                                                             : std::array<std::size_t, 3>{0, 1, 2};
  cube.lines = static_cast<int>(size[axes[0]]);
  cube.samples = static_cast<int>(size[axes[1]]);
  cube.bands = static_cast<int>(size[axes[2]]);
  for (std::size_t i = 0; i < 3; ++i) cube.stride[i] = step[axes[i]];
  cube.interleave = header.fortran       ? Interleave::Other
                    : spectrum.axis == 0 ? Interleave::Bsq
                                         : Interleave::Bip;
  cube.origin.facts.push_back(
      {"array order", header.fortran ? "columns first (Fortran)" : "rows first (C)", "npy"});
  if (!spectrum.sure) cube.origin.warnings.push_back(spectrum.reason);
  if (auto list = wavelengths_beside(path, size[axes[2]]))
    envi::set_wavelengths(cube, std::move(list->values), "", list->file);
  else
    cube.wavelength_note = "a NumPy array has none, and no list of as many lies beside it";
  if (samples == Samples::Load) {
    cube.data_path = path.string();
    cube.data_offset = header.offset;
    cube.data = Buffer(map, header.offset, bytes);
  }
  return cube;
}

}

int sniff(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  return text.starts_with(magic) ? 90 : 0;
}

Cube load(const fs::path& path, Samples samples) { return load_array(path, samples, false); }
Cube load_map(const fs::path& path, Samples samples) { return load_array(path, samples, true); }

}
