#include "modules/io/comtrade.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/io/bytes.h"
#include "modules/io/csv_cells.h"
#include "modules/io/recording_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr double absent = std::numeric_limits<double>::quiet_NaN();

fs::path beside(const fs::path& path, std::initializer_list<const char*> suffixes) {
  std::error_code code;
  for (const char* suffix : suffixes) {
    const fs::path other = fs::path(path).replace_extension(suffix);
    if (fs::is_regular_file(other, code)) return other;
  }
  return {};
}

std::string lower_suffix(const fs::path& path) {
  std::string out = path.extension().string();
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// "--- file type: DAT BINARY: 702 ---" begins a part of a .cff.
struct Part {
  std::string kind; // "CFG", "DAT ASCII" ...
  std::size_t from = 0, to = 0;
};

std::vector<Part> parts_of(std::string_view text) {
  std::vector<Part> out;
  constexpr std::string_view mark = "--- file type:";
  for (std::size_t at = text.find(mark); at != std::string_view::npos && out.size() < 16;
       at = text.find(mark, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    const auto line_end = text.find('\n', at);
    if (line_end == std::string_view::npos || line_end - at > 200) break;
    const std::string_view line = text.substr(at + mark.size(), line_end - at - mark.size());
    const auto stop = line.find_first_of(":-");
    if (!out.empty()) out.back().to = at;
    out.push_back({std::string(trimmed(line.substr(0, stop))), line_end + 1, text.size()});
    if (out.back().kind.starts_with("DAT") && out.back().kind != "DAT ASCII")
      break; // bytes, to the end
  }
  return out;
}

struct Pieces {
  ComtradeConfig config;
  std::shared_ptr<const MappedFile> data; // null: not there
  std::size_t from = 0, to = 0;
};

Pieces pieces_of_cff(const fs::path& path) {
  Pieces out;
  out.data = MappedFile::open(path);
  const std::string_view text(reinterpret_cast<const char*>(out.data->bytes().data()),
                              out.data->bytes().size());
  std::string config;
  bool found = false;
  for (const Part& part : parts_of(text)) {
    if (part.kind == "CFG") config = text.substr(part.from, part.to - part.from);
    if (!part.kind.starts_with("DAT")) continue;
    found = true;
    out.from = part.from;
    out.to = part.to;
  }
  if (config.empty() || !found)
    throw Error(ErrorCode::BadInput,
                fmt::format("'{}' lacks its CFG or its DAT part", path.string()),
                "copy or export the file again");
  out.config = parse_comtrade_config(config, path.string());
  return out;
}

Pieces pieces_of(const fs::path& path, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.substr(0, 64).find("--- file type:") != std::string_view::npos)
    return pieces_of_cff(path);
  Pieces out;
  const bool is_data = lower_suffix(path) == ".dat";
  const fs::path config = is_data ? beside(path, {".cfg", ".CFG", ".Cfg"}) : path,
                 data = is_data ? path : beside(path, {".dat", ".DAT", ".Dat"});
  out.config = parse_comtrade_config(read_text(config, 16 << 20), config.string());
  if (data.empty()) return out;
  out.data = MappedFile::open(data);
  out.to = out.data->bytes().size();
  return out;
}

Recording described(const fs::path& path, const ComtradeConfig& config) {
  Recording r;
  r.origin.path = path.string();
  for (const auto& a : config.analogue) {
    Channel c{.name = a.name, .unit = a.unit, .source = "configuration"};
    r.channels.push_back(std::move(c));
  }
  for (const std::string& name : config.status)
    r.channels.push_back({.name = name, .unit = "state", .source = "configuration"});
  const auto fact = [&](const char* name, const std::string& value, const char* field) {
    if (!value.empty()) r.origin.facts.push_back({name, value, field});
  };
  fact("station", config.station, "cfg line 1");
  fact("device", config.device, "cfg line 1");
  fact("revision", std::to_string(config.year), "cfg line 1");
  fact("line frequency", config.line_hz > 0 ? fmt::format("{:.6g} Hz", config.line_hz) : "", "cfg");
  fact("start", config.start, "cfg");
  fact("trigger", config.trigger, "cfg");
  fact("format", config.format, "cfg");
  if (std::any_of(config.analogue.begin(), config.analogue.end(),
                  [](const auto& a) { return a.skew_us != 0; }))
    r.origin.warnings.push_back("the channels' time skews are not corrected");
  return r;
}

std::size_t record_size(const ComtradeConfig& c) {
  const std::size_t width = c.format == "BINARY" ? 2 : 4;
  return 8 + width * c.analogue.size() + 2 * ((c.status.size() + 15) / 16);
}

Buffer status_bits(std::span<const std::byte> data, std::size_t record, std::size_t at, int bit,
                   std::uint64_t length) {
  std::vector<std::uint8_t> out(length);
  for (std::uint64_t i = 0; i < length; ++i)
    out[i] = static_cast<std::uint8_t>(
        (std::to_integer<int>(data[i * record + at + static_cast<std::size_t>(bit / 8)]) >>
         (bit % 8)) &
        1);
  return Buffer::of(std::move(out));
}

// 0x8000 (0x80000000) stands for a missing value; then the channel is converted.
template<class T> void mark_absent(Channel& c, std::uint64_t length) {
  const auto stored = [&](std::uint64_t i) {
    T value;
    std::memcpy(&value, c.samples.bytes().data() + c.first + i * c.stride, sizeof value);
    return value;
  };
  bool any = false;
  for (std::uint64_t i = 0; i < length && !any; ++i)
    any = stored(i) == std::numeric_limits<T>::min();
  if (!any) return;
  std::vector<double> values(length);
  read_block(c, 0, values);
  for (std::uint64_t i = 0; i < length; ++i)
    if (stored(i) == std::numeric_limits<T>::min()) values[i] = absent;
  c = {.name = c.name, .unit = c.unit, .source = c.source};
  c.samples = Buffer::of(std::move(values));
}

Channel read_binary(Recording& r, const Pieces& p) {
  const ComtradeConfig& config = p.config;
  const std::size_t record = record_size(config), size = p.to - p.from;
  r.length = size / record;
  if (size % record != 0)
    r.origin.warnings.push_back(
        fmt::format("the data end inside a record: {} bytes were left out", size % record));
  const Buffer data(p.data, p.from, r.length * record);
  const std::size_t width = config.format == "BINARY" ? 2 : 4;
  for (std::size_t i = 0; i < config.analogue.size(); ++i) {
    Channel& c = r.channels[i];
    c.type = width == 2                   ? PixelType::Int16
             : config.format == "FLOAT32" ? PixelType::Float32
                                          : PixelType::Int32;
    c.scale = config.analogue[i].a;
    c.offset = config.analogue[i].b;
    c.samples = data;
    c.first = 8 + i * width;
    c.stride = record;
    if (width == 2)
      mark_absent<std::int16_t>(c, r.length);
    else if (c.type == PixelType::Int32)
      mark_absent<std::int32_t>(c, r.length);
  }
  for (std::size_t i = 0; i < config.status.size(); ++i) {
    Channel& c = r.channels[config.analogue.size() + i];
    c.type = PixelType::UInt8;
    c.samples = status_bits(data.bytes(), record, 8 + width * config.analogue.size() + 2 * (i / 16),
                            static_cast<int>(i % 16), r.length);
    c.stride = 1;
  }
  Channel stamps{.name = "time stamp"};
  stamps.type = PixelType::UInt32;
  stamps.samples = data;
  stamps.first = 4;
  stamps.stride = record;
  return stamps;
}

double ascii_value(std::string_view cell, bool analogue, const Pieces& p, std::uint64_t line) {
  cell = trimmed(cell);
  // 1999, 8.5: a missing analogue value is empty or 99999.
  if (cell.empty() || (analogue && cell == "99999")) return absent;
  double value = 0;
  if (cell.starts_with('+')) cell.remove_prefix(1);
  const auto [end, code] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (code != std::errc() || end != cell.data() + cell.size())
    throw Error(ErrorCode::BadInput,
                fmt::format("the COMTRADE data of '{}', record {}: '{}' is no number",
                            p.config.station, line, clean_text(cell.substr(0, 40))),
                "copy or export the data again");
  return value;
}

Channel read_ascii(Recording& r, const Pieces& p, const fs::path& path) {
  const std::size_t columns = 2 + r.channels.size();
  std::string_view text(reinterpret_cast<const char*>(p.data->bytes().data()) + p.from,
                        p.to - p.from);
  SampleTable table(conversion_key(path, "comtrade"));
  std::vector<std::string_view> cells;
  std::vector<double> row(columns);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const bool last = end == std::string_view::npos || end + 1 >= text.size();
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (line.ends_with('\x1a')) line = trimmed(line.substr(0, line.size() - 1));
    if (line.empty()) continue;
    split_cells(line, ',', cells);
    if (cells.size() != columns) {
      if (last) {
        r.origin.warnings.push_back("the last record is cut short and was left out");
        break;
      }
      throw Error(ErrorCode::BadInput,
                  fmt::format("'{}', record {} has {} values, {} are expected", path.string(),
                              table.rows() + 1, cells.size(), columns),
                  "copy or export the data again");
    }
    for (std::size_t i = 0; i < columns; ++i)
      row[i] =
          ascii_value(cells[i], i >= 2 && i < 2 + p.config.analogue.size(), p, table.rows() + 1);
    table.add(row);
  }
  r.length = table.rows();
  const Buffer values = table.take();
  const auto column = [&](Channel& c, std::size_t index) {
    c.samples = values;
    c.first = 8 * index;
    c.stride = 8 * columns;
  };
  for (std::size_t i = 0; i < r.channels.size(); ++i) {
    column(r.channels[i], i + 2);
    if (i >= p.config.analogue.size()) continue;
    r.channels[i].scale = p.config.analogue[i].a;
    r.channels[i].offset = p.config.analogue[i].b;
  }
  Channel stamps{.name = "time stamp"};
  column(stamps, 1);
  return stamps;
}

