// Any bytes as an NRRD or a MetaImage file, as the content says.
#include "tests/fuzz_medical/one_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  const auto head = std::as_bytes(std::span(data, std::min<std::size_t>(size, 4096)));
  for (const char* id : {"nrrd", "metaimage"}) {
    const ReaderDefinition& reader = fuzz::reader(id);
    const auto path = fuzz::file_of(data, size, ".grid");
    if (reader.sniff(path, head) > 0) fuzz::read(reader, path);
  }
  return 0;
}
