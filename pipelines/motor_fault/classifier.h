// The network that names phase and severity of an inter-turn short.
#pragma once

#include "pipelines/motor_fault/features.h"

#include <filesystem>
#include <memory>

namespace sensorium::motor_fault {

// Whether this build can run networks.
bool has_network();

// Keeps the last model loaded. Calls must not overlap.
class Classifier {
public:
  Classifier();
  ~Classifier();
  // Probabilities of the classes, one row a window. The graph takes [n, feature_count] features as
  // they are (its normalisation is inside) or [n, raw_channels, raw_samples] samples, and gives
  // [n, class_count] logits. Throws Error Unsupported without LibTorch or for other shapes, and
  // what Model::load throws.
  std::vector<std::array<float, class_count>> run(const std::filesystem::path& model,
                                                  const std::vector<Window>& windows,
                                                  const Context& context);
  std::string card_json() const; // of the model that ran last

private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

// The mean of the windows' log-probabilities, as probabilities: one answer for a recording.
std::array<double, class_count> pooled(const std::vector<std::array<float, class_count>>& windows);

}
