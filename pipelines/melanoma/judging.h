// What the pipeline answers on phantom patients whose truth is known.
#pragma once

#include "hyperspectral/tissue_camera.h"
#include "hyperspectral/tissue_segment.h"
#include "pipelines/melanoma/field.h"
#include "pipelines/melanoma/lesions.h"
#include "pipelines/melanoma/operating.h"

#include <optional>

namespace sensorium::melanoma {

inline constexpr int judged_side = 96; // pixels of the cubes that are judged

hyper::CameraOptions judged_camera(double snr_db);

struct Judged {
  hyper::TissueScene scene;
  Cube cube;
  Reading reading;
  bool melanoma = false;
  double dice = 0;              // of the outline; 0 where no lesion was found
  std::optional<Lesion> lesion; // the largest
};
Judged judge(hyper::TissueSegmenter& segmenter, const std::filesystem::path& model, int patient,
             double snr_db, const Context& context);

// Of test patients, under noise of 15 to 35 dB. A lesion that is not found scores 0.
PhantomScores scores_on_phantoms(const std::filesystem::path& model, int patients,
                                 const Context& context);

// 2 |A and B| / (|A| + |B|); 1 where both are empty. Any number but 0 belongs.
double dice_of(const std::vector<std::uint8_t>& truth, const std::vector<std::uint8_t>& found);

}
