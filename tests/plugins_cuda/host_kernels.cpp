// The kernels' own source, compiled for the processor: a launch is a loop over its threads.
#include <cstring>
#include <string>

namespace {
struct Three {
  unsigned x = 0;
};
thread_local Three blockIdx, blockDim, threadIdx;
}

#define SENSORIUM_KERNELS_ON_HOST
#define SENSORIUM_KERNEL static void
#define SENSORIUM_DEVICE inline
#include "plugins/cuda/kernels.cu"

namespace {

template<class Work, void (*kernel)(Work)> void run(const void* work) {
  Work copy;
  std::memcpy(&copy, work, sizeof copy);
  kernel(copy);
}

using Runner = void (*)(const void*);

}

// Null: there is no such kernel.
Runner host_kernel(const std::string& name) {
  if (name == "sensorium_block_means") return run<ShrinkWork, sensorium_block_means>;
  if (name == "sensorium_cut_blocks") return run<ShrinkWork, sensorium_cut_blocks>;
  if (name == "sensorium_shrink") return run<ShrinkWork, sensorium_shrink>;
  if (name == "sensorium_add_blocks") return run<ShrinkWork, sensorium_add_blocks>;
  if (name == "sensorium_weighted_sums") return run<SumWork, sensorium_weighted_sums>;
  return nullptr;
}

void run_threads(Runner kernel, unsigned blocks, unsigned threads, const void* work) {
  blockDim.x = threads;
  for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x)
    for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) kernel(work);
}
