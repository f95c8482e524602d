#include "modules/imaging/components.h"
#include "pipelines/oct_hrf/count.h"
#include "tests/bench/oct_hrf/bench.h"

#include <cmath>
#include <cstdio>
#include <random>

namespace sensorium::bench {

namespace {

constexpr int width = 512, height = 496, depth = 97;

// Gaussian spots of random place, width and height: what a soft map looks like.
std::vector<std::uint8_t> spots(int count, unsigned seed) {
  std::vector<std::uint8_t> map(static_cast<std::size_t>(width) * height * depth, 0);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < count; ++i) {
    const double cx = unit(random) * width, cy = 120 + unit(random) * 120,
                 cz = unit(random) * depth;
    const double sigma = 1 + 3 * unit(random), peak = 255 * unit(random);
    for (int z = std::max(0, int(cz) - 1); z <= std::min(depth - 1, int(cz) + 1); ++z)
      for (int y = int(cy) - 12; y <= int(cy) + 12; ++y)
        for (int x = std::max(0, int(cx) - 12); x <= std::min(width - 1, int(cx) + 12); ++x) {
          const double r = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (2 * sigma * sigma) +
                           (z - cz) * (z - cz);
          auto& v = map[(static_cast<std::size_t>(z) * height + y) * width + x];
          v = std::max(v, static_cast<std::uint8_t>(peak * std::exp(-r)));
        }
  }
  return map;
}

}

void recount(const Arguments&) {
  std::printf("| spots | stored voxels | build | query 26, ms | query 8, ms | whole recount, ms | "
              "objects |\n|---|---|---|---|---|---|---|\n");
  Volume volume;
  volume.width = width;
  volume.height = height;
  volume.depth = depth;
  volume.laterality = Laterality::Right;
  volume.spacing = {known_spacing(11.6, ScaleSource::Phantom, "bench"),
                    known_spacing(3.87, ScaleSource::Phantom, "bench"),
                    known_spacing(62, ScaleSource::Phantom, "bench")};
  volume.scan_lines.resize(depth);
  for (int z = 0; z < depth; ++z) volume.scan_lines[z] = {0, 700.0 - 7 * z, 511, 700.0 - 7 * z};
  std::vector<std::uint8_t> grey(volume.voxels(), 90);
  const auto line = [&](const char* name, float y) {
    return Surface{
        name, std::vector<float>(static_cast<std::size_t>(width) * depth, y), "computed", {}};
  };
  const Surface ilm = line("ILM", 110), rpe = line("RPE", 220), bm = line("BM", 226);
  oct_hrf::Scene scene{width, height, depth, grey, &ilm, &rpe, &bm};
  measure_layers(scene, 2);
  scene.threads = 2;
  for (int count : {100, 1000, 5000, 20000}) {
    const std::vector<std::uint8_t> map = spots(count, 7);
    const double build = fastest(3, [&] { ComponentIndex(map, width, height, depth, 13); });
    const ComponentIndex index(map, width, height, depth, 13);
    std::size_t objects = 0;
    const double solid =
        fastest(9, [&] { objects = index.query(128, Connectivity::Volume26).size(); });
    const double planar = fastest(9, [&] { index.query(128, Connectivity::Planar8); });
    const double whole =
        fastest(9, [&] { count_foci(volume, index, scene, {.second_look = 0.5}); });
    std::printf("| %d | %zu | %.0f ms | %.1f | %.1f | %.1f | %zu |\n", count, index.stored_voxels(),
                build * 1e3, solid * 1e3, planar * 1e3, whole * 1e3, objects);
  }
}

}
