#include "modules/io/grid_reader.h"

#include "modules/io/inflate.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

Header checked_header(Format format, const fs::path& path) {
  switch (format) {
  case Format::Nifti:
    return read_nifti_header(path);
  case Format::Nrrd:
    return read_nrrd_header(path);
  case Format::Meta:
    return read_meta_header(path);
  }
  throw Error(ErrorCode::Internal, "no such grid format");
}

Volume shape(const Header& header) {
  Volume volume;
  std::array<std::uint64_t, 3> n{1, 1, 1};
  std::copy(header.size.begin(), header.size.end(), n.begin());
  std::uint64_t channels = header.components;
  volume.spacing = header.spacing;
  volume.modality = header.modality;
  volume.laterality = header.laterality;
  if (header.channels == Channels::FirstAxis) {
    channels = n[0];
    n = {n[1], n[2], 1};
    volume.spacing = {header.spacing[1], header.spacing[2],
                      unknown_spacing("one slice has no slice distance")};
  } else if (header.channels == Channels::LastAxis) {
    channels = n[2];
    n[2] = 1;
    volume.spacing[2] = unknown_spacing("one slice has no slice distance");
  }
  volume.width = static_cast<int>(n[0]);
  volume.height = static_cast<int>(n[1]);
  volume.depth = static_cast<int>(n[2]);
  volume.channels = static_cast<int>(channels);
  volume.type = header.rescaled() ? PixelType::Float32 : header.stored;
  volume.origin.facts = header.facts;
  volume.origin.warnings = header.warnings;
  return volume;
}

// Wide integers are almost always labels: they must fit 32 bits.
template<class Wide, class Narrow>
std::vector<std::byte> narrowed(const fs::path& path, const std::vector<std::byte>& in) {
  std::vector<std::byte> out(in.size() / 2);
  for (std::size_t i = 0; i < out.size() / sizeof(Narrow); ++i) {
    Wide value;
    std::memcpy(&value, in.data() + i * sizeof(Wide), sizeof(Wide));
    if (value < static_cast<Wide>(std::numeric_limits<Narrow>::min()) ||
        value > static_cast<Wide>(std::numeric_limits<Narrow>::max()))
      throw unsupported(path, fmt::format("the 64-bit sample {} does not fit 32 bits", value),
                        "convert the samples to float64");
    const auto small = static_cast<Narrow>(value);
    std::memcpy(out.data() + i * sizeof(Narrow), &small, sizeof(Narrow));
  }
  return out;
}

std::vector<std::byte> interleaved(const std::vector<std::byte>& planes, std::size_t channels,
                                   std::size_t sample) {
  std::vector<std::byte> out(planes.size());
  const std::size_t pixels = planes.size() / channels / sample;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < pixels; ++i)
      std::memcpy(out.data() + (i * channels + c) * sample,
                  planes.data() + (c * pixels + i) * sample, sample);
  return out;
}

template<class T>
std::vector<std::byte> scaled_floats(const std::vector<std::byte>& in, const Header& header) {
  std::vector<std::byte> out(in.size() / sizeof(T) * sizeof(float));
  for (std::size_t i = 0; i < in.size() / sizeof(T); ++i) {
    T stored;
    std::memcpy(&stored, in.data() + i * sizeof(T), sizeof(T));
    const auto value =
        static_cast<float>(header.slope * static_cast<double>(stored) + header.intercept);
    std::memcpy(out.data() + i * sizeof(float), &value, sizeof(float));
  }
  return out;
}

std::vector<std::byte> scaled(const std::vector<std::byte>& in, const Header& header) {
  if (header.wide_integer)
    return header.stored == PixelType::Int32 ? scaled_floats<std::int64_t>(in, header)
                                             : scaled_floats<std::uint64_t>(in, header);
  switch (header.stored) {
  case PixelType::UInt8:
    return scaled_floats<std::uint8_t>(in, header);
  case PixelType::Int8:
    return scaled_floats<std::int8_t>(in, header);
  case PixelType::UInt16:
    return scaled_floats<std::uint16_t>(in, header);
  case PixelType::Int16:
    return scaled_floats<std::int16_t>(in, header);
  case PixelType::UInt32:
    return scaled_floats<std::uint32_t>(in, header);
  case PixelType::Int32:
    return scaled_floats<std::int32_t>(in, header);
  case PixelType::Float32:
    return scaled_floats<float>(in, header);
  case PixelType::Float64:
    return scaled_floats<double>(in, header);
  }
  return {};
}

