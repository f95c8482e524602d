#include "modules/io/grid_header.h"

#include "modules/core/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

namespace sensorium::grid {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t header_limit = 1 << 20;

struct Text {
  std::map<std::string, std::string> fields, keys;
  std::vector<std::string> list; // the files after "data file: LIST", which ends the header
  std::uint64_t end = 0;         // where an attached file's samples begin
};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c != ' ' && c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Text read_text_header(const fs::path& path) {
  const auto head = read_head(path, header_limit);
  const std::string_view all(reinterpret_cast<const char*>(head.data()), head.size());
  Text text;
  std::size_t at = all.find('\n');
  if (at == std::string_view::npos) throw bad(path, "the NRRD header ends in its first line");
  ++at;
  bool in_list = false;
  while (true) {
    const std::size_t stop = all.find('\n', at);
    const std::string_view raw = all.substr(at, stop == std::string_view::npos ? stop : stop - at);
    const std::string line = trimmed(raw);
    if (stop == std::string_view::npos && head.size() == header_limit)
      throw bad(path, "the NRRD header has no end");
    at = stop == std::string_view::npos ? all.size() : stop + 1;
    if (line.empty()) break; // blank: the samples follow
    if (in_list) {
      text.list.push_back(line);
      if (at >= all.size()) break;
      continue;
    }
    if (line[0] == '#') continue;
    const auto key = line.find(":=");
    const auto field = line.find(": ");
    if (key != std::string::npos && (field == std::string::npos || key < field))
      text.keys[line.substr(0, key)] = line.substr(key + 2);
    else if (field != std::string::npos) {
      const std::string name = plain(line.substr(0, field)),
                        value = trimmed(line.substr(field + 2));
      text.fields[name] = value;
      if (name == "datafile" && value.starts_with("LIST")) in_list = true;
    } else if (line.back() != ':')
      throw bad(path, fmt::format("the NRRD header line '{}' is neither a field nor a key",
                                  line.substr(0, 60)));
    if (at >= all.size()) break;
  }
  text.end = at;
  return text;
}

const std::map<std::string_view, PixelType> types{
    {"signed char", PixelType::Int8},    {"int8", PixelType::Int8},
    {"int8_t", PixelType::Int8},         {"uchar", PixelType::UInt8},
    {"unsigned char", PixelType::UInt8}, {"uint8", PixelType::UInt8},
    {"uint8_t", PixelType::UInt8},       {"short", PixelType::Int16},
    {"short int", PixelType::Int16},     {"signed short", PixelType::Int16},
    {"int16", PixelType::Int16},         {"int16_t", PixelType::Int16},
    {"ushort", PixelType::UInt16},       {"unsigned short", PixelType::UInt16},
    {"uint16", PixelType::UInt16},       {"uint16_t", PixelType::UInt16},
    {"int", PixelType::Int32},           {"signed int", PixelType::Int32},
    {"int32", PixelType::Int32},         {"int32_t", PixelType::Int32},
    {"uint", PixelType::UInt32},         {"unsigned int", PixelType::UInt32},
    {"uint32", PixelType::UInt32},       {"uint32_t", PixelType::UInt32},
    {"float", PixelType::Float32},       {"double", PixelType::Float64}};

void read_type(const fs::path& path, const std::string& name, Header& header) {
  if (const auto type = types.find(name); type != types.end())
    header.stored = type->second;
  else if (name == "longlong" || name == "long long" || name == "int64" || name == "int64_t" ||
           name == "signed long long") {
    header.stored = PixelType::Int32;
    header.wide_integer = true;
  } else if (name == "ulonglong" || name == "unsigned long long" || name == "uint64" ||
             name == "uint64_t") {
    header.stored = PixelType::UInt32;
    header.wide_integer = true;
  } else
    throw unsupported(path, fmt::format("NRRD type '{}' is not read", name.substr(0, 40)),
                      "convert the samples to float");
}

// "(1,0,0)" to three numbers, "none" to an empty list.
std::vector<std::vector<double>> vectors(const fs::path& path, const std::string& field,
                                         const std::string& text) {
  std::vector<std::vector<double>> out;
  std::size_t at = 0;
  while (at < text.size() && out.size() < 17) {
    if (text[at] == ' ') {
      ++at;
    } else if (text.compare(at, 4, "none") == 0) {
      out.emplace_back();
      at += 4;
    } else {
      const auto close = text.find(')', at);
      if (text[at] != '(' || close == std::string::npos)
        throw bad(path,
                  fmt::format("'{}' is '{}', not a list of vectors", field, text.substr(0, 60)));
      std::string inner = text.substr(at + 1, close - at - 1);
      std::replace(inner.begin(), inner.end(), ',', ' ');
      std::vector<double> vector;
      for (const std::string& word : words(inner)) vector.push_back(number(path, field, word));
      if (vector.empty() || vector.size() > 4)
        throw bad(path, fmt::format("'{}' has a vector of {} numbers", field, vector.size()));
      out.push_back(std::move(vector));
      at = close + 1;
    }
  }
  return out;
}

std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at)) {
    const auto close = text.find('"', at + 1);
    if (close == std::string::npos) break;
    out.push_back(text.substr(at + 1, close - at - 1));
    at = close + 1;
  }
  return out;
}

