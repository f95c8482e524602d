// What readers of recordings share: a table of doubles that grows in memory, or past a limit in a
// cached file, and the treatment of a time column.
#pragma once

#include "modules/core/context.h"
#include "modules/core/dataset.h"

#include <filesystem>
#include <fstream>

namespace sensorium {

// Rows of doubles, each of the same length. Up to memory_limit bytes are kept in memory; more goes
// to a file of cache_folder()/recordings, named after key, which is mapped when the table is taken.
class SampleTable {
public:
  explicit SampleTable(std::string key, std::size_t memory_limit = std::size_t{64} << 20);
  ~SampleTable();
  void add(std::span<const double> row);
  std::uint64_t rows() const { return rows_; }
  // Interleaved rows. The table is empty afterwards. Throws Error Resources (disk full).
  Buffer take();

private:
  void spill();
  std::size_t limit_;
  std::string key_;
  std::uint64_t rows_ = 0;
  std::vector<double> memory_;
  std::filesystem::path draft_;
  std::ofstream file_;
};

// Names a conversion: the file's path, size and time of change, and what was asked.
std::string conversion_key(const std::filesystem::path& path, std::string_view what);
// What an earlier conversion of that key left, or nothing.
std::optional<Buffer> converted_before(const std::string& key);

// How the times of a column lie.
struct TimeAxis {
  bool rising = false;       // never falls, and ends after it begins
  bool even = false;         // on a line within a twentieth of a step, or within their own rounding
  bool rounded = false;      // even, but times are printed with fewer digits than a step has
  double first = 0;          // in the column's unit
  double step = 0;           // mean step where even, else the median
  std::uint64_t gaps = 0;    // steps longer than 1.5 median steps
  std::uint64_t missing = 0; // samples that would fill the gaps
};
TimeAxis time_axis(const Channel& times, std::uint64_t length);

// Straight lines between the samples, on an even grid of `step` from the first time on. Gaps are
// bridged. Channels become float64. Throws Error BadInput when the grid would hold more than four
// times the samples.
void resample_evenly(Recording& recording, const Channel& times, const TimeAxis& axis);

// Seconds of one unit of time ("s", "ms", "us" ...); nothing for another word.
std::optional<double> seconds_of_unit(std::string_view unit);

}
