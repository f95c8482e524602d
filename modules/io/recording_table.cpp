#include "modules/io/recording_table.h"

#include "modules/core/error.h"
#include "modules/core/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unistd.h>

namespace sensorium {
namespace fs = std::filesystem;
namespace {

fs::path conversion_file(const std::string& key) {
  return cache_folder() / "recordings" / (key + ".f64");
}

constexpr std::uint64_t chunk = 1 << 16;

// Visits each step between two neighbouring times.
template<class Visit> void each_step(const Channel& times, std::uint64_t length, Visit visit) {
  std::vector<double> values(chunk);
  double before = 0;
  for (std::uint64_t at = 0; at < length; at += chunk) {
    const std::uint64_t count = std::min(chunk, length - at);
    read_block(times, at, std::span(values).first(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      if (at + i > 0) visit(at + i, before, values[i]);
      before = values[i];
    }
  }
}

// The power of ten, at most `from`, of which the value is a multiple: what it was printed with.
double resolution(double value, double from) {
  while (from > 1e-12 && std::abs(value / from - std::round(value / from)) > 1e-6) from /= 10;
  return from;
}

double median_step(const Channel& times, std::uint64_t length) {
  std::vector<double> steps;
  const std::uint64_t every = std::max<std::uint64_t>(1, length / 100000);
  each_step(times, length, [&](std::uint64_t i, double a, double b) {
    if (i % every == 0) steps.push_back(b - a);
  });
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// Rounding makes many steps differ from the usual one; a few that do are gaps.
bool steps_vary(const Channel& times, std::uint64_t length, double digits) {
  const double usual = median_step(times, length);
  std::uint64_t other = 0;
  each_step(times, length, [&](std::uint64_t, double a, double b) {
    other += std::abs(b - a - usual) > digits / 2 ? 1 : 0;
  });
  return static_cast<double>(other) > 0.05 * static_cast<double>(length);
}

}

SampleTable::SampleTable(std::string key, std::size_t memory_limit)
    : limit_(memory_limit), key_(std::move(key)) {}

SampleTable::~SampleTable() {
  if (draft_.empty()) return;
  std::error_code ignored;
  file_.close();
  fs::remove(draft_, ignored);
}

void SampleTable::add(std::span<const double> row) {
  memory_.insert(memory_.end(), row.begin(), row.end());
  ++rows_;
  if (memory_.size() * sizeof(double) >= limit_) spill();
}

void SampleTable::spill() {
  if (draft_.empty()) {
    make_folder(cache_folder() / "recordings");
    draft_ = conversion_file(key_).string() + fmt::format(".{}", ::getpid());
    file_.open(draft_, std::ios::binary | std::ios::trunc);
  }
  file_.write(reinterpret_cast<const char*>(memory_.data()),
              static_cast<std::streamsize>(memory_.size() * sizeof(double)));
  if (!file_)
    throw Error(ErrorCode::Resources,
                fmt::format("cannot write the converted recording '{}'", draft_.string()),
                "free space there, or choose another folder with $SENSORIUM_CACHE");
  memory_.clear();
}

Buffer SampleTable::take() {
  if (draft_.empty()) return Buffer::of(std::move(memory_));
  spill();
  file_.close();
  const fs::path target = conversion_file(key_);
  std::error_code code;
  fs::rename(draft_, target, code);
  if (!file_ || code)
    throw Error(ErrorCode::Resources,
                fmt::format("cannot finish the converted recording '{}'", target.string()),
                "free space there, or choose another folder with $SENSORIUM_CACHE");
  draft_.clear();
  const auto mapped = MappedFile::open(target);
  return Buffer(mapped, 0, mapped->bytes().size());
}

std::string conversion_key(const fs::path& path, std::string_view what) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  const auto time = fs::last_write_time(path, code).time_since_epoch().count();
  return sha256(fmt::format("2|{}|{}|{}|{}", fs::absolute(path, code).string(), size, time, what))
      .substr(0, 32);
}

std::optional<Buffer> converted_before(const std::string& key) {
  std::error_code code;
  const fs::path file = conversion_file(key);
  if (!fs::is_regular_file(file, code) || fs::file_size(file, code) == 0) return std::nullopt;
  const auto mapped = MappedFile::open(file);
  return Buffer(mapped, 0, mapped->bytes().size());
}

TimeAxis time_axis(const Channel& times, std::uint64_t length) {
  TimeAxis axis;
  if (length < 2) return axis;
  double first = 0, last = 0;
  read_block(times, 0, {&first, 1});
  read_block(times, length - 1, {&last, 1});
  axis.first = first;
  axis.rising = std::isfinite(first) && std::isfinite(last) && last > first;
  const double mean = (last - first) / static_cast<double>(length - 1);
  double off = 0, longest = 0, digits = resolution(first, 1);
  each_step(times, length, [&](std::uint64_t i, double a, double b) {
    if (!(b >= a)) axis.rising = false;
    digits = resolution(b, digits);
    longest = std::max(longest, b - a);
    off = std::max(off, std::abs(b - first - mean * static_cast<double>(i)));
  });
  if (!axis.rising) return axis;
  axis.even = off <= 0.05 * mean;
  if (!axis.even && off <= 1.01 * digits && longest <= mean + 1.01 * digits)
    axis.even = axis.rounded = steps_vary(times, length, digits);
  axis.step = axis.even ? mean : median_step(times, length);
  if (axis.even || !(axis.step > 0)) return axis;
  each_step(times, length, [&](std::uint64_t, double a, double b) {
    if (b - a <= 1.5 * axis.step) return;
    ++axis.gaps;
    axis.missing += static_cast<std::uint64_t>(
        std::min(std::llround(std::min((b - a) / axis.step, 1e15)) - 1, 1000000000000000LL));
  });
  return axis;
}

void resample_evenly(Recording& r, const Channel& times, const TimeAxis& axis) {
  double last = 0;
  read_block(times, r.length - 1, {&last, 1});
  const double wanted = (last - axis.first) / axis.step;
  if (!(wanted <= 4.0 * static_cast<double>(r.length)))
    throw Error(
        ErrorCode::BadInput,
        fmt::format("'{}': its times have gaps of {:.3g} samples in all, more than it holds",
                    r.origin.path, wanted),
        "cut the recording at its gaps");
  const auto count = static_cast<std::uint64_t>(wanted + 1e-6) + 1;
  const std::vector<double> t = [&] {
    std::vector<double> all(r.length);
    read_block(times, 0, all);
    return all;
  }();
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const std::vector<double> in = block(r, c, 0, r.length);
    std::vector<double> out(count);
    std::uint64_t k = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const double at = axis.first + axis.step * static_cast<double>(i);
      while (k + 2 < r.length && t[k + 1] <= at) ++k;
      const double span = t[k + 1] - t[k];
      const double part = span > 0 ? std::clamp((at - t[k]) / span, 0.0, 1.0) : 0;
      out[i] = part == 0 ? in[k] : in[k] + part * (in[k + 1] - in[k]);
    }
    Channel& channel = r.channels[c];
    channel.type = PixelType::Float64;
    channel.scale = 1;
    channel.offset = 0;
    channel.first = 0;
    channel.stride = 8;
    channel.samples = Buffer::of(std::move(out));
  }
  r.length = count;
}

std::optional<double> seconds_of_unit(std::string_view unit) {
  for (const auto& [name, seconds] :
       std::initializer_list<std::pair<std::string_view, double>>{{"s", 1},
                                                                  {"sec", 1},
                                                                  {"secs", 1},
                                                                  {"second", 1},
                                                                  {"seconds", 1},
                                                                  {"ms", 1e-3},
                                                                  {"msec", 1e-3},
                                                                  {"millisecond", 1e-3},
                                                                  {"milliseconds", 1e-3},
                                                                  {"us", 1e-6},
                                                                  {"µs", 1e-6},
                                                                  {"μs", 1e-6},
                                                                  {"usec", 1e-6},
                                                                  {"microseconds", 1e-6},
                                                                  {"ns", 1e-9},
                                                                  {"min", 60},
                                                                  {"h", 3600}})
    if (unit == name) return seconds;
  return std::nullopt;
}

}
