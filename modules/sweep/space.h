// What a sweep may choose: some of a command's declared parameters, each with a range or a list.
#pragma once

#include "modules/core/parameters.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sensorium {

enum class DimensionKind { Number, Integer, Choice };

struct Dimension {
  std::string name;
  DimensionKind kind = DimensionKind::Number;
  double low = 0, high = 0; // both included; of numbers and integers
  double step = 0;          // from low on; 0: none (integers have 1)
  bool logarithmic = false; // equal ratios are equally likely
  int points = 0;           // of a grid over a number without a step; 0: not said
  nlohmann::json choices;   // a list of values, of choices alone
};

using SearchSpace = std::vector<Dimension>; // by name

// {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": true}, "loss": ["bce", "dice"]}. Throws
// Error Usage naming the parameter: unknown, wrong type, beyond its declared range, an empty range.
SearchSpace space_from_json(const nlohmann::json& json, const ParameterSpecs& specs);
nlohmann::json to_json(const SearchSpace& space);

// How many values a stepped dimension has. 0: it has no steps.
std::int64_t levels_of(const Dimension& dimension);
// How many points a grid has. Throws Error Usage: a number with neither step nor points, or more
// than 100,000 in all.
std::int64_t grid_size(const SearchSpace& space);
// The point of an index below grid_size; the last name runs fastest.
nlohmann::json grid_point(const SearchSpace& space, std::int64_t index);

}
