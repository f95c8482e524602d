#include "modules/io/csv_recording.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/bytes.h"
#include "modules/io/csv_cells.h"
#include "modules/io/recording_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_columns = 4096, longest_line = 1 << 20, head_bytes = 1 << 16;

Error bad(const fs::path& path, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", path.string(), what),
               "correct the table, or export it again");
}

struct Parsed {
  Buffer values; // rows of layout.columns doubles
  std::uint64_t rows = 0, absent = 0;
  bool cut_short = false;
};

void parse_row(const fs::path& path, const TableLayout& layout, std::uint64_t line,
               std::string_view text, bool last, std::vector<std::string_view>& cells,
               std::vector<double>& row, Parsed& out) {
  split_cells(text, layout.delimiter, cells);
  if (cells.size() == layout.columns + 1 && trimmed(cells.back()).empty()) cells.pop_back();
  if (cells.size() != layout.columns) {
    if (last) {
      out.cut_short = true;
      return;
    }
    throw bad(path, fmt::format("line {} has {} cells, the lines before have {}", line + 1,
                                cells.size(), layout.columns));
  }
  row.clear();
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const auto value = cell_value(cells[c], layout.decimal);
    if (!value)
      throw bad(path, fmt::format("line {}, column {} is '{}', which is no number", line + 1, c + 1,
                                  clean_text(cells[c].substr(0, 40))));
    out.absent += std::isnan(*value) ? 1 : 0;
    row.push_back(*value);
  }
  ++out.rows;
}

Parsed parse_rows(const fs::path& path, const TableLayout& layout, const Context& context) {
  Parsed out;
  std::ifstream in(path, std::ios::binary);
  std::error_code code;
  const double size = std::max<double>(1, static_cast<double>(fs::file_size(path, code)));
  SampleTable table(conversion_key(path, "csv"));
  std::vector<std::string_view> cells;
  std::vector<double> row;
  std::string line;
  double read = 0;
  for (std::uint64_t number = 0; std::getline(in, line); ++number) {
    read += static_cast<double>(line.size()) + 1;
    if (line.size() > longest_line)
      throw bad(path, fmt::format("line {} is longer than {} bytes", number + 1, longest_line));
    if (number % 50000 == 0) context.step(std::min(1.0, read / size), "reading the table");
    if (number == 0 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    const std::string_view text = trimmed(line);
    if (number < layout.first_row || text.empty()) continue;
    const std::uint64_t before = out.rows;
    // The last line counts as cut short only where its own end of line is missing.
    parse_row(path, layout, number, layout.delimiter == '\t' ? std::string_view(line) : text,
              in.eof(), cells, row, out);
    if (out.rows > before) table.add(row);
  }
  out.values = table.take();
  return out;
}

Channel column(const Parsed& parsed, std::size_t columns, std::size_t index) {
  Channel c;
  c.samples = parsed.values;
  c.first = 8 * index;
  c.stride = 8 * columns;
  return c;
}

void add_rate(Recording& r, const TableLayout& layout, std::optional<std::size_t> time,
              const Parsed& parsed) {
  auto& warnings = r.origin.warnings;
  if (!time) {
    r.rate = layout.stated_hertz
                 ? known_rate(*layout.stated_hertz, RateSource::Stated, layout.stated_in)
                 : unknown_rate("the table has no time column and states no rate");
    return;
  }
  const Channel times = column(parsed, layout.columns, *time);
  const std::string name =
      layout.names.empty() ? fmt::format("column {}", *time + 1) : layout.names[*time];
  const auto unit = seconds_of_unit(layout.units.empty() ? "" : layout.units[*time]);
  const TimeAxis axis = time_axis(times, r.length);
  if (!axis.rising) {
    r.rate = unknown_rate(fmt::format("the times of '{}' do not rise", name));
    warnings.push_back(fmt::format("the times of '{}' fall or stand still: no rate", name));
    return;
  }
  if (!unit) {
    r.rate = layout.stated_hertz
                 ? known_rate(*layout.stated_hertz, RateSource::Stated, layout.stated_in)
                 : unknown_rate(fmt::format(
                       "'{}' rises by {:.6g} a sample, but the table does not say in what unit",
                       name, axis.step));
    return;
  }
  r.start_s = axis.first * *unit;
  r.rate = known_rate(1 / (axis.step * *unit), RateSource::TimeColumn, name);
  if (axis.rounded)
    warnings.push_back("the times are printed with few digits: the rate is their mean");
  if (axis.even) return;
  const std::uint64_t before = r.length;
  resample_evenly(r, times, axis);
  warnings.push_back(fmt::format(
      "the samples are not evenly spaced: {} gaps ({} samples missing); the channels were "
      "resampled by straight lines from {} to {} samples at the median step",
      axis.gaps, axis.missing, before, r.length));
}

}

int sniff_csv_recording(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (!looks_like_text(text)) return 0;
  const auto layout = table_layout(text, head.size() < 4096);
  if (!layout) return 0;
  return layout->columns > 1 ? 40 : 20;
}

Recording load_csv_recording(const fs::path& path, const Context& context) {
  const auto head = read_head(path, head_bytes);
  const auto layout = table_layout({reinterpret_cast<const char*>(head.data()), head.size()},
                                   head.size() < head_bytes);
  if (!layout) throw bad(path, "no rows of numbers are found in its first 64 kB");
  if (layout->columns > most_columns)
    throw bad(path, fmt::format("{} columns; at most {} are read", layout->columns, most_columns));
  const Parsed parsed = parse_rows(path, *layout, context);
  Recording r;
  r.origin.path = path.string();
  r.length = parsed.rows;
  const auto time = time_column(*layout, parsed.values, parsed.rows);
  for (std::size_t c = 0; c < layout->columns; ++c) {
    if (time && c == time->column) continue;
    Channel channel = column(parsed, layout->columns, c);
    channel.name = layout->names.empty() || layout->names[c].empty()
                       ? fmt::format("column {}", c + 1)
                       : layout->names[c];
    channel.unit = layout->units.empty() ? "" : layout->units[c];
    channel.source = layout->names.empty() || layout->names[c].empty() ? "position" : "header line";
    r.channels.push_back(std::move(channel));
  }
  if (r.channels.empty()) throw bad(path, "it holds times only, no channel");
  add_rate(r, *layout, time ? std::optional(time->column) : std::nullopt, parsed);
  if (time && !time->note.empty()) r.origin.warnings.push_back(time->note);
  if (parsed.cut_short) r.origin.warnings.push_back("the last line is cut short and was left out");
  if (parsed.absent > 0)
    r.origin.warnings.push_back(fmt::format("{} cells are empty or no number", parsed.absent));
  if (layout->ambiguous)
    r.origin.warnings.push_back("commas were read as delimiters; if they are decimal signs, "
                                "export with another delimiter");
  r.origin.facts.push_back({"delimiter",
                            layout->delimiter == '\t'  ? "tab"
                            : layout->delimiter == ' ' ? "space"
                                                       : std::string(1, layout->delimiter),
                            "first rows"});
  return r;
}

}
