#include "plugins/cuda/nvidia.h"

#include "modules/core/error.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace sensorium::cuda {
namespace {

class Library {
public:
  Library(const std::vector<std::string>& names, const char* what) : what_(what) {
    std::string why;
    for (const std::string& name : names) {
      handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL); // stays loaded
      if (handle_ != nullptr) return;
      const char* text = ::dlerror();
      if (why.empty()) why = text != nullptr ? text : "unknown reason";
    }
    throw Error(ErrorCode::Unsupported, fmt::format("{} does not load: {}", what, why),
                "run scripts/setup --gpu on a machine with NVIDIA's driver");
  }
  template<class Function> void find(Function& into, const char* name) const {
    into = reinterpret_cast<Function>(::dlsym(handle_, name));
    if (into == nullptr)
      throw Error(ErrorCode::Unsupported, fmt::format("{} has no {}: it is too old", what_, name),
                  "install a newer driver");
  }

private:
  const char* what_;
  void* handle_ = nullptr;
};

}

Driver load_driver(const Libraries& libraries) {
  const Library library(libraries.driver, "NVIDIA's driver");
  Driver d;
  library.find(d.init, "cuInit");
  library.find(d.device_count, "cuDeviceGetCount");
  library.find(d.device, "cuDeviceGet");
  library.find(d.device_name, "cuDeviceGetName");
  library.find(d.retain_context, "cuDevicePrimaryCtxRetain");
  library.find(d.push_context, "cuCtxPushCurrent_v2");
  library.find(d.pop_context, "cuCtxPopCurrent_v2");
  library.find(d.free_and_total, "cuMemGetInfo_v2");
  library.find(d.allocate, "cuMemAlloc_v2");
  library.find(d.release, "cuMemFree_v2");
  library.find(d.to_device, "cuMemcpyHtoD_v2");
  library.find(d.from_device, "cuMemcpyDtoH_v2");
  library.find(d.load_module, "cuModuleLoadData");
  library.find(d.function, "cuModuleGetFunction");
  library.find(d.launch, "cuLaunchKernel");
  library.find(d.synchronise, "cuCtxSynchronize");
  library.find(d.error_text, "cuGetErrorString");
  return d;
}

Fft load_fft(const Libraries& libraries) {
  const Library library(libraries.fft, "cuFFT");
  Fft f;
  library.find(f.plan_many, "cufftPlanMany");
  library.find(f.forward, "cufftExecR2C");
  library.find(f.inverse, "cufftExecC2R");
  library.find(f.destroy, "cufftDestroy");
  return f;
}

}
