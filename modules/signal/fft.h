// Real two-dimensional Fourier transforms in single precision (FFTW), over batches of equally sized
// pictures.
#pragma once

#include <complex>
#include <cstddef>
#include <span>

namespace sensorium {

// Columns of the half spectrum of real rows of this width: width / 2 + 1.
constexpr int half_width(int width) { return width / 2 + 1; }

// Forward transform of each picture, not normalised: F[u][v] = sum_yx f[y][x] exp(-2 pi i (u y /
// height + v x / width)). pictures: [n][height][width]; spectra: [n][height][half_width(width)].
// Judge: scipy.fft.rfft2. Plans are made once for a size and kept for the life of the process;
// calls from several threads are safe. The plan is FFTW_ESTIMATE, so equal input gives equal bits
// in every run on the same machine, whatever `threads` is. Throws Error Internal when sizes
// contradict each other, Resources when FFTW makes no plan.
void fft2d(std::span<const float> pictures, std::span<std::complex<float>> spectra, int height,
           int width, int threads = 1);

// The inverse, divided by height * width, so that inverse(forward(f)) = f. The spectra are
// overwritten.
void inverse_fft2d(std::span<std::complex<float>> spectra, std::span<float> pictures, int height,
                   int width, int threads = 1);

// The same transforms without divisions, threads or checks of length, for code that cuts its own
// blocks. `pictures` and `spectra` point to one batch of `count` pictures that lie behind each
// other; a plan is kept for each (size, count).
void fft2d_batch(const float* pictures, std::complex<float>* spectra, int height, int width,
                 int count);
void inverse_fft2d_batch(std::complex<float>* spectra, float* pictures, int height, int width,
                         int count);

}
