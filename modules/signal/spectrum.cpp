#include "modules/signal/spectrum.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

namespace sensorium {
namespace {

constexpr double turn = 2 * std::numbers::pi;

struct CosineWindow {
  std::string name;
  std::vector<double> terms; // w[n] = sum (-1)^k terms[k] cos(2 pi k n / N)
};

const std::vector<CosineWindow>& cosine_windows() {
  static const std::vector<CosineWindow> all = {
      {"hann", {0.5, 0.5}},
      {"hamming", {0.54, 0.46}},
      {"blackman", {0.42, 0.5, 0.08}},
      {"blackmanharris", {0.35875, 0.48829, 0.14128, 0.01168}},
      {"flattop", {0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368}},
      {"rectangular", {1}}};
  return all;
}

struct Segments {
  std::size_t length = 0, hop = 0, count = 0;
  std::vector<double> taper;
  double scale = 0; // of |X|^2
};

Segments segments_of(std::size_t samples, double rate, const WelchOptions& o) {
  Segments s;
  s.length = std::min(o.segment, samples);
  if (s.length == 0 || !(o.overlap >= 0) || !(o.overlap < 1))
    throw Error(ErrorCode::Usage,
                fmt::format("segments of {} samples with an overlap of {}", s.length, o.overlap),
                "choose at least one sample and an overlap below 1");
  s.hop = s.length - static_cast<std::size_t>(o.overlap * static_cast<double>(s.length));
  s.count = (samples - s.length) / s.hop + 1;
  s.taper = window(o.window, s.length);
  double sum = 0, squares = 0;
  for (const double w : s.taper) {
    sum += w;
    squares += w * w;
  }
  s.scale = o.density ? 1 / (rate * squares) : 1 / (sum * sum);
  return s;
}

// Four sums side by side: one alone waits for itself at every step.
double sum_of(std::span<const double> x) {
  double a = 0, b = 0, c = 0, d = 0;
  std::size_t i = 0;
  for (; i + 4 <= x.size(); i += 4) {
    a += x[i];
    b += x[i + 1];
    c += x[i + 2];
    d += x[i + 3];
  }
  for (; i < x.size(); ++i) a += x[i];
  return (a + b) + (c + d);
}

// Power of `count` segments from `first` on, one-sided and scaled: [segment][frequency].
void segment_powers(std::span<const double> x, const Segments& s, const WelchOptions& o,
                    std::size_t first, std::size_t count, double* out) {
  const std::size_t half = s.length / 2 + 1;
  static thread_local std::vector<double> rows;
  static thread_local std::vector<Complex> spectra;
  rows.resize(count * s.length);
  spectra.resize(count * half);
  for (std::size_t k = 0; k < count; ++k) {
    const double* in = x.data() + (first + k) * s.hop;
    double mean = 0;
    if (o.subtract_mean) mean = sum_of({in, s.length}) / static_cast<double>(s.length);
    double* row = rows.data() + k * s.length;
    for (std::size_t i = 0; i < s.length; ++i) row[i] = (in[i] - mean) * s.taper[i];
  }
  real_fft_rows(rows.data(), spectra.data(), s.length, count);
  const double twice = 2 * s.scale;
  for (std::size_t k = 0; k < count; ++k) {
    const Complex* in = spectra.data() + k * half;
    double* power = out + k * half;
    for (std::size_t f = 0; f < half; ++f)
      power[f] = twice * (in[f].real() * in[f].real() + in[f].imag() * in[f].imag());
    power[0] /= 2;
    if (s.length % 2 == 0) power[half - 1] /= 2;
  }
}

std::size_t rows_at_once(const Segments& s) {
  return std::clamp<std::size_t>((std::size_t{1} << 15) / s.length, 1, 64);
}

// Sum over signals of |DTFT|^2 of the tapered signals, at a frequency in turns a sample.
double power_at(const std::vector<std::vector<double>>& tapered, double turns) {
  double power = 0;
  const Complex step = std::polar(1.0, -turn * turns);
  for (const auto& x : tapered) {
    Complex sum = 0, at = 1;
    for (std::size_t n = 0; n < x.size(); ++n) {
      if (n % 512 == 0) at = std::polar(1.0, -turn * turns * static_cast<double>(n));
      sum += x[n] * at;
      at *= step;
    }
    power += std::norm(sum);
  }
  return power;
}

std::vector<double> tapered_without_mean(std::span<const double> x, const std::vector<double>& w) {
  double mean = 0, weights = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    mean += x[n] * w[n];
    weights += w[n];
  }
  mean /= weights;
  std::vector<double> out(x.size());
  for (std::size_t n = 0; n < x.size(); ++n) out[n] = (x[n] - mean) * w[n];
  return out;
}

}

