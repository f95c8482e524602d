#include "modules/core/dataset.h"
#include "modules/core/error.h"
#include "modules/io/array_meaning.h"
#include "modules/io/recording_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

namespace sensorium {
namespace {

constexpr std::uint64_t most_channels = 64, fewest_samples = 128;

Error bad_view(const ArrayFile& file, const std::string& what) {
  return Error(ErrorCode::BadInput, fmt::format("'{}': {}", view_path(file.path()).string(), what),
               fmt::format("correct it, or remove it; 'sensorium info {}' shows what is there",
                           file.path().filename().string()));
}

bool is_real(const NamedArray& a) { return a.type && !is_complex(*a.type) && a.elements() > 0; }

bool is_vector(const NamedArray& a) {
  return is_real(a) && a.long_axes().size() == 1 && a.elements() >= fewest_samples &&
         a.elements() <= (std::uint64_t{1} << 50);
}

bool is_table(const NamedArray& a) {
  if (!is_real(a) || a.long_axes().size() != 2) return false;
  const auto axes = a.long_axes();
  const auto [few, many] = std::minmax(axes[0], axes[1]);
  return few <= most_channels && many >= fewest_samples && many >= 4 * few;
}

std::string plain(const NamedArray& a) {
  std::string name = a.short_name();
  std::erase_if(name, [](char c) { return c == '_' || c == ' ' || c == '-'; });
  return name;
}

const std::set<std::string, std::less<>> rate_words{"fs",
                                                    "fsamp",
                                                    "fsampling",
                                                    "samplerate",
                                                    "samplingrate",
                                                    "samplingfrequency",
                                                    "samplefrequency",
                                                    "samplefreq",
                                                    "samplingfreq",
                                                    "rate",
                                                    "ratehz",
                                                    "sr",
                                                    "sampleratehz",
                                                    "samplingratehz",
                                                    "fshz",
                                                    "srate"};
const std::set<std::string, std::less<>> step_words{"dt",
                                                    "ts",
                                                    "tsample",
                                                    "deltat",
                                                    "sampleinterval",
                                                    "samplinginterval",
                                                    "sampleperiod",
                                                    "samplingperiod",
                                                    "sampletime",
                                                    "wfincrement"};
const std::set<std::string, std::less<>> time_words{
    "t", "time", "times", "timestamp", "timestamps", "ts", "timesec", "times", "tsec", "seconds"};

std::string without_marks(std::string name) {
  std::erase_if(name, [](char c) { return c == '_' || c == ' ' || c == '-' || c == '.'; });
  return name;
}

// A number of the file that says how fast it was sampled.
std::optional<SampleRate> stated_rate(const ArrayFile& file,
                                      const std::vector<const NamedArray*>& arrays) {
  const auto rate = [](const std::string& word, double value,
                       const std::string& field) -> std::optional<SampleRate> {
    if (!(value > 0) || !std::isfinite(value)) return std::nullopt;
    if (rate_words.contains(word)) return known_rate(value, RateSource::Stated, field);
    if (step_words.contains(word)) return known_rate(1 / value, RateSource::Stated, field);
    return std::nullopt;
  };
  for (const NamedArray* array : arrays)
    for (const auto& [key, values] : array->numbers)
      if (values.size() == 1)
        if (auto found = rate(without_marks(key), values[0], "attribute " + key)) return found;
  for (const NamedArray& a : file.arrays()) {
    if (!is_real(a) || a.elements() != 1) continue;
    const std::string word = plain(a);
    if (!rate_words.contains(word) && !step_words.contains(word)) continue;
    if (auto found = rate(word, file.values(a).at(0), a.name)) return found;
  }
  return std::nullopt;
}

std::string unit_of(const NamedArray& array, const ArrayView& view) {
  if (!view.unit.empty()) return view.unit;
  for (const char* key : {"unit", "units", "unit_string"})
    if (const auto at = array.texts.find(key); at != array.texts.end()) return at->second;
  return {};
}

// Values that are no PixelType of this machine's byte order become doubles, by pieces.
void widen(const StoredSamples& stored, const NamedArray& array, std::uint64_t count, Buffer& out) {
  checked_bytes({count, sizeof(double)}, allocation_limit(), fmt::format("'{}'", array.name));
  const std::size_t width = size_of(*array.type);
  std::vector<double> all;
  all.reserve(count);
  constexpr std::uint64_t piece = 1 << 16;
  for (std::uint64_t at = 0; at < count; at += piece) {
    const std::uint64_t n = std::min(piece, count - at);
    const auto values = widened(stored.data.bytes().subspan(at * width, n * width), *array.type,
                                array.big_endian, n);
    all.insert(all.end(), values.begin(), values.end());
  }
  out = Buffer::of(std::move(all));
}

struct Lying {
  Buffer data;
  PixelType type = PixelType::Float64;
  std::size_t width = 8;
};

Lying lying(const ArrayFile& file, const NamedArray& array, const Context& context) {
  const StoredSamples stored = file.samples(array, context);
  const auto same = pixel_type(*array.type);
  Lying out;
  if (same && (!array.big_endian || size_of(*array.type) == 1)) {
    out.data = stored.data;
    out.type = *same;
    out.width = size_of(*array.type);
  } else {
    widen(stored, array, array.elements(), out.data);
  }
  return out;
}

// The axes of an array that are longer than one: positions.
std::vector<std::size_t> long_positions(const NamedArray& array) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < array.size.size(); ++i)
    if (array.size[i] != 1) out.push_back(i);
  return out;
}

