#include "modules/core/dataset_store.h"

#include "modules/core/error.h"
#include "modules/core/json_text.h"
#include "modules/core/mapped_place.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::string_view magic = "SNSDATA1";

struct Blobs {
  std::vector<std::span<const std::byte>> list;
  std::size_t next = 0; // offset from the start of the blob area
  json add(std::span<const std::byte> bytes) {
    const std::size_t at = next;
    list.push_back(bytes);
    next = (at + bytes.size() + 63) / 64 * 64;
    return {{"at", at}, {"size", bytes.size()}};
  }
};

class Source {
public:
  Source(std::shared_ptr<const MappedFile> file, std::size_t base)
      : file_(std::move(file)), base_(base) {}
  Buffer buffer(const json& where) const {
    const auto at = where.at("at").get<std::uint64_t>(),
               size = where.at("size").get<std::uint64_t>();
    if (base_ + at < base_ || base_ + at > file_->bytes().size() ||
        size > file_->bytes().size() - (base_ + at))
      throw Error(ErrorCode::BadInput, "a stored dataset is shorter than it says");
    return Buffer(file_, base_ + at, size);
  }

private:
  std::shared_ptr<const MappedFile> file_;
  std::size_t base_;
};

Laterality laterality_of(const std::string& name) {
  return name == "right"  ? Laterality::Right
         : name == "left" ? Laterality::Left
                          : Laterality::Unknown;
}

Volume volume_from(const json& in, const json& blobs, const Source& source) {
  Volume v;
  v.width = in.at("width");
  v.height = in.at("height");
  v.depth = in.at("depth");
  v.channels = in.at("channels");
  v.type = pixel_type_of(in.at("type").get<std::string>());
  v.modality = in.value("modality", "");
  v.laterality = laterality_of(in.value("laterality", ""));
  for (std::size_t i = 0; i < 3; ++i) v.spacing[i] = spacing_from_json(in.at("spacing").at(i));
  v.pixels = source.buffer(blobs.at("pixels"));
  for (std::size_t i = 0; i < in.at("surfaces").size(); ++i) {
    const json& s = in.at("surfaces").at(i);
    const Buffer depth = source.buffer(blobs.at("surfaces").at(i));
    const auto values = samples<float>(depth);
    v.surfaces.push_back({s.at("name"),
                          {values.begin(), values.end()},
                          s.value("source", ""),
                          s.value("failure", "")});
  }
  if (in.contains("localizer")) {
    const json& l = in.at("localizer");
    Image image;
    image.width = l.at("width");
    image.height = l.at("height");
    image.channels = l.at("channels");
    image.type = pixel_type_of(l.at("type").get<std::string>());
    for (std::size_t i = 0; i < 2; ++i) image.spacing[i] = spacing_from_json(l.at("spacing").at(i));
    image.pixels = source.buffer(blobs.at("localizer"));
    v.localizer = image;
  }
  if (in.contains("orientation"))
    v.orientation = Orientation{in.at("orientation").at("origin_mm").get<std::array<double, 3>>(),
                                in.at("orientation").at("direction").get<std::array<double, 9>>()};
  for (const json& line : in.at("scan_lines"))
    v.scan_lines.push_back({line.at(0), line.at(1), line.at(2), line.at(3)});
  return v;
}

Video video_from(const json& in, const json& blobs, const Source& source) {
  Video v;
  v.width = in.at("width");
  v.height = in.at("height");
  v.frames = in.at("frames");
  v.channels = in.at("channels");
  v.type = pixel_type_of(in.at("type").get<std::string>());
  v.modality = in.value("modality", "");
  for (std::size_t i = 0; i < 2; ++i) v.spacing[i] = spacing_from_json(in.at("spacing").at(i));
  if (in.at("frame_time_ms").is_number()) v.frame_time_ms = in.at("frame_time_ms").get<double>();
  v.frame_time_source = in.value("frame_time_source", "");
  for (const json& r : in.at("regions"))
    v.regions.push_back({r.at("box").at(0), r.at("box").at(1), r.at("box").at(2), r.at("box").at(3),
                         spacing_from_json(r.at("spacing").at(0)),
                         spacing_from_json(r.at("spacing").at(1)), r.value("kind", "")});
  if (blobs.contains("pixels")) v.pixels = source.buffer(blobs.at("pixels"));
  return v;
}

// A mapped cube is named, not copied: its file may be larger than the disk's free room.
json cube_where(const Cube& c, Blobs& blobs) {
  json out = {{"stride", c.stride}};
  if (c.data_path.empty())
    out["samples"] = blobs.add(c.data.bytes());
  else
    out["mapped"] = {{"path", fs::absolute(c.data_path).string()},
                     {"at", c.data_offset},
                     {"size", c.data.size()}};
  return out;
}

