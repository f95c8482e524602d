// The few functions of NVIDIA's driver and of cuFFT that are used, by name and found when they are
// needed: nothing of NVIDIA has to be there to build this or to start. Types: cuda.h (CUDA Driver
// API) and cufft.h, with pointers and numbers in place of their names; headers_check.cpp compares
// them with NVIDIA's own headers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace sensorium::cuda {

using Address = unsigned long long; // CUdeviceptr

// Each is 0 when it went well.
struct Driver {
  int (*init)(unsigned) = nullptr;
  int (*device_count)(int*) = nullptr;
  int (*device)(int*, int) = nullptr;
  int (*device_name)(char*, int, int) = nullptr;
  int (*retain_context)(void**, int) = nullptr;
  int (*push_context)(void*) = nullptr;
  int (*pop_context)(void**) = nullptr;
  int (*free_and_total)(std::size_t*, std::size_t*) = nullptr;
  int (*allocate)(Address*, std::size_t) = nullptr;
  int (*release)(Address) = nullptr;
  int (*to_device)(Address, const void*, std::size_t) = nullptr;
  int (*from_device)(void*, Address, std::size_t) = nullptr;
  int (*load_module)(void**, const void*) = nullptr;
  int (*function)(void**, void*, const char*) = nullptr;
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
                void**, void**) = nullptr;
  int (*synchronise)() = nullptr;
  int (*error_text)(int, const char**) = nullptr;
};

struct Fft {
  int (*plan_many)(int*, int, int*, int*, int, int, int*, int, int, int, int) = nullptr;
  int (*forward)(int, float*, void*) = nullptr;
  int (*inverse)(int, void*, float*) = nullptr;
  int (*destroy)(int) = nullptr;
};
inline constexpr int real_to_complex = 0x2a, complex_to_real = 0x2c; // cufftType

// Where they are looked for, in this order.
struct Libraries {
  std::vector<std::string> driver{"libcuda.so.1"};
  std::vector<std::string> fft{"libcufft.so.12", "libcufft.so.11"};
};

// Throw Error Unsupported with the loader's own words.
Driver load_driver(const Libraries& libraries);
Fft load_fft(const Libraries& libraries);

}
