// A stand-in for libcuda.so.1 and libcufft.so.12 on machines without them: memory is the
// processor's, kernels are loops, transforms are sums written out in double precision.
#include "tests/plugins_cuda/fake_nvidia.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

using Runner = void (*)(const void*);
Runner host_kernel(const std::string& name);
void run_threads(Runner kernel, unsigned blocks, unsigned threads, const void* work);

namespace {

using Address = unsigned long long;
constexpr int bad_value = 1, no_memory = 2, no_context = 201, not_found = 500, broken = 700;

struct State {
  std::map<Address, std::unique_ptr<std::vector<char>>> memory;
  std::size_t held = 0, most = 0, launches = 0;
  int contexts = 0; // pushed by this process
  std::string misuse;
  struct Plan {
    int side, count;
    bool from_real;
  };
  std::vector<Plan> plans;
};
State& state() {
  static State one;
  return one;
}

std::size_t number(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}
bool fails(const char* name) {
  const char* text = std::getenv("FAKE_GPU_FAULT");
  return text != nullptr && std::strcmp(text, name) == 0;
}
int misuse(const char* what, int code) {
  state().misuse = what;
  return code;
}
bool within(Address from, std::size_t bytes) {
  auto at = state().memory.upper_bound(from);
  if (at == state().memory.begin()) return false;
  --at;
  return from + bytes <= at->first + at->second->size();
}

using Complex = std::complex<double>;

// One picture's transform, along lines, then along columns; sign -1: forward.
std::vector<Complex> transformed(const std::vector<Complex>& in, int side, double sign) {
  const auto n = static_cast<std::size_t>(side);
  std::vector<Complex> half(n * n), out(n * n);
  const auto turn = [&](std::size_t a, std::size_t b) {
    return std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(a * b % n) / side);
  };
  for (std::size_t y = 0; y < n; ++y)
    for (std::size_t v = 0; v < n; ++v)
      for (std::size_t x = 0; x < n; ++x) half[y * n + v] += in[y * n + x] * turn(v, x);
  for (std::size_t u = 0; u < n; ++u)
    for (std::size_t v = 0; v < n; ++v)
      for (std::size_t y = 0; y < n; ++y) out[u * n + v] += half[y * n + v] * turn(u, y);
  return out;
}

}

extern "C" {

std::size_t fake_launches() { return state().launches; }
std::size_t fake_bytes_held() { return state().held; }
std::size_t fake_most_bytes_held() { return state().most; }
const char* fake_misuse() { return state().misuse.c_str(); }

int cuInit(unsigned flags) {
  if (number("FAKE_GPUS", 1) == 0) return 100;
  return flags == 0 ? 0 : bad_value;
}
int cuDeviceGetCount(int* count) {
  *count = static_cast<int>(number("FAKE_GPUS", 1));
  return 0;
}
int cuDeviceGet(int* device, int index) {
  *device = 10 + index;
  return 0;
}
int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "Pretended GPU", static_cast<std::size_t>(length));
  return 0;
}
int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = number("FAKE_GPU_MEMORY", std::size_t{1} << 30);
  return 0;
}
int cuDeviceGetAttribute(int* value, int, int) {
  *value = 9;
  return 0;
}
int cuDeviceGetUuid_v2(char* uuid, int device) {
  std::memset(uuid, device, 16);
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int device) {
  *context = &state();
  return device >= 10 ? 0 : bad_value;
}
int cuCtxPushCurrent_v2(void* context) {
  ++state().contexts;
  return context == &state() ? 0 : misuse("a context of nobody", bad_value);
}
int cuCtxPopCurrent_v2(void** context) {
  *context = &state();
  return --state().contexts >= 0 ? 0 : misuse("a context too many taken away", no_context);
}
int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  *total = number("FAKE_GPU_MEMORY", std::size_t{1} << 30);
  *free = *total - std::min(*total, state().held);
  return 0;
}
int cuMemAlloc_v2(Address* address, std::size_t bytes) {
  if (state().contexts < 1) return misuse("memory without a context", no_context);
  if (bytes == 0) return misuse("no bytes", bad_value);
  if (fails("cuMemAlloc") || state().held + bytes > number("FAKE_GPU_MEMORY", std::size_t{1} << 30))
    return no_memory;
  auto made = std::make_unique<std::vector<char>>(bytes, '\x7f');
  *address = reinterpret_cast<Address>(made->data());
  state().memory[*address] = std::move(made);
  state().held += bytes;
  state().most = std::max(state().most, state().held);
  return 0;
}
int cuMemFree_v2(Address address) {
  const auto at = state().memory.find(address);
  if (at == state().memory.end()) return misuse("free of what was not allocated", bad_value);
  state().held -= at->second->size();
  state().memory.erase(at);
  return 0;
}
int cuMemcpyHtoD_v2(Address to, const void* from, std::size_t bytes) {
  if (!within(to, bytes)) return misuse("a copy beyond what was allocated", broken);
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return 0;
}
int cuMemcpyDtoH_v2(void* to, Address from, std::size_t bytes) {
  if (!within(from, bytes)) return misuse("a copy from beyond what was allocated", broken);
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return 0;
}
int cuModuleLoadData(void** module, const void* image) {
  *module = &state();
  if (fails("cuModuleLoadData")) return 209;
  const unsigned char fat_binary[] = {0x50, 0xed, 0x55, 0xba};
  if (number("FAKE_GPU_LOOKS", 0) != 0 && std::memcmp(image, fat_binary, 4) != 0)
    return misuse("kernels that are no fat binary", bad_value);
  return image != nullptr ? 0 : bad_value;
}
int cuModuleGetFunction(void** function, void*, const char* name) {
  *function = reinterpret_cast<void*>(host_kernel(name));
  return *function != nullptr ? 0 : not_found;
}
int cuLaunchKernel(void* function, unsigned blocks, unsigned y, unsigned z, unsigned threads,
                   unsigned, unsigned, unsigned, void*, void** arguments, void**) {
  if (state().contexts < 1) return misuse("a launch without a context", no_context);
  if (blocks == 0 || threads == 0 || threads > 1024 || y != 1 || z != 1)
    return misuse("an impossible launch", bad_value);
  if (fails("cuLaunchKernel")) return broken;
  ++state().launches;
  run_threads(reinterpret_cast<Runner>(function), blocks, threads, arguments[0]);
  return 0;
}
int cuCtxSynchronize() { return 0; }
int cuGetErrorString(int code, const char** text) {
  *text = code == no_memory ? "out of memory" : "pretended fault";
  return 0;
}

