#include "modules/learn/torch_device.h"

#include "modules/core/error.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>

#include <dlfcn.h>

namespace sensorium {
namespace {

// Why it could not be loaded; empty when it was. It registers itself with LibTorch.
const std::string& gpu_part() {
  static const std::string why = [] {
    if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return std::string();
    const char* text = ::dlerror();
    return std::string(text != nullptr ? text : "unknown reason");
  }();
  return why;
}

}

at::Device torch_device(const std::string& name) {
  if (!name.starts_with("cuda")) return at::kCPU;
  const std::string hint =
      "run scripts/setup --gpu on a machine with an NVIDIA GPU, or choose --device cpu";
  if (const std::string& why = gpu_part(); !why.empty())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the device '{}' cannot be used: LibTorch's GPU part does not load: {}",
                            name, why),
                hint);
  if (!at::hasCUDA())
    throw Error(ErrorCode::Unsupported,
                fmt::format("the device '{}' cannot be used: LibTorch finds no GPU", name), hint);
  at::Device device(at::kCPU);
  try {
    device = at::Device(name);
  } catch (const c10::Error&) {
    throw Error(ErrorCode::Usage, fmt::format("'{}' is no device", name), "write cuda:0, or cpu");
  }
  const int count = at::detail::getCUDAHooks().deviceCount();
  if (device.index() >= count)
    throw Error(ErrorCode::NotFound,
                fmt::format("there is no device '{}': this machine has {}", name, count),
                "choose a lower number");
  return device;
}

}
