// The extension "cuda": no reader, no pipeline, only the accelerator of devices "cuda:N".
#include "modules/core/extension.h"
#include "plugins/cuda/cuda_accelerator.h"

// The fat binary that nvcc made of kernels.cu.
asm(".pushsection .rodata, \"a\"\n"
    ".balign 64\n"
    "sensorium_cuda_kernels:\n"
    ".incbin \"" SENSORIUM_CUDA_KERNELS "\"\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" const std::byte sensorium_cuda_kernels[];

namespace sensorium {
namespace {

Extension make_extension() {
  return {.id = "cuda", .version = "1", .title = "NVIDIA GPUs: enhancement, projection"};
}

std::shared_ptr<Accelerator> make_accelerator(int number) {
  return cuda::make_accelerator(number, sensorium_cuda_kernels);
}

}
}

SENSORIUM_EXTENSION(sensorium::make_extension)
SENSORIUM_ACCELERATOR(sensorium::make_accelerator)
