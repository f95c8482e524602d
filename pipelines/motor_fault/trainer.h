// Training of the network through modules/learn. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/builders.h"
#include "modules/learn/training.h"
#include "pipelines/motor_fault/examples.h"

namespace sensorium::motor_fault {

struct TrainerOptions {
  int machines = 40; // synthetic machines for each class
  int width = 64, blocks = 2;
  int steps = 800;      // on synthetic motors
  int fine_steps = 300; // on real recordings
  double learning_rate = 3e-3, fine_learning_rate = 1e-3;
  int batch_size = 64;
  int seed = 1;
};
void describe(ParameterVisitor& v, TrainerOptions& o);

// Mean and spread of each feature, by which it is divided before the first layer while training.
struct Normalisation {
  Features mean{}, spread{};
};
Normalisation normalisation_of(const std::vector<Example>& examples);

// The graph that takes normalised features as one that takes raw ones: the normalisation is folded
// into the first Gemm, so that the deployed graph holds Gemm, Add and Relu alone.
Graph with_normalisation(Graph graph, const Normalisation& normalisation);

// Trains on windows whose reference is left out now and then. Returns the last weights.
Graph train_on(const Graph& start, const std::vector<Example>& training,
               const std::vector<Example>& validation, const Normalisation& normalisation,
               int steps, double learning_rate, const TrainerOptions& options,
               const std::filesystem::path& folder, const Context& context);

}

#endif