Cube cube_from(const json& in, const json& where, const Source& source) {
  Cube c;
  c.lines = in.at("lines");
  c.samples = in.at("samples");
  c.bands = in.at("bands");
  c.type = sample_type_of(in.at("type").get<std::string>());
  for (const Interleave i : {Interleave::Bsq, Interleave::Bil, Interleave::Bip, Interleave::Other})
    if (in.at("interleave") == name_of(i)) c.interleave = i;
  c.big_endian = in.at("byte_order") == "big";
  c.wavelengths_nm = in.at("wavelengths_nm").get<std::vector<double>>();
  const std::string known = in.value("wavelength_source", "");
  c.wavelength_source = known == "stated"    ? WavelengthSource::Stated
                        : known == "guessed" ? WavelengthSource::Guessed
                                             : WavelengthSource::Absent;
  c.wavelength_note = in.value("wavelength_note", "");
  c.fwhm_nm = in.at("fwhm_nm").get<std::vector<double>>();
  if (!in.at("bad_bands").empty())
    c.bad_bands.assign(static_cast<std::size_t>(std::max(0, c.bands)), 0);
  for (const json& band : in.at("bad_bands"))
    c.bad_bands.at(static_cast<std::size_t>(band.get<int>() - 1)) = 1;
  for (const json& band : in.at("default_bands")) c.default_bands.push_back(band.get<int>() - 1);
  c.band_names = in.at("band_names").get<std::vector<std::string>>();
  if (in.at("reflectance_scale").is_number()) c.reflectance_scale = in.at("reflectance_scale");
  if (in.at("ignore_value").is_number()) c.ignore_value = in.at("ignore_value");
  c.stride = where.at("stride").get<std::array<std::uint64_t, 3>>();
  if (where.contains("mapped")) {
    const json& mapped = where.at("mapped");
    c.data_path = mapped.at("path").get<std::string>();
    c.data_offset = mapped.at("at");
    c.data = Buffer(MappedFile::open(c.data_path), c.data_offset, mapped.at("size"));
  } else {
    c.data = source.buffer(where.at("samples"));
  }
  return c;
}

// Samples of a large mapped file are named, not copied, as those of a cube are.
std::optional<json> channel_where(const Channel& c) {
  constexpr std::size_t worth_copying = std::size_t{8} << 20;
  if (!c.samples.mapped() || c.samples.size() <= worth_copying) return std::nullopt;
  const auto place = mapped_place(c.samples.bytes().data());
  if (!place) return std::nullopt;
  return json{{"mapped",
               {{"path", place->path.string()}, {"at", place->offset}, {"size", c.samples.size()}}},
              {"first", c.first},
              {"stride", c.stride}};
}

// Each channel's values as they are, one behind the other.
Buffer packed(const Channel& c, std::uint64_t length) {
  const std::size_t width = size_of(c.type);
  std::vector<std::byte> out(length * width);
  for (std::uint64_t i = 0; i < length; ++i)
    std::memcpy(out.data() + i * width, c.samples.bytes().data() + c.first + i * c.stride, width);
  return Buffer(std::move(out));
}

Recording recording_from(const json& in, const json& blobs, const Source& source) {
  Recording r;
  r.length = in.at("samples");
  r.rate = rate_from_json(in.at("rate"));
  r.start_s = in.at("start_s");
  std::map<std::string, std::shared_ptr<const MappedFile>> files;
  for (std::size_t i = 0; i < in.at("channels").size(); ++i) {
    const json& c = in.at("channels").at(i);
    Channel channel{.name = c.at("name"), .unit = c.at("unit"), .source = c.at("source")};
    channel.type = pixel_type_of(c.at("type").get<std::string>());
    channel.scale = c.at("scale");
    channel.offset = c.at("offset");
    channel.stride = size_of(channel.type);
    const json& where = blobs.at("channels").at(i);
    if (where.contains("mapped")) {
      const json& mapped = where.at("mapped");
      auto& file = files[mapped.at("path").get<std::string>()];
      if (!file) file = MappedFile::open(mapped.at("path").get<std::string>());
      const auto at = mapped.at("at").get<std::uint64_t>(),
                 size = mapped.at("size").get<std::uint64_t>();
      if (at > file->bytes().size() || size > file->bytes().size() - at)
        throw Error(ErrorCode::Conflict,
                    fmt::format("'{}' is shorter than when it was opened",
                                mapped.at("path").get<std::string>()),
                    "open it again");
      channel.samples = Buffer(file, at, size);
      channel.first = where.at("first");
      channel.stride = where.at("stride");
    } else {
      channel.samples = source.buffer(where);
    }
    r.channels.push_back(std::move(channel));
  }
  return r;
}

