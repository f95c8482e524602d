// modules/core/accelerator.h on one GPU.
#pragma once

#include "modules/core/accelerator.h"
#include "plugins/cuda/nvidia.h"

namespace sensorium::cuda {

// kernels: a fat binary made of kernels.cu. Throws Error Unsupported with the reason: no driver, no
// GPU of that number. cuFFT is loaded when it is first needed.
std::shared_ptr<Accelerator> make_accelerator(int number, const std::byte* kernels,
                                              const Libraries& libraries = {});

}
