#include "hyperspectral/project_kernel.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#ifdef SENSORIUM_KERNEL_AVX2
#define sums sums_avx2
#else
#define sums sums_plain
#endif

namespace {

using sensorium::hyper::KernelType;
using sensorium::hyper::RowSums;

using Four = double __attribute__((vector_size(32)));
using FourInts = int __attribute__((vector_size(16)));
using Anywhere = double __attribute__((vector_size(32), aligned(8), may_alias));

// By reference: a vector returned by value would be passed differently with and without AVX.
template<class S> inline __attribute__((always_inline)) void load(const std::byte* p, Four& v) {
#ifdef __AVX2__ // the compiler's own conversion of four short numbers takes several times as long
  if constexpr (std::is_same_v<S, std::int16_t> || std::is_same_v<S, std::uint16_t>) {
    const __m128i s = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    v = _mm256_cvtepi32_pd(std::is_signed_v<S> ? _mm_cvtepi16_epi32(s) : _mm_cvtepu16_epi32(s));
    return;
  } else if constexpr (std::is_same_v<S, std::uint8_t>) {
    v = _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_loadu_si32(p)));
    return;
  }
#endif
  typedef S Stored __attribute__((vector_size(4 * sizeof(S))));
  Stored s;
  std::memcpy(&s, p, sizeof s);
  if constexpr (std::is_integral_v<S>)
    v = __builtin_convertvector(__builtin_convertvector(s, FourInts), Four);
  else
    v = __builtin_convertvector(s, Four);
}

inline __attribute__((always_inline)) void load_doubles(const double* p, Four& v) {
#ifdef __AVX2__ // g++ 12 makes two halves of a memcpy on the stack, and waits for them
  v = _mm256_loadu_pd(p);
#else
  std::memcpy(&v, p, sizeof v);
#endif
}

template<class S> double one(const std::byte* p) {
  S s;
  std::memcpy(&s, p, sizeof s);
  return static_cast<double>(s);
}

constexpr std::size_t at_once = 2; // pixels that share the loads of the weights

template<class S, std::size_t count> void together_sums(const RowSums& r, std::size_t pixel) {
  const std::size_t n = r.count;
  const std::byte* from[count];
  Four sum[count][3] = {};
  for (std::size_t p = 0; p < count; ++p)
    from[p] =
        r.first + static_cast<std::ptrdiff_t>(pixel + p) * r.sample_step + r.bands[0] * r.band_step;
  std::size_t k = 0;
  for (; k + 4 <= n; k += 4) {
    Four v[count];
    for (std::size_t p = 0; p < count; ++p) load<S>(from[p] + k * sizeof(S), v[p]);
    for (std::size_t c = 0; c < 3; ++c) {
      Four w;
      load_doubles(r.weights + c * n + k, w);
      for (std::size_t p = 0; p < count; ++p) sum[p][c] += w * v[p];
    }
  }
  for (std::size_t p = 0; p < count; ++p)
    for (std::size_t c = 0; c < 3; ++c) {
      const Four& s = sum[p][c];
      double all = (s[0] + s[1]) + (s[2] + s[3]);
      for (std::size_t i = k; i < n; ++i)
        all += r.weights[c * n + i] * one<S>(from[p] + i * sizeof(S));
      r.out[3 * (pixel + p) + c] = r.offset[c] + all;
    }
}

constexpr std::size_t block = 1024; // pixels whose sums stay in the nearest cache

// Adds `many` bands, from the one at place k of the list, to the block's sums.
template<class S, std::size_t many>
void add_bands(const RowSums& r, std::size_t pixel, std::size_t pixels, std::size_t k,
               double (&into)[3][block]) {
  const std::byte* from[many];
  double w[many][3];
  for (std::size_t b = 0; b < many; ++b) {
    from[b] =
        r.first + static_cast<std::ptrdiff_t>(pixel) * r.sample_step + r.bands[k + b] * r.band_step;
    for (std::size_t c = 0; c < 3; ++c) w[b][c] = r.weights[c * r.count + k + b];
  }
  std::size_t i = 0;
  for (; i + 4 <= pixels; i += 4) {
    Four sum[3];
    for (std::size_t c = 0; c < 3; ++c) load_doubles(into[c] + i, sum[c]);
    for (std::size_t b = 0; b < many; ++b) {
      Four v;
      load<S>(from[b] + i * sizeof(S), v);
      for (std::size_t c = 0; c < 3; ++c) sum[c] += w[b][c] * v;
    }
    for (std::size_t c = 0; c < 3; ++c) *reinterpret_cast<Anywhere*>(into[c] + i) = sum[c];
  }
  for (; i < pixels; ++i)
    for (std::size_t b = 0; b < many; ++b)
      for (std::size_t c = 0; c < 3; ++c) into[c][i] += w[b][c] * one<S>(from[b] + i * sizeof(S));
}

template<class S> void apart_sums(const RowSums& r) {
  alignas(32) double into[3][block];
  for (std::size_t pixel = 0; pixel < r.pixels; pixel += block) {
    const std::size_t pixels = std::min(block, r.pixels - pixel);
    for (auto& channel : into) std::fill_n(channel, pixels, 0.0);
    std::size_t k = 0;
    for (; k + 4 <= r.count; k += 4) add_bands<S, 4>(r, pixel, pixels, k, into);
    for (; k < r.count; ++k) add_bands<S, 1>(r, pixel, pixels, k, into);
    for (std::size_t i = 0; i < pixels; ++i)
      for (std::size_t c = 0; c < 3; ++c) r.out[3 * (pixel + i) + c] = r.offset[c] + into[c][i];
  }
}

template<class S> void row_sums(bool together, const RowSums& r) {
  if (!together) return apart_sums<S>(r);
  std::size_t pixel = 0;
  for (; pixel + at_once <= r.pixels; pixel += at_once) together_sums<S, at_once>(r, pixel);
  for (; pixel < r.pixels; ++pixel) together_sums<S, 1>(r, pixel);
}

}

void sums(KernelType type, bool together, const RowSums* row) {
  switch (type) {
  case KernelType::UInt8:
    return row_sums<std::uint8_t>(together, *row);
  case KernelType::Int16:
    return row_sums<std::int16_t>(together, *row);
  case KernelType::UInt16:
    return row_sums<std::uint16_t>(together, *row);
  case KernelType::Int32:
    return row_sums<std::int32_t>(together, *row);
  case KernelType::Float32:
    return row_sums<float>(together, *row);
  case KernelType::Float64:
    return row_sums<double>(together, *row);
  }
}
