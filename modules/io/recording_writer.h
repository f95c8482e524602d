// Recordings, or a span of one, as CSV, WAV, MAT v5 and HDF5; by blocks, so that memory stays
// small.
#pragma once

#include "modules/core/context.h"
#include "modules/core/error.h"
#include "modules/core/recording.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sensorium {

struct SampleSpan {
  std::uint64_t first = 0, count = 0;
};

// The file appears under its name when it is whole. All throw Error Usage (a span outside of the
// recording), Unsupported (what the format cannot hold), Resources (disk full).
//
// CSV: a line of names with units, then a row a sample; times in seconds come first where the rate
// is known. Numbers as short as they can be without loss.
void write_recording_csv(const Recording& recording, const SampleSpan& span,
                         const std::filesystem::path& path, const Context& context);
// WAV, 32-bit floats, values as they are (nothing is scaled or clipped). Needs a known rate of
// whole hertz, and less than 4 GiB.
void write_recording_wav(const Recording& recording, const SampleSpan& span,
                         const std::filesystem::path& path, const Context& context);
// MAT v5, not compressed: a column of doubles a channel, named after it; Fs where the rate is
// known, t0 (seconds of the first sample), units. A channel takes less than 4 GiB.
void write_recording_mat(const Recording& recording, const SampleSpan& span,
                         const std::filesystem::path& path, const Context& context);
// HDF5: a data set of doubles a channel, with the attributes unit, sample_rate and start_s. In the
// library sensorium_hdf5_arrays.
void write_recording_hdf5(const Recording& recording, const SampleSpan& span,
                          const std::filesystem::path& path, const Context& context);

// For writers. The path to write to; moved to its name by finish(), removed without it.
class DraftFile {
public:
  explicit DraftFile(std::filesystem::path path);
  ~DraftFile();
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;
  const std::filesystem::path& path() const { return draft_; }
  void finish();
  Error failure() const;

private:
  std::filesystem::path path_, draft_;
};
// Throws Error Usage when the span is empty or leaves the recording.
void check_span(const Recording& recording, const SampleSpan& span);
// Letters, digits and underscores, at most 63, a letter first, each once: MATLAB's rule.
std::vector<std::string> variable_names(const Recording& recording);
// Calls put with up to 65536 values of one channel at a time.
void each_block(const Recording& recording, std::size_t channel, const SampleSpan& span,
                const std::function<void(std::uint64_t at, std::span<const double>)>& put);

}