const std::vector<std::string>& window_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const CosineWindow& w : cosine_windows()) out.push_back(w.name);
    return out;
  }();
  return names;
}

std::vector<double> window(std::string_view name, std::size_t length) {
  const auto found = std::find_if(cosine_windows().begin(), cosine_windows().end(),
                                  [&](const CosineWindow& w) { return w.name == name; });
  if (found == cosine_windows().end())
    throw Error(ErrorCode::Usage, fmt::format("there is no window '{}'", name),
                fmt::format("the windows are {}", fmt::join(window_names(), ", ")));
  std::vector<double> out(length);
  for (std::size_t n = 0; n < length; ++n) {
    double sign = -1;
    if (n > length / 2) { // periodic windows are symmetric about their middle
      out[n] = out[length - n];
      continue;
    }
    out[n] = found->terms[0];
    for (std::size_t k = 1; k < found->terms.size(); ++k, sign = -sign)
      out[n] += sign * found->terms[k] *
                std::cos(turn * static_cast<double>(k * n) / static_cast<double>(length));
  }
  if (length == 1) out[0] = 1;
  return out;
}

FrequencySpectrum amplitude_spectrum(std::span<const double> x, double rate,
                                     std::string_view window_name) {
  if (x.empty()) return {};
  std::vector<double> w = window(window_name, x.size());
  const double mean = sum_of(x) / static_cast<double>(x.size()), sum = sum_of(w);
  // In place of the window: one array less to fill.
  std::vector<double> tapered(std::move(w));
  for (std::size_t n = 0; n < x.size(); ++n) tapered[n] *= x[n] - mean;
  const std::vector<Complex> spectrum = real_fft(tapered);
  FrequencySpectrum out{rate / static_cast<double>(x.size()), std::vector<double>(spectrum.size())};
  for (std::size_t k = 0; k < spectrum.size(); ++k) {
    const bool single = k == 0 || (x.size() % 2 == 0 && k == x.size() / 2);
    const double re = spectrum[k].real(), im = spectrum[k].imag();
    out.values[k] = (single ? 1 : 2) * std::sqrt(re * re + im * im) / sum;
  }
  return out;
}

FrequencySpectrum welch(std::span<const double> x, double rate, const WelchOptions& options) {
  const Segments s = segments_of(x.size(), rate, options);
  const std::size_t half = s.length / 2 + 1, batch = rows_at_once(s);
  FrequencySpectrum out{rate / static_cast<double>(s.length), std::vector<double>(half)};
  std::vector<double> powers(batch * half);
  for (std::size_t k = 0; k < s.count; k += batch) {
    const std::size_t count = std::min(batch, s.count - k);
    segment_powers(x, s, options, k, count, powers.data());
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t f = 0; f < half; ++f) out.values[f] += powers[i * half + f];
  }
  for (double& v : out.values) v /= static_cast<double>(s.count);
  return out;
}

Spectrogram spectrogram(std::span<const double> x, double rate, const WelchOptions& options,
                        int threads) {
  const Segments s = segments_of(x.size(), rate, options);
  const std::size_t half = s.length / 2 + 1, batch = rows_at_once(s);
  Spectrogram out{.frequency_step = rate / static_cast<double>(s.length),
                  .time_step = static_cast<double>(s.hop) / rate,
                  .first_time = static_cast<double>(s.length) / 2 / rate,
                  .frequencies = half,
                  .times = s.count,
                  .power = std::vector<double>(s.count * half)};
  const auto batches = static_cast<int>((s.count + batch - 1) / batch);
  parallel_for(batches, threads, [&](int b) {
    const std::size_t first = static_cast<std::size_t>(b) * batch;
    segment_powers(x, s, options, first, std::min(batch, s.count - first),
                   out.power.data() + first * half);
  });
  return out;
}

