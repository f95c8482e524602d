// Pixels of a scene with known classes, and how they are split without fooling oneself.
#pragma once

#include "hyperspectral/tissue_scores.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sensorium::hyper {

// One class number a pixel: 0 none, 1 .. classes.
struct LabelMap {
  int lines = 0, samples = 0, classes = 0;
  std::vector<std::uint8_t> labels; // [line][sample]
  std::size_t labelled() const;
};
// ENVI or npy of one band (npy also of two axes) with whole numbers from 0 to 200, or ERDAS 7.4 GIS
// of 8 bits. Throws Error NotFound, BadInput (truncated, more than one band, other numbers, no
// label at all), Unsupported.
LabelMap read_label_map(const std::filesystem::path& path);
// Throws Error BadInput naming both sizes.
void check_size(const LabelMap& map, int lines, int samples, const std::string& cube);

enum class Part : std::uint8_t { None, Training, Test };
struct Split {
  std::vector<Part> parts; // one a pixel; None: not labelled
  bool leaks = false;      // training pixels lie beside test pixels everywhere
};
// Whole squares of block x block pixels go to one side, in a seeded order, until the training side
// has its percentage of the labelled pixels. Throws Error Usage where one side would be empty.
Split split_by_blocks(const LabelMap& map, int block, double training_percent, std::uint64_t seed);
// Single pixels at random: neighbours are on both sides, and the figure says little of other
// fields.
Split split_by_pixels(const LabelMap& map, double training_percent, std::uint64_t seed);

// The labels that count for training: those of the training side, or a seeded share of each class
// there (at least one pixel). Smaller shares are part of greater ones with the same seed.
std::vector<std::uint8_t> training_labels(const LabelMap& map, const Split& split, double percent,
                                          std::uint64_t seed);

// Each pixel takes the most frequent class of the square around it (its own where there is a tie).
std::vector<std::uint8_t> majority(const std::vector<std::uint8_t>& classes, int lines, int samples,
                                   int side);

struct SceneScore {
  double overall = 0, average = 0, kappa = 0; // accuracy; mean over the test's classes; Cohen 1960
  std::int64_t pixels = 0;
};
// found: class numbers from 1. away: only test pixels with no training pixel within so many lines
// and samples; 0: all.
SceneScore score_map(const LabelMap& map, const Split& split,
                     const std::vector<std::uint8_t>& found, int away = 0);

}
