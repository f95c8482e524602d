// A synthetic view of an opened skull: cortex, a tumour that grows into it, vessels, and what lies
// around. Optics: hyperspectral/tissue_optics.h. Ranges of blood, oxygenation, water and
// scattering are ours, about the means of Jacques 2013 (tables 2 and 3); that a tumour has more
// blood and water, less oxygen and less scattering than normal tissue follows Gebhart et al. 2006
// (Phys. Med. Biol. 51:2011) in direction, not in size.
#pragma once

#include "hyperspectral/tissue_camera.h"
#include "modules/core/extension.h"

#include <array>

namespace sensorium::glioblastoma {

enum class TissueClass : std::uint8_t { Normal, Tumour, Vessel, Background };
inline constexpr int class_count = 4;
inline constexpr std::array<const char*, class_count> class_names{"normal tissue", "tumour",
                                                                  "vessel", "background"};

struct BrainOptions {
  int seed = 1; // of the patient: tissue, tumour, vessels, surroundings
  int lines = 96, samples = 96;
  bool tumour = true;
};
// Any size from 16 x 16. The same seed gives the same scene.
hyper::TissueScene make_brain(const BrainOptions& options);
// The same as training and evaluation ask for it.
inline hyper::TissueScene brain_of(int patient, int size) {
  return make_brain({.seed = patient, .lines = size, .samples = size});
}

struct PhantomOptions {
  BrainOptions brain{.seed = 1, .lines = 160, .samples = 160};
  hyper::CameraOptions camera;
};
void describe(ParameterVisitor& v, PhantomOptions& p);

// `sensorium phantom glioblastoma -o DIR`: cube.hdr, truth.hdr (class numbers), truth.json.
PipelineCommand phantom_command();

}