// Times of samples whose rate changes on the way.
Channel section_times(const ComtradeConfig& config, std::uint64_t length) {
  std::vector<double> times(length);
  double at = 0;
  std::size_t section = 0;
  for (std::uint64_t i = 0; i < length; ++i) {
    times[i] = at;
    while (section + 1 < config.rates.size() && i + 1 >= config.rates[section].last) ++section;
    at += 1 / config.rates[section].hertz;
  }
  Channel c{.name = "time"};
  c.samples = Buffer::of(std::move(times));
  return c;
}

void set_rate(Recording& r, const ComtradeConfig& config, const Channel& stamps) {
  const bool one = !config.rates.empty() &&
                   std::all_of(config.rates.begin(), config.rates.end(), [&](const auto& rate) {
                     return rate.hertz == config.rates[0].hertz;
                   });
  if (one) {
    r.rate = known_rate(config.rates[0].hertz, RateSource::Stated, "configuration");
    return;
  }
  if (r.length < 2) {
    r.rate = unknown_rate("one sample has no rate");
    return;
  }
  const bool by_stamps = config.rates.empty();
  const Channel times = by_stamps ? stamps : section_times(config, r.length);
  const double unit = by_stamps ? 1e-6 * config.time_factor : 1;
  const TimeAxis axis = time_axis(times, r.length);
  if (!axis.rising || !(axis.step > 0)) {
    r.rate = unknown_rate("the configuration states no rate and the time stamps do not rise");
    return;
  }
  r.rate =
      known_rate(1 / (axis.step * unit), by_stamps ? RateSource::TimeColumn : RateSource::Stated,
                 by_stamps ? "time stamps" : "configuration, several rates");
  if (axis.even) return;
  const std::uint64_t before = r.length;
  resample_evenly(r, times, axis);
  r.origin.warnings.push_back(
      fmt::format("{}; all channels were resampled by straight lines from {} to {} samples",
                  by_stamps ? "the time stamps are not evenly spaced"
                            : "the sample rate changes within the recording",
                  before, r.length));
}

}

