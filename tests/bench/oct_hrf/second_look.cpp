// Examples for the second look: candidates of the shipped network in phantoms, with their cues.
#include "pipelines/oct_hrf/second_look.h"

#include "modules/core/extension.h"
#include "modules/core/registry.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/evaluate.h"
#include "tests/bench/oct_hrf/bench.h"
#include "tests/bench/oct_hrf/continuation.h"

#include <cstdio>

namespace sensorium::bench {

namespace {

using namespace oct_hrf;

struct Case {
  EvaluationCase phantom;
  std::vector<std::uint8_t> map;
};

Case look_at(const PhantomOptions& o, Network& network, const Context& context) {
  Case c{case_of(make_phantom(o, 1), true, 1), {}};
  const EvaluationCase& one = c.phantom;
  c.map = network.soft_map(resources_folder() / "models" / "oct_hrf.onnx",
                           {one.width, one.height, one.depth, one.prepared}, 512, context);
  return c;
}

void print_header(bool continuation) {
  std::printf("seed,threshold,lesions,lesion");
  for (const char* name : cue_names) std::printf(",%s", name);
  if (continuation)
    for (const char* name : continuation_names) std::printf(",%s", name);
  std::printf("\n");
}

void print(const Case& c, int seed, std::initializer_list<int> thresholds, bool continuation,
           double dz_um) {
  const Scene scene = scene_of(c.phantom);
  for (const int threshold : thresholds)
    for (const Example& e : examples(c.phantom, c.map, static_cast<std::uint8_t>(threshold), 3)) {
      std::optional<Continuation> more;
      if (continuation) {
        more = continuation_of(e.component, e.component.runs.front().z, scene, c.map,
                               c.phantom.scale.spacing_x_um, c.phantom.scale.spacing_y_um, dz_um);
        if (!more) continue;
      }
      std::printf("%d,%d,%zu,%d", seed, threshold, c.phantom.truths.size(), e.lesion ? 1 : 0);
      for (const double cue : e.cues) std::printf(",%.6g", cue);
      if (continuation)
        for (const double cue : *more) std::printf(",%.6g", cue);
      std::printf("\n");
    }
  std::fflush(stdout);
}

}

void second_look(const Arguments& first_count) {
  const int first = std::stoi(first_count.at(0)), count = std::stoi(first_count.at(1));
  Context context;
  context.threads = 1;
  Network network;
  print_header(false);
  for (int seed = first; seed < first + count; ++seed) {
    PhantomOptions o;
    o.seed = seed;
    o.scans = 4;
    print(look_at(o, network, context), seed, {51, 128, 204}, false, 0);
  }
}

void continuation(const Arguments& first_count_scans_distances) {
  const int first = std::stoi(first_count_scans_distances.at(0)),
            count = std::stoi(first_count_scans_distances.at(1)),
            scans = std::stoi(first_count_scans_distances.at(2));
  Context context;
  context.threads = 1;
  Network network;
  print_header(true);
  for (int k = 0; k < count; ++k) {
    PhantomOptions o;
    o.seed = first + k;
    o.scans = scans;
    o.phantom_version = 2;
    const std::size_t distances = first_count_scans_distances.size() - 3;
    o.spacing_z_um = std::stod(first_count_scans_distances.at(3 + k % distances));
    print(look_at(o, network, context), o.seed, {26, 51, 128, 204}, true, o.spacing_z_um);
  }
}

}
