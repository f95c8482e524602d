// How well the network does on patients that it was not trained on.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/lung_ultrasound/clip_set.h"
#include "pipelines/lung_ultrasound/clip_trainer.h"

#include <nlohmann/json.hpp>

namespace sensorium::lung_ultrasound {

struct CrossOptions {
  TrainerOptions trainer;
  std::string split = "patient_group";
  bool leaking = false;
  int folds = 5, seeds = 5, first_seed = 1, rounds = 2000;
  std::string rule = "mean";
  double top = 0.25;
  bool container_check = true;
};
// trainer's and its own; rounds, first_seed, rule and top come from elsewhere.
void describe(ParameterVisitor& v, CrossOptions& o);

// The logits of every picture by a network that was trained without its fold: [clip][picture].
struct HeldOut {
  std::vector<std::vector<std::vector<float>>> logits;
  std::vector<std::vector<int>> fold; // of each picture
  // Of the clip network, none for a clip without a readable picture; empty without that network or
  // where a split by frame parts clips.
  std::vector<std::vector<float>> clip;
};
HeldOut held_out_logits(const std::vector<TrainingClip>& clips, int classes,
                        const std::function<int(const TrainingClip&)>& label_of,
                        const CrossOptions& options, std::uint64_t seed,
                        const std::filesystem::path& folder, const Context& context);

// Temperature of least cross entropy of whole clips' mean probabilities. use: which clips.
double clip_temperature(const std::vector<TrainingClip>& clips, const HeldOut& held_out,
                        const std::function<bool(std::size_t)>& use);

// The same for the clip network. HeldOut::clip is not empty.
double attention_temperature(const std::vector<TrainingClip>& clips, const HeldOut& held_out,
                             const std::function<bool(std::size_t)>& use);

Sequence sequence_of(const TrainingClip& clip, int label);

// Everything that is reported: per-class recall, balanced accuracy over three and four classes with
// intervals over groups and the spread over seeds and folds, confusion, reliability and calibration
// error, the same for the clip network where one is trained, with the difference from the rule,
// and the container check. Throws Error Usage: a split by clip or frame that is not forced.
nlohmann::json cross_validate(const ClipSet& set, const CrossOptions& options,
                              const std::filesystem::path& folder, const Context& context);

// What clips' container alone tells about their class: the most frequent class of the same
// container among other groups. Answers, -1 where no other group has it.
std::vector<int> answers_by_container(const std::vector<TrainingClip>& clips);

}

#endif
