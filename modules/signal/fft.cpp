#include "modules/signal/fft.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"

#include <fftw3.h>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

namespace sensorium {

namespace {

struct PlanCloser {
  void operator()(fftwf_plan plan) const { fftwf_destroy_plan(plan); }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, PlanCloser>;
using PlanKey = std::tuple<bool, bool, int, int, int>; // forward, aligned, height, width, count

fftwf_complex* as_fftw(std::complex<float>* p) { return reinterpret_cast<fftwf_complex*>(p); }

fftwf_plan make_plan(bool forward, bool aligned, int height, int width, int count) {
  const int sizes[2] = {height, width};
  const int real = height * width, complex = height * half_width(width);
  const unsigned flags = FFTW_ESTIMATE | (aligned ? 0u : FFTW_UNALIGNED);
  // ESTIMATE leaves the arrays alone; they only show the planner their alignment.
  alignas(64) static float pictures[16];
  alignas(64) static std::complex<float> spectra[8];
  if (forward)
    return fftwf_plan_many_dft_r2c(2, sizes, count, pictures, nullptr, 1, real, as_fftw(spectra),
                                   nullptr, 1, complex, flags);
  return fftwf_plan_many_dft_c2r(2, sizes, count, as_fftw(spectra), nullptr, 1, complex, pictures,
                                 nullptr, 1, real, flags);
}

// FFTW's planner is not thread-safe, its execution is.
fftwf_plan plan_for(bool forward, float* pictures, std::complex<float>* spectra, int height,
                    int width, int count) {
  const bool aligned = fftwf_alignment_of(pictures) == 0 &&
                       fftwf_alignment_of(reinterpret_cast<float*>(spectra)) == 0;
  static std::mutex mutex;
  static std::map<PlanKey, Plan> plans;
  const std::lock_guard lock(mutex);
  Plan& plan = plans[{forward, aligned, height, width, count}];
  if (!plan) plan.reset(make_plan(forward, aligned, height, width, count));
  if (!plan)
    throw Error(ErrorCode::Resources,
                fmt::format("no Fourier transform could be planned for {} x {}", height, width));
  return plan.get();
}

int count_of(std::size_t pictures, std::size_t spectra, int height, int width) {
  const std::size_t plane = static_cast<std::size_t>(height) * width;
  const std::size_t half = static_cast<std::size_t>(height) * half_width(width);
  if (height < 1 || width < 1 || pictures % plane != 0 || pictures / plane * half != spectra)
    throw Error(ErrorCode::Internal,
                fmt::format("fft2d: {} samples and {} coefficients do not fit pictures of {} x {}",
                            pictures, spectra, height, width));
  return static_cast<int>(pictures / plane);
}

}

void fft2d_batch(const float* pictures, std::complex<float>* spectra, int height, int width,
                 int count) {
  // r2c keeps its input; FFTW's signature has no const.
  float* in = const_cast<float*>(pictures);
  fftwf_execute_dft_r2c(plan_for(true, in, spectra, height, width, count), in, as_fftw(spectra));
}

void inverse_fft2d_batch(std::complex<float>* spectra, float* pictures, int height, int width,
                         int count) {
  fftwf_execute_dft_c2r(plan_for(false, pictures, spectra, height, width, count), as_fftw(spectra),
                        pictures);
}

void fft2d(std::span<const float> pictures, std::span<std::complex<float>> spectra, int height,
           int width, int threads) {
  const int count = count_of(pictures.size(), spectra.size(), height, width);
  const std::size_t plane = static_cast<std::size_t>(height) * width;
  const std::size_t half = static_cast<std::size_t>(height) * half_width(width);
  parallel_for(count, threads, [&](int i) {
    fft2d_batch(pictures.data() + i * plane, spectra.data() + i * half, height, width, 1);
  });
}

void inverse_fft2d(std::span<std::complex<float>> spectra, std::span<float> pictures, int height,
                   int width, int threads) {
  const int count = count_of(pictures.size(), spectra.size(), height, width);
  const std::size_t plane = static_cast<std::size_t>(height) * width;
  const std::size_t half = static_cast<std::size_t>(height) * half_width(width);
  const float scale = 1.0f / static_cast<float>(plane);
  parallel_for(count, threads, [&](int i) {
    float* out = pictures.data() + i * plane;
    inverse_fft2d_batch(spectra.data() + i * half, out, height, width, 1);
    for (std::size_t p = 0; p < plane; ++p) out[p] *= scale;
  });
}

}
