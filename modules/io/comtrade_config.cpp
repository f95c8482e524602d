#include "modules/io/comtrade.h"

#include "modules/core/error.h"
#include "modules/io/bytes.h"
#include "modules/io/csv_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sensorium {
namespace {

constexpr std::uint64_t most_channels = 10000;

class Lines {
public:
  Lines(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  }
  bool end() const { return text_.empty(); }
  // The next line's cells, trimmed; what is missing there is empty.
  std::vector<std::string> next(std::string_view what) {
    ++number_;
    if (text_.empty())
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}' ends at line {}, where {} should be", name_, number_, what),
                  "copy or export the configuration again");
    const auto line_end = text_.find('\n');
    const std::string_view line = text_.substr(0, line_end);
    text_.remove_prefix(line_end == std::string_view::npos ? text_.size() : line_end + 1);
    std::vector<std::string> out;
    if (line.size() > 4096) throw bad(fmt::format("{} bytes long", line.size()));
    std::size_t from = 0;
    for (std::size_t i = 0; i <= line.size(); ++i)
      if (i == line.size() || line[i] == ',') {
        out.push_back(clean_text(trimmed(line.substr(from, i - from))));
        from = i + 1;
      }
    return out;
  }
  Error bad(const std::string& what) const {
    return Error(ErrorCode::BadInput, fmt::format("'{}', line {}: {}", name_, number_, what),
                 "copy or export the configuration again");
  }

private:
  std::string_view text_;
  std::string name_;
  int number_ = 0;
};

std::string cell(const std::vector<std::string>& cells, std::size_t index) {
  return index < cells.size() ? cells[index] : std::string();
}

double number(const Lines& lines, const std::string& text, std::string_view what,
              std::optional<double> otherwise = std::nullopt) {
  if (text.empty() && otherwise) return *otherwise;
  const char* from = text.data() + (text.starts_with('+') ? 1 : 0);
  double value = 0;
  const auto [end, code] = std::from_chars(from, text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    throw lines.bad(fmt::format("{} is '{}', no number", what, text.substr(0, 40)));
  return value;
}

std::uint64_t count(const Lines& lines, const std::string& text, char letter,
                    std::string_view what) {
  std::string digits = text;
  if (letter != 0 && !digits.empty() &&
      std::toupper(static_cast<unsigned char>(digits.back())) == letter)
    digits.pop_back();
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size())
    throw lines.bad(fmt::format("{} is '{}', no count", what, text.substr(0, 40)));
  return value;
}

void read_channels(Lines& lines, ComtradeConfig& out) {
  const auto counts = lines.next("the number of channels");
  const std::uint64_t total = count(lines, cell(counts, 0), 0, "the number of channels"),
                      analogue =
                          count(lines, cell(counts, 1), 'A', "the number of analogue channels"),
                      status = count(lines, cell(counts, 2), 'D', "the number of status channels");
  if (total > most_channels || analogue > total || analogue + status != total)
    throw lines.bad(fmt::format("{} channels are not {} analogue and {} status channels", total,
                                analogue, status));
  for (std::uint64_t i = 0; i < analogue; ++i) {
    const auto c = lines.next("an analogue channel");
    ComtradeConfig::Analogue a{cell(c, 1), cell(c, 2), cell(c, 4)};
    a.a = number(lines, cell(c, 5), "the factor a");
    a.b = number(lines, cell(c, 6), "the offset b", 0);
    a.skew_us = number(lines, cell(c, 7), "the skew", 0);
    if (a.a == 0) throw lines.bad("the factor a is 0");
    if (a.name.empty()) a.name = fmt::format("A{}", i + 1);
    out.analogue.push_back(std::move(a));
  }
  for (std::uint64_t i = 0; i < status; ++i) {
    const auto c = lines.next("a status channel");
    out.status.push_back(cell(c, 1).empty() ? fmt::format("D{}", i + 1) : cell(c, 1));
  }
}

}

ComtradeConfig parse_comtrade_config(std::string_view text, const std::string& name) {
  Lines lines(text, name);
  ComtradeConfig out;
  const auto first = lines.next("the station");
  out.station = cell(first, 0);
  out.device = cell(first, 1);
  const std::string year = cell(first, 2);
  if (!year.empty())
    out.year =
        static_cast<int>(std::min<std::uint64_t>(9999, count(lines, year, 0, "the revision year")));
  read_channels(lines, out);
  out.line_hz = number(lines, cell(lines.next("the line frequency"), 0), "the line frequency", 0);
  const std::uint64_t rates =
      count(lines, cell(lines.next("the number of rates"), 0), 0, "the number of rates");
  if (rates > 1000) throw lines.bad(fmt::format("{} rates", rates));
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(1, rates); ++i) {
    const auto c = lines.next("a rate");
    const ComtradeConfig::Rate rate{number(lines, cell(c, 0), "the rate"),
                                    count(lines, cell(c, 1), 0, "the last sample")};
    if (rate.hertz < 0) throw lines.bad("the rate is negative");
    if (!out.rates.empty() && rate.last <= out.rates.back().last)
      throw lines.bad("the last samples do not rise");
    if (rates > 0 && rate.hertz > 0) out.rates.push_back(rate);
  }
  const auto join = [](const std::vector<std::string>& c) { return cell(c, 0) + " " + cell(c, 1); };
  out.start = join(lines.next("the first time"));
  out.trigger = join(lines.next("the trigger's time"));
  out.format = cell(lines.next("the data's format"), 0);
  std::transform(out.format.begin(), out.format.end(), out.format.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (out.format != "ASCII" && out.format != "BINARY" && out.format != "BINARY32" &&
      out.format != "FLOAT32")
    throw lines.bad(fmt::format("the data's format is '{}'", out.format.substr(0, 40)));
  if (!lines.end())
    if (const auto factor = lines.next("the time factor"); !cell(factor, 0).empty())
      out.time_factor = number(lines, cell(factor, 0), "the time factor");
  if (!(out.time_factor > 0)) throw lines.bad("the time factor is not positive");
  return out;
}

}
