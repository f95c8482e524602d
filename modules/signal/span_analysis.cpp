#include "modules/signal/span_analysis.h"

#include "modules/core/error.h"
#include "modules/core/scattered_reading.h"
#include "modules/signal/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr std::uint64_t least_samples = 16;

std::vector<double> bridged(const Recording& r, std::size_t channel, std::uint64_t from,
                            std::uint64_t count) {
  std::vector<double> out = block(r, channel, from, count);
  bridge_gaps(out);
  return out;
}

// First samples of the pieces of the span.
std::vector<std::uint64_t> pieces_of(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t length = to - from;
  if (length <= longest_piece) return {from};
  const auto count =
      std::min<std::uint64_t>(most_pieces, (length + longest_piece - 1) / longest_piece);
  std::vector<std::uint64_t> out;
  for (std::uint64_t k = 0; k < count; ++k)
    out.push_back(from + (length - longest_piece) * k / (count - 1));
  return out;
}

void add_power(FrequencySpectrum& sum, const FrequencySpectrum& one, double weight) {
  sum.step = one.step;
  sum.values.resize(one.values.size());
  for (std::size_t k = 0; k < one.values.size(); ++k)
    sum.values[k] += weight * one.values[k] * one.values[k];
}

void take_root(FrequencySpectrum& s) {
  for (double& v : s.values) v = std::sqrt(v);
}

double main_lobe_bins(const std::string& window) {
  return window == "rectangular"                   ? 1
         : window == "hann" || window == "hamming" ? 2
         : window == "blackman"                    ? 3
         : window == "flattop"                     ? 5
                                                   : 4;
}

void measure_phases(const Recording& r, const SpanRequest& q, std::uint64_t middle,
                    std::uint64_t count, SpanAnalysis& out) {
  std::array<std::vector<double>, 3> values;
  for (std::size_t k = 0; k < 3; ++k) values[k] = bridged(r, (*q.phases)[k], middle, count);
  const ThreePhase all{values[0], values[1], values[2]};
  const std::size_t shown = std::min<std::size_t>(count, most_locus_points),
                    at = (count - shown) / 2;
  out.park =
      park({all[0].subspan(at, shown), all[1].subspan(at, shown), all[2].subspan(at, shown)});
  if (!(out.fundamental > 0)) return;
  const Sequence s = sequence_at(all, q.rate, out.fundamental);
  out.ratio = s.ratio();
  out.ratio_angle = s.angle();
}

// Of the phases, else of the first channel.
void measure_levels(const std::vector<std::vector<double>>& signals, SpanAnalysis& out) {
  std::vector<double> levels;
  for (const auto& x : signals) {
    const double mean = mean_of(x), level = rms(x);
    levels.push_back(std::sqrt(std::max(0.0, level * level - mean * mean)));
    out.level += levels.back() / static_cast<double>(signals.size());
    out.crest += crest_factor(x) / static_cast<double>(signals.size());
  }
  if (levels.size() == 3) out.unbalance = unbalance({levels[0], levels[1], levels[2]});
}

}

SpanAnalysis analyse_span(const Recording& r, const SpanRequest& q, const Context& context) {
  SpanAnalysis out{.from = q.from, .to = std::min(q.to, r.length)};
  if (out.to < out.from + least_samples) return out;
  std::vector<std::size_t> channels = q.channels;
  if (channels.size() > 16) channels.resize(16);
  for (const std::size_t c : channels)
    if (c >= r.channels.size())
      throw Error(ErrorCode::Usage, fmt::format("the recording has no channel {}", c + 1));
  const std::vector<std::uint64_t> pieces = pieces_of(out.from, out.to);
  const std::uint64_t count = std::min(out.to - out.from, longest_piece);
  out.pieces = pieces.size();
  out.spectra.resize(channels.size());
  out.rms.resize(channels.size());
  std::vector<std::vector<double>> head; // the first piece of the phases, else of the first channel
  const double weight = 1 / static_cast<double>(pieces.size());
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    context.step(static_cast<double>(p) * weight, "spectrum");
    const auto is_phase = [&](std::size_t c) {
      return q.phases && std::find(q.phases->begin(), q.phases->end(), c) != q.phases->end();
    };
    for (std::size_t i = 0; i < channels.size(); ++i) {
      std::vector<double> x = bridged(r, channels[i], pieces[p], count);
      const FrequencySpectrum one = amplitude_spectrum(x, q.rate, q.window);
      add_power(out.spectra[i], one, weight);
      if (is_phase(channels[i])) add_power(out.joint, one, weight / 3);
      const double level = rms(x);
      out.rms[i] += level * level * weight;
      if (p == 0 && (q.phases ? is_phase(channels[i]) : i == 0)) head.push_back(std::move(x));
    }
    if (pieces.size() > 1)
      for (const std::size_t c : channels) r.channels[c].samples.release();
  }
  for (FrequencySpectrum& s : out.spectra) take_root(s);
  take_root(out.joint);
  for (double& v : out.rms) v = std::sqrt(v);
  context.step(0.8, "fundamental");
  measure_levels(head, out);
  std::vector<std::span<const double>> signals;
  const std::size_t enough = std::min<std::size_t>(count, std::size_t{1} << 16);
  for (const auto& x : head) signals.push_back(std::span(x).first(enough));
  const double lowest = q.rate_known ? 10 : 4 * q.rate / static_cast<double>(enough),
               highest = q.rate_known ? std::min(400.0, 0.45 * q.rate) : 0.45 * q.rate;
  const double near = q.nameplate.supply_hz;
  if (const auto sine =
          strongest_sine(signals, q.rate, q.rate_known && near > 0 ? 0.8 * near : lowest,
                         q.rate_known && near > 0 ? std::min(1.2 * near, 0.45 * q.rate) : highest))
    out.fundamental = sine->frequency;
  const FrequencySpectrum& main =
      out.joint.values.empty() && !out.spectra.empty() ? out.spectra.front() : out.joint;
  if (out.fundamental > 0 && !main.values.empty()) {
    const auto bin = static_cast<std::size_t>(std::lround(out.fundamental / main.step));
    for (std::size_t k = bin > 1 ? bin - 1 : 0; k <= std::min(bin + 1, main.values.size() - 1); ++k)
      out.reference = std::max(out.reference, main.values[k]);
    for (const auto& x : signals)
      out.distortion += total_harmonic_distortion(x, q.rate, out.fundamental) /
                        static_cast<double>(signals.size());
  }
  if (q.phases) measure_phases(r, q, pieces[pieces.size() / 2], count, out);
  if (!q.rate_known || !(out.fundamental > 0)) return out;
  out.slip = slip_of(q.nameplate, out.fundamental, main);
  out.bands = measure_bands(fault_bands(q.nameplate, out.fundamental, out.slip, q.rate, main.step),
                            main, out.fundamental, main_lobe_bins(q.window));
  return out;
}

