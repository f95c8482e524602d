// A table of numbers as text (csv_recording.h) that is still being written: a growing file, a named
// pipe, or standard input.
#pragma once

#include "modules/io/csv_recording.h"

#include <chrono>
#include <string>
#include <sys/types.h>

namespace sensorium {

enum class StreamState {
  Waiting,   // nothing new within the time given; the writer may go on
  Rows,      // rows were added
  Restarted, // the file was cut or replaced: layout and rows begin anew
  Ended      // the writer closed its pipe, or the file was removed
};

class TableStream {
public:
  // "-" is standard input. A pipe that nobody writes to yet is waited for in read(). Throws Error
  // NotFound, Resources, or Unsupported (a folder).
  explicit TableStream(const std::string& path);
  ~TableStream();
  TableStream(const TableStream&) = delete;
  TableStream& operator=(const TableStream&) = delete;

  // Appends rows of layout()->columns values to `values`, waiting at most `patience` for the first
  // byte. Rows come once the layout is known: from sixty-four rows on, or what there is when the
  // writer ends. A line that is no row becomes a row of NaN and counts as bad; a last line without
  // its end is left out. Throws Error BadInput: bytes that are no text, no rows of numbers in the
  // first 64 kB, a line above 1 MB, or more than half of the last two hundred lines bad.
  StreamState read(std::vector<double>& values, std::chrono::milliseconds patience);

  const std::optional<TableLayout>& layout() const { return layout_; }
  // Channels, rate and clock of the first rows, which it holds; those rows are also read().
  const Recording& head() const { return head_; }
  std::optional<std::size_t> time_column() const { return time_; }
  double time_unit_s() const { return time_unit_s_; } // 0: the table does not say it
  std::uint64_t lines() const { return lines_; }      // rows and bad lines since the begin
  std::uint64_t bad_lines() const { return bad_; }
  const std::string& last_bad() const { return last_bad_; } // what was wrong with it

private:
  enum class Bytes { None, Some, Gone, Cut };
  void open();
  Bytes fetch(std::chrono::milliseconds patience);
  Bytes fetch_file(std::chrono::milliseconds patience);
  Bytes fetch_pipe(std::chrono::milliseconds patience);
  bool settle_layout(bool last);
  void describe_head();
  void take_lines(std::vector<double>& values);
  void take_line(std::string_view line, std::vector<double>& values);
  void restart();

  std::string path_;
  int descriptor_ = -1;
  bool regular_ = false, any_byte_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::uint64_t offset_ = 0;
  std::string pending_; // bytes that are not yet lines
  std::optional<TableLayout> layout_;
  Recording head_;
  std::optional<std::size_t> time_;
  double time_unit_s_ = 0;
  std::uint64_t lines_ = 0, bad_ = 0, skip_ = 0;
  std::vector<bool> recent_bad_;
  std::string last_bad_;
  std::vector<std::string_view> cells_;
};

}
