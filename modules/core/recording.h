// Channels that were sampled together over time: currents, voltages, vibration.
//

#pragma once

#include "modules/core/origin.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

// Where a sample rate comes from. Where it is Unknown nothing is printed in seconds or hertz.
enum class RateSource { Unknown, Stated, TimeColumn, UserEntry };

struct SampleRate {
  double hertz = 0; // > 0 when known
  RateSource source = RateSource::Unknown;
  std::string field; // what it was read or computed from, or why it is unknown
  bool known() const { return source != RateSource::Unknown && hertz > 0; }
};
SampleRate known_rate(double hertz, RateSource source, std::string field);
SampleRate unknown_rate(std::string why);

// value = stored * scale + offset, in unit. A stored value that is no number is a missing sample.
struct Channel {
  std::string name, unit; // unit empty: the file does not say
  std::string source;     // what name and unit were read from
  PixelType type = PixelType::Float64;
  double scale = 1, offset = 0;
  Buffer samples;                    // may be shared with other channels, or a view of a file
  std::size_t first = 0, stride = 8; // bytes: of sample 0, and from one sample to the next
};

struct Recording {
  std::vector<Channel> channels;
  std::uint64_t length = 0; // samples of each channel
  SampleRate rate;
  double start_s = 0; // of sample 0 on the file's own clock
  Origin origin;
};

// Seconds; nothing where the rate is unknown.
std::optional<double> duration_s(const Recording& recording);

// Values from, from + 1, ... of one channel. Throws Error Internal when they leave the channel.
void read_block(const Channel& channel, std::uint64_t from, std::span<double> out);
std::vector<double> block(const Recording& recording, std::size_t channel, std::uint64_t from,
                          std::uint64_t count);

nlohmann::json to_json(const SampleRate& rate);
SampleRate rate_from_json(const nlohmann::json& json);
// Called by describe() and validate() of dataset.h.
nlohmann::json describe_recording(const Recording& recording);
void validate_recording(const Recording& recording);

}
