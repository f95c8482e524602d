// From prepared B-scans to a soft map.
#pragma once

#include "modules/core/context.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace sensorium::oct_hrf {

struct Prepared {
  int width = 0, height = 0, depth = 0;
  std::span<const float> values; // [z][y][x], 0 .. 1, as the network was trained to see them
};

// The classical map (top_hat.h), 255 = 1. Spacings in micrometres, 0 where unknown.
std::vector<std::uint8_t> top_hat_soft_map(const Prepared& prepared, double x_um, double y_um,
                                           const Context& context);

// Whether this build can run networks.
bool has_network();

// Keeps the last model loaded, so that a warm process does not read it again. Calls must not
// overlap.
class Network {
public:
  Network();
  ~Network();
  // The network's map, 255 = 1. Input [1, C, H, W], C odd: the B-scan with its (C - 1) / 2
  // neighbours on each side, the first and last repeated. Output [1, 1, H, W]: probabilities when
  // the graph ends in a Sigmoid, else logits. Throws Error Unsupported without LibTorch or for
  // other shapes, and what Model::load and run_tiled throw.
  std::vector<std::uint8_t> soft_map(const std::filesystem::path& model, const Prepared& prepared,
                                     int tile, const Context& context);

private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}
