// A cube becomes a map of classes and what belongs to it.
#pragma once

#include "hyperspectral/classes.h"
#include "modules/imaging/class_regions.h"
#include "pipelines/cube_analysis/parameters.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sensorium::cube_analysis {

inline constexpr std::size_t most_regions = 1000; // nobody reviews more

struct Result {
  // Two channels: the class from 1 (0: none, NaN: no measurement), and its score.
  std::shared_ptr<const hyper::Raster> map;
  std::string score; // what the second channel is
  // Method unmix: abundances, then the rest.
  std::shared_ptr<const hyper::Raster> abundances;
  std::vector<std::string> names;                 // of the classes
  std::vector<int> bands;                         // of statistics
  std::vector<hyper::ClassStatistics> statistics; // one a class
  ClassRegions regions;                           // the most_regions largest of them
  std::uint64_t unclassified = 0, blank = 0;
  double mean_rest = 0;  // method unmix
  double threshold = 0;  // method rx
  nlohmann::json record; // how it was made
  std::vector<std::string> notes;
};

// Throws Error Usage for parameters that contradict each other, and what the steps throw.
Result analyse_cube(const Cube& cube, const CubeParameters& p, std::uint64_t seed,
                    const Context& context);

}