FrequencySpectrum spectral_kurtosis(std::span<const double> x, double rate,
                                    const WelchOptions& options) {
  const Segments s = segments_of(x.size(), rate, options);
  const std::size_t half = s.length / 2 + 1, batch = rows_at_once(s);
  std::vector<double> powers(batch * half), second(half), fourth(half);
  for (std::size_t k = 0; k < s.count; k += batch) {
    const std::size_t count = std::min(batch, s.count - k);
    segment_powers(x, s, options, k, count, powers.data());
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t f = 0; f < half; ++f) {
        const double p = powers[i * half + f];
        second[f] += p;
        fourth[f] += p * p;
      }
  }
  FrequencySpectrum out{rate / static_cast<double>(s.length), std::vector<double>(half)};
  for (std::size_t f = 0; f < half; ++f)
    out.values[f] =
        second[f] > 0 ? static_cast<double>(s.count) * fourth[f] / (second[f] * second[f]) - 2 : 0;
  return out;
}

double decibels(double value, double reference) {
  return value > 0 && reference > 0 ? std::max(-300.0, 20 * std::log10(value / reference)) : -300;
}

namespace {

struct Taper {
  std::vector<double> values;
  double sum = 0;
};

// The one that was used last: sliding windows ask for the same again and again.
const Taper& hann_of(std::size_t length) {
  static thread_local Taper last;
  if (last.values.size() != length) {
    last.values = window("hann", length);
    last.sum = 0;
    for (const double w : last.values) last.sum += w;
  }
  return last;
}

}

Complex phasor(std::span<const double> x, double rate, double frequency) {
  if (x.empty()) return {};
  const Taper& taper = hann_of(x.size());
  double mean = 0;
  for (std::size_t n = 0; n < x.size(); ++n) mean += x[n] * taper.values[n];
  mean /= taper.sum;
  const double angle = -turn * frequency / rate;
  const Complex step = std::polar(1.0, angle);
  Complex sum = 0, at = 1;
  for (std::size_t n = 0; n < x.size(); ++n) {
    if (n % 256 == 0) at = std::polar(1.0, angle * static_cast<double>(n));
    sum += (x[n] - mean) * taper.values[n] * at;
    at = {at.real() * step.real() - at.imag() * step.imag(),
          at.real() * step.imag() + at.imag() * step.real()};
  }
  return taper.sum > 0 ? 2.0 * sum / taper.sum : Complex();
}

std::optional<Sine> strongest_sine(std::span<const std::span<const double>> signals, double rate,
                                   double low, double high) {
  if (signals.empty() || signals.front().size() < 8) return std::nullopt;
  const std::size_t n = signals.front().size();
  const std::vector<double> w = window("hann", n);
  std::vector<std::vector<double>> tapered;
  std::vector<double> power(n / 2 + 1);
  for (const auto& x : signals) {
    tapered.push_back(tapered_without_mean(x, w));
    const std::vector<Complex> spectrum = real_fft(tapered.back());
    for (std::size_t k = 0; k < power.size(); ++k) power[k] += std::norm(spectrum[k]);
  }
  const double bin = rate / static_cast<double>(n);
  const auto first = static_cast<std::size_t>(std::max(1.0, std::ceil(low / bin)));
  const auto last = std::min(power.size() - 1, static_cast<std::size_t>(std::max(0.0, high / bin)));
  if (first > last) return std::nullopt;
  const auto peak = std::max_element(power.begin() + static_cast<std::ptrdiff_t>(first),
                                     power.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  if (!(*peak > 0)) return std::nullopt;
  const double at = static_cast<double>(peak - power.begin()) / static_cast<double>(n);
  double a = at - 1.0 / static_cast<double>(n), b = at + 1.0 / static_cast<double>(n);
  constexpr double golden = 0.6180339887498949;
  double c = b - golden * (b - a), d = a + golden * (b - a);
  double pc = power_at(tapered, c), pd = power_at(tapered, d);
  for (int i = 0; i < 36; ++i) {
    if (pc > pd) {
      b = d, d = c, pd = pc;
      c = b - golden * (b - a);
      pc = power_at(tapered, c);
    } else {
      a = c, c = d, pc = pd;
      d = a + golden * (b - a);
      pd = power_at(tapered, d);
    }
  }
  Sine out{(a + b) / 2 * rate, {}};
  for (const auto& x : signals) out.phasors.push_back(phasor(x, rate, out.frequency));
  return out;
}

}
