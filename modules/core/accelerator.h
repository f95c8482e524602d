// Work that a device does in place of the processor. A plugin brings it: the extension whose id is
// the kind of the device ("cuda" for "cuda:1") exports it with SENSORIUM_ACCELERATOR. The code on
// the processor stays the judge, and takes over where no such extension, driver or device is there.
#pragma once

#include "modules/core/context.h"
#include "modules/core/cube.h"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sensorium {

// Raised whenever this header changes.
inline constexpr int accelerator_version = 1;

// Pictures cut into blocks that overlap by half, with mirrored borders: block (r, c) begins at line
// r * block / 2 - block / 2 and the like column, for r = 0 .. ceil(2 * height / block). Each is
// freed of its mean, weighted by the window along both sides and transformed; every coefficient F
// is multiplied by max(0, 1 - threshold / |F|^2); the blocks are transformed back, given their
// mean, weighted again and added.
struct BlockShrinkage {
  int width = 0, height = 0;         // of a picture; at least a block each
  int block = 0;                     // side, even
  std::span<const float> window;     // [block]
  std::span<const float> thresholds; // [picture][block][block / 2 + 1]
};

// out[c] = offset[c] + sum over k of weights[c][k] * value k, for every pixel. A value is a stored
// number, or (number - dark) * gain; a pixel that holds the ignored number is NaN in all three.
struct StoredSums {
  SampleType type = SampleType::Float64; // not complex
  bool big_endian = false;
  std::span<const std::byte> stored; // begins with value 0 of the first pixel, aligned to its type
  int lines = 0, samples = 0, values = 0;
  std::size_t line_step = 0, sample_step = 0; // in numbers
  std::span<const int> places;                // [values]: where each lies after its pixel's first
  std::span<const double> weights;            // [3][values]
  std::array<double, 3> offset{};
  std::optional<double> ignored;
  std::span<const float> dark, gain; // [sample][value], or empty
};

// Calls from several threads are safe. They throw Error (Resources: not enough memory there;
// Unsupported: too large, or a library is missing; Internal: the device reported a fault).
class Accelerator {
public:
  virtual ~Accelerator() = default;
  virtual std::string name() const = 0; // "cuda:0 (NVIDIA H200)"
  // pictures and out: [picture][height][width]. Within 1e-5 of the greatest grey value of what
  // pipelines/oct_hrf/enhance.h gives.
  virtual void shrink_blocks(const BlockShrinkage& work, std::span<const float> pictures,
                             std::span<float> out) = 0;
  // out: [line][sample][3]. Summed in double precision, in the order of the values.
  virtual void weighted_sums(const StoredSums& work, std::span<double> out) = 0;
};

struct FoundAccelerator {
  std::shared_ptr<Accelerator> accelerator;
  std::string why_not; // one line where there is none; empty for "cpu"
};
// For "cpu" or "cuda:N"; kept for the life of the process. Throws nothing.
FoundAccelerator accelerator_for(const std::string& device);

// Runs on_device, or on_cpu where there is no accelerator or it throws Error (but not Cancelled).
// Returns a sentence for the user that says where `what` ("enhancement") was computed; empty for
// the device "cpu".
std::string compute_on(const FoundAccelerator& found, const Context& context, std::string_view what,
                       const std::function<void(Accelerator&)>& on_device,
                       const std::function<void()>& on_cpu);
// The same for the context's device.
std::string compute_on(const Context& context, std::string_view what,
                       const std::function<void(Accelerator&)>& on_device,
                       const std::function<void()>& on_cpu);

}

// std::shared_ptr<Accelerator> make(int number); throws Error with the reason.
#define SENSORIUM_ACCELERATOR(make)                                                                \
  extern "C" __attribute__((visibility("default"))) int sensorium_accelerator_version() {          \
    return ::sensorium::accelerator_version;                                                       \
  }                                                                                                \
  extern "C" __attribute__((visibility("default"))) void sensorium_accelerator(                    \
      int number, std::shared_ptr<::sensorium::Accelerator>* out) {                                \
    *out = make(number);                                                                           \
  }
