#include "modules/io/csv_cells.h"

#include "modules/io/bytes.h"
#include "modules/io/recording_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <regex>

namespace sensorium {
namespace {

constexpr std::string_view spaces = " \t\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::optional<double> plain_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Days from 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_of(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t of_era = y - era * 400,
                     of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

// [YYYY-MM-DD(T| )]HH:MM:SS[.fff][Z] in seconds.
std::optional<double> clock_time(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t count) -> int {
    int value = 0;
    if (at + count > text.size()) return -1;
    const auto [end, code] = std::from_chars(text.data() + at, text.data() + at + count, value);
    return code == std::errc() && end == text.data() + at + count ? value : -1;
  };
  double days = 0;
  if (text.size() > 11 && text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ')) {
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
    days = static_cast<double>(days_of(year, month, day));
    text.remove_prefix(11);
  }
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const int hours = number(0, 2), minutes = number(3, 2);
  const auto seconds = plain_number(text.substr(6));
  if (hours < 0 || hours > 24 || minutes < 0 || minutes > 59 || !seconds || *seconds < 0)
    return std::nullopt;
  return days * 86400 + hours * 3600 + minutes * 60 + *seconds;
}

std::vector<std::string_view> lines_of(std::string_view head, bool whole) {
  std::vector<std::string_view> lines;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  while (!head.empty()) {
    const auto end = head.find('\n');
    if (end == std::string_view::npos && !whole && !lines.empty()) break;
    lines.push_back(head.substr(0, end));
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
  }
  return lines;
}

bool is_row(std::string_view line, char delimiter, char decimal, std::size_t& columns,
            bool& comma_decimal) {
  static thread_local std::vector<std::string_view> cells;
  split_cells(line, delimiter, cells);
  if (cells.size() > 1 && trimmed(cells.back()).empty()) cells.pop_back();
  bool any = false;
  for (const std::string_view cell : cells) {
    const auto value = cell_value(cell, decimal);
    if (!value) return false;
    any = any || !std::isnan(*value);
    comma_decimal = comma_decimal || cell.find(',') != std::string_view::npos;
  }
  columns = cells.size();
  return any;
}

struct Attempt {
  char delimiter = ',', decimal = '.';
  std::size_t columns = 0, first = 0, rows = 0;
  bool comma_decimal = false;
};

// The longest stretch of rows of equal length that reaches the last line.
Attempt attempt(const std::vector<std::string_view>& lines, char delimiter, char decimal) {
  Attempt out{delimiter, decimal};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) continue;
    std::size_t columns = 0;
    const bool row = is_row(lines[i], delimiter, decimal, columns, out.comma_decimal);
    const bool last = i + 1 == lines.size() && out.rows > 0;
    if (row && columns == out.columns) {
      ++out.rows;
    } else if (!last) {
      out.columns = row ? columns : 0;
      out.rows = row ? 1 : 0;
      out.first = i;
    }
  }
  return out;
}

std::string_view unquoted(std::string_view cell) {
  cell = trimmed(cell);
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
    cell = trimmed(cell.substr(1, cell.size() - 2));
  return cell;
}

// "ia [A]", "Time (s)", "U / V", "I,A" is left alone.
void part_unit(std::string text, std::string& name, std::string& unit) {
  static const std::regex with_unit(R"(^\s*(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\)|\s/\s*(\S+))\s*$)");
  std::smatch match;
  if (text.size() < 256 && std::regex_match(text, match, with_unit) && match[1].length() > 0) {
    name = match[1];
    unit = match[2].matched ? match[2] : match[3].matched ? match[3] : match[4];
  } else {
    name = std::string(trimmed(text));
    unit.clear();
  }
}

bool is_units_row(const std::vector<std::string_view>& cells) {
  static const std::regex unit(R"(^(\(.*\)|\[.*\]|[numkM]?(s|A|V|Hz|g|W|rpm|Nm|m/s2|m/s\^2|sec)|%|-)?$)");
  for (const std::string_view cell : cells) {
    const std::string one(trimmed(cell));
    if (one.size() > 32 || !std::regex_match(one, unit)) return false;
  }
  return true;
}

std::string bare(std::string unit) {
  if (unit.size() > 1 && (unit.front() == '(' || unit.front() == '[')) {
    unit.erase(0, 1);
    unit.pop_back();
  }
  return unit;
}

void read_names(const std::vector<std::string_view>& lines, TableLayout& layout) {
  std::vector<std::vector<std::string_view>> above;
  for (std::size_t i = layout.first_row; i > 0 && above.size() < 2; --i) {
    if (trimmed(lines[i - 1]).empty()) continue;
    std::string_view text = lines[i - 1];
    if (trimmed(text).starts_with('#')) text = text.substr(text.find('#') + 1);
    std::vector<std::string_view> cells;
    split_cells(layout.delimiter == '\t' ? text : trimmed(text), layout.delimiter, cells);
    if (cells.size() == layout.columns + 1 && trimmed(cells.back()).empty()) cells.pop_back();
    if (cells.size() != layout.columns) break;
    above.push_back(std::move(cells));
  }
  if (above.empty()) return;
  const bool units_below = above.size() == 2 && is_units_row(above[0]) && !is_units_row(above[1]);
  const auto& names = units_below ? above[1] : above[0];
  for (std::size_t c = 0; c < layout.columns; ++c) {
    std::string name, unit;
    part_unit(clean_text(unquoted(names[c])), name, unit);
    if (units_below) unit = bare(clean_text(unquoted(above[0][c])));
    layout.names.push_back(name);
    layout.units.push_back(unit);
  }
}

