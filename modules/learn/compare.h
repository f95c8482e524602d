// Two models on the same data.
#pragma once

#include "modules/core/context.h"
#include "modules/learn/graph.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <vector>

namespace sensorium {

struct CompareRequest {
  std::filesystem::path first, second;
  // A safetensors file with a float tensor for each input, by its name; empty: made-up inputs,
  // normal with deviation 1.
  std::filesystem::path data;
  int size = 64;  // of made-up inputs: where the model leaves a size open, batch excepted (1)
  int rounds = 4; // made-up inputs
  std::uint64_t seed = 1;
  // In which the second computes: float32, bfloat16 or float16; the first computes in float32.
  std::string precision = "float32";
};

// Runs both on context.device. Inputs and outputs are paired by their order. Returns
// {"inputs": [{"name", "shape"}], "rounds", "outputs": [{"name", "values", "max", "mean",
// "largest", "relative"}], "equal", "precision"}: max and mean absolute difference, largest
// absolute value of the first model's output, relative = max / largest; precision: the second's,
// float32 with a warning where the device lacks the one asked for. Throws Error: Unsupported
// (operators; inputs or outputs that do not pair, naming the shapes), BadInput (the data lacks an
// input or does not fit), NotFound, Cancelled.
nlohmann::json compare_models(const CompareRequest& request, const Context& context);

}

// For programs that do not link LibTorch and load this library when a comparison is asked for.
extern "C" void sensorium_compare_models(const sensorium::CompareRequest* request,
                                         const sensorium::Context* context, nlohmann::json* result);
using SensoriumCompareModels = decltype(&sensorium_compare_models);