void add_channels(const ArrayFile& file, const NamedArray& array, const ArrayView& view,
                  const Context& context, Recording& r) {
  const Lying data = lying(file, array, context);
  const auto axes = long_positions(array);
  Channel c{.unit = unit_of(array, view), .source = "variable " + array.name};
  c.type = data.type;
  c.samples = data.data;
  c.stride = data.width;
  if (axes.size() < 2) {
    c.name = array.name.substr(array.name.rfind('/') + 1);
    r.length = array.elements();
    r.channels.push_back(std::move(c));
    return;
  }
  std::size_t time = array.size[axes[0]] >= array.size[axes[1]] ? axes[0] : axes[1];
  for (std::size_t i = 0; i < view.axes.size() && i < 2; ++i)
    if (view.axes[i] == "time" && view.axes.size() == array.size.size()) time = i;
  const std::size_t channel = time == axes[0] ? axes[1] : axes[0];
  r.length = array.size[time];
  for (std::uint64_t k = 0; k < array.size[channel]; ++k) {
    Channel one = c;
    one.name = fmt::format("{} {}", array.name.substr(array.name.rfind('/') + 1), k + 1);
    one.first = k * array.stride[channel] * data.width;
    one.stride = array.stride[time] * data.width;
    r.channels.push_back(std::move(one));
  }
}

void use_times(const ArrayFile& file, const NamedArray& array, const Context& context,
               Recording& r) {
  const Lying data = lying(file, array, context);
  Channel times;
  times.type = data.type;
  times.samples = data.data;
  times.stride = data.width;
  const TimeAxis axis = time_axis(times, r.length);
  const auto unit_text = unit_of(array, {});
  const double unit = seconds_of_unit(unit_text).value_or(1);
  if (!axis.rising || !(axis.step > 0)) {
    r.rate = unknown_rate(fmt::format("the times of '{}' do not rise", array.name));
    r.origin.warnings.push_back(r.rate.field);
    return;
  }
  r.start_s = axis.first * unit;
  r.rate = known_rate(1 / (axis.step * unit), RateSource::TimeColumn, array.name);
  if (unit_text.empty())
    r.origin.warnings.push_back(
        fmt::format("'{}' has no unit: seconds were assumed, as MATLAB has them", array.name));
  if (axis.even) return;
  const std::uint64_t before = r.length;
  resample_evenly(r, times, axis);
  r.origin.warnings.push_back(fmt::format(
      "the samples are not evenly spaced: {} gaps ({} samples missing); the channels were "
      "resampled by straight lines from {} to {} samples at the median step",
      axis.gaps, axis.missing, before, r.length));
}

