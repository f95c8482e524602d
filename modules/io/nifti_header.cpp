#include "modules/io/grid_header.h"
#include "modules/io/inflate.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t header_1 = 348, header_2 = 540;

std::string head_text(std::span<const std::byte> head) {
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

std::string first_bytes(std::span<const std::byte> head, std::size_t count) {
  const std::string text = head_text(head);
  return is_gzip(text) ? inflated_head(text, count) : text.substr(0, count);
}

std::string_view magic_of(std::string_view first) {
  if (first.size() >= header_1 && (first.substr(344, 4) == std::string_view("n+1\0", 4) ||
                                   first.substr(344, 4) == std::string_view("ni1\0", 4)))
    return first.substr(344, 3);
  if (first.size() >= header_2 && (first.substr(4, 3) == "n+2" || first.substr(4, 3) == "ni2"))
    return first.substr(4, 3);
  return {};
}

// What both versions of the header say (nifti1.h and nifti2.h of the standard), numbers widened.
struct Fields {
  bool swap = false;
  int datatype = 0, unit = 0, qform = 0, sform = 0;
  std::array<std::int64_t, 8> dim{};
  std::array<double, 8> pixdim{};
  double offset = 0, slope = 0, intercept = 0;
  std::array<double, 6> quatern{}; // b, c, d and the offsets x, y, z
  std::array<double, 12> srow{};
  std::string description;
};

// Fields by their byte offset, in either byte order.
class Raw {
public:
  Raw(std::string_view bytes, bool swap) : bytes_(bytes), swap_(swap) {}
  template<class T> T at(std::size_t offset) const {
    char raw[sizeof(T)];
    std::memcpy(raw, bytes_.data() + offset, sizeof(T));
    if (swap_) std::reverse(raw, raw + sizeof(T));
    T value;
    std::memcpy(&value, raw, sizeof(T));
    return value;
  }
  template<class T, class Out> void list(std::size_t offset, Out& out) const {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<typename Out::value_type>(at<T>(offset + i * sizeof(T)));
  }
  std::string text(std::size_t offset, std::size_t count) const {
    const std::string_view field = bytes_.substr(offset, count);
    return std::string(field.substr(0, field.find('\0')));
  }

private:
  std::string_view bytes_;
  bool swap_;
};

Fields version_1(const Raw& raw) {
  Fields f;
  raw.list<std::int16_t>(40, f.dim);
  f.datatype = raw.at<std::int16_t>(70);
  raw.list<float>(76, f.pixdim);
  f.offset = raw.at<float>(108);
  f.slope = raw.at<float>(112);
  f.intercept = raw.at<float>(116);
  f.unit = raw.at<unsigned char>(123);
  f.description = raw.text(148, 80);
  f.qform = raw.at<std::int16_t>(252);
  f.sform = raw.at<std::int16_t>(254);
  raw.list<float>(256, f.quatern);
  raw.list<float>(280, f.srow);
  return f;
}

Fields version_2(const Raw& raw) {
  Fields f;
  f.datatype = raw.at<std::int16_t>(12);
  raw.list<std::int64_t>(16, f.dim);
  raw.list<double>(104, f.pixdim);
  f.offset = static_cast<double>(raw.at<std::int64_t>(168));
  f.slope = raw.at<double>(176);
  f.intercept = raw.at<double>(184);
  f.description = raw.text(240, 80);
  f.qform = raw.at<std::int32_t>(344);
  f.sform = raw.at<std::int32_t>(348);
  raw.list<double>(352, f.quatern);
  raw.list<double>(400, f.srow);
  f.unit = raw.at<std::int32_t>(500) & 0xff;
  return f;
}

Fields read_fields(const fs::path& path, std::string_view first, bool second_version) {
  const std::int32_t want = second_version ? header_2 : header_1;
  const auto size = Raw(first, false).at<std::int32_t>(0);
  const auto swapped = Raw(first, true).at<std::int32_t>(0);
  if (size != want && swapped != want)
    throw bad(path, fmt::format("sizeof_hdr is {}, a NIfTI-{} header has {}", size,
                                second_version ? 2 : 1, want));
  const bool swap = size != want;
  Fields f = second_version ? version_2(Raw(first, swap)) : version_1(Raw(first, swap));
  f.swap = swap;
  return f;
}

// The other half of a pair: scan.hdr and scan.img, each perhaps with .gz; empty when not there.
fs::path partner(const fs::path& path, const std::string& from, const std::string& to) {
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (!name.ends_with(from)) return {};
  name.replace(name.size() - from.size(), from.size(), to);
  std::error_code code;
  for (const char* end : {"", ".gz"})
    if (const fs::path other = path.parent_path() / (name + end); fs::is_regular_file(other, code))
      return other;
  return {};
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
  const std::int64_t dimensions = f.dim[0];
  if (dimensions < 1 || dimensions > 7)
    throw bad(path, fmt::format("NIfTI dim[0] is {}, not 1 to 7", dimensions));
  std::array<std::uint64_t, 7> n;
  n.fill(1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(dimensions); ++i) {
    const std::int64_t extent = f.dim[i + 1];
    if (extent < 1 || extent > 1 << 24)
      throw bad(path, fmt::format("NIfTI dim[{}] is {}", i + 1, extent));
    n[i] = static_cast<std::uint64_t>(extent);
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
  if (f.sform > 0) {
    for (std::size_t i = 0; i < 12; ++i)
      if (std::abs(f.srow[i]) != (i % 5 == 0 ? 1.0 : 0.0)) return false;
    return true;
  }
  if (f.qform > 0)
    for (std::size_t i = 0; i < 6; ++i)
      if (const double value = std::abs(f.quatern[i]); value != 0 && !(i < 3 && value == 1))
        return false;
  return true;
}

// What this program wrote in descrip: one digit an axis, 1 where the scale is known.
std::string own_flags(const std::string& description) {
  constexpr std::string_view mark = "sensorium scale=";
  const auto at = description.find(mark);
  return at == std::string::npos ? std::string() : description.substr(at + mark.size(), 3);
}

void read_scale(const Fields& f, Header& header) {
  const int unit = f.unit & 7;
  const double factor = unit == 1 ? 1e6 : unit == 2 ? 1e3 : unit == 3 ? 1 : 0;
  std::array<double, 3> zoom{};
  bool all_one = true;
  for (std::size_t i = 0; i < 3; ++i) {
    zoom[i] = std::abs(f.pixdim[i + 1]);
    if (i < header.size.size()) all_one = all_one && zoom[i] == 1;
  }
  const std::string flags = own_flags(f.description);
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
  header.has_orientation =
      (f.qform > 0 || f.sform > 0) && !(all_one && default_geometry(f) && flags.empty());
}

// Method 3 (sform), else method 2 (qform) of nifti1.h, turned from RAS to LPS: the columns are the
// steps of x, y, z in mm.
std::array<double, 12> affine_of(const Fields& f) {
  std::array<double, 12> m{};
  if (f.sform > 0) {
    m = f.srow;
  } else {
    const double b = f.quatern[0], c = f.quatern[1], d = f.quatern[2];
    const double a = std::sqrt(std::max(0.0, 1 - (b * b + c * c + d * d)));
    const double handed = f.pixdim[0] < 0 ? -1 : 1;
    const std::array<double, 9> r{a * a + b * b - c * c - d * d, 2 * (b * c - a * d),
                                  2 * (b * d + a * c),           2 * (b * c + a * d),
                                  a * a + c * c - b * b - d * d, 2 * (c * d - a * b),
                                  2 * (b * d - a * c),           2 * (c * d + a * b),
                                  a * a + d * d - b * b - c * c};
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t axis = 0; axis < 3; ++axis)
        m[4 * row + axis] = r[3 * row + axis] * f.pixdim[axis + 1] * (axis == 2 ? handed : 1);
      m[4 * row + 3] = f.quatern[3 + row];
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
                                  f.sform > 0 ? "sform" : "qform", axis + 1));
    for (std::size_t row = 0; row < 3; ++row)
      place.direction[3 * row + axis] = m[4 * row + axis] / length;
    place.origin_mm[axis] = m[4 * axis + 3];
    const double zoom = std::abs(f.pixdim[axis + 1]);
    if (axis < header.size.size() && zoom > 0 && std::abs(length / zoom - 1) > 0.01)
      header.warnings.push_back(fmt::format(
          "pixdim[{}] is {} but the sform steps by {}: pixdim is used", axis + 1, zoom, length));
  }
  header.orientation = place;
}

