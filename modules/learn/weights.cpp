#include "modules/learn/weights.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/onnx_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::uint64_t largest_header = 100'000'000; // that of the reference implementation

Error damaged(const std::string& name, const std::string& why) {
  return Error(ErrorCode::BadInput, fmt::format("the weights '{}' {}", name, why),
               "copy or export the file again");
}

constexpr std::pair<std::string_view, DType> type_names[] = {
    {"F32", DType::Float32}, {"F16", DType::Float16}, {"BF16", DType::BFloat16},
    {"F64", DType::Float64}, {"I64", DType::Int64},   {"I32", DType::Int32},
    {"I16", DType::Int16},   {"I8", DType::Int8},     {"U8", DType::UInt8},
    {"U16", DType::UInt16},  {"U32", DType::UInt32},  {"U64", DType::UInt64},
    {"BOOL", DType::Bool}};

DType type_named(const std::string& text, const std::string& name) {
  for (const auto& [key, type] : type_names)
    if (key == text) return type;
  throw Error(ErrorCode::Unsupported,
              fmt::format("the weights '{}' hold the type '{}'", name, text.substr(0, 20)),
              "convert them to F32, F16 or BF16");
}

std::string name_of_type(DType type) {
  for (const auto& [key, t] : type_names)
    if (t == type) return std::string(key);
  throw Error(ErrorCode::Unsupported, "a weight has a type that safetensors does not know");
}

struct Entry {
  std::string name;
  DType type;
  std::vector<std::int64_t> shape;
  std::uint64_t from, to;
};

Entry entry_of(const std::string& key, const json& in, const std::string& name) {
  Entry e{key, type_named(in.at("dtype").get_ref<const std::string&>(), name), {}, 0, 0};
  const json& offsets = in.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw damaged(name, fmt::format("give no valid offsets for '{}'", key.substr(0, 200)));
  e.from = offsets[0].get<std::uint64_t>();
  e.to = offsets[1].get<std::uint64_t>();
  const json& shape = in.at("shape");
  if (!shape.is_array() || shape.size() > 32) throw damaged(name, "hold an impossible shape");
  std::uint64_t bytes = size_of(e.type);
  bool empty = false;
  for (const json& d : shape) {
    if (!d.is_number_unsigned() || d.get<std::uint64_t>() > (std::uint64_t{1} << 40))
      throw damaged(name, "hold an impossible shape");
    const auto size = d.get<std::uint64_t>();
    e.shape.push_back(static_cast<std::int64_t>(size));
    empty = empty || size == 0;
    if (size > 0 && bytes > (std::uint64_t{1} << 46) / size)
      throw damaged(name, "hold an impossible shape");
    bytes *= std::max<std::uint64_t>(1, size);
  }
  if (e.from > e.to || e.to - e.from != (empty ? 0 : bytes))
    throw damaged(name, fmt::format("give '{}' {} bytes, its shape asks for {}", key.substr(0, 200),
                                    e.to - e.from, empty ? 0 : bytes));
  return e;
}

// The format forbids holes and overlaps, so that a file cannot hide anything.
void check_coverage(std::vector<Entry>& entries, std::uint64_t data, const std::string& name) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  std::uint64_t at = 0;
  for (const Entry& e : entries) {
    if (e.from != at) throw damaged(name, "have tensors that overlap or leave a gap");
    at = e.to;
  }
  if (at != data)
    throw damaged(name, fmt::format("hold {} bytes of data, their header asks for {}", data, at));
}

json header_of(std::span<const std::byte> bytes, std::uint64_t length, const std::string& name) {
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + 8;
  std::set<std::string> seen;
  bool too_deep = false, twice = false;
  const auto callback = [&](int depth, json::parse_event_t event, json& parsed) {
    too_deep = too_deep || depth > 4;
    if (event == json::parse_event_t::key && depth == 1)
      twice = twice || !seen.insert(parsed.get<std::string>()).second;
    return !too_deep;
  };
  json out = json::parse(text, text + length, callback, false);
  if (too_deep || out.is_discarded() || !out.is_object())
    throw damaged(name, "have a header that is not the JSON it should be");
  if (twice) throw damaged(name, "name a tensor twice");
  return out;
}

float half_to_float(std::uint16_t h) {
  const int exponent = h >> 10 & 31, fraction = h & 1023;
  const float sign = h & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent == 31) return fraction != 0 ? std::nanf("") : sign * INFINITY;
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

bool is_float(DType type) {
  return type == DType::Float32 || type == DType::Float16 || type == DType::BFloat16 ||
         type == DType::Float64;
}

std::vector<float> as_floats(const HostTensor& in) {
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(in.elements()));
  switch (in.type) {
  case DType::Float32:
    out.assign(in.as<float>().begin(), in.as<float>().end());
    break;
  case DType::Float64:
    for (const double v : in.as<double>()) out.push_back(static_cast<float>(v));
    break;
  case DType::Float16:
    for (const std::uint16_t v : in.as<std::uint16_t>()) out.push_back(half_to_float(v));
    break;
  default:
    for (const std::uint16_t v : in.as<std::uint16_t>())
      out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16));
  }
  return out;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

