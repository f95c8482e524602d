// Any bytes as a map of classes in ERDAS 7.4; what opens must fill its lines and samples.
#include "hyperspectral/scene_labels.h"
#include "tests/fuzz_cubes/one_cube.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sensorium;
  std::string bytes = "HEAD74"; // nothing else reaches the parser
  bytes.append(reinterpret_cast<const char*>(data), size);
  const auto path =
      fuzz::file_of(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), "_map.gis");
  try {
    const hyper::LabelMap map = hyper::read_label_map(path);
    if (map.labels.size() != static_cast<std::size_t>(map.lines) * map.samples) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
