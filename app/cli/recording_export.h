// Recordings written by `sensorium convert`.
#pragma once

#include "modules/core/recording.h"
#include "modules/io/recording_writer.h"

#include <optional>
#include <string>
#include <vector>

namespace sensorium {

struct RecordingFormat {
  std::string id, title, suffix;
  void (*write)(const Recording&, const SampleSpan&, const std::filesystem::path&, const Context&);
};
const std::vector<RecordingFormat>& recording_formats();
// By its id, or by the suffix of output where format is empty; null for none.
const RecordingFormat* recording_format(const std::string& format, const std::string& output);

// What a person asks for: seconds on the recording's clock from its first sample, or samples
// from 1.
struct SpanWords {
  std::optional<double> from_s, to_s;
  std::optional<std::uint64_t> first_sample, last_sample;
  bool given() const { return from_s || to_s || first_sample || last_sample; }
};
// Throws Error Usage: seconds without a known rate, or a span outside of the recording.
SampleSpan span_of(const Recording& recording, const SpanWords& words);

}
