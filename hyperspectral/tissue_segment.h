// From a cube to the likeliest class of each pixel, by a network for tissue.
#pragma once

#include "hyperspectral/tissue_cube.h"
#include "hyperspectral/tissue_network.h"
#include "modules/core/context.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sensorium::hyper {

inline constexpr std::uint8_t no_class = 255; // a pixel without a spectrum

struct TissueMap {
  int lines = 0, samples = 0;
  std::vector<std::uint8_t> classes; // number in the model's list, or no_class
  // [class][pixel]: probability of each class, 255 is 1; 0 where there is no spectrum.
  std::vector<std::vector<std::uint8_t>> probability;
  std::vector<float> grey; // mean reflectance from 600 to 700 nm, 0 to 1
  std::uint64_t without_spectrum = 0;
  // The share of blocks of 8 x 8 pixels whose mean spectrum is like none in training.
  double unlike = 0;
  ReflectanceCheck check;
};

// Whether this build can run networks.
bool has_tissue_network();

// Keeps the last model loaded. Calls must not overlap.
class TissueSegmenter {
public:
  // The classes that a model must have, in order.
  explicit TissueSegmenter(std::vector<std::string> classes);
  ~TissueSegmenter();
  // By tiles: the memory does not grow with the cube, but for a few bytes a pixel of the result.
  // Throws Error Unsupported without LibTorch, for another network, for a cube that is no
  // reflectance or of other wavelengths; Cancelled; and what Model::load throws.
  TissueMap run(const std::filesystem::path& model, const Cube& cube,
                std::shared_ptr<const Calibration> calibration, const Context& context);
  std::string card_json() const; // of the model that ran last

private:
  struct Loaded;
  void load(const std::filesystem::path& model, const Context& context);
  std::vector<std::string> classes_;
  std::unique_ptr<Loaded> loaded_;
};

// Mean normalised spectra of blocks of 8 x 8 pixels with at least 16 spectra: [block][band].
// spectra: [band][pixel] of a tile.
std::vector<float> block_spectra(const std::vector<float>& spectra,
                                 const std::vector<std::uint8_t>& usable, int lines, int samples,
                                 int bands);

// What a user must know of a map: how the cube was read, what looks unlike the training, pixels
// without a spectrum. One sentence each; nothing where all is well.
std::vector<std::string> notes_on(const TissueMap& map);

}