RatioCourse ratio_course(const Recording& r, const std::array<std::size_t, 3>& phases, double rate,
                         double fundamental, std::size_t points, const Context& context) {
  RatioCourse out;
  const auto length = static_cast<std::uint64_t>(std::llround(6 * rate / fundamental));
  if (!(fundamental > 0) || length < least_samples || length > r.length || points == 0 ||
      length > (1u << 24))
    return out;
  const std::uint64_t room = r.length - length, finest = std::max<std::uint64_t>(1, length / 5);
  const auto count = static_cast<std::uint64_t>(std::min<std::uint64_t>(points, room / finest + 1));
  const ScatteredReading a(r.channels[phases[0]].samples), b(r.channels[phases[1]].samples),
      c(r.channels[phases[2]].samples);
  for (std::uint64_t k = 0; k < count; ++k) {
    if (k % 32 == 0) context.step(static_cast<double>(k) / static_cast<double>(count), "I2/I1");
    const std::uint64_t from =
        count == 1 ? 0 : room / (count - 1) * k + room % (count - 1) * k / (count - 1);
    std::array<std::vector<double>, 3> values;
    for (std::size_t i = 0; i < 3; ++i) values[i] = bridged(r, phases[i], from, length);
    out.middle.push_back(from + length / 2);
    out.ratio.push_back(sequence_at({values[0], values[1], values[2]}, rate, fundamental).ratio());
  }
  return out;
}

SpectrogramView spectrogram_view(const Recording& r, std::size_t channel, std::uint64_t from,
                                 std::uint64_t to, double rate, std::size_t columns,
                                 std::size_t segment, const Context& context) {
  to = std::min(to, r.length);
  SpectrogramView out{.from = from, .to = to, .highest = rate / 2};
  if (to <= from) return out;
  segment = static_cast<std::size_t>(std::min<std::uint64_t>(segment, to - from));
  if (segment < least_samples || columns == 0) return out;
  const std::uint64_t room = to - from - segment;
  columns = static_cast<std::size_t>(std::min<std::uint64_t>(columns, room + 1));
  out.columns = columns;
  out.rows = segment / 2 + 1;
  out.decibels.resize(columns * out.rows);
  double most = 0;
  std::vector<double> powers(columns * out.rows);
  const ScatteredReading scattered(r.channels.at(channel).samples);
  for (std::size_t c = 0; c < columns; ++c) {
    if (c % 64 == 0)
      context.step(static_cast<double>(c) / static_cast<double>(columns), "spectrogram");
    const auto at = from + static_cast<std::uint64_t>(
                               columns == 1 ? 0.0
                                            : static_cast<double>(room) * static_cast<double>(c) /
                                                  static_cast<double>(columns - 1));
    const FrequencySpectrum s = welch(bridged(r, channel, at, segment), rate,
                                      {.segment = segment, .overlap = 0, .density = false});
    for (std::size_t f = 0; f < out.rows; ++f) {
      powers[c * out.rows + f] = s.values[f];
      most = std::max(most, s.values[f]);
    }
  }
  for (std::size_t i = 0; i < powers.size(); ++i)
    out.decibels[i] = static_cast<float>(
        powers[i] > 0 && most > 0 ? std::max(-150.0, 10 * std::log10(powers[i] / most)) : -150.0);
  return out;
}

}