std::string plain_name(const std::string& name) {
  for (const std::string_view prefix : {"module.", "model."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

bool fits(const HostTensor& from, const HostTensor& to) {
  return from.shape == to.shape && is_float(from.type) &&
         (from.type == to.type || to.type == DType::Float32);
}

// Trained values have at least one axis or feed a layer; a graph's scalar constants are settings.
bool takes_part(const std::string& name, const HostTensor& tensor) {
  return is_float(tensor.type) && !tensor.shape.empty() && !name.starts_with("const.");
}

}

NamedTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  std::uint64_t length = 0;
  if (bytes.size() < 8) throw damaged(name, "are cut short");
  std::memcpy(&length, bytes.data(), 8);
  if (length > largest_header)
    throw damaged(name, fmt::format("claim a header of {} bytes", length));
  if (length > bytes.size() - 8) throw damaged(name, "are cut short");
  const json header = header_of(bytes, length, name);
  const auto data = bytes.subspan(8 + length);
  NamedTensors out;
  try {
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        out.metadata = value.get<std::map<std::string, std::string>>();
      else
        entries.push_back(entry_of(key, value, name));
    }
    check_coverage(entries, data.size(), name);
    for (Entry& e : entries) {
      const auto part = data.subspan(e.from, e.to - e.from);
      out.tensors[e.name] = {e.type, std::move(e.shape), {part.begin(), part.end()}};
    }
  } catch (const json::exception&) {
    throw damaged(name, "have a header that is not the JSON it should be");
  }
  return out;
}

NamedTensors read_safetensors(const fs::path& path) {
  return parse_safetensors(MappedFile::open(path)->bytes(), path.string());
}

void write_safetensors(const NamedTensors& weights, const fs::path& path) {
  json header = json::object();
  if (!weights.metadata.empty()) header["__metadata__"] = weights.metadata;
  std::string data;
  for (const auto& [name, tensor] : weights.tensors) {
    const std::size_t from = data.size();
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    header[name] = {{"dtype", name_of_type(tensor.type)},
                    {"shape", tensor.shape},
                    {"data_offsets", {from, data.size()}}};
  }
  std::string head = header.dump();
  head.append((8 - head.size() % 8) % 8, ' ');
  const std::uint64_t length = head.size();
  std::string all(reinterpret_cast<const char*>(&length), 8);
  write_atomically(path, all + head + data);
}

std::string WeightReport::text() const {
  std::string out = fmt::format("{} loaded", loaded.size());
  const auto add = [&](std::string_view what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const std::size_t shown = std::min<std::size_t>(names.size(), 5);
    out += fmt::format(
        "; {} {}: {}{}", names.size(), what,
        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
        names.size() > shown ? " ..." : "");
  };
  add("of another shape or type", mismatched);
  add("missing in the file", missing);
  add("not in the model", unexpected);
  return out;
}

WeightReport load_weights(Graph& graph, const NamedTensors& weights) {
  WeightReport report;
  std::map<std::string, std::string> by_plain_name;
  for (const auto& [name, tensor] : weights.tensors) by_plain_name.emplace(plain_name(name), name);
  std::set<std::string> used;
  for (auto& [name, tensor] : graph.initializers) {
    if (!takes_part(name, tensor)) continue;
    auto found = weights.tensors.find(name);
    if (const auto plain = by_plain_name.find(plain_name(name));
        found == weights.tensors.end() && plain != by_plain_name.end())
      found = weights.tensors.find(plain->second);
    if (found == weights.tensors.end()) {
      report.missing.push_back(name);
      continue;
    }
    used.insert(found->first);
    if (!fits(found->second, tensor)) {
      report.mismatched.push_back(fmt::format(
          "{}: file {}{}, model {}", name, is_float(found->second.type) ? "" : "(integers) ",
          shape_text(found->second.shape), shape_text(tensor.shape)));
      continue;
    }
    tensor = found->second.type == tensor.type
                 ? found->second
                 : HostTensor::floats(tensor.shape, as_floats(found->second));
    report.loaded.push_back(name);
  }
  for (const auto& [name, tensor] : weights.tensors)
    if (!used.contains(name)) report.unexpected.push_back(name);
  return report;
}

WeightReport load_weights(Graph& graph, const fs::path& path) {
  const std::vector<std::byte> head = read_head(path, 10);
  // A safetensors file starts with the length of its JSON object; an ONNX file with protobuf's
  // tags.
  const bool safetensors = head.size() == 10 && std::to_integer<char>(head[8]) == '{' &&
                           head[7] == std::byte{0} && head[6] == std::byte{0};
  if (safetensors || path.extension() == ".safetensors")
    return load_weights(graph, read_safetensors(path));
  NamedTensors weights;
  for (auto& [name, tensor] : read_onnx(path).initializers)
    if (takes_part(name, tensor)) weights.tensors.emplace(name, std::move(tensor));
  return load_weights(graph, weights);
}

}
