// What a training learns from, in words for the model's card.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/patches.h"

#include <nlohmann/json.hpp>

namespace sensorium::oct_hrf {

// Seeds 1 .. 9999 train, 10000 .. 19999 validate (and choose the threshold), 20000 and above test.
inline constexpr int first_validation_seed = 10000;
// Throws Error Usage when the training seeds reach into the validation seeds.
void check_seeds(const SampleOptions& training);
// The B-scans of the validation seeds.
SampleOptions held_out(const SampleOptions& training, int validation_seeds);

nlohmann::json about_phantoms(const SampleOptions& training, int validation_seeds);
// set_sha256: of the index of the reviewed set.
nlohmann::json about_reviewed(std::size_t training, std::size_t validation, bool with_phantoms,
                              const std::string& set_sha256);

}

#endif
