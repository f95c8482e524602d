// Any bytes as a TDMS file.
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const ReaderDefinition& reader = fuzz::reader("tdms");
  const auto path = fuzz::file_of(data, size, ".tdms");
  if (reader.sniff(path, std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)))) > 0)
    fuzz::read(reader, path);
  return 0;
}
