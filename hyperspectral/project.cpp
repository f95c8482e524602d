#include "hyperspectral/project.h"

#include "hyperspectral/project_device.h"
#include "hyperspectral/project_kernel.h"
#include "modules/core/error.h"
#include "modules/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

namespace sensorium::hyper {
namespace {

// Of mapped samples, about as much may stay in memory between two releases. Touching a byte maps
// the 64 kB around it, so short pieces of rows cost more than they hold.
constexpr std::size_t most_resident = std::size_t{48} << 20;
constexpr std::size_t around_a_touch = 65536;

std::size_t bytes_touched(const Cube& cube, const TileRange& tile, std::size_t bands_read) {
  const std::size_t pixels = tile.pixels(), size = size_of(cube.type);
  if (lies_scattered(cube)) return 0; // copied, not mapped
  if (cube.stride[2] == 1)
    return pixels * static_cast<std::size_t>(cube.bands) * size + around_a_touch;
  return bands_read * (pixels * size + around_a_touch);
}

bool is_ignored(double value, double ignored) {
  return value == ignored || (std::isnan(ignored) && std::isnan(value));
}

// Values of a block in natural order, then the three sums; blank: 1 where a band is ignored.
struct Block {
  std::vector<double> values;
  std::vector<std::uint8_t> blank;
};

void sum_pixels(const Block& block, const Projection& p, std::size_t pixels, double* out) {
  const std::size_t n = p.bands.size();
  for (std::size_t i = 0; i < pixels; ++i) {
    const double* v = block.values.data() + i * n;
    double a = 0, b = 0, c = 0;
    for (std::size_t k = 0; k < n; ++k) {
      a += p.weights[k][0] * v[k];
      b += p.weights[k][1] * v[k];
      c += p.weights[k][2] * v[k];
    }
    out[3 * i] = p.offset[0] + a;
    out[3 * i + 1] = p.offset[1] + b;
    out[3 * i + 2] = p.offset[2] + c;
  }
}

void sum_bands(const Block& block, const Projection& p, std::size_t pixels, double* out) {
  std::vector<double> sums(3 * pixels, 0.0);
  for (std::size_t k = 0; k < p.bands.size(); ++k) {
    const double* v = block.values.data() + k * pixels;
    for (std::size_t c = 0; c < 3; ++c) {
      const double w = p.weights[k][c];
      double* s = sums.data() + c * pixels;
      for (std::size_t i = 0; i < pixels; ++i) s[i] += w * v[i];
    }
  }
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t c = 0; c < 3; ++c) out[3 * i + c] = p.offset[c] + sums[c * pixels + i];
}

std::optional<KernelType> kernel_type(const Cube& cube) {
  if (cube.big_endian && size_of(cube.type) > 1) return std::nullopt;
  switch (cube.type) {
  case SampleType::UInt8:
    return KernelType::UInt8;
  case SampleType::Int16:
    return KernelType::Int16;
  case SampleType::UInt16:
    return KernelType::UInt16;
  case SampleType::Int32:
    return KernelType::Int32;
  case SampleType::Float32:
    return KernelType::Float32;
  case SampleType::Float64:
    return KernelType::Float64;
  default:
    return std::nullopt;
  }
}

void run_kernel(KernelType type, bool together, const RowSums& row) {
#ifdef SENSORIUM_PRODUCTS_AVX2
  static const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (fast) return sums_avx2(type, together, &row);
#endif
  sums_plain(type, together, &row);
}

// Straight from the stored samples, where nothing has to be turned, calibrated or left out. False:
// not such a cube, nothing was done.
bool sum_stored(const Cube& cube, const TileRange& tile, const Projection& p, double* out) {
  const auto type = kernel_type(cube);
  if (!type || p.calibration != nullptr || cube.ignore_value) return false;
  if (lies_scattered(cube)) {
    const Cube part = gathered(cube, tile, p.bands);
    Projection here = p;
    std::iota(here.bands.begin(), here.bands.end(), 0);
    return sum_stored(part, {0, part.lines, 0, part.samples}, here, out);
  }
  const bool side_by_side = std::adjacent_find(p.bands.begin(), p.bands.end(), [](int a, int b) {
                              return b != a + 1;
                            }) == p.bands.end();
  const bool together = cube.stride[2] == 1 && side_by_side;
  if (!together && cube.stride[1] != 1) return false;
  const std::size_t n = p.bands.size();
  std::vector<double> weights(3 * n);
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t k = 0; k < n; ++k) weights[c * n + k] = p.weights[k][c];
  const auto size = static_cast<std::ptrdiff_t>(size_of(cube.type));
  const auto step = [&](std::size_t axis) {
    return static_cast<std::ptrdiff_t>(cube.stride[axis]) * size;
  };
  for (int l = 0; l < tile.lines; ++l) {
    const std::size_t width = static_cast<std::size_t>(tile.samples);
    run_kernel(
        *type, together,
        {.first = cube.data.bytes().data() + (tile.line + l) * step(0) + tile.sample * step(1),
         .sample_step = step(1),
         .band_step = step(2),
         .pixels = width,
         .bands = p.bands.data(),
         .count = n,
         .weights = weights.data(),
         .offset = p.offset.data(),
         .out = out + 3 * static_cast<std::size_t>(l) * width});
  }
  return true;
}

