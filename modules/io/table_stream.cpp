#include "modules/io/table_stream.h"

#include "modules/core/error.h"
#include "modules/io/bytes.h"
#include "modules/io/csv_cells.h"
#include "modules/io/recording_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t head_bytes = 1 << 16, longest_line = 1 << 20, most_columns = 4096;
constexpr std::size_t head_rows = 64, watched_lines = 200;
constexpr milliseconds file_poll{10};

Error bad(const std::string& path, const std::string& what) {
  return Error(ErrorCode::BadInput,
               fmt::format("'{}': {}", path == "-" ? "standard input" : path, what),
               "write one row of numbers a line, as in the tables that 'sensorium info' reads");
}

}

TableStream::TableStream(const std::string& path) : path_(path) { open(); }

TableStream::~TableStream() {
  if (descriptor_ > 0) ::close(descriptor_);
}

void TableStream::open() {
  if (descriptor_ > 0) ::close(descriptor_);
  // Non-blocking: a pipe that nobody writes to yet must not hold the program.
  descriptor_ = path_ == "-" ? STDIN_FILENO
                             : ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0)
    throw Error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Resources,
                fmt::format("cannot follow '{}': {}", path_, std::strerror(errno)),
                "start the writer first, or make a named pipe with mkfifo");
  struct stat about{};
  ::fstat(descriptor_, &about);
  if (S_ISDIR(about.st_mode))
    throw Error(ErrorCode::Unsupported, fmt::format("'{}' is a folder", path_),
                "name one growing file, a named pipe, or - for standard input");
  regular_ = S_ISREG(about.st_mode);
  device_ = about.st_dev;
  inode_ = about.st_ino;
  offset_ = 0;
}

TableStream::Bytes TableStream::fetch_file(milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    struct stat here{}, named{};
    ::fstat(descriptor_, &here);
    if (static_cast<std::uint64_t>(here.st_size) < offset_) return Bytes::Cut;
    std::array<char, 1 << 16> block;
    const ssize_t got =
        ::pread(descriptor_, block.data(), block.size(), static_cast<off_t>(offset_));
    if (got > 0) {
      offset_ += static_cast<std::uint64_t>(got);
      pending_.append(block.data(), static_cast<std::size_t>(got));
      return Bytes::Some;
    }
    if (got < 0)
      throw Error(ErrorCode::Resources,
                  fmt::format("cannot read '{}': {}", path_, std::strerror(errno)));
    if (path_ != "-") {
      if (::stat(path_.c_str(), &named) != 0) return Bytes::Gone;
      if (named.st_dev != device_ || named.st_ino != inode_) return Bytes::Cut;
    }
    if (std::chrono::steady_clock::now() + file_poll > until) return Bytes::None;
    std::this_thread::sleep_for(file_poll);
  }
}

