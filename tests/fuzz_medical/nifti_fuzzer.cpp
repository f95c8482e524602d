// Any bytes as a NIfTI file; where the first byte is odd the fields that decide are made plausible.
#include "tests/fuzz_medical/one_file.h"

#include <cstring>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  std::vector<std::uint8_t> bytes(data, data + size);
  if (size >= 352 && bytes[0] % 2 != 0) {
    const std::int32_t header = 348;
    std::memcpy(bytes.data(), &header, 4);
    std::memcpy(bytes.data() + 344, "n+1", 4);
    for (std::size_t i = 43; i < 56; i += 2) bytes[i] = 0;
    bytes[41] = 0;
  }
  const ReaderDefinition& reader = fuzz::reader("nifti");
  const auto path = fuzz::file_of(bytes.data(), bytes.size(), ".nii");
  (void)reader.sniff(path, std::as_bytes(std::span(bytes)));
  fuzz::read(reader, path);
  return 0;
}
