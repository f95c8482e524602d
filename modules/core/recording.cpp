#include "modules/core/recording.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <utility>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::array<std::pair<RateSource, std::string_view>, 4> source_names{{
    {RateSource::Unknown, "unknown"},
    {RateSource::Stated, "stated"},
    {RateSource::TimeColumn, "time column"},
    {RateSource::UserEntry, "user entry"},
}};

template<class T> void read_as(const Channel& c, const std::byte* at, std::span<double> out) {
  for (double& value : out) {
    T stored;
    std::memcpy(&stored, at, sizeof stored);
    value = static_cast<double>(stored) * c.scale + c.offset;
    at += c.stride;
  }
}

// The samples that lie wholly inside the buffer.
std::uint64_t capacity(const Channel& c) {
  const std::size_t width = size_of(c.type), size = c.samples.size();
  if (c.stride == 0 || c.first > size || size - c.first < width) return 0;
  return (size - c.first - width) / c.stride + 1;
}

}

SampleRate known_rate(double hertz, RateSource source, std::string field) {
  if (!(hertz > 0) || !std::isfinite(hertz))
    return unknown_rate(fmt::format("{} says {}", field, hertz));
  return {hertz, source, std::move(field)};
}

SampleRate unknown_rate(std::string why) { return {0, RateSource::Unknown, std::move(why)}; }

std::optional<double> duration_s(const Recording& recording) {
  if (!recording.rate.known()) return std::nullopt;
  return static_cast<double>(recording.length) / recording.rate.hertz;
}

void read_block(const Channel& c, std::uint64_t from, std::span<double> out) {
  if (out.empty()) return;
  const std::uint64_t have = capacity(c);
  if (from > have || out.size() > have - from)
    throw Error(ErrorCode::Internal, fmt::format("samples {} to {} of channel '{}', which has {}",
                                                 from, from + out.size(), c.name, have));
  const std::byte* at = c.samples.bytes().data() + c.first + from * c.stride;
  switch (c.type) {
  case PixelType::UInt8:
    return read_as<std::uint8_t>(c, at, out);
  case PixelType::Int8:
    return read_as<std::int8_t>(c, at, out);
  case PixelType::UInt16:
    return read_as<std::uint16_t>(c, at, out);
  case PixelType::Int16:
    return read_as<std::int16_t>(c, at, out);
  case PixelType::UInt32:
    return read_as<std::uint32_t>(c, at, out);
  case PixelType::Int32:
    return read_as<std::int32_t>(c, at, out);
  case PixelType::Float32:
    return read_as<float>(c, at, out);
  case PixelType::Float64:
    return read_as<double>(c, at, out);
  }
}

std::vector<double> block(const Recording& recording, std::size_t channel, std::uint64_t from,
                          std::uint64_t count) {
  std::vector<double> out(count);
  read_block(recording.channels.at(channel), from, out);
  return out;
}

json to_json(const SampleRate& rate) {
  std::string_view source;
  for (const auto& [value, name] : source_names)
    if (value == rate.source) source = name;
  return {{"hertz", rate.known() ? json(rate.hertz) : json()},
          {"source", source},
          {"field", rate.field}};
}

SampleRate rate_from_json(const json& in) {
  SampleRate rate;
  rate.field = in.value("field", "");
  if (!in.value("hertz", json()).is_number()) return rate;
  for (const auto& [source, name] : source_names)
    if (in.value("source", "") == name) rate.source = source;
  rate.hertz = in.at("hertz").get<double>();
  return rate;
}

json describe_recording(const Recording& recording) {
  json channels = json::array();
  for (const Channel& c : recording.channels)
    channels.push_back({{"name", c.name},
                        {"unit", c.unit},
                        {"source", c.source},
                        {"type", name_of(c.type)},
                        {"scale", c.scale},
                        {"offset", c.offset}});
  const auto seconds = duration_s(recording);
  return {{"channels", channels},
          {"samples", recording.length},
          {"rate", to_json(recording.rate)},
          {"start_s", recording.start_s},
          {"duration_s", seconds ? json(*seconds) : json()}};
}

void validate_recording(const Recording& recording) {
  const std::string& path = recording.origin.path;
  const auto bad = [&](const std::string& what) {
    return Error(ErrorCode::BadInput, fmt::format("'{}' {}", path, what),
                 "export or copy the recording again");
  };
  if (recording.channels.empty()) throw bad("has no channels");
  if (recording.length == 0) throw bad("has no samples");
  for (const Channel& c : recording.channels) {
    if (capacity(c) < recording.length)
      throw bad(fmt::format("is inconsistent: channel '{}' holds {} samples, {} expected", c.name,
                            capacity(c), recording.length));
    if (!std::isfinite(c.scale) || !std::isfinite(c.offset) || c.scale == 0)
      throw bad(fmt::format("scales channel '{}' by {} and {}", c.name, c.scale, c.offset));
  }
}

}
