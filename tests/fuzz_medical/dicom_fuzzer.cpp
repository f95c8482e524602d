// Any bytes as a DICOM file, with the magic word in front.
#include "tests/fuzz_medical/one_file.h"

#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  std::vector<std::uint8_t> bytes(data, data + size);
  if (size >= 132) std::memcpy(bytes.data() + 128, "DICM", 4);
  const ReaderDefinition& reader = fuzz::extension().readers.at(0);
  const auto path = fuzz::file_of(bytes.data(), bytes.size(), ".dcm");
  (void)reader.sniff(path, std::as_bytes(std::span(bytes)));
  fuzz::read(reader, path);
  return 0;
}
