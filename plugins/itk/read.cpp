#include "plugins/itk/read.h"

#include "plugins/itk/inflate.h"

#include <fmt/format.h>

#include <itkMetaImageIO.h>
#include <itkNrrdImageIO.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unistd.h>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

using Component = itk::ImageIOBase::IOComponentType;

itk::ImageIOBase::Pointer reader_of(Format format) {
  itk::Object::GlobalWarningDisplayOff();
  if (format == Format::Nrrd) return itk::NrrdImageIO::New().GetPointer();
  return itk::MetaImageIO::New().GetPointer();
}

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

std::size_t bytes_of(Component type) {
  switch (type) {
  case Component::UCHAR:
  case Component::CHAR:
    return 1;
  case Component::USHORT:
  case Component::SHORT:
    return 2;
  case Component::UINT:
  case Component::INT:
  case Component::FLOAT:
    return 4;
  case Component::ULONG:
  case Component::LONG:
  case Component::ULONGLONG:
  case Component::LONGLONG:
  case Component::DOUBLE:
    return 8;
  default:
    return 0;
  }
}

bool fits(const Header& header, Component type) {
  const PixelType stored = header.stored;
  const bool real = stored == PixelType::Float32 || stored == PixelType::Float64;
  if (header.wide_integer)
    return type == Component::LONG || type == Component::ULONG || type == Component::LONGLONG ||
           type == Component::ULONGLONG;
  if (type == Component::FLOAT || type == Component::DOUBLE)
    return real && bytes_of(type) == size_of(stored);
  const bool sign = type == Component::CHAR || type == Component::SHORT || type == Component::INT;
  const bool want =
      stored == PixelType::Int8 || stored == PixelType::Int16 || stored == PixelType::Int32;
  return !real && sign == want && bytes_of(type) == size_of(stored);
}

// ITK's readers insist on a suffix; the content decides here. A wrongly named file is read through
// a link.
class NamedFile {
public:
  NamedFile(Format format, const Header& header, const fs::path& path) : name_(path) {
    const std::string file = path.filename().string();
    const std::string suffix = format == Format::Nrrd ? ".nrrd" : ".mha";
    const bool apart = header.data_file != path;
    if (file.ends_with(suffix) || apart) return;
    std::string folder = (fs::temp_directory_path() / "sensorium_link_XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr)
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot make a folder in '{}'", fs::temp_directory_path().string()),
                  "set TMPDIR to a folder you may write to");
    folder_ = folder;
    name_ = folder_ / ("scan" + suffix);
    fs::create_symlink(fs::absolute(path), name_);
  }
  ~NamedFile() {
    std::error_code code;
    if (!folder_.empty()) fs::remove_all(folder_, code);
  }
  NamedFile(const NamedFile&) = delete;
  NamedFile& operator=(const NamedFile&) = delete;
  std::string name() const { return name_.string(); }

private:
  fs::path folder_, name_;
};

Volume shape(const Header& header) {
  Volume volume;
  std::array<std::uint64_t, 3> n{1, 1, 1};
  std::copy(header.size.begin(), header.size.end(), n.begin());
  std::uint64_t channels = header.components;
  volume.spacing = header.spacing;
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

Orientation orientation_of(const itk::ImageIOBase& io) {
  Orientation out;
  for (unsigned axis = 0; axis < std::min(3u, io.GetNumberOfDimensions()); ++axis) {
    out.origin_mm[axis] = io.GetOrigin(axis);
    const auto direction = io.GetDirection(axis);
    for (unsigned row = 0; row < std::min<unsigned>(3, static_cast<unsigned>(direction.size()));
         ++row)
      out.direction[row * 3 + axis] = direction[row];
  }
  return out;
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

void check_view(const fs::path& path, const Header& header, const itk::ImageIOBase& io) {
  std::uint64_t voxels = 1, wanted = 1;
  for (unsigned i = 0; i < io.GetNumberOfDimensions(); ++i) voxels *= io.GetDimensions(i);
  for (const std::uint64_t n : header.size) wanted *= n;
  if (voxels != wanted || io.GetNumberOfComponents() != header.components ||
      !fits(header, io.GetComponentType()))
    throw bad(
        path,
        fmt::format("the {} header can be read in two ways ({} or {} voxels of {} or {} samples)",
                    header.format, wanted, voxels, header.components, io.GetNumberOfComponents()));
}

// ITK's own text names no remedy and may be long: its last line says what was wrong.
[[noreturn]] void refuse(const fs::path& path, const Header& header,
                         const itk::ExceptionObject& error) {
  std::string text = trimmed(error.GetDescription());
  if (const auto line = text.find_last_of('\n'); line != std::string::npos)
    text = text.substr(line + 1);
  throw bad(path,
            fmt::format("ITK cannot read this {} file: {}", header.format, text.substr(0, 200)));
}

// Samples of a checked NRRD or MetaImage file; fills in the place of the grid.
std::vector<std::byte> read_with_itk(Format format, const fs::path& path, const Header& header,
                                     Volume& volume, bool with_samples) {
  std::vector<std::byte> bytes;
  try {
    const auto io = reader_of(format);
    const NamedFile named(format, header, path);
    io->SetFileName(named.name());
    io->ReadImageInformation();
    check_view(path, header, *io);
    if (header.has_orientation) volume.orientation = orientation_of(*io);
    if (!with_samples) return bytes;
    itk::ImageIORegion region(io->GetNumberOfDimensions());
    for (unsigned i = 0; i < io->GetNumberOfDimensions(); ++i)
      region.SetSize(i, io->GetDimensions(i));
    io->SetIORegion(region);
    bytes.resize(static_cast<std::size_t>(io->GetImageSizeInBytes()));
    io->Read(bytes.data());
  } catch (const itk::ExceptionObject& error) {
    refuse(path, header, error);
  }
  return bytes;
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

std::vector<std::byte> read_nifti_samples(const fs::path& path, const Header& header) {
  std::uint64_t count = header.components * header.sample_bytes();
  for (const std::uint64_t n : header.size) count *= n;
  auto bytes = read_bytes(path, header.compressed, header.data_offset, count);
  const auto width = static_cast<std::ptrdiff_t>(header.sample_bytes());
  if (header.swap && width > 1)
    for (auto at = bytes.begin(); at != bytes.end(); at += width) std::reverse(at, at + width);
  // A vector axis (dim[5]) is the slowest in the file; colours of RGB types are next to each other
  // already.
  if (header.planes) bytes = interleaved(bytes, header.components, header.sample_bytes());
  return header.rescaled() ? scaled(bytes, header) : bytes;
}

}

Volume header_volume(Format format, const fs::path& path) {
  const Header header = checked_header(format, path);
  Volume volume = shape(header);
  volume.orientation = header.orientation;
  if (format != Format::Nifti && header.has_orientation)
    read_with_itk(format, path, header, volume, false);
  return volume;
}

Volume load_volume(Format format, const fs::path& path) {
  const Header header = checked_header(format, path);
  Volume volume = shape(header);
  volume.orientation = header.orientation;
  auto bytes = format == Format::Nifti ? read_nifti_samples(path, header)
                                       : read_with_itk(format, path, header, volume, true);
  if (header.wide_integer && !header.rescaled())
    bytes = header.stored == PixelType::Int32 ? narrowed<std::int64_t, std::int32_t>(path, bytes)
                                              : narrowed<std::uint64_t, std::uint32_t>(path, bytes);
  if (header.channels == Channels::LastAxis)
    bytes = interleaved(bytes, static_cast<std::size_t>(volume.channels), size_of(volume.type));
  volume.pixels = Buffer(std::move(bytes));
  return volume;
}

}
