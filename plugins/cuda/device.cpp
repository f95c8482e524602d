#include "plugins/cuda/device.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sensorium::cuda {
namespace {

constexpr int out_of_memory = 2, no_device = 100, no_binary = 209; // cuda.h, CUresult
constexpr unsigned threads_of_block = 256;

}

Device::Device(int number, const std::byte* kernels, const Libraries& libraries)
    : name_(fmt::format("cuda:{}", number)), driver_(load_driver(libraries)) {
  int count = 0, device = 0;
  const int started = driver_.init(0);
  if (started != no_device) {
    check(started, "starting");
    check(driver_.device_count(&count), "counting GPUs");
  }
  if (number < 0 || number >= count)
    throw Error(ErrorCode::Unsupported,
                fmt::format("NVIDIA's driver finds {} GPUs, none of the number {}", count, number),
                "see 'sensorium devices'");
  check(driver_.device(&device, number), "choosing the GPU");
  std::array<char, 256> text{};
  check(driver_.device_name(text.data(), static_cast<int>(text.size()) - 1, device),
        "asking for its name");
  name_ = fmt::format("cuda:{} ({})", number, text.data());
  check(driver_.retain_context(&context_, device), "making a context");
  const Use use(*this);
  const int loaded = driver_.load_module(&module_, kernels);
  if (loaded == no_binary)
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} is older than the kernels are made for", name_),
                "compute capability 7.5 (Turing) is the least");
  check(loaded, "loading the kernels");
}

void* Device::kernel(const char* name) const {
  void* found = nullptr;
  check(driver_.function(&found, module_, name), name);
  return found;
}

std::size_t Device::budget() const {
  std::size_t free = 0, total = 0;
  check(driver_.free_and_total(&free, &total), "asking for free memory");
  return std::min(free / 2, std::size_t{1} << 30);
}

void Device::check(int result, const char* doing) const {
  if (result == 0) return;
  const char* text = nullptr;
  if (driver_.error_text(result, &text) != 0 || text == nullptr) text = "unknown error";
  throw Error(result == out_of_memory ? ErrorCode::Resources : ErrorCode::Internal,
              fmt::format("{} failed while {}: {} (CUDA error {})", name_, doing, text, result),
              "close other programs that use the GPU, or choose --device cpu");
}

void Device::launch_with(void* kernel, std::size_t count, void* work) const {
  if (count == 0) return;
  const auto blocks = static_cast<unsigned>((count + threads_of_block - 1) / threads_of_block);
  std::array<void*, 1> arguments{work};
  check(driver_.launch(kernel, blocks, 1, 1, threads_of_block, 1, 1, 0, nullptr, arguments.data(),
                       nullptr),
        "starting a kernel");
}

Device::Use::Use(const Device& device) : device_(device), lock_(device.mutex_) {
  device_.check(device_.driver_.push_context(device_.context_), "taking the GPU");
}

Device::Use::~Use() {
  void* own = nullptr;
  device_.driver_.pop_context(&own);
}

Memory::~Memory() {
  if (address_ != 0) device_.driver().release(address_);
}

void Memory::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  if (address_ != 0) device_.check(device_.driver().release(address_), "giving memory back");
  address_ = 0, bytes_ = 0;
  device_.check(device_.driver().allocate(&address_, bytes), "taking memory");
  bytes_ = bytes;
}

void Memory::copy_in(const void* from, std::size_t bytes) {
  if (bytes > 0)
    device_.check(device_.driver().to_device(address_, from, bytes), "copying to the GPU");
}

void Memory::copy_out(void* to, std::size_t bytes) const {
  if (bytes > 0)
    device_.check(device_.driver().from_device(to, address_, bytes), "copying from the GPU");
}

}
