#include "modules/io/recording_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t block_size = 65536, riff_limit = 0xffffff00u;

class Out {
public:
  explicit Out(DraftFile& file) : file_(file), stream_(file.path(), std::ios::binary) {}
  void text(std::string_view s) {
    stream_.write(s.data(), static_cast<std::streamsize>(s.size()));
    if (!stream_) throw file_.failure();
  }
  template<class T> void number(T value) {
    text({reinterpret_cast<const char*>(&value), sizeof value});
  }
  template<class T> void all(std::span<const T> values) {
    text({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  void finish() {
    stream_.close();
    if (!stream_) throw file_.failure();
    file_.finish();
  }

private:
  DraftFile& file_;
  std::ofstream stream_;
};

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// Blocks of all channels side by side.
void each_rows(const Recording& r, const SampleSpan& span, const Context& context,
               const std::function<void(std::uint64_t at, const std::vector<std::vector<double>>&,
                                        std::size_t rows)>& put) {
  const std::uint64_t step = std::max<std::uint64_t>(1, block_size / r.channels.size());
  std::vector<std::vector<double>> values(r.channels.size());
  for (std::uint64_t at = 0; at < span.count; at += step) {
    const std::uint64_t rows = std::min(step, span.count - at);
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c].resize(rows);
      read_block(r.channels[c], span.first + at, values[c]);
    }
    put(at, values, rows);
    context.step(static_cast<double>(at + rows) / static_cast<double>(span.count), "writing");
  }
}

double start_of(const Recording& r, const SampleSpan& span) {
  return r.start_s + (r.rate.known() ? static_cast<double>(span.first) / r.rate.hertz : 0);
}

// --- MAT v5: MAT-File Format (MathWorks), "Level 5 MAT-File Format" ---

void begin_matrix(Out& out, const std::string& name, std::uint32_t kind, std::uint32_t rows,
                  std::uint32_t columns, std::uint32_t data_type, std::uint64_t data_bytes) {
  const auto padded = [](std::uint64_t n) { return (n + 7) / 8 * 8; };
  out.number<std::uint32_t>(14);
  out.number(
      static_cast<std::uint32_t>(16 + 16 + 8 + padded(name.size()) + 8 + padded(data_bytes)));
  for (const std::uint32_t n : {6u, 8u, kind, 0u, 5u, 8u, rows, columns, 1u}) out.number(n);
  out.number(static_cast<std::uint32_t>(name.size()));
  out.text(name + std::string(padded(name.size()) - name.size(), '\0'));
  out.number(data_type);
  out.number(static_cast<std::uint32_t>(data_bytes));
}

void put_scalar(Out& out, const std::string& name, double value) {
  begin_matrix(out, name, 6, 1, 1, 9, 8);
  out.number(value);
}

void put_text(Out& out, const std::string& name, const std::string& text) {
  begin_matrix(out, name, 4, 1, static_cast<std::uint32_t>(text.size()), 16, text.size());
  out.text(text + std::string((8 - text.size() % 8) % 8, '\0'));
}

}

DraftFile::DraftFile(fs::path path)
    : path_(std::move(path)), draft_(path_.string() + fmt::format(".{}.tmp", ::getpid())) {}

DraftFile::~DraftFile() {
  std::error_code ignored;
  if (!draft_.empty()) fs::remove(draft_, ignored);
}

void DraftFile::finish() {
  std::error_code code;
  fs::rename(draft_, path_, code);
  if (code) throw failure();
  draft_.clear();
}

Error DraftFile::failure() const {
  return Error(ErrorCode::Resources, fmt::format("cannot write '{}'", path_.string()),
               "is the disk full, or the folder read-only?");
}

void check_span(const Recording& r, const SampleSpan& span) {
  if (span.count > 0 && span.first < r.length && span.count <= r.length - span.first &&
      !r.channels.empty())
    return;
  throw Error(ErrorCode::Usage,
              fmt::format("samples {} to {} are not in '{}', which has {}", span.first + 1,
                          span.first + span.count, r.origin.path, r.length),
              "choose a span inside of the recording");
}

std::vector<std::string> variable_names(const Recording& r) {
  std::set<std::string> taken{"Fs", "t0", "units"};
  std::vector<std::string> out;
  for (const Channel& channel : r.channels) {
    std::string name;
    for (const char c : channel.name)
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    if (name.empty() || std::isalpha(static_cast<unsigned char>(name[0])) == 0) name = "x" + name;
    name = name.substr(0, 55);
    std::string one = name;
    for (int i = 2; !taken.insert(one).second; ++i) one = fmt::format("{}_{}", name, i);
    out.push_back(one);
  }
  return out;
}

void each_block(const Recording& r, std::size_t channel, const SampleSpan& span,
                const std::function<void(std::uint64_t, std::span<const double>)>& put) {
  std::vector<double> values;
  for (std::uint64_t at = 0; at < span.count; at += block_size) {
    values.resize(std::min(block_size, span.count - at));
    read_block(r.channels[channel], span.first + at, values);
    put(at, values);
  }
}

