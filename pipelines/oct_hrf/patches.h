// Patches of B-scans for training a network on foci, wherever the B-scans come from.
//
// Input [1, side, side]: the B-scan as the pipeline prepares it (normalise.h, then enhance.h where
// `input` says so), so that training and use see the same values. Target of the same shape: 1 on
// retinal foci, exudates and choroidal foci, else 0. Weight: 0 where nobody decided, else 1.
#pragma once

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/training.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sensorium::oct_hrf {

struct SampleOptions {
  int first_seed = 1, seeds = 60;
  int scans = 4;              // B-scans of each seed or recording
  int patches = 4;            // of each B-scan and epoch
  int side = 128;             // a multiple of 8
  double on_lesions = 0.6;    // part of the patches that hold a lesion
  std::string input = "both"; // "raw", "enhanced", "both" (either, by the sample's seed)
  bool augment = true;        // flip, scale, gamma, gain, noise, blur
};
void describe(ParameterVisitor& v, SampleOptions& o);
// Throws Error Usage.
void check(const SampleOptions& options);

struct TrainingBscan {
  std::string group; // phantom seed or patient
  int width = 0, height = 0;
  std::vector<std::uint8_t> raw, enhanced, target; // [y][x], 0 .. 255; enhanced: empty when unused
  std::vector<std::uint8_t> undecided;             // not 0: not counted; empty when all is decided
  std::vector<std::array<int, 2>> lesions;         // x, y
  int retina_top = 0, retina_bottom = 0;           // rows
};

// raw and enhanced of a B-scan of grey values.
void prepare(TrainingBscan& bscan, std::span<const float> grey, const SampleOptions& options);

// The index-th patch; the seed drives where it lies and the augmentation, 0 augments nothing.
Sample patch_of(const TrainingBscan& bscan, const SampleOptions& options, std::size_t index,
                std::uint64_t seed);

}

#endif
