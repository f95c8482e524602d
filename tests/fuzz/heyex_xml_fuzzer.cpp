// Any bytes as a HEYEX XML export whose pictures all have 3 x 2 pixels.
#include "modules/core/error.h"
#include "modules/io/heyex_xml.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return ::setenv("SENSORIUM_MAX_BYTES", "67108864", 1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const auto picture = [](const std::string& file) {
    if (file.empty() || file.find_first_of("/\\") != std::string::npos || file == "..")
      std::abort();
    return Image{3, 2, 1, PixelType::UInt8, Buffer::of(std::vector<std::uint8_t>(6, 9)), {}};
  };
  try {
    const Volume v =
        parse_heyex_xml({reinterpret_cast<const char*>(data), size}, "fuzz.xml", picture);
    validate(v);
    (void)describe(v, true).dump();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::BadInput && e.code() != ErrorCode::Unsupported) std::abort();
  }
  return 0;
}
