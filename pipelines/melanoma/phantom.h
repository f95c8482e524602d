// Synthetic skin with a nevus or a lesion like a melanoma. Optics: hyperspectral/tissue_optics.h.
// What parts the two is ours, after the rule of asymmetry, border and colour and after reports that
// melanomas reach deeper and are fed by more blood: the direction is published, the size is not.
#pragma once

#include "hyperspectral/tissue_camera.h"
#include "modules/core/extension.h"

#include <array>
#include <string>

namespace sensorium::melanoma {

enum class SkinClass : std::uint8_t { Skin, Nevus, Melanoma };
inline constexpr int class_count = 3;
inline constexpr std::array<const char*, class_count> class_names{"skin", "nevus", "melanoma-like"};

struct SkinOptions {
  int seed = 1; // of the patient: skin, lesion, hairs
  int lines = 64, samples = 64;
  std::string lesion = "drawn"; // by the seed: half of the patients have a melanoma-like one
};
// Any size from 16 x 16. The same seed gives the same scene.
hyper::TissueScene make_skin(const SkinOptions& options);
// The same as training and evaluation ask for it.
inline hyper::TissueScene skin_of(int patient, int size) {
  return make_skin({.seed = patient, .lines = size, .samples = size});
}

struct PhantomOptions {
  SkinOptions skin{.seed = 1, .lines = 128, .samples = 128};
  hyper::CameraOptions camera{.first_nm = 450, .last_nm = 950, .bands = 101};
};
void describe(ParameterVisitor& v, PhantomOptions& p);

// `sensorium phantom melanoma -o DIR`: cube.hdr, truth.hdr (class numbers), truth.json.
PipelineCommand phantom_command();

}
