#include "modules/io/grid_header.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t header_limit = 1 << 20;

struct Text {
  std::map<std::string, std::string> fields;
  std::vector<std::string> list; // the files after "ElementDataFile = LIST"
  std::uint64_t end = 0;
};

bool is_local(const std::string& file) {
  return file == "LOCAL" || file == "Local" || file == "local";
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);)
    if (const std::string name = trimmed(line); !name.empty()) out.push_back(name);
  return out;
}

// "Key = value" lines; ElementDataFile is the last.
Text read_text_header(const fs::path& path) {
  const auto head = read_head(path, header_limit);
  const std::string_view all(reinterpret_cast<const char*>(head.data()), head.size());
  Text text;
  std::size_t at = 0;
  while (at < all.size()) {
    const std::size_t stop = all.find('\n', at);
    const std::string_view line = all.substr(at, stop == std::string_view::npos ? stop : stop - at);
    at = stop == std::string_view::npos ? all.size() : stop + 1;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
      if (trimmed(line).empty()) continue;
      break;
    }
    const std::string key = trimmed(line.substr(0, equals));
    text.fields[key] = trimmed(line.substr(equals + 1));
    if (key == "ElementDataFile") {
      text.end = at;
      if (!is_local(text.fields[key])) text.list = lines_of(all.substr(at));
      return text;
    }
  }
  throw bad(path, fmt::format("the MetaImage header ends after {} lines without 'ElementDataFile'",
                              text.fields.size()));
}

const std::map<std::string_view, PixelType> types{
    {"MET_CHAR", PixelType::Int8},     {"MET_UCHAR", PixelType::UInt8},
    {"MET_SHORT", PixelType::Int16},   {"MET_USHORT", PixelType::UInt16},
    {"MET_INT", PixelType::Int32},     {"MET_UINT", PixelType::UInt32},
    {"MET_LONG", PixelType::Int32},    {"MET_ULONG", PixelType::UInt32},
    {"MET_FLOAT", PixelType::Float32}, {"MET_DOUBLE", PixelType::Float64}};

void read_type(const fs::path& path, const std::string& name, Header& header) {
  if (const auto type = types.find(name); type != types.end())
    header.stored = type->second;
  else if (name == "MET_LONG_LONG" || name == "MET_ULONG_LONG") {
    header.stored = name == "MET_LONG_LONG" ? PixelType::Int32 : PixelType::UInt32;
    header.wide_integer = true;
  } else
    throw unsupported(path,
                      fmt::format("MetaImage element type '{}' is not read", name.substr(0, 40)),
                      "convert the samples to MET_FLOAT");
}

bool is_true(const std::string& text) { return text == "True" || text == "true" || text == "1"; }

bool default_matrix(const std::string& matrix, const std::string& origin, std::size_t dimensions) {
  const auto values = words(matrix);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != (i % (dimensions + 1) == 0 ? "1" : "0")) return false;
  for (const std::string& value : words(origin))
    if (value != "0" && value != "-0") return false;
  return true;
}

// Row i of the matrix is the direction of axis i; the origin is in the file's unit.
void read_orientation(const fs::path& path, const std::string& matrix, const std::string& origin,
                      double unit_mm, Header& header) {
  const auto m = words(matrix), o = words(origin);
  if (!header.has_orientation || header.size.size() != 3) return;
  if (m.size() != 9 || (!o.empty() && o.size() != 3))
    throw bad(path, fmt::format("TransformMatrix has {} numbers, Offset {}", m.size(), o.size()));
  Orientation place;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (std::size_t row = 0; row < 3; ++row)
      place.direction[3 * row + axis] = number(path, "TransformMatrix", m[3 * axis + row]);
    if (!o.empty()) place.origin_mm[axis] = number(path, "Offset", o[axis]) * unit_mm;
  }
  header.orientation = place;
}

}

int sniff_meta(const fs::path&, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  const std::string_view start = text.substr(0, 512);
  if (start.find("ObjectType") == 0 && start.find("Image") != std::string_view::npos) return 90;
  const bool keys = start.find("NDims") != std::string_view::npos &&
                    text.find("DimSize") != std::string_view::npos && text.find('=') < 40;
  return keys ? 80 : 0;
}

