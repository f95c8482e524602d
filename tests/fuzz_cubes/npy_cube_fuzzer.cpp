// Any bytes as a NumPy array of three axes.
#include "tests/fuzz_cubes/one_cube.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const ReaderDefinition& reader = fuzz::reader("npy");
  const auto path = fuzz::file_of(data, size, "_cube.npy");
  if (reader.sniff(path, std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)))) > 0)
    fuzz::read_cube(reader, path);
  return 0;
}
