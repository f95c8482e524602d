#include "modules/signal/span_views.h"

#include "modules/core/error.h"
#include "modules/signal/filter.h"
#include "modules/signal/gaps.h"
#include "modules/signal/orders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {
namespace {

constexpr std::size_t least_viewed = 64, zoom_values = 4096;
using Signals = std::vector<std::vector<double>>;

std::vector<std::span<const double>> spans_of(const Signals& signals) {
  return {signals.begin(), signals.end()};
}

std::size_t power_of_two(double wanted, std::size_t least, std::size_t most) {
  std::size_t out = least;
  while (out * 2 <= most && static_cast<double>(out * 2) <= wanted) out *= 2;
  return out;
}

// 20 log10 of the root of the mean of these powers over the reference.
void to_decibels(std::vector<double>& powers, double reference_power) {
  for (double& v : powers) v = std::max(-160.0, decibels(std::sqrt(v), std::sqrt(reference_power)));
}

void add_powers(std::vector<double>& sum, const std::vector<double>& amplitudes, double weight) {
  sum.resize(amplitudes.size());
  for (std::size_t k = 0; k < amplitudes.size(); ++k)
    sum[k] += weight * amplitudes[k] * amplitudes[k];
}

// The greatest power within two values of x, of all where x is not positive.
double power_near(const std::vector<double>& powers, double first, double step, double x) {
  double most = 0;
  for (std::size_t k = 0; k < powers.size(); ++k)
    if (!(x > 0) || std::abs(first + static_cast<double>(k) * step - x) <= 2 * step)
      most = std::max(most, powers[k]);
  return most;
}

class View {
public:
  View(const SpanViewRequest& q, const Signals& signals, bool phases)
      : q_(q), signals_(signals), phases_(phases),
        weight_(1 / static_cast<double>(signals.size())) {
    out_.view = q.view;
  }
  SpanViewResult make() {
    switch (q_.view) {
    case SpanView::Averaged:
      averaged();
      break;
    case SpanView::Zoom:
      zoom();
      break;
    case SpanView::Envelope:
      envelope();
      break;
    case SpanView::Park:
      extended_park();
      break;
    case SpanView::Kurtosis:
      kurtosis();
      break;
    case SpanView::Orders:
      orders();
      break;
    }
    return std::move(out_);
  }

private:
  double rate() const { return q_.span.rate; }
  std::size_t size() const { return signals_.front().size(); }
  const char* unit() const { return q_.span.rate_known ? "Hz" : "periods per sample"; }

  void averaged() {
    const WelchOptions o{
        .window = q_.span.window,
        .segment = power_of_two(static_cast<double>(size()) / 8, 64, std::size_t{1} << 16),
        .density = false};
    for (const auto& x : signals_) {
      const FrequencySpectrum s = welch(x, rate(), o);
      out_.step = s.step;
      out_.values.resize(s.values.size());
      for (std::size_t k = 0; k < s.values.size(); ++k) out_.values[k] += weight_ * s.values[k];
    }
    to_decibels(out_.values, power_near(out_.values, 0, out_.step, q_.fundamental));
    out_.text = fmt::format("Mean power of segments of {} samples, half overlapped (Welch).",
                            std::min(o.segment, size()));
  }

  // The band as it was asked for, else about the fundamental.
  void choose_band(double below, double above) {
    const double f = q_.fundamental > 0 ? q_.fundamental : rate() / 8;
    out_.low = q_.high > 0 ? q_.low : below * f;
    out_.high = q_.high > 0 ? q_.high : std::min(above * f, 0.49 * rate());
    if (!(out_.low >= 0) || !(out_.low < out_.high) || !(out_.high <= rate() / 2))
      throw Error(ErrorCode::Usage,
                  fmt::format("{:.6g} to {:.6g} {} is no band of this recording", out_.low,
                              out_.high, unit()),
                  fmt::format("choose a band between 0 and {:.6g}", rate() / 2));
  }

