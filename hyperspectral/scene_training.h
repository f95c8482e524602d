// Scenes of labelled spectra in memory, and networks trained on and applied to them. Only with
// LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/scene_network.h"
#include "modules/core/context.h"
#include "modules/core/cube.h"
#include "modules/learn/model.h"
#include "modules/learn/training.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sensorium::hyper {

// [channel][pixel]; what is no measurement is 0 in every channel and not usable.
struct Planes {
  int lines = 0, samples = 0, channels = 0;
  std::vector<float> values;
  std::vector<std::uint8_t> usable;
  std::size_t pixels() const {
    return static_cast<std::size_t>(lines) * static_cast<std::size_t>(samples);
  }
};
// Spectra at these wavelengths (resampled), over unit. Throws Error Resources above 4 GiB,
// Unsupported without wavelengths or where they do not cover, Cancelled.
Planes spectra_of(const Cube& cube, std::span<const double> wavelengths_nm, double unit,
                  const Context& context);
// The 99.5th percentile of the values: what "stored" models divide by.
double bright_value(const Planes& planes);
// Over the usable pixels that are chosen (nonzero); deviations of at least 1e-6.
BandScaling scaling_of(std::span<const Planes* const> planes,
                       std::span<const std::vector<std::uint8_t>* const> chosen);
void standardise(Planes& planes, const BandScaling& scaling);
// Three weighted sums.
Planes mixed(const Planes& spectra, const MixStart& mix);
// The values below which so many percent of a channel's usable pixels lie.
std::array<double, 2> percentiles_of(const Planes& planes, int channel, double low, double high);
// The first three principal components of the chosen pixels' standardised spectra, each from its
// 2nd to its 98th percentile brought to 0 .. 1.
MixStart principal_start(const Planes& spectra, const BandScaling& scaling,
                         const std::vector<std::uint8_t>& chosen);

// One scene to train on. labels: 0 does not count, else class + 1.
struct LabelledPlanes {
  const Planes* planes;
  std::vector<std::uint8_t> labels;
  std::string group;
};
// Whole scenes, or pieces of at most `piece` pixels a side, turned and mirrored, each band with a
// little gain and offset of its own; sizes are brought up to a multiple by mirroring.
class SceneSource : public SampleSource {
public:
  SceneSource(std::vector<LabelledPlanes> scenes, int multiple, int piece, double jitter);
  std::size_t size() const override { return pieces_.size(); }
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  struct Piece {
    std::size_t scene;
    int line, sample, lines, samples;
  };
  std::vector<LabelledPlanes> scenes_;
  std::vector<Piece> pieces_;
  int multiple_;
  double jitter_;
};

// The labelled pixels of a scene in a row, or with their means as on_means() takes them; one sample
// a scene. Pixels that are no measurement count as 0, as they do for the network on the scene.
class PixelsSource : public SampleSource {
public:
  PixelsSource(const std::vector<LabelledPlanes>& scenes, bool means, double jitter);
  std::size_t size() const override { return samples_.size(); }
  std::string group(std::size_t index) const override { return groups_.at(index); }
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  std::vector<Sample> samples_;
  std::vector<std::string> groups_;
  double jitter_;
};

struct SceneTraining {
  int steps = 150;
  double learning_rate = 5e-3, weight_decay = 1e-3, jitter = 0.05;
  int seed = 1, threads = 1;
};
// The graph after the last step, on whole scenes, or on labelled pixels (and their means) where the
// network sees no more: no validation chooses among them. Throws as train(), and Error
// BadInput where no scene has a label.
Graph train_on_scenes(const Graph& start, std::vector<LabelledPlanes> scenes,
                      const SceneTraining& options, const std::filesystem::path& run_folder,
                      const Context& context);

// The probability of each class (the channels), the mean over so many of the eight views (turned,
// mirrored). By pieces of at most 512 pixels a side.
Planes probabilities(Model& model, const Planes& planes, int views, const Context& context);
// The picture that picture_maker()'s network makes, by pieces.
Planes pictured(Model& model, const Planes& planes, const Context& context);
// The class that is greatest at each pixel, from 1; 0 where none is above 0 (nothing was asked
// there).
std::vector<std::uint8_t> greatest(const Planes& classes);

}

#endif
