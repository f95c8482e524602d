#include "modules/io/tdms.h"

#include "modules/core/error.h"
#include "modules/io/tdms_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

using tdms::Object;

std::optional<double> number(const Object& o, const std::string& key) {
  const auto found = o.properties.find(key);
  if (found == o.properties.end() || !std::holds_alternative<double>(found->second))
    return std::nullopt;
  return std::get<double>(found->second);
}

std::string text(const Object& o, const std::string& key) {
  const auto found = o.properties.find(key);
  if (found == o.properties.end() || !std::holds_alternative<std::string>(found->second)) return {};
  return std::get<std::string>(found->second);
}

// "/'group'/'channel'" to "channel"; quotes inside are doubled.
std::string last_name(const std::string& path) {
  const auto at = path.rfind("/'");
  std::string name = at == std::string::npos ? path : path.substr(at + 2);
  if (name.ends_with('\'')) name.pop_back();
  for (auto i = name.find("''"); i != std::string::npos; i = name.find("''", i + 1))
    name.erase(i, 1);
  return name;
}

std::optional<PixelType> native(std::uint32_t type) {
  switch (type) {
  case 1:
    return PixelType::Int8;
  case 2:
    return PixelType::Int16;
  case 3:
    return PixelType::Int32;
  case 5:
  case 0x21:
    return PixelType::UInt8;
  case 6:
    return PixelType::UInt16;
  case 7:
    return PixelType::UInt32;
  case 9:
  case 0x19:
    return PixelType::Float32;
  case 10:
  case 0x1a:
    return PixelType::Float64;
  default:
    return std::nullopt;
  }
}

template<class T> double as_double(const std::byte* at, bool swapped) {
  std::array<std::byte, sizeof(T)> raw;
  for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = at[swapped ? sizeof(T) - 1 - i : i];
  return static_cast<double>(std::bit_cast<T>(raw));
}

double value_at(const std::byte* at, std::uint32_t type, bool swapped) {
  switch (type) {
  case 1:
    return as_double<std::int8_t>(at, swapped);
  case 2:
    return as_double<std::int16_t>(at, swapped);
  case 3:
    return as_double<std::int32_t>(at, swapped);
  case 4:
    return as_double<std::int64_t>(at, swapped);
  case 5:
  case 0x21:
    return as_double<std::uint8_t>(at, swapped);
  case 6:
    return as_double<std::uint16_t>(at, swapped);
  case 7:
    return as_double<std::uint32_t>(at, swapped);
  case 8:
    return as_double<std::uint64_t>(at, swapped);
  case 9:
  case 0x19:
    return as_double<float>(at, swapped);
  default:
    return as_double<double>(at, swapped);
  }
}

void place(Channel& c, const Object& o, const std::shared_ptr<const MappedFile>& file) {
  const auto type = native(o.type);
  const tdms::Piece& first = o.pieces.front();
  const std::size_t width = tdms::size_of_type(o.type);
  if (type && o.pieces.size() == 1 && (!first.big_endian || width == 1)) {
    c.type = *type;
    c.samples = Buffer(file, first.offset, (first.count - 1) * first.stride + width);
    c.stride = first.stride;
    return;
  }
  checked_bytes({o.count, 8}, allocation_limit(), fmt::format("channel '{}'", c.name));
  std::vector<double> values;
  values.reserve(o.count);
  for (const tdms::Piece& piece : o.pieces)
    for (std::uint64_t i = 0; i < piece.count; ++i)
      values.push_back(value_at(file->bytes().data() + piece.offset + i * piece.stride, o.type,
                                piece.big_endian));
  c.samples = Buffer::of(std::move(values));
}

void apply_scale(Channel& c, const Object& o, std::vector<std::string>& warnings) {
  const auto scales = number(o, "NI_Number_Of_Scales");
  if (!scales || *scales < 1 || text(o, "NI_Scaling_Status") == "scaled") return;
  const std::string key =
      fmt::format("NI_Scale[{}]_", static_cast<int>(std::min(*scales, 1000.0)) - 1);
  const auto slope = number(o, key + "Linear_Slope"),
             offset = number(o, key + "Linear_Y_Intercept");
  if (text(o, key + "Scale_Type") == "Linear" && slope && offset && *slope != 0 &&
      std::isfinite(*slope) && std::isfinite(*offset)) {
    c.scale = *slope;
    c.offset = *offset;
  } else
    warnings.push_back(fmt::format(
        "channel '{}' has a scale of type '{}' that is not applied: stored values are shown",
        c.name, text(o, key + "Scale_Type")));
}

struct Set {
  std::vector<std::size_t> objects;
  std::uint64_t count = 0;
  double increment = 0;
};

std::vector<Set> sets_of(const tdms::Layout& layout) {
  std::vector<Set> out;
  for (std::size_t i = 0; i < layout.objects.size(); ++i) {
    const Object& o = layout.objects[i];
    if (o.count == 0 || o.type == 0x44) continue;
    const double increment = number(o, "wf_increment").value_or(0);
    const auto same = std::find_if(out.begin(), out.end(), [&](const Set& s) {
      return s.count == o.count && s.increment == increment;
    });
    if (same == out.end())
      out.push_back({{i}, o.count, increment});
    else
      same->objects.push_back(i);
  }
  std::stable_sort(out.begin(), out.end(), [](const Set& a, const Set& b) {
    return a.count * a.objects.size() > b.count * b.objects.size();
  });
  return out;
}

}

int sniff_tdms(std::span<const std::byte> head) {
  return head.size() >= 28 && std::memcmp(head.data(), "TDSm", 4) == 0 ? 95 : 0;
}

Recording load_tdms(const std::filesystem::path& path, const Context& context) {
  context.step(0, "reading TDMS");
  const auto file = MappedFile::open(path);
  const Bytes in(file->bytes(), path.string());
  const tdms::Layout layout = tdms::parse_layout(in);
  const std::vector<Set> sets = sets_of(layout);
  if (sets.empty())
    throw in.unsupported("no channel with numbers", "save at least one channel of numbers");
  const Set& set = sets.front();
  Recording r;
  r.origin.path = path.string();
  r.origin.warnings = layout.warnings;
  r.length = set.count;
  for (const std::size_t index : set.objects) {
    const Object& o = layout.objects[index];
    Channel c{.name = last_name(o.path), .unit = text(o, "unit_string"), .source = o.path};
    if (c.unit.empty()) c.unit = text(o, "NI_UnitDescription");
    place(c, o, file);
    apply_scale(c, o, r.origin.warnings);
    r.channels.push_back(std::move(c));
  }
  const Object& first = layout.objects[set.objects.front()];
  r.rate = set.increment > 0 ? known_rate(1 / set.increment, RateSource::Stated, "wf_increment")
                             : unknown_rate("the channels have no wf_increment");
  r.start_s = number(first, "wf_start_offset").value_or(0);
  if (!std::isfinite(r.start_s)) r.start_s = 0;
  for (std::size_t s = 1; s < sets.size() && s < 9; ++s)
    r.origin.warnings.push_back(fmt::format(
        "{} channels with {} samples each were left out ('{}' ...)", sets[s].objects.size(),
        sets[s].count, last_name(layout.objects[sets[s].objects.front()].path)));
  return r;
}

}