// The samples' file and where they begin in it: behind the header, or in the second file of a pair.
void read_place(const fs::path& path, const Fields& f, std::string_view magic, Header& header) {
  if (!(f.offset >= 0 && f.offset < 1e15))
    throw bad(path, fmt::format("vox_offset is {}", f.offset));
  header.data_offset = static_cast<std::uint64_t>(f.offset);
  if (magic[1] == 'i') {
    const fs::path samples = partner(path, ".hdr", ".img");
    if (samples.empty())
      throw Error(
          ErrorCode::NotFound,
          fmt::format("'{}' is the header of a pair; its .img file is not there", path.string()),
          "copy both files, .hdr and .img, into one folder");
    header.data_files = {samples};
    header.compressed = is_gzip(head_text(read_head(samples, 16)));
    return;
  }
  const std::uint64_t least = magic[2] == '2' ? 544 : 352;
  if (header.data_offset != 0 && header.data_offset < least)
    throw bad(path, fmt::format("vox_offset is {}, inside the header", f.offset));
  header.data_offset = std::max(least, header.data_offset);
}

}

int sniff_nifti(const fs::path& path, std::span<const std::byte> head) {
  if (const std::string first = first_bytes(head, header_2); !magic_of(first).empty()) return 95;
  const fs::path header = partner(path, ".img", ".hdr");
  if (header.empty() || head.empty()) return 0;
  return magic_of(first_bytes(read_head(header), header_2)).starts_with("ni") ? 40 : 0;
}