struct Axes {
  std::vector<std::uint64_t> size;
  std::vector<std::size_t> spatial; // positions of the spatial axes
};

bool is_colour_kind(const std::string& kind) {
  return kind == "vector" || kind == "list" || kind == "RGB-color" || kind == "RGBA-color" ||
         kind == "3-color" || kind == "4-color" || kind == "covariant-vector" ||
         kind == "3-vector" || kind == "scalar" || kind == "stub";
}

// The file itself says that every axis is one of places.
bool says_domain(const std::string& kinds) {
  const auto all = words(kinds);
  return !all.empty() && std::all_of(all.begin(), all.end(), [](const std::string& kind) {
    return kind == "domain" || kind == "space";
  });
}

Axes read_axes(const fs::path& path, const Text& text,
               const std::vector<std::vector<double>>& directions) {
  const auto need = [&](const std::string& name) {
    const auto found = text.fields.find(name);
    if (found == text.fields.end())
      throw bad(path, fmt::format("the NRRD header has no '{}'", name));
    return found->second;
  };
  const std::uint64_t dimension = whole(path, "dimension", need("dimension"));
  Axes axes;
  for (const std::string& word : words(need("sizes"))) {
    axes.size.push_back(whole(path, "sizes", word));
    if (axes.size.back() == 0 || axes.size.back() > 1u << 24)
      throw bad(path, fmt::format("'sizes' holds {}", axes.size.back()));
  }
  if (dimension != axes.size.size() || dimension == 0 || dimension > 16)
    throw bad(path, fmt::format("'dimension' is {}, 'sizes' has {} numbers", dimension,
                                axes.size.size()));
  if (!directions.empty() && directions.size() != dimension)
    throw bad(path, fmt::format("'space directions' has {} vectors for {} axes", directions.size(),
                                dimension));
  const auto kinds_field = text.fields.find("kinds");
  const auto kinds =
      kinds_field == text.fields.end() ? std::vector<std::string>{} : words(kinds_field->second);
  for (std::size_t i = 0; i < dimension; ++i) {
    const bool none = !directions.empty() && directions[i].empty();
    if (!none && !(i < kinds.size() && is_colour_kind(kinds[i]))) axes.spatial.push_back(i);
  }
  return axes;
}

void place_axes(const fs::path& path, const Axes& axes, Header& header) {
  const std::size_t dimension = axes.size.size(), spatial = axes.spatial.size();
  if (spatial == 0 || spatial > 3 || dimension - spatial > 1)
    throw unsupported(path, fmt::format("it has {} axes, {} of them spatial", dimension, spatial),
                      "save one volume, with at most one axis of colours");
  if (dimension > spatial) {
    header.planes = axes.spatial.front() == 0;
    if (header.planes && axes.spatial.back() + 1 == dimension)
      throw unsupported(path, "its colour axis is neither the fastest nor the slowest one",
                        "save the channels interleaved ('unu permute')");
    header.components = header.planes ? axes.size[dimension - 1] : axes.size[0];
  }
  for (const std::size_t i : axes.spatial) header.size.push_back(axes.size[i]);
}

Spacing axis_spacing(double length, const std::string& unit, bool anatomical,
                     const std::string& field) {
  if (!unit.empty()) {
    const double factor = micrometres_in(unit);
    return factor > 0 ? known_spacing(length * factor, ScaleSource::HeaderTag, field)
                      : unknown_spacing(fmt::format("{} is {} in '{}', which is no length", field,
                                                    length, unit.substr(0, 20)));
  }
  if (anatomical)
    return known_spacing(length * 1e3, ScaleSource::HeaderTag,
                         field + " (mm, the custom of an anatomical 'space')");
  return unknown_spacing(fmt::format("{} is {} without a unit", field, length));
}

