// Internal: what ranks say to each other, over LibTorch's Gloo, and between GPUs over its NCCL.
#pragma once

#include "modules/learn/ranks.h"
#include "modules/learn/torch_headers.h"

#include <exception>
#include <functional>
#include <memory>

namespace sensorium {

// Every call is made by all ranks in the same order. A rank that dies or stays silent ends the
// calls of the others with Error Resources.
class RankGroup {
public:
  // Waits for the others, and agrees with them on the transport. device: this rank's. Throws Error
  // Resources when they do not come within setup.timeout_s, Unsupported (choose_transport).
  explicit RankGroup(const RankSetup& setup, at::Device device = at::kCPU);
  ~RankGroup();
  RankGroup(const RankGroup&) = delete;
  RankGroup& operator=(const RankGroup&) = delete;

  int rank() const { return setup_.rank; }
  int size() const { return setup_.ranks; }
  bool alone() const { return setup_.ranks == 1; }
  // How gradients are added up, for the log; empty for one that is alone.
  const std::string& transport_text() const;

  // In place: the sum over the ranks, the same bits on each.
  void sum(at::Tensor tensor);
  void average(const std::vector<at::Tensor>& tensors);
  // In place: rank 0's values.
  void broadcast(at::Tensor tensor);
  std::string broadcast(std::string text);
  bool any(bool mine);
  // Runs work on this rank. If it throws anywhere, it throws everywhere: its own error here, and
  // on the others Error Cancelled naming the rank.
  void together(const std::function<void()>& work);

  // Says whose gradients backward() averages. The weights must all be used by every loss.
  void average_gradients(const std::vector<at::Tensor>& weights);
  // The backward pass. With average, the gradients (with those already accumulated) are averaged
  // over the ranks in buckets, beside the rest of the pass.
  void backward(const at::Tensor& loss, bool average);
  // What all calls so far cost beside the computation; the same on each rank. Of each call the
  // rank that came last waited for nobody: its time is the call itself, what the others
  // took longer is their wait for it. In backward() only the time after the last gradient counts.
  // NCCL's sums are waited for by the GPU alone and are not in it.
  struct Waits {
    double calls_s = 0, slowest_rank_s = 0; // of a rank, in the mean
  };
  Waits waits();

private:
  struct State;
  void agree_on_transport(at::Device device);
  RankSetup setup_;
  std::unique_ptr<State> state_;
};

}
