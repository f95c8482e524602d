// The network that names a class for each frame, and where in the beam it looked.
#pragma once

#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/pictures.h"

#include "modules/core/context.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace sensorium::lung_ultrasound {

// Whether this build can run networks.
bool has_network();

// Evidence for each class at each place of the beam: [class][row of depth][column of line]. The
// mean over the places is the class's logit, so the map shows what the answer is made of (class
// activation mapping: Zhou et al., CVPR 2016, eq. 2).
struct ActivationMaps {
  int rows = 0, columns = 0;
  std::vector<float> value;
};

struct FrameAnswer {
  Probabilities probability{};
  ActivationMaps maps;
};

// Keeps the last model loaded. Calls must not overlap.
class Classifier {
public:
  Classifier();
  ~Classifier();
  // Side of the pictures that the model takes. Throws Error Unsupported without LibTorch or when
  // the model's shapes are not those of train_command's card, and what Model::load throws.
  int load(const std::filesystem::path& model, const Context& context);
  // Of the model that was loaded last; its pictures have its side.
  std::vector<FrameAnswer> run(const std::vector<Picture>& pictures);
  std::string card_json() const;

private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}
