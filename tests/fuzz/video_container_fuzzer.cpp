// Any bytes as an MP4, AVI or GIF: recognised, and walked through by the container's own lengths.
#include "modules/io/video_container.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const Bytes file(bytes, "fuzz.video");
  const Container known = video_container(bytes);
  // The check must bear files that only claim to be of a kind.
  for (const Container kind : {known, Container::Mp4, Container::Avi, Container::Gif}) {
    try {
      check_complete(file, kind);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::BadInput) std::abort();
    }
  }
  return 0;
}
