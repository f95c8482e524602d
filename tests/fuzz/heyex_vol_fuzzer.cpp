// Any bytes as a .vol file: an Error or a volume that agrees with itself.
#include "modules/core/error.h"
#include "modules/io/heyex_vol.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return ::setenv("SENSORIUM_MAX_BYTES", "67108864", 1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  // The magic word and plausible sizes in front let the fuzzer reach the B-scans; a first byte of 0
  // leaves it to itself.
  std::vector<std::byte> file(reinterpret_cast<const std::byte*>(data),
                              reinterpret_cast<const std::byte*>(data) + size);
  if (size > 104 && data[0] != 0) {
    std::memcpy(file.data(), data[0] % 2 != 0 ? "HSF-OCT-103" : "ep-v0.6.8  ", 12);
    for (const std::size_t at :
         {13u, 14u, 15u, 17u, 18u, 19u, 21u, 22u, 23u, 49u, 50u, 51u, 53u, 54u, 55u, 102u, 103u})
      file[at] = std::byte{0};
  }
  try {
    const Volume v = parse_heyex_vol(file, "fuzz.vol");
    validate(v);
    (void)describe(v, true).dump();
    if (parse_heyex_vol(file, "fuzz.vol", Samples::Skip).width != v.width) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::BadInput && e.code() != ErrorCode::Unsupported) std::abort();
  }
  return 0;
}