void read_scale(const fs::path& path, const Text& text, const Axes& axes,
                const std::vector<std::vector<double>>& directions, Header& header) {
  const auto get = [&](const std::string& name) {
    const auto found = text.fields.find(name);
    return found == text.fields.end() ? std::string() : found->second;
  };
  const std::string space = get("space");
  const bool anatomical = space.find("left") != std::string::npos ||
                          space.find("right") != std::string::npos || space == "LPS" ||
                          space == "RAS" || space == "LAS";
  const auto space_units = quoted(get("spaceunits")), units = quoted(get("units"));
  const auto spacings = words(get("spacings"));
  bool all_one = true, identity = true;
  std::array<double, 3> length{1, 1, 1};
  for (std::size_t s = 0; s < axes.spatial.size(); ++s) {
    const std::size_t i = axes.spatial[s];
    if (!directions.empty()) {
      double sum = 0;
      for (std::size_t k = 0; k < directions[i].size(); ++k) {
        sum += directions[i][k] * directions[i][k];
        identity = identity && directions[i][k] == (k == s ? 1.0 : 0.0);
      }
      length[s] = std::sqrt(sum);
    } else if (i < spacings.size() && spacings[i] != "nan" && spacings[i] != "NaN")
      length[s] = number(path, "spacings", spacings[i]);
    else if (!spacings.empty() || get("spacings").empty())
      length[s] = 0;
    all_one = all_one && length[s] == 1;
  }
  if (!get("spaceorigin").empty())
    for (const auto& origin : vectors(path, "space origin", get("spaceorigin")))
      for (const double value : origin) identity = identity && value == 0;
  const std::string field = directions.empty() ? "spacings" : "space directions";
  const auto own = text.keys.find("sensorium_scale");
  const auto flags = own == text.keys.end() ? std::vector<std::string>{}
                                            : words(own->second.substr(0, own->second.find(':')));
  for (std::size_t s = 0; s < 3; ++s) {
    Spacing& spacing = header.spacing[s];
    const std::string unit = !directions.empty() ? (s < space_units.size() ? space_units[s] : "")
                             : s < axes.spatial.size() && axes.spatial[s] < units.size()
                                 ? units[axes.spatial[s]]
                                 : "";
    if (!flags.empty() && (flags[0] == "unknown" || (s < flags.size() && flags[s] == "unknown"))) {
      const auto colon = own->second.find(": ");
      spacing = unknown_spacing(colon == std::string::npos ? "sensorium_scale says unknown"
                                                           : own->second.substr(colon + 2));
    } else if (s >= axes.spatial.size())
      spacing = unknown_spacing("one slice has no slice distance");
    else if (length[s] == 0)
      spacing = unknown_spacing("the header has neither space directions nor spacings");
    else if (flags.empty() && unit.empty() && all_one && (directions.empty() || identity))
      spacing = unknown_spacing(fmt::format(
          "{} are exactly 1 without a unit: a converter's default, not a measurement", field));
    else
      spacing = axis_spacing(length[s], unit, anatomical || !flags.empty(), field);
  }
  const auto own_key = [&](const char* name) {
    const auto found = text.keys.find(name);
    return found == text.keys.end() ? std::string() : found->second;
  };
  header.modality = own_key("sensorium_modality").substr(0, 16);
  if (own_key("sensorium_laterality") == "right") header.laterality = Laterality::Right;
  if (own_key("sensorium_laterality") == "left") header.laterality = Laterality::Left;
  if (own_key("sensorium_scale_source") == "phantom")
    for (Spacing& spacing : header.spacing)
      if (spacing.known()) spacing.source = ScaleSource::Phantom;
  if (const std::string content = own_key("sensorium_content"); !content.empty())
    header.facts.push_back({"Content", content.substr(0, 80), "sensorium_content"});
  if (const std::string state = own_key("sensorium_state"); !state.empty())
    header.facts.push_back({"State", state.substr(0, 200), "sensorium_state"});
  for (int value = 1; value < 256; ++value)
    if (const std::string key = fmt::format("sensorium_label_{}", value); text.keys.contains(key))
      header.facts.push_back(
          {fmt::format("segment {}", value), text.keys.at(key).substr(0, 80), key});
  header.has_orientation = anatomical && !directions.empty() && !(all_one && identity) &&
                           text.keys.count("sensorium_orientation") == 0;
}

