// Examples for the second look: candidates of the shipped network in phantoms, with their cues.
#include "pipelines/oct_hrf/second_look.h"

#include "modules/core/extension.h"
#include "modules/core/registry.h"
#include "pipelines/oct_hrf/detector.h"
#include "pipelines/oct_hrf/evaluate.h"
#include "tests/bench/oct_hrf/bench.h"

#include <cstdio>

namespace sensorium::bench {

void second_look(const Arguments& first_count) {
  using namespace oct_hrf;
  const int first = std::stoi(first_count.at(0)), count = std::stoi(first_count.at(1));
  Context context;
  context.threads = 1;
  Network network;
  std::printf("seed,threshold,lesions,lesion");
  for (const char* name : cue_names) std::printf(",%s", name);
  std::printf("\n");
  for (int seed = first; seed < first + count; ++seed) {
    PhantomOptions o;
    o.seed = seed;
    o.scans = 4;
    const EvaluationCase one = case_of(make_phantom(o, 1), true, 1);
    const auto map =
        network.soft_map(resources_folder() / "models" / "oct_hrf.onnx",
                         {one.width, one.height, one.depth, one.prepared}, 512, context);
    for (const int threshold : {51, 128, 204})
      for (const Example& e : examples(one, map, static_cast<std::uint8_t>(threshold), 3)) {
        std::printf("%d,%d,%zu,%d", seed, threshold, one.truths.size(), e.lesion ? 1 : 0);
        for (const double cue : e.cues) std::printf(",%.6g", cue);
        std::printf("\n");
      }
    std::fflush(stdout);
  }
}

}
