// A model ready to run. No LibTorch types: whoever includes this compiles fast.
#pragma once

#include "modules/core/context.h"
#include "modules/learn/graph.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace sensorium {

// Float values, row-major; images as [batch, channels, height, width].
struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

enum class Precision { Float32, BFloat16, Float16 };

struct ModelOptions {
  std::string device = "cpu";               // or "cuda:N"
  int threads = 0;                          // of this process's LibTorch; 0 leaves it as it is
  Precision precision = Precision::Float32; // where the device lacks it, Float32 is taken
  bool optimise = true;                     // fold and fuse; the result differs by rounding only
  std::size_t memory_limit = 0; // bytes of a run's tensors on the CPU; 0: what the system gives
};

class Model {
public:
  // Throws Error NotFound, BadInput, Unsupported (operator, device).
  static Model load(const std::filesystem::path& path, const ModelOptions& options = {});
  static Model from_graph(Graph graph, const ModelOptions& options = {});
  // Memory of a run is kept for the next one of the same sizes, until the model goes.
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const Graph& graph() const;
  std::string card_json() const;     // "" without a card
  Precision precision() const;       // in which it computes
  const std::string& sha256() const; // of the file; "" for a graph from memory

  // Throws Error BadInput when shapes do not fit, Resources when memory runs out.
  std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& inputs);
  Tensor run(const Tensor& input); // for one input and one output
  // For inputs and outputs of any type: integers, flags.
  std::map<std::string, HostTensor> run_typed(const std::map<std::string, HostTensor>& inputs);

private:
  struct Parts;
  explicit Model(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Names of the ONNX operators that can run, sorted.
std::vector<std::string> supported_operators();
// Why the graph cannot run: one sentence for each node, with its name; empty when it can.
std::vector<std::string> unsupported_nodes(const Graph& graph);

// A node whose output depends on the whole image (a norm, pool or reduction over it): such a
// network gives other results in tiles. Empty when there is none.
std::string whole_image_node(const Graph& graph);

struct TileOptions {
  int tile = 512;    // size of a tile along each axis, a multiple of 32
  int overlap = 64;  // of each side; at least the network's receptive radius for a seamless result
  int multiple = 16; // the input is mirrored up to a multiple of this
};

// One output of the input's size, computed tile by tile, for an image [1, channels, height, width]
// or a volume [1, channels, depth, height, width]: seamless where overlap covers the receptive
// field. Out of memory halves the tile. Throws Error Cancelled; Unsupported where more than one
// tile is needed and whole_image_node() finds one; Resources when the smallest tile does not fit.
Tensor run_tiled(Model& model, const Tensor& image, const TileOptions& options,
                 const Context& context);

}
