#include "plugins/itk/grid_header.h"
#include "plugins/itk/inflate.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t header_bytes = 348;

// NIfTI-1 header fields by their byte offset (nifti1.h of the NIfTI-1.1 standard), in either byte
// order.
class Fields {
public:
  Fields(std::string_view bytes, bool swap) : bytes_(bytes), swap_(swap) {}
  template<class T> T at(std::size_t offset) const {
    char raw[sizeof(T)];
    std::memcpy(raw, bytes_.data() + offset, sizeof(T));
    if (swap_) std::reverse(raw, raw + sizeof(T));
    T value;
    std::memcpy(&value, raw, sizeof(T));
    return value;
  }
  std::string text(std::size_t offset, std::size_t count) const {
    const std::string_view field = bytes_.substr(offset, count);
    return std::string(field.substr(0, field.find('\0')));
  }

private:
  std::string_view bytes_;
  bool swap_;
};

std::string head_text(std::span<const std::byte> head) {
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

std::string first_bytes(std::span<const std::byte> head, std::size_t count) {
  const std::string text = head_text(head);
  return is_gzip(text) ? inflated_head(text, count) : text.substr(0, count);
}

struct Stored {
  PixelType type;
  std::uint64_t components;
  bool wide;
};

Stored stored_type(const fs::path& path, int code) {
  switch (code) {
  case 2:
    return {PixelType::UInt8, 1, false};
  case 4:
    return {PixelType::Int16, 1, false};
  case 8:
    return {PixelType::Int32, 1, false};
  case 16:
    return {PixelType::Float32, 1, false};
  case 64:
    return {PixelType::Float64, 1, false};
  case 128:
    return {PixelType::UInt8, 3, false};
  case 256:
    return {PixelType::Int8, 1, false};
  case 512:
    return {PixelType::UInt16, 1, false};
  case 768:
    return {PixelType::UInt32, 1, false};
  case 1024:
    return {PixelType::Int32, 1, true};
  case 1280:
    return {PixelType::UInt32, 1, true};
  case 2304:
    return {PixelType::UInt8, 4, false};
  case 1:
  case 32:
  case 1536:
  case 1792:
  case 2048:
    throw unsupported(
        path, fmt::format("NIfTI datatype {} (bits, complex or long double) is not read", code),
        "convert the samples to float32");
  default:
    throw bad(path, fmt::format("NIfTI datatype {} does not exist", code));
  }
}

void read_size(const fs::path& path, const Fields& f, Header& header) {
  const int dimensions = f.at<std::int16_t>(40);
  if (dimensions < 1 || dimensions > 7)
    throw bad(path, fmt::format("NIfTI dim[0] is {}, not 1 to 7", dimensions));
  std::array<std::uint64_t, 7> n;
  n.fill(1);
  for (int i = 0; i < dimensions; ++i) {
    const int extent = f.at<std::int16_t>(42 + 2 * static_cast<std::size_t>(i));
    if (extent < 1) throw bad(path, fmt::format("NIfTI dim[{}] is {}", i + 1, extent));
    n[static_cast<std::size_t>(i)] = static_cast<std::uint64_t>(extent);
  }
  const bool rest = n[5] * n[6] > 1;
  if (n[3] > 1 || rest)
    throw unsupported(
        path, fmt::format("it has {} points in time (NIfTI dim[4]); a volume has one", n[3]),
        "split the series, for example with 'fslsplit' or nibabel");
  if (n[4] > 1) {
    if (header.components > 1)
      throw bad(path, "an RGB type and a vector axis (dim[5]) contradict each other");
    header.components = n[4];
    header.planes = true;
  }
  const std::size_t spatial = n[2] > 1 ? 3 : 2;
  header.size.assign(n.begin(), n.begin() + static_cast<std::ptrdiff_t>(spatial));
}

bool default_geometry(const Fields& f) {
  const int qform = f.at<std::int16_t>(252), sform = f.at<std::int16_t>(254);
  if (sform > 0) {
    for (std::size_t row = 0; row < 3; ++row)
      for (std::size_t column = 0; column < 4; ++column) {
        const float value = f.at<float>(280 + 16 * row + 4 * column);
        if (std::abs(value) != (row == column ? 1.0f : 0.0f)) return false;
      }
    return true;
  }
  if (qform > 0)
    for (std::size_t offset = 256; offset < 280; offset += 4) {
      const float value = std::abs(f.at<float>(offset));
      if (value != 0 && !(offset < 268 && value == 1)) return false;
    }
  return true;
}

// What this program wrote in descrip: one digit an axis, 1 where the scale is known.
std::string own_flags(const std::string& description) {
  constexpr std::string_view mark = "sensorium scale=";
  const auto at = description.find(mark);
  return at == std::string::npos ? std::string() : description.substr(at + mark.size(), 3);
}

void read_scale(const Fields& f, Header& header) {
  const int unit = f.at<char>(123) & 7;
  const double factor = unit == 1 ? 1e6 : unit == 2 ? 1e3 : unit == 3 ? 1 : 0;
  std::array<double, 3> zoom{};
  bool all_one = true;
  for (std::size_t i = 0; i < 3; ++i) {
    zoom[i] = std::abs(static_cast<double>(f.at<float>(80 + 4 * i)));
    if (i < header.size.size()) all_one = all_one && zoom[i] == 1;
  }
  const std::string flags = own_flags(f.text(148, 80));
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string field = fmt::format("pixdim[{}]", i + 1);
    Spacing& spacing = header.spacing[i];
    if (i >= header.size.size() && flags.empty())
      spacing = unknown_spacing("one slice has no slice distance");
    else if (flags.size() == 3 && flags[i] != '1')
      spacing = unknown_spacing("unknown when the file was written by Sensorium");
    else if (factor == 0)
      spacing =
          unknown_spacing(fmt::format("{} is {} in unknown units (xyzt_units)", field, zoom[i]));
    else if (flags.empty() && all_one && default_geometry(f))
      spacing = unknown_spacing(fmt::format("{} is exactly 1 on every axis and there is no "
                                            "orientation: a converter's default, not a measurement",
                                            field));
    else
      spacing = known_spacing(zoom[i] * factor, ScaleSource::HeaderTag, field);
  }
  header.has_orientation = (f.at<std::int16_t>(252) > 0 || f.at<std::int16_t>(254) > 0) &&
                           !(all_one && default_geometry(f) && flags.empty());
}

