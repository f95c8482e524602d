#include "pipelines/oct_hrf/enhance.h"

#include "modules/core/error.h"
#include "modules/core/parallel.h"
#include "modules/signal/fft.h"
#include "pipelines/oct_hrf/enhance_device.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <tuple>

namespace sensorium::oct_hrf {

namespace {

using Complex = std::complex<float>;
constexpr double background_fraction = 0.15;
constexpr int most_background_blocks = 256;

// The picture with mirrored borders, so that every sample lies in four blocks.
struct Padded {
  int block, step, columns, rows, width, height;
  std::vector<float> samples;
  const float* at(int row, int column) const {
    return samples.data() + static_cast<std::size_t>(row) * step * width + column * step;
  }
};

int mirrored(int i, int n) {
  const int period = 2 * n;
  i = ((i % period) + period) % period;
  return i < n ? i : period - 1 - i;
}

Padded pad(std::span<const float> bscan, int width, int height, int block) {
  Padded p{.block = block, .step = block / 2};
  p.columns = (width + p.step - 1) / p.step + 1;
  p.rows = (height + p.step - 1) / p.step + 1;
  p.width = (p.columns + 1) * p.step;
  p.height = (p.rows + 1) * p.step;
  p.samples.resize(static_cast<std::size_t>(p.width) * p.height);
  for (int y = 0; y < p.height; ++y) {
    const float* from =
        bscan.data() + static_cast<std::size_t>(mirrored(y - p.step, height)) * width;
    float* to = p.samples.data() + static_cast<std::size_t>(y) * p.width;
    for (int x = 0; x < p.step; ++x) to[x] = from[mirrored(x - p.step, width)];
    std::copy_n(from, width, to + p.step);
    for (int x = p.step + width; x < p.width; ++x) to[x] = from[mirrored(x - p.step, width)];
  }
  return p;
}

std::vector<float> sine_window(int block) {
  std::vector<float> window(block);
  for (int i = 0; i < block; ++i)
    window[i] = static_cast<float>(std::sin(std::numbers::pi * (i + 0.5) / block));
  return window;
}

// The block less its mean, times the window. Returns the mean.
float cut(const float* from, int stride, int block, const std::vector<float>& window, float* out) {
  float sum = 0;
  for (int y = 0; y < block; ++y)
    for (int x = 0; x < block; ++x) sum += from[y * stride + x];
  const float mean = sum / static_cast<float>(block * block);
  for (int y = 0; y < block; ++y)
    for (int x = 0; x < block; ++x)
      out[y * block + x] = (from[y * stride + x] - mean) * window[y] * window[x];
  return mean;
}

struct BlockPlace {
  float mean;
  int row, column;
};

// Blocks that do not overlap and are not constant, the darkest ones.
std::vector<BlockPlace> background_blocks(const Padded& p) {
  std::vector<BlockPlace> places;
  for (int r = 1; r + 1 < p.rows; r += 2)
    for (int c = 1; c + 1 < p.columns; c += 2) {
      const float* from = p.at(r, c);
      float sum = 0, least = from[0], most = from[0];
      for (int y = 0; y < p.block; ++y)
        for (int x = 0; x < p.block; ++x) {
          const float v = from[static_cast<std::size_t>(y) * p.width + x];
          sum += v;
          least = std::min(least, v);
          most = std::max(most, v);
        }
      if (most > least) places.push_back({sum, r, c});
    }
  const auto wanted = std::min<std::size_t>(
      places.size(), std::max<std::size_t>(4, places.size() * background_fraction));
  std::partial_sort(places.begin(), places.begin() + wanted, places.end(),
                    [](const BlockPlace& a, const BlockPlace& b) {
                      return std::tie(a.mean, a.row, a.column) < std::tie(b.mean, b.row, b.column);
                    });
  places.resize(wanted);
  std::vector<BlockPlace> chosen;
  const std::size_t step = std::max<std::size_t>(1, wanted / most_background_blocks);
  for (std::size_t i = 0; i < wanted; i += step) chosen.push_back(places[i]);
  return chosen;
}

// What the squared coefficients are compared with: the noise's mean power, over-subtracted.
std::vector<float> thresholds_of(const Padded& p, const std::vector<float>& window,
                                 double strength) {
  const int plane = p.block * p.block, half = p.block * half_width(p.block);
  std::vector<float> power(half, 0.0f), block(plane);
  std::vector<Complex> spectrum(half);
  const std::vector<BlockPlace> places = background_blocks(p);
  for (const BlockPlace& place : places) {
    cut(p.at(place.row, place.column), p.width, p.block, window, block.data());
    fft2d_batch(block.data(), spectrum.data(), p.block, p.block, 1);
    for (int i = 0; i < half; ++i) power[i] += std::norm(spectrum[i]);
  }
  for (float& v : power) {
    v /= static_cast<float>(std::max<std::size_t>(1, places.size()));
    v *= static_cast<float>(strength);
  }
  return power;
}

void shrink(Complex* spectrum, const std::vector<float>& threshold, float scale) {
  for (std::size_t i = 0; i < threshold.size(); ++i) {
    const float power = std::norm(spectrum[i]);
    const float gain = power > threshold[i] ? (1.0f - threshold[i] / power) * scale : 0.0f;
    spectrum[i] *= gain;
  }
}

void add_block(const float* block, float mean, const std::vector<float>& window, int size,
               float* out, int stride) {
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const float w = window[y] * window[x];
      out[static_cast<std::size_t>(y) * stride + x] += (block[y * size + x] + mean * w) * w;
    }
}

}

