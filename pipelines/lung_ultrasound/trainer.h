// Training of the frame network through modules/learn. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/training.h"
#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/network_graph.h"
#include "pipelines/lung_ultrasound/pictures.h"

#include <functional>

namespace sensorium::lung_ultrasound {

// One picture with its class. group: what a split keeps together (the patient, in an honest one).
struct Example {
  const Picture* picture = nullptr;
  int label = 0;
  std::string group;
};

// What modules/learn is asked for: one cycle of the rate, the last weights, no choice by
// validation.
TrainingOptions plan_of(const TrainerOptions& options, int steps, std::uint64_t seed,
                        const Context& context);

// Every class is seen about equally often, in it every group, in it every picture. Pictures vary in
// gain, contrast, depth, width, side and noise. Ends after options.steps; `check` is looked at
// once, at the end, and chooses nothing. Throws what train() throws.
Graph train_network(const Graph& start, const std::vector<Example>& training,
                    const std::vector<Example>& check, const TrainerOptions& options,
                    std::uint64_t seed, const std::filesystem::path& folder,
                    const Context& context);

// `start` after options.self_steps of naming which way up a picture is (upright, turned by a
// quarter, upside down; after Gidaris, Singh and Komodakis, ICLR 2018); no label is looked at. The
// last layer is start's. Without such steps: start.
Graph self_supervised(const Graph& start, const std::vector<Example>& training,
                      const std::vector<Example>& check, const TrainerOptions& options,
                      std::uint64_t seed, const std::filesystem::path& folder,
                      const Context& context);

// Logits of each picture, one row of `classes`.
std::vector<std::vector<float>> logits_of(const Graph& graph,
                                          const std::vector<const Picture*>& pictures, int side);
// A row of the graph's one output for each of `count` pictures.
std::vector<std::vector<float>>
rows_of(const Graph& graph, std::size_t count, int side,
        const std::function<std::vector<float>(std::size_t)>& picture);

// The temperature of least cross entropy, between 0.1 and 10.
double best_temperature(const std::function<double(double temperature)>& cross_entropy);

std::vector<double> softmax_of(const std::vector<float>& logits, double temperature);

}

#endif