Header read_meta_header(const fs::path& path) {
  const Text text = read_text_header(path);
  const auto get = [&](std::initializer_list<const char*> names) {
    for (const char* name : names)
      if (const auto found = text.fields.find(name); found != text.fields.end())
        return std::pair<std::string, std::string>{name, found->second};
    return std::pair<std::string, std::string>{*names.begin(), ""};
  };
  Header header{.format = "MetaImage", .data_files = {path}};
  const std::uint64_t dimensions = whole(path, "NDims", get({"NDims"}).second);
  if (dimensions < 1 || dimensions > 3)
    throw unsupported(path, fmt::format("NDims is {}", dimensions),
                      "save one volume of at most 3 dimensions");
  const auto sizes = words(get({"DimSize"}).second);
  if (sizes.size() != dimensions)
    throw bad(path, fmt::format("DimSize has {} numbers for NDims {}", sizes.size(), dimensions));
  for (const std::string& word : sizes) {
    header.size.push_back(whole(path, "DimSize", word));
    if (header.size.back() == 0 || header.size.back() > 1u << 24)
      throw bad(path, fmt::format("DimSize holds {}", header.size.back()));
  }
  read_type(path, get({"ElementType"}).second, header);
  if (const std::string n = get({"ElementNumberOfChannels"}).second; !n.empty()) {
    header.components = whole(path, "ElementNumberOfChannels", n);
    if (header.components == 0 || header.components > 1024)
      throw bad(path, fmt::format("ElementNumberOfChannels is {}", n));
  }
  const std::string local = get({"ElementDataFile"}).second;
  if (is_local(local))
    header.data_offset = text.end;
  else
    header.data_files = data_files_of(path, local, text.list);
  if (const std::string skip = get({"HeaderSize"}).second; skip == "-1")
    header.from_end = true;
  else if (!skip.empty() && !is_local(local))
    header.data_offset = whole(path, "HeaderSize", skip);
  header.text = get({"BinaryData"}).second == "False";
  if (is_true(get({"CompressedData"}).second)) {
    header.compressed = true;
    header.compressed_offset = header.data_offset;
    header.data_offset = 0;
  }

  const auto [field, spacing_text] = get({"ElementSpacing", "ElementSize"});
  const auto spacing = words(spacing_text);
  const std::string unit = get({"DistanceUnits"}).second;
  const std::string matrix = get({"TransformMatrix", "Orientation", "Rotation"}).second,
                    origin = get({"Offset", "Position", "Origin"}).second;
  const bool plain = default_matrix(matrix, origin, dimensions);
  bool all_one = true;
  for (const std::string& word : spacing) all_one = all_one && number(path, field, word) == 1;
  if (!spacing.empty() && spacing.size() < dimensions)
    throw bad(path,
              fmt::format("{} has {} numbers for NDims {}", field, spacing.size(), dimensions));
  const double factor = unit.empty() || unit == "?" ? 1e3 : micrometres_in(unit);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i >= dimensions)
      header.spacing[i] = unknown_spacing("one slice has no slice distance");
    else if (spacing.empty())
      header.spacing[i] = unknown_spacing("the header has no ElementSpacing");
    else if (factor == 0)
      header.spacing[i] = unknown_spacing(
          fmt::format("{} is in '{}', which is no length", field, unit.substr(0, 20)));
    else if (all_one && plain && unit.empty())
      header.spacing[i] = unknown_spacing(fmt::format(
          "{} is exactly 1 on every axis: a converter's default, not a measurement", field));
    else
      header.spacing[i] =
          known_spacing(std::abs(number(path, field, spacing[i])) * factor, ScaleSource::HeaderTag,
                        unit.empty() ? field + " (mm by the format)" : field);
  }
  header.has_orientation = !matrix.empty() && !(plain && all_one);
  read_orientation(path, matrix, origin, factor > 0 ? factor / 1e3 : 1, header);
  header.swap = is_true(get({"BinaryDataByteOrderMSB", "ElementByteOrderMSB"}).second);
  if (const std::string modality = get({"Modality"}).second; !modality.empty())
    header.facts.push_back({"modality", modality.substr(0, 40), "Modality"});
  check_samples(path, header);
  find_colour_axis(header);
  return header;
}

}
