// Training of the network through modules/learn. Only with LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/builders.h"
#include "modules/learn/training.h"
#include "pipelines/motor_fault/examples.h"

namespace sensorium::motor_fault {

struct TrainerOptions {
  int machines = 60;            // synthetic machines for each class
  int validation_machines = 60; // for each class; the temperature is fitted on them
  int width = 64, blocks = 2;
  int steps = 800;      // on synthetic motors
  int fine_steps = 300; // on real recordings
  double learning_rate = 3e-3, fine_learning_rate = 1e-3;
  int batch_size = 64;
  int seed = 1;
  std::string network = "features"; // or "samples": a 1-D convolutional network on raw_window()
  double rate = 1000;               // Hz, of recordings that do not say it
};
inline bool takes_samples(const TrainerOptions& o) { return o.network == "samples"; }
void describe(ParameterVisitor& v, TrainerOptions& o);

// Mean and spread of each feature, by which it is divided before the first layer while training.
struct Normalisation {
  Features mean{}, spread{};
};
Normalisation normalisation_of(const std::vector<Example>& examples);

// The graph that takes normalised features as one that takes raw ones: the normalisation is folded
// into the first Gemm, so that the deployed graph holds Gemm, Add and Relu alone.
Graph with_normalisation(Graph graph, const Normalisation& normalisation);

// The network before it sees a real recording, with what it was checked on.
struct Pretrained {
  Graph graph;                     // takes normalised features
  Normalisation normalisation;     // none for a network on samples
  std::vector<Example> validation; // of synthetic machines that training never saw
};
Pretrained pretrain(const TrainerOptions& options, const std::filesystem::path& folder,
                    const Context& context);

// One answer of the network for a recording, and how sure it is.
struct Answer {
  std::string file;
  int label = 0, found = 0, seed = 0;
  double probability = 0;
};
// One answer for each group of examples: their windows' pooled probabilities.
std::vector<Answer> answers_of(const std::filesystem::path& model,
                               const std::vector<Example>& examples, const Context& context);
// Expected calibration error over ten bins (Guo et al., ICML 2017, eq. 3).
double calibration_error(const std::vector<Answer>& answers);

// Temperature by which the logits are divided (Guo et al., eq. 9): the one of least cross entropy
// of whole recordings' answers, between 0.2 and 20. It is folded into the last Gemm.
double temperature_of(const Graph& graph, const std::vector<Example>& validation,
                      const std::filesystem::path& scratch, const Context& context);
Graph with_temperature(Graph graph, double temperature);

// Trains on windows whose reference is left out now and then. Returns the last weights.
Graph train_on(const Graph& start, const std::vector<Example>& training,
               const std::vector<Example>& validation, const Normalisation& normalisation,
               int steps, double learning_rate, const TrainerOptions& options,
               const std::filesystem::path& folder, const Context& context);

}

#endif