// Method 3 (sform), else method 2 (qform) of nifti1.h, turned from RAS to LPS: the columns are the
// steps of x, y, z in mm.
std::array<double, 12> affine_of(const Fields& f) {
  std::array<double, 12> m{};
  if (f.at<std::int16_t>(254) > 0) {
    for (std::size_t i = 0; i < 12; ++i) m[i] = f.at<float>(280 + 4 * i);
  } else {
    const double b = f.at<float>(256), c = f.at<float>(260), d = f.at<float>(264);
    const double a = std::sqrt(std::max(0.0, 1 - (b * b + c * c + d * d)));
    const double handed = f.at<float>(76) < 0 ? -1 : 1;
    const std::array<double, 9> r{a * a + b * b - c * c - d * d, 2 * (b * c - a * d),
                                  2 * (b * d + a * c),           2 * (b * c + a * d),
                                  a * a + c * c - b * b - d * d, 2 * (c * d - a * b),
                                  2 * (b * d - a * c),           2 * (c * d + a * b),
                                  a * a + d * d - b * b - c * c};
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t axis = 0; axis < 3; ++axis)
        m[4 * row + axis] =
            r[3 * row + axis] * f.at<float>(80 + 4 * axis) * (axis == 2 ? handed : 1);
      m[4 * row + 3] = f.at<float>(268 + 4 * row);
    }
  }
  for (std::size_t i = 0; i < 8; ++i) m[i] = -m[i];
  return m;
}

