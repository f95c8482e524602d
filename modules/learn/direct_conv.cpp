#include "modules/learn/direct_conv.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sensorium {
namespace {

// Output channels are computed 24, 16 or 8 at a time: 3, 2 or 1 vectors.
std::vector<int> blocks_of(std::int64_t out_channels) {
  std::int64_t vectors = out_channels / 8;
  std::vector<int> out;
  while (vectors > 0) {
    const int take = vectors == 4 || vectors == 2 ? 2 : vectors == 1 ? 1 : 3;
    out.push_back(take);
    vectors -= take;
  }
  return out;
}

}

std::vector<float> pack_direct(const float* weight, std::int64_t out_channels,
                               std::int64_t channels, std::int64_t kernel_h,
                               std::int64_t kernel_w) {
  const std::int64_t taps = kernel_h * kernel_w;
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(out_channels * channels * taps));
  std::int64_t first = 0;
  for (const int vectors : blocks_of(out_channels)) {
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t o = first; o < first + 8 * vectors; ++o)
          out.push_back(weight[(o * channels + c) * taps + tap]);
    first += 8 * vectors;
  }
  return out;
}

#if defined(__x86_64__)

bool direct_conv_usable() {
  static const bool usable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                             !__builtin_cpu_supports("avx512f");
  return usable;
}

namespace {

#define SENSORIUM_AVX2 __attribute__((target("avx2,fma")))

// A run of taps of one row of the kernel, and a range of channels, that a tile takes at once.
struct Tap {
  const float* image; // of the tile's first pixel, at the first channel of the range
  const float* weight;
};

struct Tile {
  const Tap* taps;
  std::int64_t tap_count, channels; // of the range
  std::int64_t pixel;               // floats between the image's pixels that neighbours read
  const float* bias;                // not null: the sum begins with it, else with what out holds
  const float* summand;             // at the last range only
  bool last;                        // the activation follows
  float* out;
  std::int64_t out_pixel;
};

template<int P, int V>
SENSORIUM_AVX2 inline void run_tile(const Tile& t, std::int64_t shift, std::int64_t out_shift,
                                    DirectConv::Activation activation, float slope) {
  __m256 sum[P][V];
  float* const out = t.out + out_shift;
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v)
      sum[p][v] =
          t.bias ? _mm256_loadu_ps(t.bias + 8 * v) : _mm256_loadu_ps(out + p * t.out_pixel + 8 * v);
  for (std::int64_t k = 0; k < t.tap_count; ++k) {
    const float* x = t.taps[k].image + shift;
    const float* w = t.taps[k].weight;
    for (std::int64_t c = 0; c < t.channels; ++c, ++x, w += 8 * V) {
      __m256 weight[V];
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) weight[v] = _mm256_loadu_ps(w + 8 * v);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) {
        const __m256 value = _mm256_broadcast_ss(x + p * t.pixel);
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[p][v] = _mm256_fmadd_ps(value, weight[v], sum[p][v]);
      }
    }
  }
  if (t.summand)
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v)
        sum[p][v] = _mm256_add_ps(sum[p][v],
                                  _mm256_loadu_ps(t.summand + out_shift + p * t.out_pixel + 8 * v));
  if (t.last && activation != DirectConv::Activation::None) {
    const __m256 zero = _mm256_setzero_ps(), factor = _mm256_set1_ps(slope);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) {
        const __m256 x = sum[p][v];
        // The order of max's arguments lets a NaN through.
        sum[p][v] =
            activation == DirectConv::Activation::Relu
                ? _mm256_max_ps(zero, x)
                : _mm256_blendv_ps(x, _mm256_mul_ps(x, factor), _mm256_cmp_ps(x, zero, _CMP_LT_OQ));
      }
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) _mm256_storeu_ps(out + p * t.out_pixel + 8 * v, sum[p][v]);
}

template<int V>
SENSORIUM_AVX2 void run_pixels(const Tile& t, std::int64_t count, DirectConv::Activation activation,
                               float slope) {
  constexpr int P = V == 3 ? 4 : V == 2 ? 6 : 8;
  std::int64_t i = 0;
  for (; i + P <= count; i += P) run_tile<P, V>(t, i * t.pixel, i * t.out_pixel, activation, slope);
  for (; i + 2 <= count; i += 2) run_tile<2, V>(t, i * t.pixel, i * t.out_pixel, activation, slope);
  for (; i < count; ++i) run_tile<1, V>(t, i * t.pixel, i * t.out_pixel, activation, slope);
}

