// A cube of skin at the size that the network knows: a lesion fills the same part of the picture in
// every cube, whatever the camera's pixels are.
#pragma once

#include "hyperspectral/tissue_segment.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace sensorium::melanoma {

inline constexpr int field_side = 40; // of the shorter side; training squares are as large

struct Field {
  Cube cube;               // means over cells: Float32 reflectance at the reader's wavelengths
  std::vector<float> grey; // of the whole cube: mean reflectance from 600 to 700 nm, 0 to 1
};
// Means of the usable pixels of each cell; NaN where fewer than half are usable. A cube that is
// smaller than the field keeps its pixels. By lines: the memory does not grow with the bands.
Field field_of(const Cube& cube, const hyper::SpectraReader& reader, int side,
               const Context& context);

// The map of a field over the cube it came from: probabilities linear between the middles of the
// cells, classes the likeliest ones, no class where the cell has none.
hyper::TissueMap enlarged(const hyper::TissueMap& small, int lines, int samples);

// A cube as the pipeline reads it, and the map of it at the cube's own size. Throws as
// SpectraReader and TissueSegmenter.
struct Reading {
  Field field;
  hyper::TissueMap map;
};
Reading read_skin(hyper::TissueSegmenter& segmenter, const std::filesystem::path& model,
                  const Cube& cube, std::shared_ptr<const hyper::Calibration> calibration,
                  const Context& context);

}