  void zoom() {
    choose_band(0.8, 1.2);
    const std::vector<double> w = window(q_.span.window, size());
    double sum = 0, reference = 0;
    for (const double v : w) sum += v;
    for (const auto& x : signals_) {
      const double mean = mean_of(x);
      std::vector<double> tapered(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) tapered[i] = (x[i] - mean) * w[i];
      out_.values.resize(zoom_values);
      const auto found = zoom_fft(tapered, rate(), out_.low, out_.high, zoom_values);
      for (std::size_t k = 0; k < found.size(); ++k)
        out_.values[k] += weight_ * std::norm(2.0 * found[k] / sum);
      if (q_.fundamental > 0)
        reference += weight_ * std::norm(phasor_in(tapered, q_.fundamental) * 2.0 / sum);
    }
    out_.first = out_.low;
    out_.step = (out_.high - out_.low) / zoom_values;
    if (!(reference > 0)) reference = *std::max_element(out_.values.begin(), out_.values.end());
    to_decibels(out_.values, reference);
    out_.text = fmt::format("{:.6g} to {:.6g} {} in steps of {:.3g}; a span of this length parts "
                            "lines {:.3g} apart.",
                            out_.low, out_.high, unit(), out_.step,
                            2 * rate() / static_cast<double>(size()));
  }

  Complex phasor_in(const std::vector<double>& tapered, double hz) const {
    Complex sum = 0;
    const double angle = -2 * std::numbers::pi * hz / rate();
    for (std::size_t i = 0; i < tapered.size(); ++i)
      sum += tapered[i] * std::polar(1.0, angle * static_cast<double>(i));
    return sum;
  }

  void envelope() {
    choose_band(0.5, 1.5);
    const double low = std::max(out_.low, rate() * 1e-5),
                 high = std::min(out_.high, 0.499 * rate());
    for (const auto& x : signals_) spectrum_of(band_envelope(x, rate(), low, high));
    cut_at(out_.high - out_.low);
    to_decibels(out_.values, 1);
    out_.text =
        fmt::format("Envelope (Hilbert) after a band-pass from {:.6g} to {:.6g} {}; 0 dB is "
                    "its mean.",
                    out_.low, out_.high, unit());
    mark_modulations();
  }

  void extended_park() {
    if (!phases_) {
      out_.text = "The extended Park spectrum needs three currents.";
      return;
    }
    weight_ = 1;
    spectrum_of(park({signals_[0], signals_[1], signals_[2]}).modulus());
    to_decibels(out_.values, 1);
    out_.text = "Spectrum of the modulus of Park's vector; 0 dB is its mean. An unbalance, of the "
                "supply or by a short, shows at twice the fundamental.";
    mark_modulations();
    if (q_.fundamental > 0) out_.marks.push_back({2 * q_.fundamental, "2f unbalance, inter-turn"});
  }

  // Amplitudes over the mean of a positive signal.
  void spectrum_of(const std::vector<double>& x) {
    const double mean = mean_of(x);
    if (!(mean > 0)) return;
    FrequencySpectrum s = amplitude_spectrum(x, rate(), q_.span.window);
    for (double& v : s.values) v /= mean;
    s.values.front() = 0;
    out_.step = s.step;
    add_powers(out_.values, s.values, weight_);
  }

  void cut_at(double highest) {
    const double last = static_cast<double>(out_.values.size()) * out_.step;
    if (!(highest < last)) return; // nothing above it, or no values at all
    out_.values.resize(static_cast<std::size_t>(highest / out_.step) + 1);
  }

  void kurtosis() {
    const WelchOptions o{.window = q_.span.window,
                         .segment = power_of_two(static_cast<double>(size()) / 64, 16, 4096)};
    for (const auto& x : signals_) {
      const FrequencySpectrum s = spectral_kurtosis(x, rate(), o);
      out_.step = s.step;
      out_.values.resize(s.values.size());
      for (std::size_t k = 0; k < s.values.size(); ++k) out_.values[k] += weight_ * s.values[k];
    }
    out_.decibels = false;
    out_.text = fmt::format("Spectral kurtosis over segments of {} samples: about 0 for steady "
                            "noise, -1 for a steady sine, large where energy comes in bursts.",
                            std::min(o.segment, size()));
  }

