#include "plugins/cuda/cuda_accelerator.h"

#include "modules/core/error.h"
#include "plugins/cuda/device.h"
#include "plugins/cuda/kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace sensorium::cuda {
namespace {

// The kernels count with 32 bits.
constexpr std::size_t most_numbers = std::size_t{1} << 30;

// cuFFT's functions, and a plan for each (block, blocks at once), kept as FFTW's are.
class Transforms {
public:
  Transforms(const Device& device, const Libraries& libraries)
      : device_(device), fft_(load_fft(libraries)) {}
  void forward(int block, std::size_t count, float* blocks, float* spectra) {
    check(fft_.forward(plan(block, count, real_to_complex), blocks, spectra));
  }
  void inverse(int block, std::size_t count, float* spectra, float* blocks) {
    check(fft_.inverse(plan(block, count, complex_to_real), spectra, blocks));
  }

private:
  int plan(int block, std::size_t count, int type) {
    const auto [at, is_new] = plans_.try_emplace({block, count, type}, 0);
    if (!is_new) return at->second;
    int sides[2] = {block, block};
    const int plane = block * block, half = block * (block / 2 + 1);
    const bool from_real = type == real_to_complex;
    const int made =
        fft_.plan_many(&at->second, 2, sides, nullptr, 1, from_real ? plane : half, nullptr, 1,
                       from_real ? half : plane, type, static_cast<int>(count));
    if (made != 0) plans_.erase(at);
    check(made);
    return at->second;
  }
  void check(int result) const {
    constexpr int no_memory = 2; // cufft.h, CUFFT_ALLOC_FAILED
    if (result != 0)
      throw Error(result == no_memory ? ErrorCode::Resources : ErrorCode::Internal,
                  fmt::format("{} failed in cuFFT (error {})", device_.name(), result),
                  "close other programs that use the GPU, or choose --device cpu");
  }
  const Device& device_;
  Fft fft_;
  std::map<std::tuple<int, std::size_t, int>, int> plans_;
};

class CudaAccelerator : public Accelerator {
public:
  CudaAccelerator(int number, const std::byte* kernels, Libraries libraries)
      : libraries_(std::move(libraries)), device_(number, kernels, libraries_) {}
  std::string name() const override { return device_.name(); }
  void shrink_blocks(const BlockShrinkage& work, std::span<const float> pictures,
                     std::span<float> out) override;
  void weighted_sums(const StoredSums& work, std::span<double> out) override;

private:
  Libraries libraries_;
  Device device_;
  std::optional<Transforms> transforms_;
  // Kept from tile to tile.
  Memory stored_{device_}, places_{device_}, weights_{device_}, dark_{device_}, gain_{device_},
      sums_{device_};
};

// The sizes that follow from a shrinkage's.
struct Blocks {
  std::size_t plane, rows, columns, window, half, of_picture;
  explicit Blocks(const BlockShrinkage& w) {
    const auto side = static_cast<std::size_t>(w.block), step = side / 2;
    plane = static_cast<std::size_t>(w.width) * static_cast<std::size_t>(w.height);
    rows = (static_cast<std::size_t>(w.height) + step - 1) / step + 1;
    columns = (static_cast<std::size_t>(w.width) + step - 1) / step + 1;
    window = side * side;
    half = side * (side / 2 + 1);
    of_picture = rows * columns;
  }
  // Real and complex blocks, cuFFT's own copy of them, means, both pictures.
  std::size_t bytes_of_picture() const {
    return sizeof(float) * (of_picture * (2 * window + 4 * half + 1) + 2 * plane + half);
  }
};

void check_sizes(const BlockShrinkage& work, std::size_t pictures, std::size_t out) {
  const bool possible = work.block >= 2 && work.block % 2 == 0 && work.block <= work.width &&
                        work.block <= work.height;
  const Blocks b(possible ? work : BlockShrinkage{.width = 2, .height = 2, .block = 2});
  if (!possible || pictures % b.plane != 0 || out != pictures ||
      work.window.size() != static_cast<std::size_t>(work.block) ||
      work.thresholds.size() != pictures / b.plane * b.half)
    throw Error(ErrorCode::Internal, "shrink_blocks: sizes contradict each other");
}

void CudaAccelerator::shrink_blocks(const BlockShrinkage& work, std::span<const float> pictures,
                                    std::span<float> out) {
  check_sizes(work, pictures.size(), out.size());
  const Blocks b(work);
  const std::size_t count = pictures.size() / b.plane;
  const Device::Use use(device_);
  if (!transforms_) transforms_.emplace(device_, libraries_);
  const std::size_t numbers = std::max(b.of_picture * std::max(b.window, b.half), b.plane);
  const std::size_t fit = std::min(device_.budget() / b.bytes_of_picture(), most_numbers / numbers);
  if (fit == 0)
    throw Error(ErrorCode::Resources,
                fmt::format("a picture of {} x {} does not fit into the memory of {}", work.width,
                            work.height, device_.name()));
  const std::size_t at_once = std::min(fit, std::max<std::size_t>(1, count));

  Memory in(device_), result(device_), means(device_), blocks(device_), spectra(device_),
      window(device_), thresholds(device_);
  result.reserve(at_once * b.plane * sizeof(float));
  means.reserve(at_once * b.of_picture * sizeof(float));
  blocks.reserve(at_once * b.of_picture * b.window * sizeof(float));
  spectra.reserve(at_once * b.of_picture * b.half * 2 * sizeof(float));
  window.put(work.window);
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t some = std::min(at_once, count - first), all = some * b.of_picture;
    in.put(pictures.subspan(first * b.plane, some * b.plane));
    thresholds.put(work.thresholds.subspan(first * b.half, some * b.half));
    const ShrinkWork w{.pictures = in.as<float>(),
                       .out = result.as<float>(),
                       .means = means.as<float>(),
                       .blocks = blocks.as<float>(),
                       .spectra = spectra.as<float>(),
                       .window = window.as<float>(),
                       .thresholds = thresholds.as<float>(),
                       .pictures_count = static_cast<unsigned>(some),
                       .width = static_cast<unsigned>(work.width),
                       .height = static_cast<unsigned>(work.height),
                       .block = static_cast<unsigned>(work.block),
                       .rows = static_cast<unsigned>(b.rows),
                       .columns = static_cast<unsigned>(b.columns)};
    device_.launch(device_.kernel("sensorium_block_means"), all, w);
    device_.launch(device_.kernel("sensorium_cut_blocks"), all * b.window, w);
    transforms_->forward(work.block, all, w.blocks, w.spectra);
    device_.launch(device_.kernel("sensorium_shrink"), all * b.half, w);
    transforms_->inverse(work.block, all, w.spectra, w.blocks);
    device_.launch(device_.kernel("sensorium_add_blocks"), some * b.plane, w);
    device_.synchronise();
    result.get(out.subspan(first * b.plane, some * b.plane));
  }
}

