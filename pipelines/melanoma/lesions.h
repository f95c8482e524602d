// From class probabilities of pixels to lesions.
#pragma once

#include "hyperspectral/cube_input.h"
#include "hyperspectral/tissue_segment.h"
#include "modules/imaging/components.h"

#include <memory>
#include <string>
#include <vector>

namespace sensorium::melanoma {

struct MelanomaParameters {
  double operating_point = 0.5; // score from which a lesion is called melanoma-like
  std::string rule = "mean";
  int least_pixels = 30; // of a lesion
  hyper::ReferenceFiles references;
};
void describe(ParameterVisitor& v, MelanomaParameters& p);

// Of each pixel of a lesion m = melanoma / (melanoma + nevus). mean: the mean of m. majority: the
// share of the pixels with m above a half.
struct Scores {
  double mean = 0, majority = 0;
  double by(const std::string& rule) const { return rule == "majority" ? majority : mean; }
};
Scores scores_in(const hyper::TissueMap& map, const Component& region);

// A connected part that is likelier lesion than skin.
struct Lesion {
  Component region;
  Scores scores;
};

// Probability of lesion, 255 is 1.
std::vector<std::uint8_t> lesion_map(const hyper::TissueMap& map);
// In raster order; those of least_pixels or more.
std::vector<Lesion> lesions_of(const hyper::TissueMap& map, const ComponentIndex& regions,
                               int least_pixels);
inline constexpr std::uint8_t half = 128; // of a map whose 255 is 1

}
