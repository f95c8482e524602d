// Training of the clip network on what the frame network makes of frames. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "pipelines/lung_ultrasound/trainer.h"

namespace sensorium::lung_ultrasound {

// One clip with its class: the pictures a reader could read, in the order of time.
struct Sequence {
  std::vector<const Picture*> pictures;
  int label = 0;
  std::string group;
};

// The frame network stays as it is: its features of each picture, plain and in two variations (one
// gain, contrast and frame for a whole clip), are worked out once. Sequences without pictures are
// left out. `check` is looked at once and chooses nothing. Throws what train() throws.
Graph train_head(const Graph& frame_network, const std::vector<Sequence>& training,
                 const std::vector<Sequence>& check, int classes, const TrainerOptions& options,
                 std::uint64_t seed, const std::filesystem::path& folder, const Context& context);

// Logits of each sequence; none for one without pictures. Of many pictures, clip_frames evenly
// spread ones are looked at.
std::vector<std::vector<float>> clip_logits(const Graph& frame_network, const Graph& head,
                                            const std::vector<Sequence>& sequences, int side);

}

#endif