void read_orientation(const fs::path& path, const Fields& f, Header& header) {
  if (!header.has_orientation) return;
  const auto m = affine_of(f);
  if (!std::all_of(m.begin(), m.end(), [](double v) { return std::isfinite(v); }))
    throw bad(path, "its orientation holds values that are no numbers");
  Orientation place;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double length = std::hypot(m[axis], m[4 + axis], m[8 + axis]);
    if (!(length > 0) || !std::isfinite(length))
      throw bad(path, fmt::format("the {} has no direction for axis {}",
                                  f.at<std::int16_t>(254) > 0 ? "sform" : "qform", axis + 1));
    for (std::size_t row = 0; row < 3; ++row)
      place.direction[3 * row + axis] = m[4 * row + axis] / length;
    place.origin_mm[axis] = m[4 * axis + 3];
    const double zoom = std::abs(static_cast<double>(f.at<float>(80 + 4 * axis)));
    if (axis < header.size.size() && zoom > 0 && std::abs(length / zoom - 1) > 0.01)
      header.warnings.push_back(fmt::format(
          "pixdim[{}] is {} but the sform steps by {}: pixdim is used", axis + 1, zoom, length));
  }
  header.orientation = place;
}

}

int sniff_nifti(const fs::path&, std::span<const std::byte> head) {
  const std::string first = first_bytes(head, header_bytes);
  if (first.size() < header_bytes) return 0;
  const std::string_view magic(first.data() + 344, 4);
  if (magic == std::string_view("n+1\0", 4)) return 95;
  if (magic == std::string_view("ni1\0", 4)) return 90;
  return std::string_view(first).substr(4, 3) == "n+2" ? 90 : 0;
}

Header read_nifti_header(const fs::path& path) {
  const auto head = read_head(path);
  const bool gzip = is_gzip(head_text(head));
  const std::string first = first_bytes(head, header_bytes);
  if (first.size() < header_bytes)
    throw bad(path, fmt::format("{} bytes are too few for a NIfTI header of 348", first.size()));
  const bool swap = Fields(first, false).at<std::int32_t>(0) != 348;
  const Fields f(first, swap);
  if (std::string_view(first).substr(4, 3) == "n+2")
    throw unsupported(path, "NIfTI-2 is not read", "save it as NIfTI-1");
  if (f.at<std::int32_t>(0) != 348)
    throw bad(path,
              fmt::format("sizeof_hdr is {}, a NIfTI-1 header has 348", f.at<std::int32_t>(0)));
  if (f.text(344, 4) != "n+1")
    throw unsupported(path, "a NIfTI header with its samples in a second file is not read",
                      "save it as one .nii or .nii.gz file");

  Header header{.format = "NIfTI", .data_file = path, .compressed = gzip};
  const Stored stored = stored_type(path, f.at<std::int16_t>(70));
  header.stored = stored.type;
  header.components = stored.components;
  header.wide_integer = stored.wide;
  read_size(path, f, header);
  const float offset = f.at<float>(108);
  if (!(offset >= 0 && offset < 1e9f)) throw bad(path, fmt::format("vox_offset is {}", offset));
  header.data_offset = std::max<std::uint64_t>(352, static_cast<std::uint64_t>(offset));
  if (offset != 0 && offset < 352)
    throw bad(path, fmt::format("vox_offset is {}, inside the header", offset));
  const float slope = f.at<float>(112), intercept = f.at<float>(116);
  if (std::isfinite(slope) && slope != 0) {
    header.slope = slope;
    header.intercept = std::isfinite(intercept) ? intercept : 0;
  }
  read_scale(f, header);
  read_orientation(path, f, header);
  header.swap = swap;
  if (const std::string text = f.text(148, 80); !text.empty())
    header.facts.push_back({"description", text, "descrip"});
  if (header.rescaled())
    header.facts.push_back({"value scaling",
                            fmt::format("{} x + {}", header.slope, header.intercept),
                            "scl_slope, scl_inter"});
  check_samples(path, header);
  find_colour_axis(header);
  return header;
}

}