void choose_named(const ArrayFile& file, const ArrayView& view, RecordingChoice& out) {
  for (const std::string& name : view.variables) {
    const NamedArray* a = file.find(name);
    if (a == nullptr) throw bad_view(file, fmt::format("there is no variable '{}'", name));
    if (!is_real(*a) || a->long_axes().size() > 2 ||
        (a->long_axes().size() == 2 &&
         std::min(a->long_axes()[0], a->long_axes()[1]) > most_channels))
      throw bad_view(file, fmt::format("'{}' is {}: channels are vectors, or an array of at most "
                                       "{} of them",
                                       a->name, size_text(*a), most_channels));
    if (!out.arrays.empty() &&
        (a->long_axes().size() != 1 || out.arrays[0]->long_axes() != a->long_axes()))
      throw bad_view(file, fmt::format("'{}' is {}, '{}' is {}: channels are of one length",
                                       out.arrays[0]->name, size_text(*out.arrays[0]), a->name,
                                       size_text(*a)));
    out.arrays.push_back(a);
  }
}

bool is_time(const NamedArray& a) { return is_vector(a) && time_words.contains(plain(a)); }

// The largest table, or all vectors of the greatest length.
void choose_largest(const ArrayFile& file, RecordingChoice& out) {
  std::uint64_t most = 0;
  for (const NamedArray& a : file.arrays())
    if ((is_table(a) || is_vector(a)) && !is_time(a)) most = std::max(most, a.elements());
  for (const NamedArray& a : file.arrays())
    if (is_table(a) && a.elements() == most) {
      out.arrays = {&a};
      return;
    }
  for (const NamedArray& a : file.arrays())
    if (is_vector(a) && a.elements() == most && !is_time(a) && out.arrays.size() < most_channels)
      out.arrays.push_back(&a);
}

}

std::optional<RecordingChoice> find_recording(const ArrayFile& file, const ArrayView& view) {
  if (!view.as.empty() && view.as != "recording") return std::nullopt;
  RecordingChoice out;
  if (view.as == "recording" && !view.variables.empty())
    choose_named(file, view, out);
  else
    choose_largest(file, out);
  if (out.arrays.empty()) {
    if (view.as == "recording") throw bad_view(file, "no variable can be a recording");
    return std::nullopt;
  }
  const auto axes = out.arrays[0]->long_axes();
  const std::uint64_t length = *std::max_element(axes.begin(), axes.end());
  for (const NamedArray& a : file.arrays())
    if (is_time(a) && a.elements() == length &&
        std::find(out.arrays.begin(), out.arrays.end(), &a) == out.arrays.end())
      out.times = &a;
  if (view.rate_hz)
    out.rate = known_rate(*view.rate_hz, RateSource::UserEntry,
                          view_path(file.path()).filename().string());
  else if (auto rate = stated_rate(file, out.arrays))
    out.rate = *rate;
  else
    out.rate = unknown_rate("no variable or attribute states a rate or times");
  out.certain = view.as == "recording" || out.rate.known() || out.times != nullptr;
  return out;
}

Recording recording_of(const ArrayFile& file, const RecordingChoice& choice, const ArrayView& view,
                       const Context& context) {
  Recording r;
  r.origin.path = file.path().string();
  for (const NamedArray* array : choice.arrays) add_channels(file, *array, view, context, r);
  r.rate = choice.rate;
  if (!r.rate.known() && choice.times != nullptr) use_times(file, *choice.times, context, r);
  std::string names, others;
  for (const NamedArray* array : choice.arrays) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", array->name, size_text(*array));
    if (const auto stored = stored_as(*array); !stored.empty())
      r.origin.facts.push_back({"values of " + array->name, stored, file.format()});
  }
  r.origin.facts.insert(r.origin.facts.begin(), {"variable", names, file.format()});
  for (const NamedArray& a : file.arrays())
    if ((is_table(a) || is_vector(a)) && &a != choice.times && others.size() < 400 &&
        std::find(choice.arrays.begin(), choice.arrays.end(), &a) == choice.arrays.end())
      others += fmt::format("{}{} ({})", others.empty() ? "" : ", ", a.name, size_text(a));
  if (!others.empty())
    r.origin.warnings.push_back(
        fmt::format("other variables could be channels, too: {}; a file {} can name them", others,
                    view_path(file.path()).filename().string()));
  return r;
}

}
