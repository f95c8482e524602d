#include "app/cli/recording_export.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <cmath>

namespace sensorium {

const std::vector<RecordingFormat>& recording_formats() {
  static const std::vector<RecordingFormat> list{
      {"csv", "Recording as CSV", ".csv", write_recording_csv},
      {"wav", "Recording as WAV, 32-bit floats", ".wav", write_recording_wav},
      {"mat", "Recording as MAT v5", ".mat", write_recording_mat},
#ifdef SENSORIUM_HDF5
      {"hdf5", "Recording as HDF5", ".h5", write_recording_hdf5},
      {"hdf5", "Recording as HDF5", ".hdf5", write_recording_hdf5},
#endif
  };
  return list;
}

const RecordingFormat* recording_format(const std::string& format, const std::string& output) {
  for (const RecordingFormat& one : recording_formats())
    if (format.empty() ? output.ends_with(one.suffix) : format == one.id) return &one;
  return nullptr;
}

SampleSpan span_of(const Recording& r, const SpanWords& words) {
  if ((words.from_s || words.to_s) && (words.first_sample || words.last_sample))
    throw Error(ErrorCode::Usage, "a span is given in seconds or in samples, not in both",
                "--from and --to, or --first-sample and --last-sample");
  if ((words.from_s || words.to_s) && !r.rate.known())
    throw Error(ErrorCode::Usage,
                fmt::format("the rate of '{}' is unknown ({}): seconds mean nothing", r.origin.path,
                            r.rate.field),
                "give --first-sample and --last-sample");
  const auto last = static_cast<double>(r.length);
  double from = 0, to = last;
  if (words.from_s) from = std::ceil(*words.from_s * r.rate.hertz - 1e-6);
  if (words.to_s) to = std::ceil(*words.to_s * r.rate.hertz - 1e-6);
  if (words.first_sample) from = static_cast<double>(*words.first_sample) - 1;
  if (words.last_sample) to = static_cast<double>(*words.last_sample);
  if (!(from >= 0 && from < to && to <= last))
    throw Error(ErrorCode::Usage,
                fmt::format("samples {:.0f} to {:.0f} are not in '{}', which has {}", from + 1, to,
                            r.origin.path, r.length),
                r.rate.known() ? fmt::format("it lasts {:.6g} s", last / r.rate.hertz)
                               : "samples are counted from 1");
  return {static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to - from)};
}

}