int sniff_comtrade(const fs::path& path, std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.substr(0, 64).find("--- file type:") != std::string_view::npos) return 95;
  if (lower_suffix(path) == ".dat") {
    const fs::path config = beside(path, {".cfg", ".CFG", ".Cfg"});
    if (config.empty()) return 0;
    const auto other = read_head(config);
    return sniff_comtrade(config, other) > 0 ? 90 : 0;
  }
  // Two lines tell: "station,device,year" and "8,4A,4D".
  const auto second = text.find('\n');
  if (second == std::string_view::npos) return 0;
  std::string_view line =
      trimmed(text.substr(second + 1, text.find('\n', second + 1) - second - 1));
  std::vector<std::string_view> cells;
  split_cells(line.substr(0, 64), ',', cells);
  const auto counted = [](std::string_view cell, char letter) {
    cell = trimmed(cell);
    return cell.size() >= 2 && std::toupper(static_cast<unsigned char>(cell.back())) == letter &&
           std::all_of(cell.begin(), cell.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  };
  return cells.size() == 3 && counted(cells[1], 'A') && counted(cells[2], 'D') ? 92 : 0;
}

Recording load_comtrade(const fs::path& path, bool with_samples, const Context& context) {
  const Pieces p = pieces_of(path, read_head(path));
  Recording r = described(path, p.config);
  if (p.data == nullptr) {
    if (with_samples)
      throw Error(ErrorCode::NotFound,
                  fmt::format("the data of '{}' are not there: no {}.dat beside it", path.string(),
                              path.stem().string()),
                  "bring the .dat file of the same name");
    r.origin.warnings.push_back(
        fmt::format("the data are not there: no {}.dat beside it", path.stem().string()));
    r.rate = p.config.rates.empty()
                 ? unknown_rate("the configuration states none")
                 : known_rate(p.config.rates[0].hertz, RateSource::Stated, "configuration");
    return r;
  }
  context.step(0, "reading COMTRADE data");
  const Channel stamps = p.config.format == "ASCII" ? read_ascii(r, p, path) : read_binary(r, p);
  set_rate(r, p.config, stamps);
  if (!p.config.rates.empty() && p.config.rates.back().last != r.length &&
      r.origin.warnings.empty())
    r.origin.warnings.push_back(
        fmt::format("the configuration promises {} samples, the data hold {}",
                    p.config.rates.back().last, r.length));
  return r;
}

std::vector<std::string> comtrade_companions(const fs::path& path) {
  if (lower_suffix(path) == ".cff") return {};
  const fs::path other = lower_suffix(path) == ".dat" ? beside(path, {".cfg", ".CFG", ".Cfg"})
                                                      : beside(path, {".dat", ".DAT", ".Dat"});
  if (other.empty()) return {};
  return {other.filename().string()};
}

}
