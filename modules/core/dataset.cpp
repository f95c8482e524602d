#include "modules/core/dataset.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::array<std::pair<PixelType, std::string_view>, 8> pixel_type_names{{
    {PixelType::UInt8, "uint8"},
    {PixelType::Int8, "int8"},
    {PixelType::UInt16, "uint16"},
    {PixelType::Int16, "int16"},
    {PixelType::UInt32, "uint32"},
    {PixelType::Int32, "int32"},
    {PixelType::Float32, "float32"},
    {PixelType::Float64, "float64"},
}};

constexpr std::array<std::pair<ScaleSource, std::string_view>, 5> source_names{{
    {ScaleSource::Unknown, "unknown"},
    {ScaleSource::HeaderTag, "header tag"},
    {ScaleSource::VendorField, "vendor field"},
    {ScaleSource::UserEntry, "user entry"},
    {ScaleSource::Phantom, "phantom"},
}};

template<class T> void copy_as_float(const Volume& volume, std::vector<float>& out) {
  const auto in = samples<T>(volume.pixels);
  const auto channels = static_cast<std::size_t>(volume.channels);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const T* p = in.data() + i * channels;
    out[i] = channels >= 3 ? 0.299f * static_cast<float>(p[0]) + 0.587f * static_cast<float>(p[1]) +
                                 0.114f * static_cast<float>(p[2])
                           : static_cast<float>(p[0]);
  }
}

json facts_json(const Origin& origin) {
  json facts = json::array();
  for (const Fact& fact : origin.facts)
    facts.push_back({{"name", fact.name}, {"value", fact.value}, {"field", fact.field}});
  return facts;
}

json surfaces_json(const Volume& volume) {
  json list = json::array();
  for (const Surface& surface : volume.surfaces) {
    std::size_t present = 0;
    for (const float depth : surface.depth) present += std::isfinite(depth) ? 1 : 0;
    list.push_back({{"name", surface.name},
                    {"source", surface.source},
                    {"failure", surface.failure},
                    {"present", present},
                    {"columns", surface.depth.size()}});
  }
  return list;
}

json describe_volume(const Volume& v) {
  json out = {{"width", v.width},
              {"height", v.height},
              {"depth", v.depth},
              {"channels", v.channels},
              {"type", name_of(v.type)},
              {"modality", v.modality},
              {"laterality", v.laterality == Laterality::Right  ? "right"
                             : v.laterality == Laterality::Left ? "left"
                                                                : "unknown"},
              {"spacing", {to_json(v.spacing[0]), to_json(v.spacing[1]), to_json(v.spacing[2])}},
              {"surfaces", surfaces_json(v)}};
  if (v.localizer)
    out["localizer"] = {
        {"width", v.localizer->width},
        {"height", v.localizer->height},
        {"channels", v.localizer->channels},
        {"type", name_of(v.localizer->type)},
        {"spacing", {to_json(v.localizer->spacing[0]), to_json(v.localizer->spacing[1])}}};
  if (v.orientation)
    out["orientation"] = {{"origin_mm", v.orientation->origin_mm},
                          {"direction", v.orientation->direction}};
  json lines = json::array();
  for (const ScanLine& line : v.scan_lines) lines.push_back({line.x0, line.y0, line.x1, line.y1});
  out["scan_lines"] = lines;
  return out;
}

json describe_video(const Video& v) {
  json out = {{"width", v.width},
              {"height", v.height},
              {"frames", v.frames},
              {"channels", v.channels},
              {"type", name_of(v.type)},
              {"modality", v.modality},
              {"spacing", {to_json(v.spacing[0]), to_json(v.spacing[1])}}};
  out["frame_time_ms"] = v.frame_time_ms ? json(*v.frame_time_ms) : json();
  out["frame_time_source"] = v.frame_time_source;
  json regions = json::array();
  for (const Region& r : v.regions)
    regions.push_back({{"box", {r.x0, r.y0, r.x1, r.y1}},
                       {"kind", r.kind},
                       {"spacing", {to_json(r.spacing_x), to_json(r.spacing_y)}}});
  out["regions"] = regions;
  return out;
}

void check_size(const Origin& origin, std::initializer_list<int> sizes, PixelType type,
                std::size_t have) {
  std::uint64_t want = size_of(type);
  for (const int size : sizes) {
    if (size <= 0)
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' has no samples (a dimension is {})", origin.path, size),
                  "export the recording again");
    want *= static_cast<std::uint64_t>(size);
  }
  if (want != have)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is inconsistent: {} bytes of samples, {} expected", origin.path,
                            have, want),
                "export or copy the file again");
}

}