void check_place(const Cube& cube, const TileRange& t, const Projection& p) {
  bool inside = t.line >= 0 && t.lines > 0 && t.line <= cube.lines - t.lines && t.sample >= 0 &&
                t.samples > 0 && t.sample <= cube.samples - t.samples && cube.data.size() > 0;
  for (const int band : p.bands) inside = inside && band >= 0 && band < cube.bands;
  if (!inside) throw Error(ErrorCode::Internal, "a projection of a tile outside of its cube");
}

void mark_blank(Block& block, double ignored, TileOrder order, std::size_t pixels,
                std::size_t bands) {
  block.blank.assign(pixels, 0);
  for (std::size_t i = 0; i < block.values.size(); ++i)
    if (is_ignored(block.values[i], ignored))
      block.blank[order == TileOrder::Pixels ? i / bands : i % pixels] = 1;
}

}

void for_each_tile(const Cube& cube, const std::vector<TileRange>& tiles, std::size_t bands_read,
                   const Context& context, std::string_view what,
                   const std::function<void(const TileRange&, int worker)>& work) {
  if (tiles.empty()) return;
  const int count = static_cast<int>(tiles.size()),
            threads = std::max(1, std::min(context.thread_count(), count));
  std::atomic<int> next{0};
  std::atomic<std::size_t> resident{0};
  std::mutex mutex;
  int done = 0;
  parallel_for(threads, threads, [&](int worker) {
    for (int i = next++; i < count; i = next++) {
      const TileRange& tile = tiles[static_cast<std::size_t>(i)];
      work(tile, worker);
      const std::size_t touched = bytes_touched(cube, tile, bands_read);
      if ((resident += touched) > most_resident) {
        resident = 0;
        cube.data.release();
      }
      const std::lock_guard lock(mutex);
      context.step(static_cast<double>(++done) / count, what);
    }
  });
  if (cube.data.size() > most_resident) cube.data.release();
}

void project_tile(const Cube& cube, const TileRange& tile, const Projection& projection,
                  std::span<double> out) {
  const std::size_t pixels = tile.pixels(), bands = projection.bands.size();
  if (bands == 0 || projection.weights.size() != bands || out.size() != 3 * pixels)
    throw Error(ErrorCode::Internal, "a projection that does not fit its tile");
  check_place(cube, tile, projection);
  if (sum_stored(cube, tile, projection, out.data())) return;
  thread_local Block block;
  block.values.resize(pixels * bands);
  const TileOrder order = natural_order(cube);
  read_values<double>(cube, projection.calibration.get(), tile, projection.bands, order,
                      block.values);
  if (order == TileOrder::Pixels)
    sum_pixels(block, projection, pixels, out.data());
  else
    sum_bands(block, projection, pixels, out.data());
  if (!cube.ignore_value || projection.calibration != nullptr) return; // NaN has passed through
  mark_blank(block, *cube.ignore_value, order, pixels, bands);
  for (std::size_t i = 0; i < pixels; ++i)
    if (block.blank[i] != 0)
      for (std::size_t c = 0; c < 3; ++c) out[3 * i + c] = std::numeric_limits<double>::quiet_NaN();
}

namespace {

// In pieces of about so many values; sums: a tile's.
void project_tiles(const Cube& cube, const Projection& projection, const Context& context,
                   Raster& out, std::size_t most_values,
                   const std::function<void(const TileRange&, std::span<double>)>& sums) {
  const auto tiles = tiles_of(cube, projection.bands.size(), most_values);
  std::atomic<std::size_t> written{0};
  for_each_tile(cube, tiles, projection.bands.size(), context, "colours",
                [&](const TileRange& tile, int) {
                  thread_local std::vector<double> values;
                  values.resize(3 * tile.pixels());
                  sums(tile, values);
                  const std::size_t run = 3 * static_cast<std::size_t>(tile.samples);
                  for (int l = 0; l < tile.lines; ++l) {
                    const double* from = values.data() + static_cast<std::size_t>(l) * run;
                    std::transform(from, from + run,
                                   out.rows(tile.line + l, 1).data() +
                                       3 * static_cast<std::size_t>(tile.sample),
                                   [](double v) { return static_cast<float>(v); });
                  }
                  if ((written += values.size() * sizeof(float)) > most_resident) {
                    written = 0;
                    out.release();
                  }
                });
  out.release();
}

}

void project(const Cube& cube, const Projection& projection, const Context& context, Raster& out) {
  project_tiles(cube, projection, context, out,
                natural_order(cube) == TileOrder::Pixels ? 1 << 16
                : lies_scattered(cube)                   ? 1 << 19
                                                         : 1 << 18,
                [&](const TileRange& tile, std::span<double> sums) {
                  project_tile(cube, tile, projection, sums);
                });
}

void project_on(Accelerator& accelerator, const Cube& cube, const Projection& projection,
                const Context& context, Raster& out) {
  // Each tile that is sent costs some ten microseconds beside the copy.
  project_tiles(cube, projection, context, out, 1 << 20,
                [&](const TileRange& tile, std::span<double> sums) {
                  check_place(cube, tile, projection);
                  project_tile_on(accelerator, cube, tile, projection, sums);
                });
}

}
