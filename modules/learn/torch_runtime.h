// Internal to modules/learn: a graph as LibTorch operations.
#pragma once

#include "modules/learn/arena.h"
#include "modules/learn/graph.h"
#include "modules/learn/torch_headers.h"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sensorium {

struct RunMode {
  bool training = false;
  bool overwrite = false; // the first input is a new tensor that nothing else reads
};

// One node ready to run: absent optional inputs are undefined tensors.
using Kernel =
    std::function<std::vector<at::Tensor>(std::vector<at::Tensor>& inputs, const RunMode& mode)>;
// Throws Error Unsupported naming the node and the attribute.
using KernelFactory = std::function<Kernel(const Node& node, int opset)>;
const std::unordered_map<std::string, KernelFactory>& kernel_factories();
// The node's kernel. Throws Error Unsupported (operator, domain, attribute), BadInput (number of
// inputs).
Kernel kernel_for(const Node& node, int opset);
void add_tensor_kernels(std::unordered_map<std::string, KernelFactory>& table);
void add_network_kernels(std::unordered_map<std::string, KernelFactory>& table);
void add_resize_kernels(std::unordered_map<std::string, KernelFactory>& table);
void add_further_kernels(std::unordered_map<std::string, KernelFactory>& table);
void add_fused_kernels(std::unordered_map<std::string, KernelFactory>& table);

at::Tensor to_torch(const HostTensor& tensor);
HostTensor to_host(const at::Tensor& tensor);
at::ScalarType scalar_type(DType type);
[[noreturn]] void refuse(const Node& node, const std::string& what);

struct ExecutorOptions {
  bool prepack = false;             // inference only: weights in the order the processor likes
  at::ScalarType type = at::kFloat; // computes in it; inputs and outputs are converted
};

class Executor {
public:
  // Throws Error Unsupported for an operator or attribute it does not have.
  explicit Executor(const Graph& graph, at::Device device = at::kCPU,
                    const ExecutorOptions& options = {});
  // Inputs in the graph's order. Throws Error BadInput (wrong shapes, with the node's name).
  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& inputs, bool training = false);

  struct Named {
    std::string name;
    at::Tensor tensor;
  };
  // Trainable weights. They require gradients after train(true).
  std::vector<Named>& parameters() { return parameters_; }
  // Running means and variances.
  std::vector<Named>& buffers() { return buffers_; }
  void train(bool on);
  // Weights and buffers back into the graph they came from.
  void copy_into(Graph& graph) const;
  // Where forward() takes memory on a CPU; whoever runs backward() may scope it too.
  Arena& arena() { return *arena_; }
  std::size_t input_count() const { return input_slots_.size(); }
  // Convolution weights in channels-last order: faster on CPU with such inputs.
  void use_channels_last();

private:
  struct Step {
    Kernel kernel;
    std::string label;
    std::vector<int> inputs, outputs, last_uses; // slots; -1: absent
    bool overwrite = false;
  };
  int slot(const std::string& name);
  void find_last_uses();
  void find_overwrites(const Graph& graph);
  std::vector<Step> steps_;
  std::unordered_map<std::string, int> slots_;
  std::vector<at::Tensor> constants_; // by slot, undefined where computed
  std::vector<int> input_slots_, output_slots_;
  std::vector<Named> parameters_, buffers_;
  at::Device device_;
  ExecutorOptions options_;
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<std::vector<std::int64_t>> last_sizes_; // of the inputs; kept memory fits them
};

}