void write_recording_csv(const Recording& r, const SampleSpan& span, const fs::path& path,
                         const Context& context) {
  check_span(r, span);
  DraftFile file(path);
  Out out(file);
  std::string line = r.rate.known() ? "time [s]" : "";
  for (const Channel& c : r.channels)
    line +=
        (line.empty() ? "" : ",") + quoted(c.unit.empty() ? c.name : c.name + " [" + c.unit + "]");
  out.text(line + "\n");
  each_rows(r, span, context, [&](std::uint64_t at, const auto& values, std::size_t rows) {
    line.clear();
    for (std::size_t i = 0; i < rows; ++i) {
      if (r.rate.known())
        line += fmt::format("{:.12g}",
                            r.start_s + static_cast<double>(span.first + at + i) / r.rate.hertz);
      for (std::size_t c = 0; c < values.size(); ++c) {
        if (c > 0 || r.rate.known()) line += ',';
        if (std::isfinite(values[c][i]))
          fmt::format_to(std::back_inserter(line), "{}", values[c][i]);
      }
      line += '\n';
    }
    out.text(line);
  });
  out.finish();
}

void write_recording_wav(const Recording& r, const SampleSpan& span, const fs::path& path,
                         const Context& context) {
  check_span(r, span);
  const double hertz = std::round(r.rate.hertz);
  if (!r.rate.known() || std::abs(hertz - r.rate.hertz) > 1e-9 * hertz || hertz < 1 || hertz > 4e9)
    throw Error(
        ErrorCode::Unsupported,
        r.rate.known()
            ? fmt::format("the rate of '{}' is {:.10g} Hz, and a WAV file holds whole hertz",
                          r.origin.path, r.rate.hertz)
            : fmt::format("the rate of '{}' is unknown, and a WAV file needs one", r.origin.path),
        "write CSV, MAT or HDF5");
  const std::uint64_t channels = r.channels.size(), bytes = span.count * channels * 4;
  if (channels > 65535 || bytes > riff_limit)
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} bytes of samples do not fit into a WAV file (4 GiB)", bytes),
                "choose a shorter span, or write HDF5");
  DraftFile file(path);
  Out out(file);
  const auto u32 = [&](std::uint64_t v) { out.number(static_cast<std::uint32_t>(v)); };
  const auto u16 = [&](std::uint64_t v) { out.number(static_cast<std::uint16_t>(v)); };
  out.text("RIFF");
  u32(4 + 26 + 12 + 8 + bytes);
  out.text("WAVEfmt ");
  u32(18);
  u16(3); // IEEE floats
  u16(channels);
  u32(static_cast<std::uint64_t>(hertz));
  u32(static_cast<std::uint64_t>(hertz) * channels * 4);
  u16(channels * 4);
  u16(32);
  u16(0);
  out.text("fact");
  u32(4);
  u32(span.count);
  out.text("data");
  u32(bytes);
  std::vector<float> row;
  each_rows(r, span, context, [&](std::uint64_t, const auto& values, std::size_t rows) {
    row.clear();
    for (std::size_t i = 0; i < rows; ++i)
      for (const auto& channel : values) row.push_back(static_cast<float>(channel[i]));
    out.all(std::span<const float>(row));
  });
  out.finish();
}

void write_recording_mat(const Recording& r, const SampleSpan& span, const fs::path& path,
                         const Context& context) {
  check_span(r, span);
  if (span.count > riff_limit / 8)
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} samples a channel do not fit into MAT v5 (4 GiB)", span.count),
                "choose a shorter span, or write HDF5");
  DraftFile file(path);
  Out out(file);
  std::string head = "MATLAB 5.0 MAT-file, Platform: GLNXA64, Created by: Sensorium";
  head.resize(124, ' ');
  out.text(head);
  out.number<std::uint16_t>(0x0100);
  out.text("IM");
  const auto names = variable_names(r);
  std::string units;
  for (std::size_t c = 0; c < names.size(); ++c) {
    context.step(static_cast<double>(c) / static_cast<double>(names.size()), "writing");
    begin_matrix(out, names[c], 6, static_cast<std::uint32_t>(span.count), 1, 9, 8 * span.count);
    each_block(r, c, span, [&](std::uint64_t, std::span<const double> values) { out.all(values); });
    units += (c > 0 ? "," : "") + r.channels[c].unit;
  }
  if (r.rate.known()) {
    put_scalar(out, "Fs", r.rate.hertz);
    put_scalar(out, "t0", start_of(r, span));
  }
  std::erase_if(units, [](char c) { return static_cast<unsigned char>(c) > 126; });
  if (units.find_first_not_of(',') != std::string::npos) put_text(out, "units", units);
  out.finish();
}

}
