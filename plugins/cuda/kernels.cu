// The kernels. They share no memory and wait for nothing, so that the tests can run the same source
// on a processor, one thread after the other (tests/plugins_cuda/host_kernels.cpp).
#include "plugins/cuda/kernels.h"

#ifndef SENSORIUM_KERNELS_ON_HOST
#define SENSORIUM_KERNEL extern "C" __global__ void
#define SENSORIUM_DEVICE __device__ inline
#endif

using sensorium::cuda::ShrinkWork;
using sensorium::cuda::SumWork;

SENSORIUM_DEVICE unsigned own_number() { return blockIdx.x * blockDim.x + threadIdx.x; }

SENSORIUM_DEVICE int mirrored(int i, int n) {
  const int period = 2 * n;
  i = ((i % period) + period) % period;
  return i < n ? i : period - 1 - i;
}

// Sample (y, x) of block `at`, which counts through all pictures.
SENSORIUM_DEVICE float sample_of(const ShrinkWork& w, unsigned at, int y, int x) {
  const unsigned each = w.rows * w.columns, picture = at / each, place = at % each;
  const int step = static_cast<int>(w.block / 2);
  const int line = static_cast<int>(place / w.columns) * step - step + y;
  const int column = static_cast<int>(place % w.columns) * step - step + x;
  const unsigned long long row = static_cast<unsigned long long>(picture) * w.height +
                                 static_cast<unsigned>(mirrored(line, static_cast<int>(w.height)));
  return w
      .pictures[row * w.width + static_cast<unsigned>(mirrored(column, static_cast<int>(w.width)))];
}

SENSORIUM_KERNEL sensorium_block_means(ShrinkWork w) {
  const unsigned at = own_number();
  if (at >= w.pictures_count * w.rows * w.columns) return;
  const int block = static_cast<int>(w.block);
  float sum = 0;
  for (int y = 0; y < block; ++y)
    for (int x = 0; x < block; ++x) sum += sample_of(w, at, y, x);
  w.means[at] = sum / static_cast<float>(block * block);
}

SENSORIUM_KERNEL sensorium_cut_blocks(ShrinkWork w) {
  const unsigned i = own_number(), plane = w.block * w.block, at = i / plane;
  if (at >= w.pictures_count * w.rows * w.columns) return;
  const unsigned y = i % plane / w.block, x = i % w.block;
  w.blocks[i] = (sample_of(w, at, static_cast<int>(y), static_cast<int>(x)) - w.means[at]) *
                w.window[y] * w.window[x];
}

// The transforms are not normalised: the gain makes up for it.
SENSORIUM_KERNEL sensorium_shrink(ShrinkWork w) {
  const unsigned i = own_number(), half = w.block * (w.block / 2 + 1), at = i / half;
  const unsigned each = w.rows * w.columns;
  if (at >= w.pictures_count * each) return;
  float* f = w.spectra + 2ull * i;
  const float threshold =
      w.thresholds[static_cast<unsigned long long>(at / each) * half + i % half];
  const float power = f[0] * f[0] + f[1] * f[1];
  const float scale = 1.0f / static_cast<float>(w.block * w.block);
  const float gain = power > threshold ? (1.0f - threshold / power) * scale : 0.0f;
  f[0] *= gain;
  f[1] *= gain;
}

// The four blocks of a sample, in the order in which the processor adds them.
SENSORIUM_KERNEL sensorium_add_blocks(ShrinkWork w) {
  const unsigned i = own_number(), plane = w.width * w.height, picture = i / plane;
  if (picture >= w.pictures_count) return;
  const unsigned step = w.block / 2;
  const unsigned line = i % plane / w.width + step, column = i % w.width + step;
  float sum = 0;
  for (unsigned r = line / step - 1; r <= line / step; ++r)
    for (unsigned c = column / step - 1; c <= column / step; ++c) {
      const unsigned at = (picture * w.rows + r) * w.columns + c;
      const unsigned y = line - r * step, x = column - c * step;
      const float weight = w.window[y] * w.window[x];
      const float value =
          w.blocks[static_cast<unsigned long long>(at) * w.block * w.block + y * w.block + x];
      sum += (value + w.means[at] * weight) * weight;
    }
  w.out[i] = sum;
}

template<class T> SENSORIUM_DEVICE double stored_number(const SumWork& w, unsigned long long i) {
  T value = static_cast<const T*>(w.stored)[i];
  if (w.turned) {
    unsigned char* bytes = reinterpret_cast<unsigned char*>(&value);
    for (unsigned a = 0, b = sizeof(T) - 1; a < b; ++a, --b) {
      const unsigned char kept = bytes[a];
      bytes[a] = bytes[b];
      bytes[b] = kept;
    }
  }
  return static_cast<double>(value);
}

template<class T> SENSORIUM_DEVICE void sums_of_pixel(const SumWork& w, unsigned pixel) {
  const unsigned sample = pixel % w.samples;
  const unsigned long long first = pixel / w.samples * w.line_step + sample * w.sample_step;
  double sum[3] = {0, 0, 0};
  bool blank = false;
  for (unsigned k = 0; k < w.values; ++k) {
    double v = stored_number<T>(w, first + static_cast<unsigned long long>(w.places[k]));
    blank = blank || (w.has_ignored && (v == w.ignored || (v != v && w.ignored != w.ignored)));
    if (w.gain) {
      const unsigned long long element = static_cast<unsigned long long>(sample) * w.values + k;
      v = (v - static_cast<double>(w.dark[element])) * static_cast<double>(w.gain[element]);
    }
    for (unsigned c = 0; c < 3; ++c) sum[c] += w.weights[c * w.values + k] * v;
  }
  const double zero = 0;
  for (unsigned c = 0; c < 3; ++c)
    w.out[3ull * pixel + c] = blank ? zero / zero : w.offset[c] + sum[c];
}

SENSORIUM_KERNEL sensorium_weighted_sums(SumWork w) {
  const unsigned pixel = own_number();
  if (pixel >= w.pixels) return;
  switch (w.type) { // of modules/core/cube.h
  case 1:
    return sums_of_pixel<unsigned char>(w, pixel);
  case 2:
    return sums_of_pixel<short>(w, pixel);
  case 3:
    return sums_of_pixel<int>(w, pixel);
  case 4:
    return sums_of_pixel<float>(w, pixel);
  case 5:
    return sums_of_pixel<double>(w, pixel);
  case 12:
    return sums_of_pixel<unsigned short>(w, pixel);
  case 13:
    return sums_of_pixel<unsigned>(w, pixel);
  case 14:
    return sums_of_pixel<long long>(w, pixel);
  case 15:
    return sums_of_pixel<unsigned long long>(w, pixel);
  default:
    return sums_of_pixel<signed char>(w, pixel);
  }
}
