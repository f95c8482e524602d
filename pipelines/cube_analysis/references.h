// The spectra that the pixels are compared with: of a library, of places in the cube, or found in
// it.
#pragma once

#include "hyperspectral/classes.h"
#include "pipelines/cube_analysis/parameters.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace sensorium::cube_analysis {

struct References {
  hyper::Spectra spectra; // on the reader's bands; NaN where a library does not reach
  std::vector<std::string> names;
  nlohmann::json record;
  std::vector<std::string> notes;
};

// reader: of all good bands, nothing prepared. Throws Error Usage (places, too many spectra, both
// library and places), NotFound, BadInput, Unsupported.
References references_for(const hyper::SpectrumReader& reader, const CubeParameters& p,
                          std::uint64_t seed, const Context& context);

// "12,30; 40,60,5,5" as rectangles. Throws Error Usage naming the part.
std::vector<TileRange> places_in(const std::string& text, const Cube& cube);

}
