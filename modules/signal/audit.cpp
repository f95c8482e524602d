#include "modules/signal/audit.h"

#include "modules/signal/continuity.h"
#include "modules/signal/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

namespace sensorium {
namespace {

constexpr std::uint64_t chunk = 1 << 16, most_values = std::uint64_t{1} << 26;

// The parts of a channel that are looked at: all, or every n-th block.
template<class Visit>
void each_block(const Recording& r, std::size_t channel, bool sampled, const Visit& visit) {
  std::vector<double> values(std::min<std::uint64_t>(chunk, r.length));
  const std::uint64_t blocks = (r.length + chunk - 1) / chunk;
  const std::uint64_t every = sampled ? blocks * chunk / most_values + 1 : 1;
  for (std::uint64_t b = 0; b < blocks; b += every) {
    const std::uint64_t count = std::min(chunk, r.length - b * chunk);
    read_block(r.channels[channel], b * chunk, std::span(values).first(count));
    visit(std::span<const double>(values).first(count));
  }
}

ChannelStatistics statistics(const Recording& r, std::size_t channel, bool sampled) {
  ChannelStatistics s;
  s.minimum = std::numeric_limits<double>::infinity();
  s.maximum = -s.minimum;
  double sum = 0, squares = 0, count = 0;
  each_block(r, channel, sampled, [&](std::span<const double> values) {
    for (const double v : values) {
      if (!std::isfinite(v)) {
        ++s.absent;
        continue;
      }
      s.minimum = std::min(s.minimum, v);
      s.maximum = std::max(s.maximum, v);
      sum += v;
      squares += v * v;
      ++count;
    }
  });
  if (count == 0) return {.absent = s.absent};
  s.mean = sum / count;
  s.rms = std::sqrt(std::max(0.0, squares / count - s.mean * s.mean));
  const double range = s.maximum - s.minimum;
  if (!(range > 0)) return s;
  double before = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t hold = 0;
  each_block(r, channel, sampled, [&](std::span<const double> values) {
    for (const double v : values) {
      const double part = (v - s.minimum) / range;
      s.low_end += part < 0.02 ? 1 : 0;
      s.low_next += part >= 0.02 && part < 0.08 ? 1 : 0;
      s.high_end += part > 0.98 ? 1 : 0;
      s.high_next += part <= 0.98 && part > 0.92 ? 1 : 0;
      hold = v == before && part > 0.02 && part < 0.98 ? hold + 1 : 1;
      s.longest_hold = std::max(s.longest_hold, hold);
      before = v;
    }
  });
  for (double* part : {&s.low_end, &s.low_next, &s.high_end, &s.high_next}) *part /= count;
  return s;
}

bool clipped(double end, double next) { return end > 0.02 && next > 0 && end > 1.4 * next; }

void judge_channel(const Recording& r, int index, const ChannelStatistics& s, Audit& out) {
  const Channel& c = r.channels[static_cast<std::size_t>(index)];
  const std::string name = fmt::format("'{}'", c.name);
  if (s.absent > 0)
    out.entries.push_back({"missing values", index, static_cast<double>(s.absent),
                           fmt::format("Channel {} lacks {} values.", name, s.absent)});
  if (s.maximum == s.minimum) {
    out.entries.push_back(
        {"missing phase", index, 0, fmt::format("Channel {} is constant ({:.6g}).", name, s.mean)});
    return;
  }
  const bool low = clipped(s.low_end, s.low_next), high = clipped(s.high_end, s.high_next);
  if (low || high)
    out.entries.push_back(
        {"clipping", index, s.low_end + s.high_end,
         fmt::format("Channel {} looks clipped at {}: {:.1f} % of its values lie in the outermost "
                     "parts of its range; its odd harmonics are not the machine's.",
                     name,
                     low && high ? fmt::format("{:.4g} and {:.4g}", s.minimum, s.maximum)
                                 : fmt::format("{:.4g}", low ? s.minimum : s.maximum),
                     100 * ((low ? s.low_end : 0) + (high ? s.high_end : 0)))});
  if (std::abs(s.mean) > 0.05 * s.rms)
    out.entries.push_back({"offset", index, s.mean,
                           fmt::format("Channel {} has an offset of {:.4g} ({:.0f} % of its rms).",
                                       name, s.mean, 100 * std::abs(s.mean) / s.rms)});
  if (s.longest_hold >= 8)
    out.entries.push_back(
        {"dropped samples", index, static_cast<double>(s.longest_hold),
         fmt::format("Channel {} holds one value for {} samples: samples may have "
                     "been dropped.",
                     name, s.longest_hold)});
}

// At most the first 2^20 samples.
void judge_continuity(const Recording& r, const PhaseChannels& phases, double frequency,
                      Audit& out) {
  const std::uint64_t count = std::min<std::uint64_t>(r.length, 1u << 20);
  std::array<std::vector<double>, 3> x;
  for (std::size_t k = 0; k < 3; ++k) {
    x[k] = block(r, phases.index[k], 0, count);
    bridge_gaps(x[k]);
  }
  const auto jumps = phase_jumps({x[0], x[1], x[2]}, frequency);
  if (jumps.empty()) return;
  const PhaseJump& first = jumps.front();
  out.entries.push_back(
      {"dropped samples", -1, static_cast<double>(jumps.size()),
       fmt::format("All three currents jump by {:.0f} degrees near sample {}{}: about {:.0f} "
                   "samples, or that and whole periods, may be missing there.",
                   first.degrees, first.sample + 1,
                   jumps.size() > 1
                       ? fmt::format(" (the first of {}{} such places)",
                                     jumps.size() == 16 ? "at least " : "", jumps.size())
                       : "",
                   first.missing)});
}

void judge_phases(const Recording& r, Audit& out) {
  const auto phases = phase_channels(r);
  if (!phases) return;
  std::array<double, 3> levels{};
  for (std::size_t k = 0; k < 3; ++k) levels[k] = out.channels[phases->index[k]].rms;
  const double most = *std::max_element(levels.begin(), levels.end());
  if (!(most > 0)) return;
  bool all = true;
  for (std::size_t k = 0; k < 3; ++k)
    if (levels[k] < 0.1 * most) {
      all = false;
      out.entries.push_back(
          {"missing phase", static_cast<int>(phases->index[k]), levels[k] / most,
           fmt::format(
               "Channel '{}' is nearly empty beside the other phases ({:.1f} % of their rms).",
               r.channels[phases->index[k]].name, 100 * levels[k] / most)});
    }
  if (!all) return;
  if (const double apart = unbalance(levels); apart > 0.05)
    out.entries.push_back(
        {"unbalance", -1, apart,
         fmt::format("The three currents differ by {:.1f} % in rms: unequal gains, "
                     "an unbalanced supply or a fault.",
                     100 * apart)});
  const std::uint64_t count = std::min<std::uint64_t>(r.length, 8192);
  std::array<std::vector<double>, 3> head;
  for (std::size_t k = 0; k < 3; ++k) head[k] = block(r, phases->index[k], 0, count);
  const std::array<std::span<const double>, 3> spans{head[0], head[1], head[2]};
  const auto sine = strongest_sine(spans, 1, 2.0 / static_cast<double>(count), 0.5);
  if (!sine) return;
  const Sequence s = sequence_of({sine->phasors[0], sine->phasors[1], sine->phasors[2]});
  const double p = std::abs(s.positive), n = std::abs(s.negative);
  if (n > 2 * p)
    out.entries.push_back({"phase order", -1, p > 0 ? n / p : 1e9,
                           "The phases follow each other in the order a, c, b: two are swapped, or "
                           "the machine runs backwards."});
  else if (n > 0.5 * p)
    out.entries.push_back(
        {"phase order", -1, n / p,
         "The three currents are no three-phase system in this order: a sensor may "
         "be turned round or a phase recorded twice."});
  if (n <= 0.5 * p || n > 2 * p) judge_continuity(r, *phases, sine->frequency, out);
}

}

bool is_status(const Channel& c) { return c.unit == "state"; }

std::optional<PhaseChannels> phase_channels(const Recording& r) {
  static const std::array<std::regex, 3> names = {
      std::regex(R"(^(i|current|phase|strom)?[ _-]*(a|u|r|l1|1)([ _-]*(current|phase))?\s*$)",
                 std::regex::icase),
      std::regex(R"(^(i|current|phase|strom)?[ _-]*(b|v|s|l2|2)([ _-]*(current|phase))?\s*$)",
                 std::regex::icase),
      std::regex(R"(^(i|current|phase|strom)?[ _-]*(c|w|t|l3|3)([ _-]*(current|phase))?\s*$)",
                 std::regex::icase)};
  PhaseChannels out;
  std::array<bool, 3> found{};
  for (std::size_t c = 0; c < r.channels.size(); ++c)
    for (std::size_t k = 0; k < 3; ++k)
      if (!found[k] && r.channels[c].name.size() < 64 && !is_status(r.channels[c]) &&
          std::regex_match(r.channels[c].name, names[k])) {
        out.index[k] = c;
        found[k] = true;
      }
  if (found[0] && found[1] && found[2]) {
    out.how = fmt::format("Phases a, b, c by name: {}, {}, {}.", r.channels[out.index[0]].name,
                          r.channels[out.index[1]].name, r.channels[out.index[2]].name);
    return out;
  }
  for (std::size_t first = 0; first + 2 < r.channels.size(); ++first) {
    const auto& c = r.channels;
    if (is_status(c[first]) || c[first].unit != c[first + 1].unit ||
        c[first].unit != c[first + 2].unit)
      continue;
    out.index = {first, first + 1, first + 2};
    out.how = fmt::format("Phases a, b, c were taken to be {}, {}, {}, by their order.",
                          c[first].name, c[first + 1].name, c[first + 2].name);
    return out;
  }
  return std::nullopt;
}

Audit audit(const Recording& r, const AuditOptions& options, const Context& context) {
  Audit out;
  out.sampled = r.length > most_values;
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    context.step(static_cast<double>(c) / static_cast<double>(r.channels.size()),
                 "checking channels");
    out.channels.push_back(is_status(r.channels[c]) ? ChannelStatistics{}
                                                    : statistics(r, c, out.sampled));
    if (!is_status(r.channels[c])) judge_channel(r, static_cast<int>(c), out.channels[c], out);
  }
  judge_phases(r, out);
  if (r.rate.known() && options.resolution_hz > 0) {
    const double resolution = r.rate.hertz / static_cast<double>(r.length);
    if (resolution > options.resolution_hz)
      out.entries.push_back(
          {"too short", -1, resolution,
           fmt::format("{} samples at {:.6g} Hz part lines {:.3g} Hz from each other; "
                       "{:.3g} Hz were asked for.",
                       r.length, r.rate.hertz, resolution, options.resolution_hz)});
  }
  return out;
}

}