void run(int vectors, const Tile& t, std::int64_t count, const DirectConv& c) {
  if (vectors == 3)
    run_pixels<3>(t, count, c.activation, c.slope);
  else if (vectors == 2)
    run_pixels<2>(t, count, c.activation, c.slope);
  else
    run_pixels<1>(t, count, c.activation, c.slope);
}

// One row of output for one block of its channels.
struct RowBlock {
  const DirectConv& c;
  const float* image; // of this picture of the batch
  const float* packed;
  const float* bias;
  const float* summand; // at this row and block
  float* out;
  std::int64_t y;
  int vectors;

  static constexpr std::int64_t weight_bytes = 24 << 10, piece = 96;

  // Pixels from..to of the row, which all read the same taps inside the image.
  void pixels(std::int64_t from, std::int64_t to, std::vector<Tap>& taps) const {
    const std::int64_t block = 8 * vectors,
                       most = std::max<std::int64_t>(8, weight_bytes / 4 / block);
    const std::int64_t range = std::min(c.channels, most),
                       taps_at_once = std::max<std::int64_t>(1, most / c.channels);
    taps.clear();
    for (std::int64_t i = 0; i < c.kernel_h; ++i)
      for (std::int64_t j = 0; j < c.kernel_w; ++j) {
        const std::int64_t row = y * c.stride_h - c.pad_h + i * c.dilation_h,
                           column = from * c.stride_w - c.pad_w + j * c.dilation_w;
        if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
        taps.push_back({image + (row * c.width + column) * c.channels,
                        packed + (i * c.kernel_w + j) * c.channels * block});
      }
    static constexpr float zeros[24] = {};
    const float* const start = bias ? bias : zeros;
    const auto count = static_cast<std::int64_t>(taps.size());
    Tile t{.taps = nullptr,
           .tap_count = 0,
           .channels = 0,
           .pixel = c.stride_w * c.channels,
           .bias = start,
           .summand = nullptr,
           .last = false,
           .out = out + from * c.out_channels,
           .out_pixel = c.out_channels};
    std::vector<Tap> here;
    for (std::int64_t k = 0; k == 0 || k < count; k += taps_at_once)
      for (std::int64_t first = 0; first < c.channels; first += range) {
        here.clear();
        for (std::int64_t i = k; i < std::min(count, k + taps_at_once); ++i)
          here.push_back({taps[static_cast<std::size_t>(i)].image + first,
                          taps[static_cast<std::size_t>(i)].weight + first * block});
        t.taps = here.data();
        t.tap_count = static_cast<std::int64_t>(here.size());
        t.channels = std::min(range, c.channels - first);
        t.last = k + taps_at_once >= count && first + range >= c.channels;
        t.summand = t.last && summand ? summand + from * c.out_channels : nullptr;
        run(vectors, t, to - from, c);
        t.bias = nullptr;
      }
  }

  void row() const {
    std::vector<Tap> taps;
    const auto inside = [&](std::int64_t x) {
      return x * c.stride_w >= c.pad_w &&
             x * c.stride_w - c.pad_w + (c.kernel_w - 1) * c.dilation_w < c.width;
    };
    for (std::int64_t x = 0; x < c.out_width;) {
      std::int64_t end = x + 1;
      if (inside(x))
        while (end < c.out_width && end - x < piece && inside(end)) ++end;
      pixels(x, end, taps);
      x = end;
    }
  }
};

}

void direct_conv_rows(const DirectConv& c, const float* image, const float* packed,
                      const float* bias, const float* summand, float* out, std::int64_t from,
                      std::int64_t to) {
  const std::vector<int> blocks = blocks_of(c.out_channels);
  const std::int64_t each = c.channels * c.kernel_h * c.kernel_w,
                     out_row = c.out_row > 0 ? c.out_row : c.out_width * c.out_channels;
  for (std::int64_t r = from; r < to; ++r) {
    const float* picture = image + r / c.out_height * c.height * c.width * c.channels;
    std::int64_t first = 0;
    for (const int vectors : blocks) {
      const RowBlock block{.c = c,
                           .image = picture,
                           .packed = packed + first * each,
                           .bias = bias ? bias + first : nullptr,
                           .summand = summand ? summand + r * out_row + first : nullptr,
                           .out = out + r * out_row + first,
                           .y = r % c.out_height,
                           .vectors = vectors};
      block.row();
      first += 8 * vectors;
    }
  }
}

#else

bool direct_conv_usable() { return false; }
void direct_conv_rows(const DirectConv&, const float*, const float*, const float*, const float*,
                      float*, std::int64_t, std::int64_t) {}

#endif

}
