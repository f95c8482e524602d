// Any bytes as an NRRD or a MetaImage file, as the content says.
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const auto head = std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)));
  for (const std::size_t i : {1u, 2u}) {
    const ReaderDefinition& reader = fuzz::extension().readers.at(i);
    const auto path = fuzz::file_of(data, size, i == 1 ? ".nrrd" : ".mha");
    if (reader.sniff(path, head) > 0) fuzz::read(reader, path);
  }
  return 0;
}