// Decimal numbers between blanks or commas.
template<class T>
std::vector<std::byte> parsed(const fs::path& path, std::string_view text, std::size_t count) {
  std::vector<std::byte> out(count * sizeof(T));
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at = text.find_first_not_of(" \t\r\n,", at);
    if (at == std::string_view::npos)
      throw bad(path, fmt::format("the header claims {} samples, there are {}", count, i));
    const std::size_t end = std::min(text.find_first_of(" \t\r\n,", at), text.size());
    const double value = number(path, "sample", text.substr(at, end - at));
    if (!(value >= static_cast<double>(std::numeric_limits<T>::lowest()) &&
          value <= static_cast<double>(std::numeric_limits<T>::max())))
      throw bad(path, fmt::format("the sample {} does not fit its type", value));
    const auto stored = static_cast<T>(value);
    std::memcpy(out.data() + i * sizeof(T), &stored, sizeof(T));
    at = end;
  }
  return out;
}

std::vector<std::byte> parse_text(const fs::path& path, const Header& header, std::size_t count) {
  const std::string all = read_text(header.data_files.front(), allocation_limit());
  const std::string_view text =
      std::string_view(all).substr(std::min<std::size_t>(header.data_offset, all.size()));
  switch (header.stored) {
  case PixelType::UInt8:
    return parsed<std::uint8_t>(path, text, count);
  case PixelType::Int8:
    return parsed<std::int8_t>(path, text, count);
  case PixelType::UInt16:
    return parsed<std::uint16_t>(path, text, count);
  case PixelType::Int16:
    return parsed<std::int16_t>(path, text, count);
  case PixelType::UInt32:
    return parsed<std::uint32_t>(path, text, count);
  case PixelType::Int32:
    return parsed<std::int32_t>(path, text, count);
  case PixelType::Float32:
    return parsed<float>(path, text, count);
  case PixelType::Float64:
    return parsed<double>(path, text, count);
  }
  return {};
}

// As stored: in the machine's byte order, components of a voxel next to each other, values scaled.
std::vector<std::byte> read_samples(const fs::path& path, const Header& header) {
  const std::size_t count = header.sample_count();
  if (header.text) return parse_text(path, header, count);
  const std::size_t share = count * header.sample_bytes() / header.data_files.size();
  std::vector<std::byte> bytes;
  for (const fs::path& file : header.data_files) {
    auto piece =
        read_bytes(file, header.compressed, header.compressed_offset, header.data_offset, share);
    if (header.data_files.size() == 1)
      bytes = std::move(piece);
    else
      bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  const auto width = static_cast<std::ptrdiff_t>(header.sample_bytes());
  if (header.swap && width > 1)
    for (auto at = bytes.begin(); at != bytes.end(); at += width) std::reverse(at, at + width);
  if (header.planes) bytes = interleaved(bytes, header.components, header.sample_bytes());
  return header.rescaled() ? scaled(bytes, header) : bytes;
}

}

Volume header_volume(Format format, const fs::path& path) {
  const Header header = checked_header(format, path);
  Volume volume = shape(header);
  volume.orientation = header.orientation;
  return volume;
}

std::vector<std::string> other_files(Format format, const fs::path& path) {
  const Header header = checked_header(format, path);
  std::vector<std::string> out;
  const auto add = [&](const fs::path& file) {
    if (file.filename() != path.filename() || file.parent_path() != path.parent_path())
      out.push_back(file.lexically_relative(path.parent_path()).string());
  };
  for (const fs::path& file : header.data_files) add(file);
  if (!header.header_file.empty()) add(header.header_file);
  return out;
}

Volume load_volume(Format format, const fs::path& path) {
  const Header header = checked_header(format, path);
  Volume volume = shape(header);
  volume.orientation = header.orientation;
  auto bytes = read_samples(path, header);
  if (header.wide_integer && !header.rescaled())
    bytes = header.stored == PixelType::Int32 ? narrowed<std::int64_t, std::int32_t>(path, bytes)
                                              : narrowed<std::uint64_t, std::uint32_t>(path, bytes);
  if (header.channels == Channels::LastAxis)
    bytes = interleaved(bytes, static_cast<std::size_t>(volume.channels), size_of(volume.type));
  volume.pixels = Buffer(std::move(bytes));
  return volume;
}

}
