// Any bytes as a text table.
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const ReaderDefinition& reader = fuzz::reader("csv_recording");
  const auto path = fuzz::file_of(data, size, ".csv");
  if (reader.sniff(path, std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)))) > 0)
    fuzz::read(reader, path);
  return 0;
}