  void orders() {
    const double least = q_.span.rate_known ? 5 : rate() / 64,
                 most = q_.span.rate_known ? std::min(400.0, 0.45 * rate()) : 0.45 * rate();
    const auto signals = spans_of(signals_);
    const FrequencyRange range = fundamental_range(signals, rate(), least, most);
    out_.orders = true;
    if (!(range.greatest > 0)) {
      out_.text = "There is no fundamental to follow in this span.";
      return;
    }
    const std::vector<double> turns = fundamental_turns(
        signals, rate(), 0.7 * range.least, std::min(1.4 * range.greatest, 0.49 * rate()));
    for (const auto& x : signals_) {
      const FrequencySpectrum s = order_spectrum(x, turns, rate(), q_.span.window);
      if (s.values.empty()) {
        out_.values.clear();
        out_.text = "The angle of the machine cannot be followed in this span.";
        return;
      }
      out_.step = s.step;
      add_powers(out_.values, s.values, weight_);
    }
    to_decibels(out_.values, power_near(out_.values, 0, out_.step, 1));
    out_.of_shaft = q_.slip.shaft_hz > 0 && q_.fundamental > 0;
    const double shaft = out_.of_shaft ? q_.slip.shaft_hz / q_.fundamental : 1;
    out_.step /= shaft;
    if (out_.of_shaft) mark_orders(1 / shaft);
    out_.text = fmt::format("Resampled at equal angles; the fundamental goes from {:.2f} to {:.2f} "
                            "{}. {}",
                            range.least, range.greatest, unit(),
                            out_.of_shaft ? "Orders of the shaft, its slip taken as constant."
                                          : "Orders of the supply: no speed is known.");
  }

  // A fault modulates the current: its envelope and Park's modulus show the fault's own frequency.
  void mark_modulations() {
    if (!q_.span.rate_known || !(q_.slip.shaft_hz > 0)) return;
    if (q_.slip.value > 0)
      out_.marks.push_back({2 * q_.slip.value * q_.fundamental, "2sf broken bar"});
    out_.marks.push_back({q_.slip.shaft_hz, "fr eccentricity"});
    for (const Bearing& b : q_.span.nameplate.bearings) {
      const BearingFrequencies f = bearing_frequencies(b, q_.slip.shaft_hz);
      out_.marks.push_back({f.outer, b.name + " outer ring"});
      out_.marks.push_back({f.inner, b.name + " inner ring"});
      out_.marks.push_back({f.ball, b.name + " ball"});
      out_.marks.push_back({f.cage, b.name + " cage"});
    }
  }

  void mark_orders(double supply) {
    out_.marks.push_back({supply, "f"});
    for (const double sign : {-1.0, 1.0}) {
      const char* name = sign < 0 ? "-" : "+";
      out_.marks.push_back({std::abs(supply + sign), fmt::format("f {} fr", name)});
      for (const Bearing& b : q_.span.nameplate.bearings)
        out_.marks.push_back({std::abs(supply + sign * bearing_frequencies(b, 1).outer),
                              fmt::format("f {} outer ring, {}", name, b.name)});
    }
  }

  const SpanViewRequest& q_;
  const Signals& signals_;
  bool phases_;
  double weight_;
  SpanViewResult out_;
};

}

SpanViewResult view_span(const Recording& r, const SpanViewRequest& q, const Context& context) {
  std::vector<std::size_t> channels = q.span.channels;
  const bool phases = q.span.phases && (channels.empty() || q.view == SpanView::Park);
  if (phases) channels.assign(q.span.phases->begin(), q.span.phases->end());
  if (channels.size() > 3) channels.resize(3);
  for (const std::size_t c : channels)
    if (c >= r.channels.size())
      throw Error(ErrorCode::Usage, fmt::format("the recording has no channel {}", c + 1));
  const std::uint64_t to = std::min(q.span.to, r.length),
                      length = to > q.span.from ? to - q.span.from : 0,
                      count = std::min(length, most_viewed);
  if (channels.empty() || count < least_viewed)
    return {.view = q.view, .text = "No span of at least 64 samples is chosen."};
  const std::uint64_t from = q.span.from + (length - count) / 2;
  Signals signals;
  for (std::size_t k = 0; k < channels.size(); ++k) {
    context.step(static_cast<double>(k) / 8, "reading the span");
    signals.push_back(block(r, channels[k], from, count));
    bridge_gaps(signals.back());
  }
  context.step(0.5, "looking at the span");
  SpanViewResult out = View(q, signals, phases).make();
  if (count < length && !out.values.empty())
    out.text += fmt::format(" Of {} samples from the middle of the span.", count);
  return out;
}

}
