#include "modules/io/npy_recording.h"

#include "modules/core/error.h"
#include "modules/io/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t most_channels = 64;

// The text behind 'key': in the header's Python dictionary.
std::string_view value_of(std::string_view text, std::string_view key) {
  const auto at = text.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return {};
  const auto colon = text.find(':', at + key.size() + 2);
  if (colon == std::string_view::npos) return {};
  const auto from = text.find_first_not_of(' ', colon + 1);
  return from == std::string_view::npos ? std::string_view() : text.substr(from);
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  double value = exponent == 0    ? std::ldexp(fraction, -24)
                 : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                  : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -value : value;
}

template<class T> double read_one(std::span<const std::byte> at, bool swapped) {
  std::array<std::byte, sizeof(T)> raw;
  for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = at[swapped ? sizeof(T) - 1 - i : i];
  return static_cast<double>(std::bit_cast<T>(raw));
}

struct Kind {
  std::size_t width = 0;
  std::optional<PixelType> mapped; // as it lies in the file
};

std::optional<Kind> kind_of_type(std::string_view type) {
  if (type.size() != 3) return std::nullopt;
  const bool native = type[0] == '<' || type[0] == '|' || type[0] == '=' || type[2] == '1';
  const std::string_view what = type.substr(1);
  using P = PixelType;
  for (const auto& [name, width, pixel] : std::initializer_list<std::tuple<std::string_view, int, P>>{
           {"f8", 8, P::Float64}, {"f4", 4, P::Float32}, {"i1", 1, P::Int8}, {"u1", 1, P::UInt8},
           {"b1", 1, P::UInt8}, {"i2", 2, P::Int16}, {"u2", 2, P::UInt16}, {"i4", 4, P::Int32},
           {"u4", 4, P::UInt32}})
    if (what == name)
      return Kind{static_cast<std::size_t>(width), native ? std::optional(pixel) : std::nullopt};
  if (what == "f2") return Kind{2, std::nullopt};
  if (what == "i8" || what == "u8") return Kind{8, std::nullopt};
  return std::nullopt;
}

double converted(std::span<const std::byte> at, std::string_view type) {
  const bool swapped = type[0] == '>';
  const std::string_view what = type.substr(1);
  if (what == "f8") return read_one<double>(at, swapped);
  if (what == "f4") return read_one<float>(at, swapped);
  if (what == "i2") return read_one<std::int16_t>(at, swapped);
  if (what == "u2") return read_one<std::uint16_t>(at, swapped);
  if (what == "i4") return read_one<std::int32_t>(at, swapped);
  if (what == "u4") return read_one<std::uint32_t>(at, swapped);
  if (what == "i8") return read_one<std::int64_t>(at, swapped);
  if (what == "u8") return read_one<std::uint64_t>(at, swapped);
  return half_to_double(static_cast<std::uint16_t>(read_one<std::uint16_t>(at, swapped)));
}

}

