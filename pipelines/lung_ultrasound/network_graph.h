// The networks as graphs: what they are made of, and how their parts become one file.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/graph.h"
#include "pipelines/lung_ultrasound/trainer_options.h"

#include <optional>

namespace sensorium::lung_ultrasound {

// Takes pictures of options.side with greys 0 .. 1; each picture is brought to mean 0 and variance
// 1 by the graph's first node. Throws Error Usage for sizes that do not fit each other.
Graph untrained_network(const TrainerOptions& options, int classes, std::uint64_t seed);

// `to` with all weights of `from` but those of the last layer, where names and shapes agree.
Graph with_body_of(Graph to, const Graph& from);

// The values that the last layer sees of each picture: output "features" [n, C].
Graph features_of(Graph frame_network);
int feature_count(const Graph& frame_network);

// The clip network, on features of frames in the order of time: [clips, frames, features] to
// logits [clips, classes]. Place in the clip is added as sines; frames look at each other
// (self-attention with one head: Vaswani et al., NeurIPS 2017, eq. 1); the answer is a weighted
// mean over frames whose weights, "attention", are learnt (gated attention: Ilse, Tomczak and
// Welling, ICML 2018, eq. 9). Any number of frames.
Graph untrained_head(int features, int classes, std::uint64_t seed);

// The same answers, with the last layer moved before the pooling: outputs "logits" and "maps"
// (ActivationMaps). Logits are divided by the temperature (Guo et al., ICML 2017, eq. 9). Throws
// Error Internal when the graph does not end as untrained_network()'s do.
Graph with_maps(Graph graph, double temperature);

struct ClipPart {
  Graph head;
  double temperature = 1;
};
// with_maps, and the parts that are there in the same graph: outputs "clip" [1, classes] and
// "attention" [1, n, 1], for which the n pictures are frames of one clip in the order of time; and
// "signs" [n, 6], logits (sign_names).
Graph whole_network(const Graph& frame_network, double temperature,
                    const std::optional<ClipPart>& clip, const std::optional<Graph>& signs);

}

#endif
