// What this machine can compute on. Asks the NVIDIA driver by loading it; links nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium {

struct Device {
  std::string id;   // "cpu" or "cuda:0"
  std::string name; // as the processor or the driver calls itself
  std::uint64_t memory_bytes = 0;
  int cores = 0;        // of the CPU
  std::string features; // CPU: "avx2 avx512 bf16 ..."; GPU: compute capability
};

// The CPU first. A driver that does not answer gives no GPU; it is not an error.
std::vector<Device> devices();
// "auto" becomes the first GPU usable by this program, else "cpu". Throws Error NotFound for a
// device that is not there.
std::string resolve_device(const std::string& wanted);
// The same text for the same GPU, whatever number a process knows it by (CUDA_VISIBLE_DEVICES).
// Empty where the driver does not tell.
std::string gpu_identity(int number);

}