Origin origin_from(const json& in) {
  Origin origin;
  origin.path = in.at("path");
  origin.format = in.at("format");
  origin.sha256 = in.at("sha256");
  for (const json& fact : in.at("facts"))
    origin.facts.push_back({fact.at("name"), fact.at("value"), fact.at("field")});
  origin.warnings = in.at("warnings").get<std::vector<std::string>>();
  const json patient = in.value("patient", json::object());
  origin.patient = {patient.value("id", ""), patient.value("name", ""),
                    patient.value("birth_date", ""), patient.value("sex", "")};
  return origin;
}

}

void store_dataset(const Dataset& dataset, const fs::path& path) {
  Blobs blobs;
  json where;
  std::vector<Buffer> made;
  if (const auto* v = std::get_if<Volume>(&dataset)) {
    where["pixels"] = blobs.add(v->pixels.bytes());
    json surfaces = json::array();
    for (const Surface& s : v->surfaces)
      surfaces.push_back(blobs.add(std::as_bytes(std::span(s.depth))));
    where["surfaces"] = surfaces;
    if (v->localizer) where["localizer"] = blobs.add(v->localizer->pixels.bytes());
  } else if (const auto* cube = std::get_if<Cube>(&dataset)) {
    where["cube"] = cube_where(*cube, blobs);
  } else if (const auto* r = std::get_if<Recording>(&dataset)) {
    where["channels"] = json::array();
    for (const Channel& c : r->channels) {
      if (const auto named = channel_where(c)) {
        where["channels"].push_back(*named);
        continue;
      }
      made.push_back(packed(c, r->length));
      where["channels"].push_back(blobs.add(made.back().bytes()));
    }
  } else {
    const auto& video = std::get<Video>(dataset);
    if (video.source)
      where["frames"] = video.source->index();
    else
      where["pixels"] = blobs.add(video.pixels.bytes());
  }
  const std::string text = json{{"dataset", describe(dataset, true)}, {"blobs", where}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  const std::uint64_t length = text.size();
  const std::size_t base = (magic.size() + sizeof length + text.size() + 63) / 64 * 64;

  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(magic.data(), static_cast<std::streamsize>(magic.size()));
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  std::size_t at = magic.size() + sizeof length + text.size();
  const std::string zeros(64, '\0');
  std::size_t blob_at = base;
  for (const auto& bytes : blobs.list) {
    out.write(zeros.data(), static_cast<std::streamsize>(blob_at - at));
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    at = blob_at + bytes.size();
    blob_at = base + (at - base + 63) / 64 * 64;
  }
  out.close();
  if (!out)
    throw Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path.string()),
                "is the disk full?");
}

Dataset map_dataset(const fs::path& path, const FrameOpener& frames) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  try {
    std::uint64_t length = 0;
    const std::size_t head = magic.size() + sizeof length;
    if (bytes.size() < head || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is not a stored dataset", path.string()));
    std::memcpy(&length, bytes.data() + magic.size(), sizeof length);
    if (length > bytes.size() - head)
      throw Error(ErrorCode::BadInput, fmt::format("'{}' is cut short", path.string()));
    const char* text = reinterpret_cast<const char*>(bytes.data()) + head;
    const json all = json::parse(text, text + length);
    const Source source(file, (head + length + 63) / 64 * 64);
    const json& in = all.at("dataset");
    const json& blobs = all.at("blobs");
    const std::string kind = in.at("kind");
    Dataset dataset = kind == "cube"        ? Dataset(cube_from(in, blobs.at("cube"), source))
                      : kind == "recording" ? Dataset(recording_from(in, blobs, source))
                      : kind == "video"     ? Dataset(video_from(in, blobs, source))
                                            : Dataset(volume_from(in, blobs, source));
    origin_of(dataset) = origin_from(in);
    if (auto* video = std::get_if<Video>(&dataset); video != nullptr && blobs.contains("frames")) {
      if (!frames)
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}' is too long to be held whole", video->origin.path),
                    "open a shorter part of it");
      video->source = frames(*video, blobs.at("frames").get<std::string>());
    }
    validate(dataset);
    return dataset;
  } catch (const json::exception& e) {
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' is damaged: {}", path.string(), json_fault(e)));
  }
}

}