NpyHeader parse_npy_header(std::span<const std::byte> data, const std::string& name) {
  const Bytes in(data, name);
  if (!in.has(0, 10) || in.text(1, 5, "magic") != "NUMPY") throw in.bad("not a NumPy array");
  const int version = std::to_integer<int>(data[6]);
  if (version < 1 || version > 3)
    throw in.unsupported(fmt::format("version {} of the NumPy format", version), "save it with numpy.save");
  const std::size_t start = version == 1 ? 10 : 12;
  const std::uint64_t length = version == 1 ? in.little<std::uint16_t>(8, "header length")
                                            : in.little<std::uint32_t>(8, "header length");
  if (length > 1 << 20) throw in.bad(fmt::format("a header of {} bytes", length));
  const auto part = in.part(start, length, "header");
  const std::string_view text(reinterpret_cast<const char*>(part.data()), part.size());
  NpyHeader out;
  out.data_offset = start + length;
  const std::string_view type = value_of(text, "descr"), order = value_of(text, "fortran_order"),
                         shape = value_of(text, "shape");
  if (type.size() < 3 || (type[0] != '\'' && type[0] != '['))
    throw in.bad("its header names no type");
  if (type[0] == '[') throw in.unsupported("a structured array", "save a plain array of numbers");
  const auto end = type.find('\'', 1);
  if (end == std::string_view::npos || end > 20) throw in.bad("its header names no type");
  out.type = std::string(type.substr(1, end - 1));
  if (!order.starts_with("True") && !order.starts_with("False"))
    throw in.bad("its header does not say the order");
  out.fortran_order = order.starts_with("True");
  const auto close = shape.find(')');
  if (!shape.starts_with('(') || close == std::string_view::npos || close > 1000)
    throw in.bad("its header names no shape");
  std::string_view rest = shape.substr(1, close - 1);
  while (!rest.empty()) {
    if (rest[0] == ' ' || rest[0] == ',') {
      rest.remove_prefix(1);
      continue;
    }
    std::uint64_t value = 0;
    const auto [last, code] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (code != std::errc() || out.shape.size() > 32) throw in.bad("its header names no shape");
    out.shape.push_back(value);
    rest.remove_prefix(static_cast<std::size_t>(last - rest.data()));
  }
  return out;
}

int sniff_npy_recording(std::span<const std::byte> head) {
  try {
    const NpyHeader h = parse_npy_header(head, "");
    if (h.shape.size() == 1) return 92;
    return h.shape.size() == 2 && std::min(h.shape[0], h.shape[1]) <= most_channels ? 92 : 0;
  } catch (const Error&) {
    return 0;
  }
}

Recording load_npy_recording(const fs::path& path, const Context&) {
  const auto file = MappedFile::open(path);
  const Bytes in(file->bytes(), path.string());
  const NpyHeader h = parse_npy_header(file->bytes(), path.string());
  const auto kind = kind_of_type(h.type);
  if (!kind) throw in.unsupported(fmt::format("values of type {}", clean_text(h.type)), "save real numbers");
  if (h.shape.empty() || h.shape.size() > 2)
    throw in.unsupported(fmt::format("an array of {} axes", h.shape.size()), "save one or two axes");
  const std::uint64_t rows = h.shape[0], columns = h.shape.size() == 2 ? h.shape[1] : 1;
  const bool rows_are_samples = rows >= columns;
  const std::uint64_t channels = rows_are_samples ? columns : rows;
  Recording r;
  r.length = rows_are_samples ? rows : columns;
  if (channels > most_channels || channels == 0)
    throw in.unsupported(fmt::format("an array of {} x {}: no axis of 1 to {} channels", rows, columns,
                                     most_channels),
                         "save samples x channels");
  const std::size_t bytes = checked_bytes({rows, columns, kind->width}, std::uint64_t{1} << 50, path.string());
  const auto data = in.part(h.data_offset, bytes, "values");
  const bool channel_is_contiguous = rows_are_samples == h.fortran_order;
  Buffer values(file, h.data_offset, bytes);
  std::size_t width = kind->width;
  if (!kind->mapped) {
    checked_bytes({rows, columns, 8}, allocation_limit(), path.string());
    std::vector<double> all(rows * columns);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = converted(data.subspan(i * width, width), h.type);
    values = Buffer::of(std::move(all));
    width = 8;
  }
  for (std::uint64_t c = 0; c < channels; ++c) {
    Channel channel{.name = fmt::format("column {}", c + 1), .source = "position"};
    channel.type = kind->mapped.value_or(PixelType::Float64);
    channel.samples = values;
    channel.first = channel_is_contiguous ? c * r.length * width : c * width;
    channel.stride = channel_is_contiguous ? width : channels * width;
    r.channels.push_back(std::move(channel));
  }
  r.rate = unknown_rate("a NumPy array has no rate");
  r.origin.path = path.string();
  r.origin.facts.push_back({"array", fmt::format("{} {}", rows, columns), "shape"});
  return r;
}

}
