// Fails to compile where nvidia.h differs from NVIDIA's own headers.
#include "plugins/cuda/nvidia.h"

#include <cuda.h>
#include <cufft.h>

#include <type_traits>

namespace sensorium::cuda {
namespace {

// The same in a call: pointers to anything, or whole numbers of one size.
template<class A, class B>
constexpr bool alike = std::is_same_v<A, B> || (std::is_pointer_v<A> && std::is_pointer_v<B>) ||
                       ((std::is_integral_v<A> || std::is_enum_v<A>) &&
                        (std::is_integral_v<B> || std::is_enum_v<B>) && sizeof(A) == sizeof(B));

template<class A, class B> struct Calls : std::false_type {};
template<class R, class... A, class S, class... B>
  requires(sizeof...(A) == sizeof...(B))
struct Calls<R (*)(A...), S (*)(B...)> : std::bool_constant<alike<R, S> && (alike<A, B> && ...)> {};

#define SENSORIUM_SAME(table, member, function)                                                    \
  static_assert(Calls<decltype(table::member), decltype(&function)>::value, #function)
SENSORIUM_SAME(Driver, init, cuInit);
SENSORIUM_SAME(Driver, device_count, cuDeviceGetCount);
SENSORIUM_SAME(Driver, device, cuDeviceGet);
SENSORIUM_SAME(Driver, device_name, cuDeviceGetName);
SENSORIUM_SAME(Driver, retain_context, cuDevicePrimaryCtxRetain);
SENSORIUM_SAME(Driver, push_context, cuCtxPushCurrent_v2);
SENSORIUM_SAME(Driver, pop_context, cuCtxPopCurrent_v2);
SENSORIUM_SAME(Driver, free_and_total, cuMemGetInfo_v2);
SENSORIUM_SAME(Driver, allocate, cuMemAlloc_v2);
SENSORIUM_SAME(Driver, release, cuMemFree_v2);
SENSORIUM_SAME(Driver, to_device, cuMemcpyHtoD_v2);
SENSORIUM_SAME(Driver, from_device, cuMemcpyDtoH_v2);
SENSORIUM_SAME(Driver, load_module, cuModuleLoadData);
SENSORIUM_SAME(Driver, function, cuModuleGetFunction);
SENSORIUM_SAME(Driver, launch, cuLaunchKernel);
SENSORIUM_SAME(Driver, synchronise, cuCtxSynchronize);
SENSORIUM_SAME(Driver, error_text, cuGetErrorString);
SENSORIUM_SAME(Fft, plan_many, cufftPlanMany);
SENSORIUM_SAME(Fft, forward, cufftExecR2C);
SENSORIUM_SAME(Fft, inverse, cufftExecC2R);
SENSORIUM_SAME(Fft, destroy, cufftDestroy);
static_assert(real_to_complex == CUFFT_R2C && complex_to_real == CUFFT_C2R);
static_assert(sizeof(Address) == sizeof(CUdeviceptr));
static_assert(CUDA_ERROR_OUT_OF_MEMORY == 2 && CUDA_ERROR_NO_DEVICE == 100 &&
              CUDA_ERROR_NO_BINARY_FOR_GPU == 209 && CUFFT_ALLOC_FAILED == 2);

}
}
