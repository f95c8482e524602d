#include "modules/io/array_file.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sensorium {
namespace {

std::string_view text_of(std::span<const std::byte> head) {
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

}

std::uint64_t NamedArray::elements() const {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : size)
    if (__builtin_mul_overflow(n, extent, &n)) return UINT64_MAX;
  return n;
}

std::string NamedArray::short_name() const {
  std::string out = name.substr(name.rfind('/') + 1);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::uint64_t> NamedArray::long_axes() const {
  std::vector<std::uint64_t> out;
  for (const std::uint64_t extent : size)
    if (extent != 1) out.push_back(extent);
  if (out.empty()) out.push_back(1);
  return out;
}

std::string size_text(const NamedArray& array) {
  std::string out;
  for (const std::uint64_t n : array.size) out += fmt::format("{}{}", out.empty() ? "" : " x ", n);
  return out.empty() ? "one value" : out;
}

std::string stored_as(const NamedArray& array) {
  if (!array.own || !array.type || *array.own == *array.type) return {};
  return fmt::format("{}, stored as {}", name_of(*array.own), name_of(*array.type));
}

std::optional<PixelType> pixel_type(SampleType type) {
  switch (type) {
  case SampleType::UInt8:
    return PixelType::UInt8;
  case SampleType::Int8:
    return PixelType::Int8;
  case SampleType::UInt16:
    return PixelType::UInt16;
  case SampleType::Int16:
    return PixelType::Int16;
  case SampleType::UInt32:
    return PixelType::UInt32;
  case SampleType::Int32:
    return PixelType::Int32;
  case SampleType::Float32:
    return PixelType::Float32;
  case SampleType::Float64:
    return PixelType::Float64;
  default:
    return std::nullopt;
  }
}

const NamedArray* ArrayFile::find(std::string_view name) const {
  for (const NamedArray& array : arrays_)
    if (array.name == name || (array.name.size() == name.size() + 1 && array.name[0] == '/' &&
                               array.name.substr(1) == name))
      return &array;
  return nullptr;
}

int sniff_mat5(std::span<const std::byte> head) {
  const auto text = text_of(head);
  if (text.size() < 128 || !text.starts_with("MATLAB 5.0 MAT-file")) return 0;
  const std::string_view mark = text.substr(126, 2);
  return mark == "IM" || mark == "MI" ? 95 : 40;
}

int sniff_mat73(std::span<const std::byte> head) {
  const auto text = text_of(head);
  if (text.size() < 128 || !text.starts_with("MATLAB 7.3 MAT-file")) return 0;
  return text.substr(126, 2) == "IM" ? 95 : 40;
}

int sniff_hdf5(std::span<const std::byte> head) {
  constexpr std::string_view mark("\x89HDF\r\n\x1a\n", 8);
  const auto text = text_of(head);
  for (std::size_t at = 0; at < text.size(); at = at == 0 ? 512 : at * 2)
    if (text.substr(at).starts_with(mark)) return sniff_mat73(head) > 0 ? 0 : 93;
  return 0;
}

std::vector<double> widened(std::span<const std::byte> bytes, SampleType type, bool big_endian,
                            std::size_t count) {
  Cube row{.lines = 1,
           .samples = 1,
           .bands = static_cast<int>(count),
           .type = type,
           .interleave = Interleave::Bip,
           .big_endian = big_endian};
  row.stride = {count, count, 1};
  if (count == 0 || bytes.size() / size_of(type) < count) return {};
  row.data = Buffer(std::vector<std::byte>(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count * size_of(type))));
  return read_spectrum(row, 0, 0);
}

}
