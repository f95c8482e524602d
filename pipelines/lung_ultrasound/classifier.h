// The network that names a class for each frame, and where in the beam it looked.
#pragma once

#include "pipelines/lung_ultrasound/classes.h"
#include "pipelines/lung_ultrasound/pictures.h"

#include "modules/core/context.h"

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
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

// What the signs network answers, each yes or no. It is trained on phantoms alone.
inline constexpr std::size_t sign_count = 6;
inline constexpr std::array<const char*, sign_count> sign_names{
    "score 1 or more", "score 2 or more", "score 3", "A-lines", "B-lines", "uninterpretable"};
using SignProbabilities = std::array<double, sign_count>;
// The severity that is expected: the sum of the first three. 0 .. 3.
double expected_severity(const SignProbabilities& p);

struct FrameAnswer {
  Probabilities probability{};
  ActivationMaps maps;
  std::optional<SignProbabilities> signs; // with a signs network
};

// Frames of a clip that the clip network looks at.
inline constexpr int clip_frames = 10;
// At most `most` of 0 .. count-1, evenly spread.
std::vector<int> spread(int count, int most);

struct ClipAnswer {
  Probabilities probability{};
  std::vector<double> attention; // of each frame, sum 1
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
  // Of readable frames in the order of time; at least one. Nothing when the model that was loaded
  // last has no clip network.
  std::optional<ClipAnswer> run_clip(const std::vector<Picture>& frames);
  std::string card_json() const;

private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}