Header read_nifti_header(const fs::path& given) {
  fs::path path = given;
  std::string first = first_bytes(read_head(path), header_2);
  if (const fs::path header = partner(given, ".img", ".hdr");
      magic_of(first).empty() && !header.empty()) {
    path = header;
    first = first_bytes(read_head(path), header_2);
  }
  if (first.size() < header_1)
    throw bad(path, fmt::format("{} bytes are too few for a NIfTI header of 348", first.size()));
  const std::string_view magic = magic_of(first);
  if (magic.empty()) throw bad(path, "it has no NIfTI header");
  const Fields f = read_fields(path, first, magic[2] == '2');

  Header header{.format = "NIfTI", .data_files = {path}};
  if (path != given) header.header_file = path;
  header.compressed = is_gzip(head_text(read_head(path, 16)));
  const Stored stored = stored_type(path, f.datatype);
  header.stored = stored.type;
  header.components = stored.components;
  header.wide_integer = stored.wide;
  read_size(path, f, header);
  read_place(path, f, magic, header);
  if (std::isfinite(f.slope) && f.slope != 0) {
    header.slope = f.slope;
    header.intercept = std::isfinite(f.intercept) ? f.intercept : 0;
  }
  read_scale(f, header);
  read_orientation(path, f, header);
  header.swap = f.swap;
  if (!f.description.empty()) header.facts.push_back({"description", f.description, "descrip"});
  if (header.rescaled())
    header.facts.push_back({"value scaling",
                            fmt::format("{} x + {}", header.slope, header.intercept),
                            "scl_slope, scl_inter"});
  check_samples(path, header);
  find_colour_axis(header);
  return header;
}

}
