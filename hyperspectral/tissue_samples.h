// Spectra with their truth, from synthetic scenes: for training and for evaluation. Only with
// LibTorch.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "hyperspectral/tissue_camera.h"
#include "hyperspectral/tissue_network.h"
#include "modules/core/random.h"
#include "modules/learn/training.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sensorium::hyper {

// Patients' seeds: 1 .. 9999 train, 10000 .. 19999 validate, 20000 and above test.
inline constexpr int first_validation_patient = 10000, first_test_patient = 20000;

// The scene of a patient, size x size pixels.
using SceneMaker = std::function<TissueScene(int patient, int size)>;

// A photographed scene as a network reads it.
struct Photograph {
  int lines = 0, samples = 0, bands = 0;
  std::vector<float> spectra;       // [band][pixel]
  std::vector<std::uint8_t> usable; // [pixel]
  std::vector<std::uint8_t> labels; // [pixel]
};
Photograph photograph(const TissueScene& scene, const CameraOptions& camera, std::uint64_t key);
Photograph read_photograph(const TissueScene& scene, const Cube& cube);
// 400 to 1000 or 450 to 950 nm, 80 to 160 bands, 5 to 45 dB, with smile and dead lines.
CameraOptions random_camera(Random& random);

// Squares of scenes: input [bands, side, side], target [1, side, side] of class numbers, weight 0
// where a sensor's line is dead. Index: patient and view. What the light does is computed once, at
// the network's wavelengths; each visit turns the square and draws the noise of a random camera,
// as it is left after resampling to the network's wavelengths. whole: the square is the scene.
class ScenePatches : public SampleSource {
public:
  ScenePatches(SceneMaker maker, int classes, int first_patient, int patients, int views, int side,
               bool whole = false);
  std::size_t size() const override { return squares_.size(); }
  std::string group(std::size_t index) const override;
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  struct Square {
    std::vector<float> reflectance; // [band][pixel]
    std::vector<std::uint8_t> labels;
  };
  Square draw(std::size_t index) const;
  SceneMaker maker_;
  int classes_, first_, views_, side_;
  bool whole_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const Square>> squares_; // made when they are first asked for
};

// Single spectra, for methods that see no neighbours. rows: reflectance [row][band].
struct PixelRows {
  int bands = 0;
  std::vector<float> rows;
  std::vector<int> labels, patients;
};
// per_class of each class and patient, where there are so many; each patient under one random
// camera. box: 1, or the side of the square over which spectra are averaged. normalised: as
// normalise_spectrum.
PixelRows pixel_rows(const SceneMaker& maker, int classes, int first_patient, int patients,
                     int per_class, int box, bool normalised, const Context& context);
// The spectrum at a pixel, averaged over a square of usable pixels.
void spectrum_at(const Photograph& photo, std::size_t pixel, int box, std::vector<float>& out);

// How training looks (TissueModelFacts): blocks of photographs of training patients, of side x side
// pixels, the limit from validation patients.
Likeness likeness_of_scenes(const SceneMaker& maker, int patients, int validation_patients,
                            int side, const Context& context);

// Rows as samples: input [bands], target [1].
class RowSource : public SampleSource {
public:
  explicit RowSource(const PixelRows& rows) : rows_(rows) {}
  std::size_t size() const override { return rows_.labels.size(); }
  std::string group(std::size_t index) const override {
    return std::to_string(rows_.patients.at(index));
  }
  Sample get(std::size_t index, std::uint64_t seed) const override;

private:
  const PixelRows& rows_;
};

}

#endif
