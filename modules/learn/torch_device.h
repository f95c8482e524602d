// Internal to modules/learn.
#pragma once

#include "modules/learn/torch_headers.h"

#include <string>

namespace sensorium {

// "cpu" or "cuda:N". LibTorch's GPU part is loaded when a GPU is first asked for: the program runs
// on machines without one. Throws Error Unsupported (it cannot be loaded, saying why; or it finds
// no GPU), NotFound (no GPU of that number).
at::Device torch_device(const std::string& name);

}
