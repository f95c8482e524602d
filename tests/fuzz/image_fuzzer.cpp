// Any bytes as a picture file.
#include "modules/core/error.h"
#include "modules/io/image.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return ::setenv("SENSORIUM_MAX_BYTES", "67108864", 1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  try {
    const Volume v = parse_picture({reinterpret_cast<const std::byte*>(data), size}, "fuzz.pic");
    validate(v);
    (void)describe(v).dump();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::BadInput && e.code() != ErrorCode::Unsupported) std::abort();
  }
  return 0;
}
