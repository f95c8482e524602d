// Internal: NCCL for LibTorch's process groups. It needs libtorch_cuda.so, so it is a library of
// its own (libsensorium_nccl.so, built with SENSORIUM_CUDA) that rank_group.cpp loads by name.
#pragma once

#include "modules/learn/torch_headers.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

extern "C" {
// store: of this group alone. A rank that is silent for timeout_s ends the sums of the others; what
// they hold is then worthless, and getError() says so.
void sensorium_nccl_backend(const c10::intrusive_ptr<c10d::Store>* store, int rank, int ranks,
                            int timeout_s, int gpu, c10::intrusive_ptr<c10d::Backend>* out);
}
