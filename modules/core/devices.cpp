#include "modules/core/devices.h"

#include "modules/core/error.h"

#include <fmt/format.h>

#include <array>
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace sensorium {
namespace {

Device cpu() {
  Device device{"cpu", "CPU", 0, static_cast<int>(std::thread::hardware_concurrency()), ""};
  device.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name") && device.name == "CPU") device.name = value;
    if (!line.starts_with("flags") || !device.features.empty()) continue;
    std::istringstream flags(value);
    for (std::string flag; flags >> flag;)
      for (const char* wanted :
           {"avx2", "avx512f", "avx512_bf16", "amx_bf16", "avx_vnni", "avx512_vnni"})
        if (flag == wanted) device.features += (device.features.empty() ? "" : " ") + flag;
  }
  return device;
}

// The CUDA driver's C interface, by name (CUDA Driver API, "Device Management").
void* loaded_driver() { return ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL); }

void add_gpus(std::vector<Device>& out) {
  void* driver = loaded_driver();
  if (driver == nullptr) return;
  const auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto count_of = reinterpret_cast<int (*)(int*)>(::dlsym(driver, "cuDeviceGetCount"));
  const auto name_into =
      reinterpret_cast<int (*)(char*, int, int)>(::dlsym(driver, "cuDeviceGetName"));
  const auto memory_of =
      reinterpret_cast<int (*)(std::size_t*, int)>(::dlsym(driver, "cuDeviceTotalMem_v2"));
  const auto attribute =
      reinterpret_cast<int (*)(int*, int, int)>(::dlsym(driver, "cuDeviceGetAttribute"));
  int count = 0;
  if (!init || !count_of || !name_into || !memory_of || !attribute || init(0) != 0 ||
      count_of(&count) != 0)
    return;
  constexpr int major_attribute = 75, minor_attribute = 76;
  for (int i = 0; i < count; ++i) {
    std::array<char, 256> name{};
    std::size_t memory = 0;
    int major = 0, minor = 0;
    name_into(name.data(), static_cast<int>(name.size()), i);
    memory_of(&memory, i);
    attribute(&major, major_attribute, i);
    attribute(&minor, minor_attribute, i);
    out.push_back({fmt::format("cuda:{}", i), name.data(), memory, 0,
                   fmt::format("compute capability {}.{}", major, minor)});
  }
}

}

std::vector<Device> devices() {
  std::vector<Device> out{cpu()};
  add_gpus(out);
  return out;
}

std::string gpu_identity(int number) {
  void* driver = loaded_driver();
  if (driver == nullptr) return {};
  const auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(::dlsym(driver, "cuDeviceGet"));
  // The second version tells the parts of a divided GPU apart.
  const auto uuid = reinterpret_cast<int (*)(char*, int)>(::dlsym(driver, "cuDeviceGetUuid_v2"));
  int device = 0;
  std::array<char, 16> bytes{};
  if (!init || !get || !uuid || init(0) != 0 || get(&device, number) != 0 ||
      uuid(bytes.data(), device) != 0)
    return {};
  std::string out = "GPU-";
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

std::string resolve_device(const std::string& wanted) {
  const std::vector<Device> present = devices();
  if (wanted.empty() || wanted == "auto") return present.size() > 1 ? present[1].id : "cpu";
  std::string known;
  for (const Device& device : present) {
    if (device.id == wanted || (wanted == "cuda" && device.id == "cuda:0")) return device.id;
    known += (known.empty() ? "" : ", ") + device.id;
  }
  throw Error(ErrorCode::NotFound, fmt::format("there is no device '{}'", wanted),
              fmt::format("this machine has: {}", known));
}

}
