// Spectra of real signals. Judge: scipy.signal, 1e-9 relative.
#pragma once

#include "modules/signal/transform.h"

#include <optional>
#include <string>
#include <string_view>

namespace sensorium {

// "hann", "hamming", "blackman", "blackmanharris", "flattop" or "rectangular"; periodic, as
// scipy.signal.get_window makes them. Throws Error Usage for another name.
std::vector<double> window(std::string_view name, std::size_t length);
const std::vector<std::string>& window_names();

struct FrequencySpectrum {
  double step = 0;            // Hz between two values; value k lies at k * step
  std::vector<double> values; // k = 0 .. N / 2
};

// Amplitude of each sine: 2 |X| / sum(window), without the mean. A sine of amplitude a that falls
// on a bin shows a.
FrequencySpectrum amplitude_spectrum(std::span<const double> x, double rate,
                                     std::string_view window_name);

struct WelchOptions {
  std::string window = "hann";
  std::size_t segment = 1024; // samples; cut to the signal's length
  double overlap = 0.5;       // part of a segment, below 1
  bool density = true;        // power per hertz, else power
  bool subtract_mean = true;  // of each segment
};
// Mean power of the segments: P. D. Welch, IEEE Trans. Audio Electroacoust. 15(2), 1967.
FrequencySpectrum welch(std::span<const double> x, double rate, const WelchOptions& options);

struct Spectrogram {
  double frequency_step = 0, time_step = 0,
         first_time = 0; // Hz, s, s (middle of the first segment)
  std::size_t frequencies = 0, times = 0;
  std::vector<double> power; // [time][frequency], as welch() scales it
};
// threads: the result does not depend on it. Judge: scipy.signal.spectrogram.
Spectrogram spectrogram(std::span<const double> x, double rate, const WelchOptions& options,
                        int threads = 1);

// <|X|^4> / <|X|^2>^2 - 2 over the segments, for each frequency: 0 for stationary Gaussian noise,
// large where energy comes in bursts (Antoni, Mech. Syst. Signal Process. 20(2), 2006, eq. 31).
FrequencySpectrum spectral_kurtosis(std::span<const double> x, double rate,
                                    const WelchOptions& options);

// 20 log10(value / reference); -300 for zero.
double decibels(double value, double reference);

// The frequency of the strongest sine between low and high, common to all signals (of one length):
// the maximum of sum |X(f)|^2 under a Hann window, found to 1e-7 of a bin. With one second of a
// mains current the error is below 0.01 Hz (tests/signal). Nothing when there is no signal.
struct Sine {
  double frequency = 0;
  std::vector<Complex> phasors; // of each signal: amplitude (peak) and phase at its first sample
};
std::optional<Sine> strongest_sine(std::span<const std::span<const double>> inputs, double rate,
                                   double low, double high);

// Amplitude (peak) and phase of a sine of known frequency under a Hann window.
Complex phasor(std::span<const double> x, double rate, double frequency);

}