Spacing known_spacing(double micrometres, ScaleSource source, std::string field) {
  if (!(micrometres > 0) || !std::isfinite(micrometres))
    return unknown_spacing(fmt::format("{} says {}", field, micrometres));
  return {micrometres, source, std::move(field)};
}

Spacing unknown_spacing(std::string why) { return {0, ScaleSource::Unknown, std::move(why)}; }

std::size_t size_of(PixelType type) {
  switch (type) {
  case PixelType::UInt8:
  case PixelType::Int8:
    return 1;
  case PixelType::UInt16:
  case PixelType::Int16:
    return 2;
  case PixelType::UInt32:
  case PixelType::Int32:
  case PixelType::Float32:
    return 4;
  case PixelType::Float64:
    return 8;
  }
  return 0;
}

std::string_view name_of(PixelType type) {
  for (const auto& [value, name] : pixel_type_names)
    if (value == type) return name;
  return "";
}

PixelType pixel_type_of(std::string_view wanted) {
  for (const auto& [value, name] : pixel_type_names)
    if (name == wanted) return value;
  throw Error(ErrorCode::BadInput, fmt::format("unknown sample type '{}'", wanted));
}

Buffer::Buffer(std::vector<std::byte> bytes) { *this = Buffer::of(std::move(bytes)); }

Buffer::Buffer(std::shared_ptr<const MappedFile> file, std::size_t offset, std::size_t size)
    : data_(file->bytes().data() + offset), size_(size) {
  if (offset > file->bytes().size() || size > file->bytes().size() - offset)
    throw Error(ErrorCode::BadInput, "a mapped file is shorter than its description");
  file_ = file.get();
  owner_ = std::move(file);
}

void Buffer::copy(std::size_t offset, std::span<std::byte> out) const {
  const Buffer wanted = part(offset, out.size());
  if (mapped())
    file_->copy(static_cast<std::size_t>(wanted.data_ - file_->bytes().data()), out);
  else
    std::copy_n(wanted.data_, out.size(), out.data());
}

Buffer Buffer::part(std::size_t offset, std::size_t size) const {
  if (offset > size_ || size > size_ - offset)
    throw Error(ErrorCode::BadInput, "a recording has fewer samples than its description");
  Buffer out = *this;
  out.data_ += offset;
  out.size_ = size;
  return out;
}

Buffer Video::frame(int t) const {
  return source ? source->frame(t)
                : pixels.part(static_cast<std::size_t>(t) * frame_bytes(), frame_bytes());
}

Buffer Video::all_frames() const {
  if (!source) return pixels;
  std::vector<std::byte> all;
  all.reserve(checked_bytes({frame_bytes(), static_cast<std::uint64_t>(frames)}, allocation_limit(),
                            fmt::format("'{}'", origin.path)));
  for (int t = 0; t < frames; ++t) {
    const Buffer one = frame(t);
    all.insert(all.end(), one.bytes().begin(), one.bytes().end());
  }
  return Buffer(std::move(all));
}

void Buffer::release() const {
  if (!mapped()) return;
  // MADV_DONTNEED of a shared file mapping drops page table entries only; the data stay the file's.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(data_) / page * page;
  ::madvise(reinterpret_cast<void*>(first), reinterpret_cast<std::uintptr_t>(data_) + size_ - first,
            MADV_DONTNEED);
}

std::string hash_of(const Origin& origin) {
  return origin.pending_hash && origin.sha256.empty() ? origin.pending_hash->wait() : origin.sha256;
}

Origin& origin_of(Dataset& dataset) {
  return std::visit([](auto& d) -> Origin& { return d.origin; }, dataset);
}

const Origin& origin_of(const Dataset& dataset) {
  return std::visit([](const auto& d) -> const Origin& { return d.origin; }, dataset);
}

std::string_view kind_of(const Dataset& dataset) {
  if (std::holds_alternative<Cube>(dataset)) return "cube";
  if (std::holds_alternative<Recording>(dataset)) return "recording";
  return std::holds_alternative<Volume>(dataset) ? "volume" : "video";
}

json to_json(const Spacing& spacing) {
  std::string_view source;
  for (const auto& [value, name] : source_names)
    if (value == spacing.source) source = name;
  return {{"micrometres", spacing.known() ? json(spacing.micrometres) : json()},
          {"source", source},
          {"field", spacing.field}};
}

