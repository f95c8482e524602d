// Any bytes as a MAT v5 file.
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const ReaderDefinition& reader = fuzz::extension().readers.at(0);
  const auto path = fuzz::file_of(data, size, ".mat");
  if (reader.sniff(path, std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)))) > 0)
    fuzz::read(reader, path);
  return 0;
}
