// Training of the frame network through modules/learn. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/builders.h"
#include "modules/learn/training.h"
#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/pictures.h"

#include <functional>

namespace sensorium::lung_ultrasound {

struct TrainerOptions {
  int side = 64;     // of the pictures
  int pictures = 10; // of each clip
  std::string widths = "8,16,32";
  int blocks = 1;
  std::string norm = "batch";
  int steps = 150;
  double learning_rate = 4e-3, weight_decay = 0.02;
  int batch_size = 16;
  double augmentation = 1; // 0: none
  int phantoms = 0;        // clips of the pipeline's own phantom to begin with
  int phantom_steps = 150;
};
void describe(ParameterVisitor& v, TrainerOptions& o);

// One picture with its class. group: what a split keeps together (the patient, in an honest one).
struct Example {
  const Picture* picture = nullptr;
  int label = 0;
  std::string group;
};

// Takes pictures of options.side with greys 0 .. 1; each picture is brought to mean 0 and variance
// 1 by the graph's first node.
Graph untrained_network(const TrainerOptions& options, int classes, std::uint64_t seed);

// Every class is seen about equally often, in it every group, in it every picture. Pictures vary in
// gain, contrast, depth, width, side and noise. Ends after options.steps; `check` is looked at
// once, at the end, and chooses nothing. Throws what train() throws.
Graph train_network(const Graph& start, const std::vector<Example>& training,
                    const std::vector<Example>& check, const TrainerOptions& options,
                    std::uint64_t seed, const std::filesystem::path& folder,
                    const Context& context);

// The network after options.phantom_steps on phantoms (their score 0 to 3 is the class), with a
// fresh last layer; untrained without phantoms.
Graph first_network(const TrainerOptions& options, int classes, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context);

// Logits of each picture, one row of `classes`.
std::vector<std::vector<float>> logits_of(const Graph& graph,
                                          const std::vector<const Picture*>& pictures, int side);

// The same answers, with the last layer moved before the pooling: outputs "logits" and "maps"
// (ActivationMaps). Logits are divided by the temperature (Guo et al., ICML 2017, eq. 9). Throws
// Error Internal when the graph does not end as untrained_network()'s do.
Graph with_maps(Graph graph, double temperature);

// The temperature of least cross entropy, between 0.1 and 10.
double best_temperature(const std::function<double(double temperature)>& cross_entropy);

std::vector<double> softmax_of(const std::vector<float>& logits, double temperature);

}

#endif
