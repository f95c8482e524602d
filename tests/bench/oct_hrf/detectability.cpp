// Each lesion of a phantom: how far it stands out of the speckle, and whether the network marks it.
//
// The phantom is made twice, with and without its retinal foci; all else, the speckle too, is
// equal. d': mean difference of the grey values under the lesion, over the deviation of the mean of
// as many pixels of the same shape on other places of that B-scan at the same part of the way from
// ILM to BM in the phantom without foci, places with a labelled object left out. An observer who
// knows shape and brightness but not the place has some 8000 places to look at in a B-scan; with
// one false positive in a B-scan it finds the part Phi(d' - 3.66) of such lesions (Gaussian noise).
#include "modules/core/extension.h"
#include "modules/core/random.h"
#include "modules/core/registry.h"
#include "modules/imaging/components.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/evaluate.h"
#include "tests/bench/oct_hrf/bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sensorium::bench {

namespace {

using namespace oct_hrf;

struct Shift {
  int x, y;
};

struct Places {
  const Phantom& with;
  const Phantom& without;
  std::vector<float> a, b;
  std::span<const std::uint8_t> labels;

  Places(const Phantom& one, const Phantom& other)
      : with(one), without(other), a(to_float(one.volume)), b(to_float(other.volume)),
        labels(samples<std::uint8_t>(one.labels.pixels)) {}

  std::size_t at(int x, int y, int z) const {
    return (static_cast<std::size_t>(z) * with.volume.height + y) * with.volume.width + x;
  }

  double separation(const PhantomObject& o) const {
    const auto instances = samples<std::uint16_t>(with.instances.pixels);
    const int width = with.volume.width, height = with.volume.height;
    std::vector<Shift> shape;
    double signal = 0;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        if (instances[at(x, y, o.scan)] == o.instance) {
          shape.push_back({x - static_cast<int>(o.x), y - static_cast<int>(o.y)});
          signal += a[at(x, y, o.scan)] - b[at(x, y, o.scan)];
        }
    const auto& ilm = with.volume.surfaces.front().depth;
    const auto& bm = with.volume.surfaces.back().depth;
    const std::size_t row = static_cast<std::size_t>(o.scan) * width;
    const int cx = static_cast<int>(o.x);
    const double part = (o.y - ilm[row + cx]) / (bm[row + cx] - ilm[row + cx]);
    std::vector<double> means;
    for (int x = 8; x < width - 8; ++x) {
      const int y = static_cast<int>(ilm[row + x] + part * (bm[row + x] - ilm[row + x]));
      double sum = 0;
      bool free = y > 8 && y < height - 8;
      for (const Shift& s : shape) {
        const int px = x + s.x, py = y + s.y;
        if (!free || px < 0 || px >= width || py < 0 || py >= height) {
          free = false;
          break;
        }
        free = labels[at(px, py, o.scan)] == 0;
        sum += b[at(px, py, o.scan)];
      }
      if (free) means.push_back(sum / static_cast<double>(shape.size()));
    }
    if (means.size() < 30) return std::nan("");
    double mean = 0, square = 0;
    for (const double m : means) mean += m / static_cast<double>(means.size());
    for (const double m : means) square += (m - mean) * (m - mean);
    return signal / static_cast<double>(shape.size()) /
           std::sqrt(square / static_cast<double>(means.size() - 1));
  }
};

}

void detectability(const Arguments& first_count_version) {
  const int first = std::stoi(first_count_version.at(0)),
            count = std::stoi(first_count_version.at(1)),
            version = first_count_version.size() > 2 ? std::stoi(first_count_version[2]) : 1;
  Context context;
  context.threads = 1;
  Network network;
  std::printf("seed,scan,kind,layer,diameter_um,pixels,d_prime,map_max,found_0.1,found_0.2,"
              "found_0.5,second_0.4,second_0.5\n");
  for (int seed = first; seed < first + count; ++seed) {
    PhantomOptions o;
    o.seed = seed;
    o.scans = first_count_version.size() > 3 ? std::stoi(first_count_version[3]) : 4;
    o.phantom_version = version;
    const Phantom with = make_phantom(o, 1);
    o.foci = 0;
    const Phantom without = make_phantom(o, 1);
    const Places places(with, without);
    const EvaluationCase one = case_of(with, true, 1);
    const auto map =
        network.soft_map(resources_folder() / "models" / "oct_hrf.onnx",
                         {one.width, one.height, one.depth, one.prepared}, 512, context);
    std::vector<std::vector<int>> found;
    const Scene scene = scene_of(one);
    // Thresholds, then thresholds with the least value of the second look.
    const std::vector<std::pair<int, double>> rules{
        {26, 0}, {51, 0}, {128, 0}, {128, 0.4}, {128, 0.5}};
    for (const auto& [threshold, least] : rules) {
      const ComponentIndex index(map, one.width, one.height, one.depth,
                                 static_cast<std::uint8_t>(threshold));
      std::vector<Section> marks;
      for (const Component& c :
           index.query(static_cast<std::uint8_t>(threshold), Connectivity::Planar8)) {
        if (c.voxels < 3) continue;
        const auto cues = least > 0 ? cues_of(c, c.runs.front().z, scene, one.scale.spacing_x_um,
                                              one.scale.spacing_y_um)
                                    : std::nullopt;
        if (cues && lesion_probability(*cues) < least) continue;
        Section s{.scan = c.runs.front().z, .x = c.centroid[0], .y = c.centroid[1]};
        for (const Run& r : c.runs)
          for (int x = r.x; x < r.x + r.length; ++x)
            if (const int i = one.instances[places.at(x, r.y, r.z)]) s.overlapped.push_back(i);
        marks.push_back(std::move(s));
      }
      found.push_back(match(one.truths, marks, one.scale));
    }
    std::size_t t = 0;
    for (const PhantomObject& object : with.objects) {
      if (object.label > PhantomLabel::ChoroidalFocus) continue;
      int peak = 0;
      for (std::size_t i = 0; i < map.size(); ++i)
        if (one.instances[i] == object.instance) peak = std::max<int>(peak, map[i]);
      const bool focus = object.label == PhantomLabel::Focus;
      std::printf("%d,%d,%s,%s,%.1f,%d,%.2f,%d,%d,%d,%d,%d,%d\n", seed, object.scan,
                  std::string(name_of(object.label)).c_str(), object.layer.c_str(),
                  object.diameter_um, object.pixels, focus ? places.separation(object) : NAN, peak,
                  found[0][t] >= 0, found[1][t] >= 0, found[2][t] >= 0, found[3][t] >= 0,
                  found[4][t] >= 0);
      ++t;
    }
    std::fflush(stdout);
  }
}

}
