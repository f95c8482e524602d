#define USE_C10D_NCCL
#include "modules/learn/nccl_backend.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <chrono>
#include <cstdlib>

__attribute__((visibility("default"))) void
sensorium_nccl_backend(const c10::intrusive_ptr<c10d::Store>* store, int rank, int ranks,
                       int timeout_s, int gpu, c10::intrusive_ptr<c10d::Backend>* out) {
  // A fault ends the sums (2, CleanUpOnly in ProcessGroupNCCL.hpp), not the process, and no thread
  // of LibTorch ends it for being slow: the ranks' own errors and checkpoints stay in force.
  ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", 0);
  ::setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::seconds(timeout_s);
  auto nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(*store, rank, ranks, options);
  nccl->setBoundDeviceId(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(gpu)));
  *out = nccl;
}
