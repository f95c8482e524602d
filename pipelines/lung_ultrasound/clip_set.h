// The labelled clips that networks are trained on and judged with, as small pictures.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/lung_ultrasound/labels.h"
#include "pipelines/lung_ultrasound/trainer.h"

namespace sensorium::lung_ultrasound {

struct TrainingClip {
  LabelledClip label;
  int class_index = 0;
  SmallClip small;
  std::string container; // "mp4", "mpeg" ..., lower case; pictures: "picture"
};

struct ClipSet {
  std::vector<TrainingClip> clips;                         // with a beam
  std::vector<std::pair<std::string, std::string>> absent; // file, why it is not among them
  int left_out = 0; // lines without one of the four classes, or whose licence forbids training
};

// Of a table of labels. share_alike: clips under such a licence too. Throws what read_labels
// throws; BadInput when no clip is left.
ClipSet clip_set(const std::filesystem::path& table, bool share_alike,
                 const TrainerOptions& options, const Context& context);

// All pictures of these clips. group_of says what a split keeps together.
std::vector<Example> examples_of(const std::vector<const TrainingClip*>& clips,
                                 const std::function<int(const TrainingClip&)>& label_of);

// The part 0 .. folds-1 of each item, so that a group is never parted and each class is spread as
// evenly as its groups allow: groups in a seeded order, rarest class first, each to the part that
// has least of its classes. Throws Error Usage with fewer groups than folds.
std::vector<int> folds_of(const std::vector<std::string>& group, const std::vector<int>& label,
                          int folds, std::uint64_t seed);

}

#endif
