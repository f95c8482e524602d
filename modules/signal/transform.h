// One-dimensional Fourier transforms of any length in double precision (FFTW). Plans are kept for
// the life of the process and made with FFTW_ESTIMATE: equal input, equal bits. Calls from several
// threads are safe. Judge: scipy.fft.
#pragma once

#include <complex>
#include <span>
#include <vector>

namespace sensorium {

using Complex = std::complex<double>;

// X[k] = sum x[n] exp(-2 pi i k n / N) for k = 0 .. N / 2, not normalised.
std::vector<Complex> real_fft(std::span<const double> x);
// The inverse for an original length of n, divided by n.
std::vector<double> inverse_real_fft(std::span<const Complex> spectrum, std::size_t n);
// The whole spectrum of complex values; inverse: divided by the length.
std::vector<Complex> complex_fft(std::span<const Complex> x);
std::vector<Complex> inverse_complex_fft(std::span<const Complex> x);

// Rows of `length` samples, one behind the other; out: rows of length / 2 + 1. For code that cuts
// its own blocks; no division, no check of length.
void real_fft_rows(const double* rows, Complex* out, std::size_t length, std::size_t count);

// X(f) = sum x[n] exp(-2 pi i f n / rate) at `count` frequencies from low on, (high - low) / count
// apart (high itself is left out), by Bluestein's chirp (IEEE Trans. Audio Electroacoust. 18(4),
// 1970). Judge: scipy.signal.zoom_fft.
std::vector<Complex> zoom_fft(std::span<const double> x, double rate, double low, double high,
                              std::size_t count);

// x + i H{x}. Judge: scipy.signal.hilbert.
std::vector<Complex> analytic_signal(std::span<const double> x);

}
