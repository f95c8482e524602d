#include "modules/signal/transform.h"

#include "modules/core/error.h"

#include <fftw3.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <tuple>

namespace sensorium {
namespace {

struct PlanCloser {
  void operator()(fftw_plan plan) const { fftw_destroy_plan(plan); }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftw_plan>, PlanCloser>;
enum class Kind { Forward, Inverse, Complex, ComplexInverse, ComplexInPlace, InverseInPlace };

fftw_complex* as_fftw(Complex* p) { return reinterpret_cast<fftw_complex*>(p); }
fftw_complex* as_fftw(const Complex* p) { return as_fftw(const_cast<Complex*>(p)); }

fftw_plan make_plan(Kind kind, int n, int count, bool aligned) {
  const unsigned flags = FFTW_ESTIMATE | (aligned ? 0u : FFTW_UNALIGNED);
  // ESTIMATE leaves the arrays alone; they only show the planner their alignment.
  alignas(64) static double real[8];
  alignas(64) static Complex spectrum[8], other[8];
  const int half = n / 2 + 1;
  switch (kind) {
  case Kind::Forward:
    return fftw_plan_many_dft_r2c(1, &n, count, real, nullptr, 1, n, as_fftw(spectrum), nullptr, 1,
                                  half, flags);
  case Kind::Inverse:
    return fftw_plan_dft_c2r_1d(n, as_fftw(spectrum), real, flags);
  case Kind::Complex:
    return fftw_plan_dft_1d(n, as_fftw(spectrum), as_fftw(other), FFTW_FORWARD, flags);
  case Kind::ComplexInverse:
    return fftw_plan_dft_1d(n, as_fftw(spectrum), as_fftw(other), FFTW_BACKWARD, flags);
  case Kind::ComplexInPlace:
    return fftw_plan_dft_1d(n, as_fftw(spectrum), as_fftw(spectrum), FFTW_FORWARD, flags);
  case Kind::InverseInPlace:
    return fftw_plan_dft_1d(n, as_fftw(spectrum), as_fftw(spectrum), FFTW_BACKWARD, flags);
  }
  return nullptr;
}

// FFTW's planner is not thread-safe, its execution is.
fftw_plan plan_for(Kind kind, std::size_t n, std::size_t count, const double* a, const double* b) {
  if (n == 0 || n > (1u << 30) || count == 0 || count > (1u << 30))
    throw Error(ErrorCode::Internal, fmt::format("a Fourier transform of {} samples", n));
  const bool aligned = fftw_alignment_of(const_cast<double*>(a)) == 0 &&
                       fftw_alignment_of(const_cast<double*>(b)) == 0;
  static std::mutex mutex;
  static std::map<std::tuple<Kind, std::size_t, std::size_t, bool>, Plan> plans;
  const std::lock_guard lock(mutex);
  Plan& plan = plans[{kind, n, count, aligned}];
  if (!plan) plan.reset(make_plan(kind, static_cast<int>(n), static_cast<int>(count), aligned));
  if (!plan)
    throw Error(ErrorCode::Resources,
                fmt::format("no Fourier transform could be planned for {} samples", n));
  return plan.get();
}

const double* real_of(const Complex* p) { return reinterpret_cast<const double*>(p); }

std::vector<Complex> whole(Kind kind, std::span<const Complex> x) {
  std::vector<Complex> out(x.size());
  if (x.empty()) return out;
  fftw_execute_dft(plan_for(kind, x.size(), 1, real_of(x.data()), real_of(out.data())),
                   as_fftw(x.data()), as_fftw(out.data()));
  return out;
}

// exp(-i pi a n^2): the square is reduced first, for n^2 outgrows a double's digits.
Complex chirp(double a, double n) {
  const long double turns = static_cast<long double>(a) * n * n;
  const long double part = turns - 2 * std::floor(turns / 2);
  return std::polar(1.0, -std::numbers::pi * static_cast<double>(part));
}

}

static Complex product(const Complex& a, const Complex& b) { // of finite numbers
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// chirp(a, 0) .. chirp(a, count - 1). From one to the next the factor turns by a constant angle;
// every 64th is computed anew, so that rounding does not grow.
static std::vector<Complex> chirps(double a, std::size_t count) {
  std::vector<Complex> out(count);
  const Complex turn = std::polar(1.0, -2 * std::numbers::pi * a);
  Complex value, factor;
  for (std::size_t n = 0; n < count; ++n) {
    if (n % 64 == 0) {
      const auto k = static_cast<long double>(n);
      const long double turns = static_cast<long double>(a) * (2 * k + 1);
      value = chirp(a, static_cast<double>(n));
      factor = std::polar(1.0, -std::numbers::pi *
                                   static_cast<double>(turns - 2 * std::floor(turns / 2)));
    }
    out[n] = value;
    value = product(value, factor);
    factor = product(factor, turn);
  }
  return out;
}

void real_fft_rows(const double* rows, Complex* out, std::size_t length, std::size_t count) {
  // r2c keeps its input; FFTW's signature has no const.
  fftw_execute_dft_r2c(plan_for(Kind::Forward, length, count, rows, real_of(out)),
                       const_cast<double*>(rows), as_fftw(out));
}

std::vector<Complex> real_fft(std::span<const double> x) {
  std::vector<Complex> out(x.size() / 2 + 1);
  if (x.empty()) return {};
  real_fft_rows(x.data(), out.data(), x.size(), 1);
  return out;
}

std::vector<double> inverse_real_fft(std::span<const Complex> spectrum, std::size_t n) {
  if (spectrum.size() != n / 2 + 1)
    throw Error(ErrorCode::Internal,
                fmt::format("{} coefficients do not make {} samples", spectrum.size(), n));
  std::vector<Complex> copy(spectrum.begin(), spectrum.end()); // c2r destroys its input
  std::vector<double> out(n);
  fftw_execute_dft_c2r(plan_for(Kind::Inverse, n, 1, real_of(copy.data()), out.data()),
                       as_fftw(copy.data()), out.data());
  for (double& v : out) v /= static_cast<double>(n);
  return out;
}

std::vector<Complex> complex_fft(std::span<const Complex> x) { return whole(Kind::Complex, x); }

std::vector<Complex> inverse_complex_fft(std::span<const Complex> x) {
  std::vector<Complex> out = whole(Kind::ComplexInverse, x);
  for (Complex& v : out) v /= static_cast<double>(x.size());
  return out;
}

// The least product of 2, 3, 5 and 7 that is at least n: sizes for which FFTW is fast.
static std::size_t fast_size(std::size_t n) {
  std::size_t best = 1;
  while (best < n) best *= 2;
  for (std::size_t a = 1; a < best; a *= 7)
    for (std::size_t b = a; b < best; b *= 5)
      for (std::size_t c = b; c < best; c *= 3) {
        std::size_t d = c;
        while (d < n) d *= 2;
        best = std::min(best, d);
      }
  return best;
}

static void transform_in_place(Kind kind, std::vector<Complex>& x) {
  fftw_execute_dft(plan_for(kind, x.size(), 1, real_of(x.data()), real_of(x.data())),
                   as_fftw(x.data()), as_fftw(x.data()));
}

std::vector<Complex> zoom_fft(std::span<const double> x, double rate, double low, double high,
                              std::size_t count) {
  if (x.empty() || count == 0) return {};
  const double step = (high - low) / static_cast<double>(count) / rate; // turns a sample
  const double start = low / rate;
  const std::size_t size = fast_size(x.size() + count - 1);
  std::vector<Complex> signal(size), filter(size);
  const std::vector<Complex> chirped = chirps(step, std::max(x.size(), count));
  const Complex shift = std::polar(1.0, -2 * std::numbers::pi * start);
  Complex shifted = 1;
  for (std::size_t n = 0; n < x.size(); ++n) {
    if (n % 64 == 0) {
      const long double turns = static_cast<long double>(start) * static_cast<long double>(n);
      shifted =
          std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(turns - std::floor(turns)));
    }
    signal[n] = x[n] * product(shifted, chirped[n]);
    shifted = product(shifted, shift);
  }
  for (std::size_t n = 0; n < count; ++n) filter[n] = std::conj(chirped[n]);
  for (std::size_t n = 1; n < x.size(); ++n) filter[size - n] = std::conj(chirped[n]);
  transform_in_place(Kind::ComplexInPlace, signal);
  transform_in_place(Kind::ComplexInPlace, filter);
  for (std::size_t i = 0; i < size; ++i) signal[i] = product(signal[i], filter[i]);
  transform_in_place(Kind::InverseInPlace, signal);
  signal.resize(count);
  const double scale = 1 / static_cast<double>(size);
  for (std::size_t k = 0; k < count; ++k) signal[k] = scale * product(signal[k], chirped[k]);
  return signal;
}

// The real part is x itself; the imaginary one has each line of x turned by -90 degrees. Both
// transforms are therefore those of real signals.
std::vector<Complex> analytic_signal(std::span<const double> x) {
  const std::size_t n = x.size();
  if (n == 0) return {};
  std::vector<Complex> half = real_fft(x);
  const double scale = 1 / static_cast<double>(n);
  for (Complex& v : half) v = {scale * v.imag(), -scale * v.real()};
  half[0] = 0;
  if (n % 2 == 0) half[n / 2] = 0;
  std::vector<double> turned(n);
  fftw_execute_dft_c2r(plan_for(Kind::Inverse, n, 1, real_of(half.data()), turned.data()),
                       as_fftw(half.data()), turned.data());
  std::vector<Complex> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.emplace_back(x[i], turned[i]);
  return out;
}

}
