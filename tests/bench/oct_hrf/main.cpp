#include "tests/bench/oct_hrf/bench.h"

#include "modules/core/error.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

namespace sensorium::bench {

Volume open_volume(const std::string& path) {
  static FullRegistry registry;
  return std::get<Volume>(registry.open(path));
}

std::vector<float> finite_samples(const Volume& volume) {
  std::vector<float> values = to_float(volume);
  for (float& v : values)
    if (!(std::abs(v) < 1e30f)) v = 0;
  return values;
}

}

int main(int argc, char** argv) {
  using namespace sensorium::bench;
  const std::map<std::string, std::function<void(const Arguments&)>> all{
      {"enhancement", enhancement},
      {"enhancement-speed", enhancement_speed},
      {"surfaces", surfaces},
      {"draw-surfaces", draw_surfaces},
      {"recount", recount},
      {"figures", figures},
      {"phantom-surfaces", phantom_surfaces},
      {"phantom-distance", phantom_distance},
      {"recognise", recognise},
      {"recognise-cut", recognise_cut},
      {"second-look", second_look},
      {"continuation", continuation},
      {"detectability", detectability}};
  const auto it = argc > 1 ? all.find(argv[1]) : all.end();
  if (it == all.end()) {
    for (const auto& [name, run] : all) std::printf("%s\n", name.c_str());
    return 2;
  }
  try {
    it->second({argv + 2, argv + argc});
  } catch (const sensorium::Error& e) {
    std::fprintf(stderr, "%s\n%s\n", e.what(), e.hint().c_str());
    return e.exit_status();
  }
  return 0;
}