void check_sizes(const StoredSums& w, std::size_t out) {
  const auto n = [](int v) { return static_cast<std::size_t>(std::max(0, v)); };
  bool right = w.lines > 0 && w.samples > 0 && w.values > 0 && !is_complex(w.type) &&
               out == 3 * n(w.lines) * n(w.samples) && w.places.size() == n(w.values) &&
               w.weights.size() == 3 * n(w.values) && w.dark.size() == w.gain.size() &&
               (w.gain.empty() || w.gain.size() == n(w.samples) * n(w.values));
  int furthest = 0;
  for (const int place : w.places) {
    right = right && place >= 0;
    furthest = std::max(furthest, place);
  }
  if (right) {
    const std::size_t last = (n(w.lines) - 1) * w.line_step + (n(w.samples) - 1) * w.sample_step +
                             static_cast<std::size_t>(furthest);
    right = last < w.stored.size() / size_of(w.type);
  }
  if (!right) throw Error(ErrorCode::Internal, "weighted_sums: sizes contradict each other");
}

void CudaAccelerator::weighted_sums(const StoredSums& work, std::span<double> out) {
  check_sizes(work, out.size());
  const std::size_t pixels = out.size() / 3;
  if (pixels > most_numbers)
    throw Error(ErrorCode::Unsupported, fmt::format("{} pixels at once are too many", pixels));
  const Device::Use use(device_);
  stored_.put(work.stored);
  places_.put(work.places);
  weights_.put(work.weights);
  dark_.put(work.dark);
  gain_.put(work.gain);
  sums_.reserve(out.size_bytes());
  SumWork w{.stored = stored_.as<void>(),
            .places = places_.as<int>(),
            .weights = weights_.as<double>(),
            .dark = work.gain.empty() ? nullptr : dark_.as<float>(),
            .gain = work.gain.empty() ? nullptr : gain_.as<float>(),
            .out = sums_.as<double>(),
            .offset = {work.offset[0], work.offset[1], work.offset[2]},
            .ignored = work.ignored.value_or(0),
            .line_step = work.line_step,
            .sample_step = work.sample_step,
            .pixels = static_cast<unsigned>(pixels),
            .samples = static_cast<unsigned>(work.samples),
            .values = static_cast<unsigned>(work.values),
            .type = static_cast<int>(work.type),
            .turned = work.big_endian && size_of(work.type) > 1 ? 1 : 0,
            .has_ignored = work.ignored ? 1 : 0};
  device_.launch(device_.kernel("sensorium_weighted_sums"), pixels, w);
  device_.synchronise();
  sums_.get(out);
}

}

std::shared_ptr<Accelerator> make_accelerator(int number, const std::byte* kernels,
                                              const Libraries& libraries) {
  return std::make_shared<CudaAccelerator>(number, kernels, libraries);
}

}
