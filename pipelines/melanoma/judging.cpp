#include "pipelines/melanoma/judging.h"

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_samples.h"
#include "modules/core/random.h"
#include "pipelines/melanoma/phantom.h"

#include <algorithm>

namespace sensorium::melanoma {

hyper::CameraOptions judged_camera(double snr_db) {
  return {.first_nm = 450, .last_nm = 950, .bands = 101, .snr_db = snr_db};
}

double dice_of(const std::vector<std::uint8_t>& truth, const std::vector<std::uint8_t>& found) {
  double both = 0, all = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    both += truth[i] != 0 && found[i] != 0;
    all += (truth[i] != 0) + (found[i] != 0);
  }
  return all == 0 ? 1 : 2 * both / all;
}

Judged judge(hyper::TissueSegmenter& segmenter, const std::filesystem::path& model, int patient,
             double snr_db, const Context& context) {
  Judged out;
  out.scene = skin_of(patient, judged_side);
  out.cube =
      hyper::photographed(out.scene, judged_camera(snr_db), static_cast<std::uint64_t>(patient), 1);
  out.melanoma = std::count(out.scene.labels.begin(), out.scene.labels.end(),
                            static_cast<std::uint8_t>(SkinClass::Melanoma)) > 0;
  out.reading = read_skin(segmenter, model, out.cube, nullptr, context);
  const hyper::TissueMap& map = out.reading.map;
  const ComponentIndex regions(lesion_map(map), map.samples, map.lines, 1, half);
  for (Lesion& lesion : lesions_of(map, regions, MelanomaParameters{}.least_pixels))
    if (!out.lesion || lesion.region.voxels > out.lesion->region.voxels)
      out.lesion = std::move(lesion);
  if (!out.lesion) return out;
  std::vector<std::uint8_t> mask;
  paint_runs(out.lesion->region.runs, map.samples, map.lines, 1, mask);
  out.dice = dice_of(out.scene.labels, mask);
  return out;
}

PhantomScores scores_on_phantoms(const std::filesystem::path& model, int patients,
                                 const Context& context) {
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  Context quiet = context;
  quiet.progress = {};
  PhantomScores out;
  for (int i = 0; i < patients; ++i) {
    context.step(static_cast<double>(i) / patients, "testing");
    const int patient = hyper::first_test_patient + i;
    Random random(random_key({static_cast<std::uint64_t>(patient), 0x6a756467}));
    const Judged one = judge(segmenter, model, patient, random.uniform(15, 35), quiet);
    const Scores scores = one.lesion ? one.lesion->scores : Scores{};
    for (const char* rule : {"mean", "majority"}) {
      PhantomScores::Truth& truth = out.of_rule[rule];
      (one.melanoma ? truth.melanomas : truth.nevi).push_back(scores.by(rule));
    }
  }
  return out;
}

}

#endif