// World axes to LPS: the two letters that differ are turned round.
void read_orientation(const fs::path& path, const Text& text, const Axes& axes,
                      const std::vector<std::vector<double>>& directions, Header& header) {
  if (!header.has_orientation) return;
  const std::string& space = text.fields.at("space");
  const bool right = space.starts_with("right") || space.starts_with("R");
  const bool anterior =
      space.find("anterior") != std::string::npos || (space.size() == 3 && space[1] == 'A');
  const std::array<double, 3> sign{right ? -1.0 : 1.0, anterior ? -1.0 : 1.0, 1.0};
  Orientation place;
  for (std::size_t axis = 0; axis < axes.spatial.size(); ++axis) {
    const auto& step = directions[axes.spatial[axis]];
    if (step.size() != 3) return;
    const double length = std::hypot(step[0], step[1], step[2]);
    if (!(length > 0) || !std::isfinite(length))
      throw bad(path, fmt::format("'space directions' of axis {} is 0", axis + 1));
    for (std::size_t row = 0; row < 3; ++row)
      place.direction[3 * row + axis] = sign[row] * step[row] / length;
  }
  if (axes.spatial.size() < 3) return;
  if (const auto field = text.fields.find("spaceorigin"); field != text.fields.end())
    if (const auto origin = vectors(path, "space origin", field->second);
        origin.size() == 1 && origin[0].size() == 3)
      for (std::size_t row = 0; row < 3; ++row) place.origin_mm[row] = sign[row] * origin[0][row];
  header.orientation = place;
}

}

int sniff_nrrd(const fs::path&, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  return text.starts_with("NRRD000") ? 95 : 0;
}

Header read_nrrd_header(const fs::path& path) {
  const Text text = read_text_header(path);
  const auto get = [&](const std::string& name) {
    const auto found = text.fields.find(name);
    return found == text.fields.end() ? std::string() : found->second;
  };
  Header header{.format = "NRRD", .data_files = {path}};
  if (get("type").empty()) throw bad(path, "the NRRD header has no 'type'");
  read_type(path, get("type"), header);
  const auto directions = get("spacedirections").empty()
                              ? std::vector<std::vector<double>>{}
                              : vectors(path, "space directions", get("spacedirections"));
  const Axes axes = read_axes(path, text, directions);
  place_axes(path, axes, header);

  const std::string detached = get("datafile");
  header.data_offset = detached.empty() ? text.end : 0;
  if (!detached.empty()) header.data_files = data_files_of(path, detached, text.list);
  const std::string lines = get("lineskip"), skipped = get("byteskip");
  if (!lines.empty() && lines != "0") {
    if (header.data_files.size() > 1)
      throw unsupported(path, "it skips lines of many files", "save it as one .nrrd file");
    header.data_offset =
        after_lines(header.data_files.front(), header.data_offset, whole(path, "line skip", lines));
  }
  const std::string encoding = get("encoding");
  if (encoding == "gzip" || encoding == "gz") {
    header.compressed = true;
    header.compressed_offset = header.data_offset;
    header.data_offset = 0;
  } else if (encoding == "ascii" || encoding == "text" || encoding == "txt")
    header.text = true;
  else if (encoding != "raw")
    throw unsupported(path, fmt::format("NRRD encoding '{}' is not read", encoding.substr(0, 20)),
                      "save it with encoding gzip or raw");
  if (skipped == "-1")
    header.from_end = true;
  else if (!skipped.empty())
    header.data_offset += std::min(whole(path, "byte skip", skipped), std::uint64_t{1} << 40);
  const std::string endian = get("endian");
  if (header.sample_bytes() > 1 && !header.text && endian != "little" && endian != "big")
    throw bad(path, fmt::format("'endian' is '{}'", endian.substr(0, 20)));
  read_scale(path, text, axes, directions, header);
  read_orientation(path, text, axes, directions, header);
  header.swap = endian == "big";
  if (!get("content").empty())
    header.facts.push_back({"content", get("content").substr(0, 200), "content"});
  check_samples(path, header);
  if (!says_domain(get("kinds"))) find_colour_axis(header);
  return header;
}

}