TableStream::Bytes TableStream::fetch_pipe(milliseconds patience) {
  pollfd wanted{descriptor_, POLLIN, 0};
  const int ready = ::poll(&wanted, 1, static_cast<int>(patience.count()));
  if (ready <= 0) return Bytes::None;
  std::array<char, 1 << 16> block;
  const ssize_t got = ::read(descriptor_, block.data(), block.size());
  if (got > 0) {
    any_byte_ = true;
    pending_.append(block.data(), static_cast<std::size_t>(got));
    return Bytes::Some;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Bytes::None;
  if (got < 0)
    throw Error(ErrorCode::Resources,
                fmt::format("cannot read '{}': {}", path_, std::strerror(errno)));
  if (any_byte_ || path_ == "-") return Bytes::Gone;
  std::this_thread::sleep_for(std::min(patience, file_poll)); // no writer has come yet
  return Bytes::None;
}

TableStream::Bytes TableStream::fetch(milliseconds patience) {
  return regular_ ? fetch_file(patience) : fetch_pipe(patience);
}

void TableStream::restart() {
  if (path_ != "-") open();
  offset_ = 0;
  pending_.clear();
  layout_.reset();
  head_ = {};
  time_.reset();
  time_unit_s_ = 0;
  lines_ = bad_ = skip_ = 0;
  recent_bad_.clear();
}

StreamState TableStream::read(std::vector<double>& values, milliseconds patience) {
  const Bytes bytes = fetch(patience);
  if (bytes == Bytes::Cut) {
    restart();
    return StreamState::Restarted;
  }
  const std::size_t before = values.size();
  if (bytes != Bytes::None && (layout_ || settle_layout(bytes == Bytes::Gone))) take_lines(values);
  if (bytes == Bytes::Gone && values.size() == before) return StreamState::Ended;
  return values.size() > before ? StreamState::Rows : StreamState::Waiting;
}

// Whether the layout is known; `last`: nothing more will come.
bool TableStream::settle_layout(bool last) {
  const std::size_t end = pending_.rfind('\n');
  const std::string_view whole =
      std::string_view(pending_).substr(0, end == std::string::npos ? 0 : end + 1);
  if (!pending_.empty() && !looks_like_text(std::string_view(pending_).substr(0, 4096)))
    throw bad(path_, "its bytes are no text");
  const bool full = pending_.size() >= head_bytes;
  auto layout = whole.empty() ? std::nullopt : table_layout(whole.substr(0, head_bytes), true);
  const auto lines = static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n'));
  if (!layout) {
    if (full) throw bad(path_, "no rows of numbers are found in its first 64 kB");
    if (last && !pending_.empty()) throw bad(path_, "it ended before three rows of numbers");
    return false;
  }
  if (!full && !last && lines < layout->first_row + head_rows) return false;
  if (layout->columns > most_columns)
    throw bad(path_, fmt::format("{} columns; at most {} are read", layout->columns, most_columns));
  layout_ = std::move(layout);
  skip_ = layout_->first_row;
  describe_head();
  return true;
}

// Channels and rate, from the rows that are there.
void TableStream::describe_head() {
  std::vector<double> rows;
  std::string_view left(pending_);
  for (std::uint64_t number = 0; left.find('\n') != std::string_view::npos; ++number) {
    const std::size_t end = left.find('\n');
    split_cells(left.substr(0, end), layout_->delimiter, cells_);
    left.remove_prefix(end + 1);
    if (cells_.size() == layout_->columns + 1 && trimmed(cells_.back()).empty()) cells_.pop_back();
    if (number < skip_ || cells_.size() != layout_->columns) continue;
    for (const std::string_view cell : cells_)
      rows.push_back(
          cell_value(cell, layout_->decimal).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  const std::size_t columns = layout_->columns;
  head_.origin.path = path_;
  head_.length = rows.size() / columns;
  const Buffer buffer = Buffer::of(std::move(rows));
  const auto time = sensorium::time_column(*layout_, buffer, head_.length);
  head_.rate = layout_->stated_hertz
                   ? known_rate(*layout_->stated_hertz, RateSource::Stated, layout_->stated_in)
                   : unknown_rate("the table has no time column and states no rate");
  for (std::size_t c = 0; c < columns; ++c) {
    const bool named = !layout_->names.empty() && !layout_->names[c].empty();
    Channel channel{.name = named ? layout_->names[c] : fmt::format("column {}", c + 1),
                    .unit = layout_->units.empty() ? "" : layout_->units[c],
                    .source = named ? "header line" : "position"};
    channel.samples = buffer;
    channel.first = 8 * c;
    channel.stride = 8 * columns;
    if (!time || time->column != c) {
      head_.channels.push_back(std::move(channel));
      continue;
    }
    const auto unit = seconds_of_unit(channel.unit);
    const TimeAxis axis = time_axis(channel, head_.length);
    if (!unit || !axis.rising || axis.rounded || !(axis.step > 0)) {
      if (!head_.rate.known())
        head_.rate = unknown_rate(
            !unit          ? fmt::format("'{}' does not say its unit", channel.name)
            : axis.rounded ? fmt::format("the times of '{}' have too few digits", channel.name)
                           : fmt::format("the first times of '{}' do not rise", channel.name));
      continue;
    }
    time_ = c;
    time_unit_s_ = *unit;
    head_.start_s = axis.first * *unit;
    head_.rate = known_rate(1 / (axis.step * *unit), RateSource::TimeColumn, channel.name);
  }
}

void TableStream::take_lines(std::vector<double>& values) {
  std::string_view left(pending_);
  for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
    std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 1);
    if (skip_ > 0) {
      --skip_;
      continue;
    }
    if (layout_->delimiter != '\t') line = trimmed(line);
    if (!trimmed(line).empty()) take_line(line, values);
  }
  pending_.erase(0, pending_.size() - left.size());
  if (pending_.size() > longest_line)
    throw bad(path_, fmt::format("a line is longer than {} bytes", longest_line));
}

void TableStream::take_line(std::string_view line, std::vector<double>& values) {
  split_cells(line, layout_->delimiter, cells_);
  if (cells_.size() == layout_->columns + 1 && trimmed(cells_.back()).empty()) cells_.pop_back();
  const std::size_t before = values.size();
  std::string wrong;
  if (cells_.size() != layout_->columns)
    wrong = fmt::format("{} cells instead of {}", cells_.size(), layout_->columns);
  for (std::size_t c = 0; wrong.empty() && c < cells_.size(); ++c) {
    const auto value = cell_value(cells_[c], layout_->decimal);
    if (value)
      values.push_back(*value);
    else
      wrong = fmt::format("column {} is '{}', which is no number", c + 1,
                          clean_text(cells_[c].substr(0, 40)));
  }
  if (!wrong.empty()) {
    values.resize(before);
    values.insert(values.end(), layout_->columns, std::numeric_limits<double>::quiet_NaN());
    ++bad_;
    last_bad_ = fmt::format("row {}: {}", lines_ + 1, wrong);
  }
  if (recent_bad_.size() < watched_lines) recent_bad_.resize(watched_lines);
  recent_bad_[lines_ % watched_lines] = !wrong.empty();
  ++lines_;
  const auto recent = std::count(recent_bad_.begin(), recent_bad_.end(), true);
  if (2 * static_cast<std::size_t>(recent) > watched_lines)
    throw bad(path_, fmt::format("{} of the last {} lines are no rows ({})", recent, watched_lines,
                                 last_bad_));
}

}
