// Any bytes as a stream of frames.
#include "modules/core/error.h"
#include "modules/io/y4m_stream.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace sensorium;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  try {
    Y4mStream stream(
        [&](std::uint8_t* to, std::size_t count) {
          const std::size_t n = std::min(count, size - at);
          std::memcpy(to, data + at, n);
          at += n;
          return n;
        },
        "fuzz.y4m");
    std::vector<std::uint8_t> luma;
    while (stream.next(luma))
      if (luma.size() != static_cast<std::size_t>(stream.width()) * stream.height()) std::abort();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::Internal) std::abort();
  }
  return 0;
}
