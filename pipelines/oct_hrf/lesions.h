// Lesions put into real B-scans: a second generator, unlike the phantom's, for evaluation only.
//
// Shape: the region above half height of a sum of three to six discs with jittered centres.
// Grey: a bright level of the very scan (a quantile of its retina) times the scan's own local
// speckle, so that the texture is the scanner's. No phantom code is shared. Figures from such
// scans are marked "inserted".
#pragma once

#include "modules/core/dataset.h"
#include "pipelines/oct_hrf/evaluate.h"

namespace sensorium::oct_hrf {

struct InsertOptions {
  int per_bscan = 12;
  double min_um = 14, max_um = 32;
  double least_contrast = 0.15; // above the surroundings, of the normalised range
  double assumed_x_um = 11.3, assumed_y_um = 3.87; // where the file's scale is unknown
};

// The B-scans of a real volume, normalised, with lesions between ILM and RPE. B-scans in which no
// lines are found are left out. `untouched` is the same without lesions: what a detector marks
// there is not the insertion's doing. Throws Error BadInput when no B-scan is left.
struct InsertedCase {
  EvaluationCase inserted;
  std::vector<float> untouched;
  std::vector<std::uint8_t> untouched_grey; // as EvaluationCase::grey
};
InsertedCase insert_lesions(const Volume& volume, const InsertOptions& options, bool enhance,
                            std::uint64_t seed, int threads);

}