std::vector<float> enhance_bscan(std::span<const float> bscan, int width, int height,
                                 const EnhanceOptions& options) {
  const int block = options.block;
  if (width < 1 || height < 1 || bscan.size() != static_cast<std::size_t>(width) * height ||
      block < 2 || block % 2 != 0)
    throw Error(ErrorCode::Internal, "enhance_bscan: sizes contradict each other");
  if (width < block || height < block || options.strength <= 0) return {bscan.begin(), bscan.end()};

  const Padded p = pad(bscan, width, height, block);
  const std::vector<float> window = sine_window(block);
  const std::vector<float> threshold = thresholds_of(p, window, options.strength);

  const int plane = block * block, half = block * half_width(block);
  std::vector<float> blocks(static_cast<std::size_t>(plane) * p.columns), means(p.columns);
  std::vector<Complex> spectra(static_cast<std::size_t>(half) * p.columns);
  std::vector<float> sum(p.samples.size(), 0.0f);
  for (int r = 0; r < p.rows; ++r) {
    for (int c = 0; c < p.columns; ++c)
      means[c] = cut(p.at(r, c), p.width, block, window, blocks.data() + c * plane);
    fft2d_batch(blocks.data(), spectra.data(), block, block, p.columns);
    for (int c = 0; c < p.columns; ++c)
      shrink(spectra.data() + c * half, threshold, 1.0f / static_cast<float>(plane));
    inverse_fft2d_batch(spectra.data(), blocks.data(), block, block, p.columns);
    for (int c = 0; c < p.columns; ++c)
      add_block(blocks.data() + c * plane, means[c], window, block,
                sum.data() + static_cast<std::size_t>(r) * p.step * p.width + c * p.step, p.width);
  }

  std::vector<float> out(bscan.size());
  for (int y = 0; y < height; ++y)
    std::copy_n(sum.data() + static_cast<std::size_t>(y + p.step) * p.width + p.step, width,
                out.data() + static_cast<std::size_t>(y) * width);
  return out;
}

std::vector<float> enhance_volume(std::span<const float> volume, int width, int height,
                                  const EnhanceOptions& options, int threads) {
  const std::size_t plane = static_cast<std::size_t>(width) * height;
  if (plane == 0 || volume.size() % plane != 0)
    throw Error(ErrorCode::Internal, "enhance_volume: sizes contradict each other");
  std::vector<float> out(volume.size());
  parallel_for(static_cast<int>(volume.size() / plane), threads, [&](int z) {
    const std::vector<float> one =
        enhance_bscan(volume.subspan(z * plane, plane), width, height, options);
    std::copy(one.begin(), one.end(), out.begin() + static_cast<std::ptrdiff_t>(z * plane));
  });
  return out;
}

std::vector<float> enhance_volume_on(Accelerator& accelerator, std::span<const float> volume,
                                     int width, int height, const EnhanceOptions& options,
                                     int threads) {
  const int block = options.block;
  const std::size_t plane = static_cast<std::size_t>(width) * height;
  if (block < 2 || block % 2 != 0 || width < block || height < block || options.strength <= 0 ||
      volume.size() % plane != 0) // nothing to do, or a mistake
    return enhance_volume(volume, width, height, options, threads);
  const std::size_t half = static_cast<std::size_t>(block) * half_width(block);
  const std::vector<float> window = sine_window(block);
  std::vector<float> thresholds(volume.size() / plane * half), out(volume.size());
  parallel_for(static_cast<int>(volume.size() / plane), threads, [&](int z) {
    const Padded p = pad(volume.subspan(z * plane, plane), width, height, block);
    const std::vector<float> one = thresholds_of(p, window, options.strength);
    std::copy(one.begin(), one.end(), thresholds.begin() + static_cast<std::ptrdiff_t>(z * half));
  });
  accelerator.shrink_blocks({.width = width,
                             .height = height,
                             .block = block,
                             .window = window,
                             .thresholds = thresholds},
                            volume, out);
  return out;
}

}
