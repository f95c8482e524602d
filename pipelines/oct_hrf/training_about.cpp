#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/oct_hrf/training_about.h"

#include "modules/core/error.h"
#include "pipelines/oct_hrf/phantom.h"

#include <fmt/format.h>

namespace sensorium::oct_hrf {

void check_seeds(const SampleOptions& training) {
  if (training.first_seed + training.seeds > first_validation_seed)
    throw Error(ErrorCode::Usage, "the training seeds reach into the validation seeds (10000 on)",
                "choose fewer seeds or a smaller first seed");
}

SampleOptions held_out(const SampleOptions& training, int validation_seeds) {
  SampleOptions out = training;
  out.first_seed = first_validation_seed;
  out.seeds = validation_seeds;
  out.augment = false;
  return out;
}

nlohmann::json about_phantoms(const SampleOptions& training, int validation_seeds) {
  return {
      {"name", "oct_hrf demo"},
      {"data", "synthetic: phantom version " + std::to_string(PhantomOptions{}.phantom_version) +
                   " of this program; no patient data"},
      {"data_licence", "GPL-3.0-or-later (generated)"},
      {"split",
       {{"group", "phantom seed"},
        {"training", {training.first_seed, training.first_seed + training.seeds - 1}},
        {"validation", {first_validation_seed, first_validation_seed + validation_seeds - 1}},
        {"test", "20000 and above, never used in training"}}},
      {"limits", "trained on phantoms only; figures on phantoms do not carry over to patients"}};
}

nlohmann::json about_reviewed(std::size_t training, std::size_t validation, bool with_phantoms,
                              const std::string& set_sha256) {
  return {
      {"name", "oct_hrf from reviewed cases"},
      {"data",
       fmt::format("reviewed cases, {} for training and {} for validation{}", training, validation,
                   with_phantoms ? fmt::format("; phantom version {} of this program",
                                               PhantomOptions{}.phantom_version)
                                 : "")},
      {"data_licence", "that of the reviewed recordings, which this card does not know"},
      {"split", {{"group", "patient"}, {"training_set_sha256", set_sha256}, {"test", "held_out"}}},
      {"limits", "trained on the reviewers' marks; judge it on the held-out part with 'sensorium "
                 "dataset compare'"}};
}

}

#endif