Spacing spacing_from_json(const json& in) {
  Spacing spacing;
  const json value = in.value("micrometres", json());
  spacing.field = in.value("field", "");
  for (const auto& [source, name] : source_names)
    if (in.value("source", "") == name) spacing.source = source;
  if (value.is_number())
    spacing.micrometres = value.get<double>();
  else
    spacing.source = ScaleSource::Unknown;
  return spacing;
}

json describe(const Dataset& dataset, bool with_patient) {
  json out = std::visit(
      [](const auto& d) {
        if constexpr (std::is_same_v<std::decay_t<decltype(d)>, Volume>)
          return describe_volume(d);
        else if constexpr (std::is_same_v<std::decay_t<decltype(d)>, Cube>)
          return describe_cube(d);
        else if constexpr (std::is_same_v<std::decay_t<decltype(d)>, Recording>)
          return describe_recording(d);
        else
          return describe_video(d);
      },
      dataset);
  const Origin& origin = origin_of(dataset);
  out["kind"] = kind_of(dataset);
  out["path"] = origin.path;
  out["format"] = origin.format;
  out["sha256"] = origin.sha256;
  out["facts"] = facts_json(origin);
  out["warnings"] = origin.warnings;
  if (with_patient)
    out["patient"] = {{"id", origin.patient.id},
                      {"name", origin.patient.name},
                      {"birth_date", origin.patient.birth_date},
                      {"sex", origin.patient.sex}};
  return out;
}

void validate(const Dataset& dataset) {
  if (const auto* v = std::get_if<Volume>(&dataset)) {
    check_size(v->origin, {v->width, v->height, v->depth, v->channels}, v->type, v->pixels.size());
    for (const Surface& surface : v->surfaces)
      if (surface.depth.size() !=
          static_cast<std::size_t>(v->width) * static_cast<std::size_t>(v->depth))
        throw Error(ErrorCode::BadInput,
                    fmt::format("'{}': layer line '{}' has {} columns, the volume has {}",
                                v->origin.path, surface.name, surface.depth.size(),
                                v->width * v->depth));
    if (v->localizer)
      check_size(v->origin, {v->localizer->width, v->localizer->height, v->localizer->channels},
                 v->localizer->type, v->localizer->pixels.size());
  } else if (const auto* cube = std::get_if<Cube>(&dataset)) {
    validate_cube(*cube);
  } else if (const auto* recording = std::get_if<Recording>(&dataset)) {
    validate_recording(*recording);
  } else {
    const auto& video = std::get<Video>(dataset);
    // Of a clip that is decoded frame by frame only the sizes can be looked at.
    check_size(video.origin, {video.width, video.height, video.frames, video.channels}, video.type,
               video.source ? video.frame_bytes() * static_cast<std::size_t>(video.frames)
                            : video.pixels.size());
  }
}

std::vector<float> to_float(const Volume& volume) {
  std::vector<float> out(volume.voxels());
  switch (volume.type) {
  case PixelType::UInt8:
    copy_as_float<std::uint8_t>(volume, out);
    break;
  case PixelType::Int8:
    copy_as_float<std::int8_t>(volume, out);
    break;
  case PixelType::UInt16:
    copy_as_float<std::uint16_t>(volume, out);
    break;
  case PixelType::Int16:
    copy_as_float<std::int16_t>(volume, out);
    break;
  case PixelType::UInt32:
    copy_as_float<std::uint32_t>(volume, out);
    break;
  case PixelType::Int32:
    copy_as_float<std::int32_t>(volume, out);
    break;
  case PixelType::Float32:
    copy_as_float<float>(volume, out);
    break;
  case PixelType::Float64:
    copy_as_float<double>(volume, out);
    break;
  }
  return out;
}

std::size_t checked_bytes(std::initializer_list<std::uint64_t> factors, std::uint64_t limit,
                          std::string_view what) {
  std::uint64_t product = 1;
  for (const std::uint64_t factor : factors) {
    if (factor != 0 && product > limit / factor)
      throw Error(ErrorCode::BadInput,
                  fmt::format("{}: the header asks for more than {} bytes", what, limit),
                  "the file is corrupt, or larger than this program accepts ($SENSORIUM_MAX_BYTES "
                  "raises the limit)");
    product *= factor;
  }
  return static_cast<std::size_t>(product);
}

std::uint64_t allocation_limit() {
  if (const char* own = std::getenv("SENSORIUM_MAX_BYTES")) {
    const std::uint64_t value = std::strtoull(own, nullptr, 10);
    if (value > 0) return value;
  }
  return std::uint64_t{16} << 30;
}

}