int cufftPlanMany(int* plan, int rank, int* sides, int* in_embed, int in_step, int in_distance,
                  int* out_embed, int out_step, int out_distance, int type, int count) {
  const int side = sides[0], plane = side * side, half = side * (side / 2 + 1);
  const bool from_real = type == 0x2a;
  if (rank != 2 || sides[1] != side || in_embed != nullptr || out_embed != nullptr ||
      in_step != 1 || out_step != 1 || count < 1 || in_distance != (from_real ? plane : half) ||
      out_distance != (from_real ? half : plane) || (type != 0x2a && type != 0x2c))
    return misuse("a plan of another layout", 4);
  if (fails("cufftPlanMany")) return 2;
  *plan = static_cast<int>(state().plans.size());
  state().plans.push_back({side, count, from_real});
  return 0;
}
int cufftExecR2C(int plan, float* from, void* spectra) {
  auto* to = static_cast<float*>(spectra);
  const auto [side, count, from_real] = state().plans.at(static_cast<std::size_t>(plan));
  if (!from_real) return misuse("a plan of the other direction", 4);
  const auto n = static_cast<std::size_t>(side), half = n / 2 + 1;
  for (int i = 0; i < count; ++i, from += n * n, to += 2 * n * half) {
    const auto out = transformed({from, from + n * n}, side, -1);
    for (std::size_t u = 0; u < n; ++u)
      for (std::size_t v = 0; v < half; ++v) {
        to[2 * (u * half + v)] = static_cast<float>(out[u * n + v].real());
        to[2 * (u * half + v) + 1] = static_cast<float>(out[u * n + v].imag());
      }
  }
  return 0;
}
int cufftExecC2R(int plan, void* spectra, float* to) {
  const auto* from = static_cast<const float*>(spectra);
  const auto [side, count, from_real] = state().plans.at(static_cast<std::size_t>(plan));
  if (from_real) return misuse("a plan of the other direction", 4);
  const auto n = static_cast<std::size_t>(side), half = n / 2 + 1;
  for (int i = 0; i < count; ++i, from += 2 * n * half, to += n * n) {
    std::vector<Complex> whole(n * n);
    for (std::size_t u = 0; u < n; ++u)
      for (std::size_t v = 0; v < n; ++v) {
        const std::size_t a = v < half ? u : (n - u) % n, b = v < half ? v : n - v;
        const Complex f(from[2 * (a * half + b)], from[2 * (a * half + b) + 1]);
        whole[u * n + v] = v < half ? f : std::conj(f);
      }
    const auto out = transformed(whole, side, 1);
    for (std::size_t p = 0; p < n * n; ++p) to[p] = static_cast<float>(out[p].real());
  }
  return 0;
}
int cufftDestroy(int) { return 0; }
}
