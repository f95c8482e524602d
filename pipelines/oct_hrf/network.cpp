#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "pipelines/oct_hrf/detector.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/kept_model.h"
#include "modules/learn/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#endif

namespace sensorium::oct_hrf {

#ifndef SENSORIUM_HAS_LEARN

struct Network::Loaded {};
Network::Network() = default;
Network::~Network() = default;
bool has_network() { return false; }
std::vector<std::uint8_t> Network::soft_map(const std::filesystem::path&, const Prepared&, int,
                                            const Context&) {
  throw without_networks("run", "choose --detector top_hat");
}

#else

struct Network::Loaded {
  KeptModel model;
};

namespace {

// The B-scan with its neighbours as channels.
Tensor input_of(const Prepared& in, int z, int channels) {
  const std::size_t plane = static_cast<std::size_t>(in.width) * in.height;
  Tensor t{{1, channels, in.height, in.width}, std::vector<float>(plane * channels)};
  for (int c = 0; c < channels; ++c) {
    const int from = std::clamp(z + c - channels / 2, 0, in.depth - 1);
    std::copy_n(in.values.begin() + static_cast<std::ptrdiff_t>(from * plane), plane,
                t.values.begin() + static_cast<std::ptrdiff_t>(c * plane));
  }
  return t;
}

int channels_of(const Graph& graph, const std::string& file) {
  if (graph.inputs.size() == 1 && graph.outputs.size() == 1 && graph.inputs[0].dims.size() == 4) {
    const std::int64_t c = graph.inputs[0].dims[1];
    if (c >= 1 && c <= 31 && c % 2 == 1) return static_cast<int>(c);
  }
  throw Error(ErrorCode::Unsupported,
              "'" + file +
                  "' is no network for B-scans: one input [1, C, H, W] with odd C and one "
                  "output [1, 1, H, W] are needed",
              "choose a model that was trained for oct_hrf");
}

}

Network::Network() = default;
Network::~Network() = default;
bool has_network() { return true; }

std::vector<std::uint8_t> Network::soft_map(const std::filesystem::path& path, const Prepared& in,
                                            int tile, const Context& context) {
  const std::string file = path.filename().string();
  if (!loaded_) loaded_ = std::make_unique<Loaded>();
  loaded_->model.load(path, context);
  Model& model = *loaded_->model;
  const int channels = channels_of(model.graph(), file);
  const bool probabilities = gives_probabilities(model.graph());
  const std::size_t plane = static_cast<std::size_t>(in.width) * in.height;
  const int side = std::max(64, tile / 32 * 32);
  const TileOptions tiles{.tile = side, .overlap = std::min(64, side / 4)};

  std::vector<std::uint8_t> out(in.values.size());
  for (int z = 0; z < in.depth; ++z) {
    const Context one = context.part(double(z) / in.depth, double(z + 1) / in.depth);
    one.step(0, fmt::format("network, B-scan {} of {}", z + 1, in.depth));
    const Tensor map = run_tiled(model, input_of(in, z, channels), tiles, one);
    if (map.values.size() != plane)
      throw Error(ErrorCode::Unsupported,
                  fmt::format("'{}' gives {} values for a B-scan of {} x {} pixels", file,
                              map.values.size(), in.width, in.height),
                  "choose a model that was trained for oct_hrf");
    for (std::size_t i = 0; i < plane; ++i) {
      const float v = map.values[i];
      const float p = probabilities ? v : 1.0f / (1.0f + std::exp(-v));
      out[z * plane + i] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(p, 0.0f, 1.0f)));
    }
  }
  return out;
}

#endif

}