// Clock times are seconds, whatever their column is called.
void mark_clock_times(const std::vector<std::string_view>& lines, TableLayout& layout) {
  std::vector<std::string_view> cells;
  split_cells(lines[layout.first_row], layout.delimiter, cells);
  for (std::size_t c = 0; c < layout.columns && c < cells.size(); ++c) {
    if (cells[c].find(':') == std::string_view::npos) continue;
    if (layout.names.empty())
      for (std::size_t k = 0; k < layout.columns; ++k) layout.names.push_back("");
    layout.units.resize(layout.columns);
    if (layout.names[c].empty()) layout.names[c] = "time";
    layout.units[c] = "s";
    return;
  }
}

// "Sample rate: 10 kHz", "fs=1000", "sampling interval,0.1 ms". A number without a unit is hertz
// or seconds where the word is a rate or an interval.
void read_stated_rate(const std::vector<std::string_view>& lines, TableLayout& layout) {
  static const std::regex rate(
      R"((sampl\w*[ _]*(rate|freq\w*)|\bfs\b)[^0-9A-Za-z+.-]*(\([a-z]+\)|\[[a-z]+\])?[^0-9A-Za-z+.-]*([0-9][0-9.e+-]*)\s*([a-z/]*))",
      std::regex::icase);
  static const std::regex interval(
      R"((sampl\w*[ _]*(interval|period|time)|\bdt\b|delta ?t)[^0-9A-Za-z+.-]*([0-9][0-9.e+-]*)\s*([a-z]*))",
      std::regex::icase);
  for (std::size_t i = 0; i < layout.first_row && i < lines.size(); ++i) {
    const std::string line = clean_text(lines[i].substr(0, 256));
    std::smatch match;
    double factor = 1;
    if (std::regex_search(line, match, rate)) {
      const std::string unit = lower(match[5].str());
      if (unit == "khz" || unit == "ks/s") factor = 1e3;
      else if (unit == "mhz") factor = 1e6;
      if (const auto value = plain_number(match[4].str()); value && *value > 0)
        layout.stated_hertz = *value * factor;
    } else if (std::regex_search(line, match, interval)) {
      const std::string unit = lower(match[4].str());
      const auto seconds = unit.empty() ? std::optional(1.0) : seconds_of_unit(unit);
      if (const auto value = plain_number(match[3].str()); value && *value > 0 && seconds)
        layout.stated_hertz = 1 / (*value * *seconds);
    }
    if (layout.stated_hertz) {
      layout.stated_in = match[0];
      return;
    }
  }
}

}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(spaces);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(spaces) - from + 1);
}

bool looks_like_text(std::string_view head) {
  return !head.empty() && std::all_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 32 || byte == '\t' || byte == '\n' || byte == '\r';
  });
}

void split_cells(std::string_view line, char delimiter, std::vector<std::string_view>& cells) {
  cells.clear();
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (delimiter == ' ') line = trimmed(line);
  std::size_t from = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (quoted || line[i] != delimiter)) continue;
    cells.push_back(line.substr(from, i - from));
    while (delimiter == ' ' && i + 1 < line.size() && line[i + 1] == ' ') ++i;
    from = i + 1;
  }
}

std::optional<double> cell_value(std::string_view cell, char decimal) {
  cell = unquoted(cell);
  if (cell.empty() || cell == "NA" || cell == "null" || cell == "N/A")
    return std::numeric_limits<double>::quiet_NaN();
  if (decimal == ',') {
    std::array<char, 64> other;
    if (cell.size() > other.size() || cell.find('.') != std::string_view::npos) return std::nullopt;
    std::replace_copy(cell.begin(), cell.end(), other.begin(), ',', '.');
    const std::string_view text(other.data(), cell.size());
    const auto value = plain_number(text);
    return value ? value : clock_time(text);
  }
  const auto value = plain_number(cell);
  return value ? value : clock_time(cell);
}

std::optional<TableLayout> table_layout(std::string_view head, bool whole) {
  const auto lines = lines_of(head, whole);
  Attempt best;
  for (const char delimiter : {'\t', ';', ',', '|', ' '})
    for (const char decimal : {'.', ','}) {
      if (delimiter == decimal) continue;
      const Attempt one = attempt(lines, delimiter, decimal);
      if (one.rows == 0) continue;
      if (one.rows > best.rows || (one.rows == best.rows && one.columns > best.columns)) best = one;
    }
  if (best.rows < 3) return std::nullopt;
  TableLayout layout{best.delimiter, best.decimal, best.columns, best.first, {}, {}, {}, {}, false};
  if (best.delimiter == ',' && best.columns == 2) {
    const Attempt other = attempt(lines, ' ', ',');
    layout.ambiguous = other.rows == best.rows && other.columns == 1;
  }
  read_names(lines, layout);
  mark_clock_times(lines, layout);
  read_stated_rate(lines, layout);
  return layout;
}

std::optional<TimeColumn> time_column(const TableLayout& layout, const Buffer& values,
                                      std::uint64_t rows) {
  static const std::regex time(
      R"(^(t|time|times|timestamp|time ?stamp|zeit|temps|tiempo|tempo|seconds|sec|x[-_ ]?value)$)",
      std::regex::icase);
  for (std::size_t c = 0; c < layout.names.size(); ++c)
    if (layout.names[c].size() < 64 && std::regex_match(layout.names[c], time))
      return TimeColumn{c, {}};
  if (layout.columns < 2 || !layout.names.empty()) return std::nullopt;
  Channel first{.name = "first"};
  first.samples = values;
  first.stride = 8 * layout.columns;
  const TimeAxis axis = time_axis(first, rows);
  if (!axis.rising || !axis.even) return std::nullopt;
  return TimeColumn{0, "the first column rises by equal steps: it was taken as a time or a counter, "
                       "not as a signal"};
}

}
