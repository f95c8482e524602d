#define USE_C10D_GLOO
#include "modules/learn/rank_group.h"

#include "modules/core/devices.h"
#include "modules/core/error.h"
#include "modules/learn/nccl_backend.h"
#include "modules/learn/rank_check.h"
#include "modules/learn/torch_runtime.h"

#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <dlfcn.h>
#include <set>
#include <unistd.h>

namespace sensorium {
namespace {

// Small, so that the first sums begin early in the backward pass; DistributedDataParallel's first
// bucket has this size (Li et al., VLDB 2020, section 4.2).
constexpr std::size_t bucket_bytes = 1 << 20;

std::chrono::milliseconds timeout_of(const RankSetup& setup) {
  return std::chrono::seconds(setup.timeout_s);
}

c10::intrusive_ptr<c10d::Store> store_of(const RankSetup& setup) {
  if (!setup.file.empty()) return c10::make_intrusive<c10d::FileStore>(setup.file, setup.ranks);
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(setup.port);
  options.isServer = setup.rank == 0;
  options.numWorkers = static_cast<std::size_t>(setup.ranks);
  options.timeout = timeout_of(setup);
  return c10::make_intrusive<c10d::TCPStore>(setup.host, options);
}

// Gloo's own objects are only passed on, never touched: the headers are older than the Gloo within
// LibTorch.
c10::intrusive_ptr<c10d::ProcessGroup> group_of(const RankSetup& setup,
                                                const c10::intrusive_ptr<c10d::Store>& store) {
  const auto options = c10d::ProcessGroupGloo::Options::create(timeout_of(setup));
  const bool here = !setup.file.empty() || setup.host == "127.0.0.1" || setup.host == "localhost";
  options->devices.push_back(here ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                  : c10d::ProcessGroupGloo::createDefaultDevice());
  auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, setup.rank, setup.ranks, options);
  auto group = c10::make_intrusive<c10d::ProcessGroup>(store, setup.rank, setup.ranks);
  group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
  group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
  return group;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

struct Nccl {
  decltype(&sensorium_nccl_backend) make = nullptr;
  std::string why_not;
};

// LibTorch's GPU part is loaded already: a rank with a GPU has asked for it.
const Nccl& nccl() {
  static const Nccl one = [] {
    void* library = ::dlopen("libsensorium_nccl.so", RTLD_NOW | RTLD_LOCAL);
    Nccl made;
    if (library != nullptr)
      made.make = reinterpret_cast<decltype(made.make)>(::dlsym(library, "sensorium_nccl_backend"));
    if (made.make != nullptr) return made;
    const char* text = ::dlerror();
    made.why_not = text != nullptr ? text : "unknown reason";
    return made;
  }();
  return one;
}

RankDevice told_device(at::Device device) {
  if (!device.is_cuda()) return {};
  RankDevice out{gpu_identity(device.index()), nccl().why_not};
  if (out.gpu.empty()) {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    out.gpu = fmt::format("{} {}", host.data(), device.index());
  }
  return out;
}

}

struct RankGroup::State {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  c10::intrusive_ptr<c10d::Backend> nccl;
  TransportChoice choice;
  std::unique_ptr<c10d::Reducer> reducer;
  std::vector<at::Tensor> averaged; // whose gradients, without a reducer
  std::chrono::steady_clock::time_point last_gradient;
  std::vector<float> waited_s; // of each call: their order is the same on all ranks
  bool lost = false;

  void waited_since(std::chrono::steady_clock::time_point start) {
    waited_s.push_back(
        std::chrono::duration<float>(std::chrono::steady_clock::now() - start).count());
  }
  void wait(const c10::intrusive_ptr<c10d::Work>& work) {
    const auto start = std::chrono::steady_clock::now();
    work->wait();
    waited_since(start);
  }
  bool through_host(const at::Tensor& tensor) const { return !tensor.is_cpu() && !nccl; }

  // Gloo, NCCL and c10d throw exceptions of their own.
  template<class F> void talk(const RankSetup& setup, const char* doing, const F& call) {
    std::string said;
    try {
      call();
      if (!nccl || nccl->getError() == c10d::ErrorType::SUCCESS) return;
      said = "NCCL gave up its sums";
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const std::exception& e) {
      said = first_line(e.what());
    }
    lost = true;
    throw Error(ErrorCode::Resources,
                fmt::format("rank {} of {} lost the others while {}: {}", setup.rank, setup.ranks,
                            doing, said),
                "see what the other ranks say; start the training again, and it goes on from its "
                "last checkpoint");
  }
};

RankGroup::RankGroup(const RankSetup& setup, at::Device device)
    : setup_(setup), state_(std::make_unique<State>()) {
  if (alone()) return;
  state_->talk(setup_, "meeting them", [&] {
    state_->store = store_of(setup_);
    state_->group = group_of(setup_, state_->store);
  });
  agree_on_transport(device);
}

RankGroup::~RankGroup() {
  if (!state_->nccl) return;
  try {
    state_->reducer.reset();
    // Sums that wait for a rank that is gone would never end by themselves.
    if (state_->lost || std::uncaught_exceptions() > 0)
      state_->nccl->abort();
    else
      state_->nccl->shutdown();
  } catch (const std::exception&) { // the training's own end, or error, is what counts
  }
}

const std::string& RankGroup::transport_text() const { return state_->choice.text; }

void RankGroup::agree_on_transport(at::Device device) {
  constexpr std::int64_t most = 1024;
  const RankDevice mine = told_device(device);
  const std::string line =
      (mine.gpu + "\n" + first_line(mine.why_not)).substr(0, static_cast<std::size_t>(most));
  at::Tensor lines = at::zeros({size(), most}, at::kByte);
  std::copy(line.begin(), line.end(),
            reinterpret_cast<char*>(lines[rank()].data_ptr<std::uint8_t>()));
  sum(lines);
  std::vector<RankDevice> all;
  for (int r = 0; r < size(); ++r) {
    const at::Tensor row = lines[r];
    std::string text(reinterpret_cast<const char*>(row.data_ptr<std::uint8_t>()), most);
    text = text.substr(0, text.find('\0'));
    const std::size_t end = text.find('\n');
    all.push_back({text.substr(0, end), end < text.size() ? text.substr(end + 1) : ""});
  }
  state_->choice = choose_transport(all, setup_.transport);
  if (state_->choice.transport != RankTransport::Nccl) return;
  state_->talk(setup_, "starting NCCL", [&] {
    const c10::intrusive_ptr<c10d::Store> own =
        c10::make_intrusive<c10d::PrefixStore>("nccl", state_->store);
    nccl().make(&own, rank(), size(), setup_.timeout_s, device.index(), &state_->nccl);
    state_->group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL,
                              state_->nccl);
  });
}

void RankGroup::sum(at::Tensor tensor) {
  if (alone()) return;
  state_->talk(setup_, "adding up", [&] {
    const bool copied = state_->through_host(tensor);
    std::vector<at::Tensor> list{copied ? tensor.cpu() : tensor};
    state_->wait(state_->group->allreduce(list));
    if (copied) tensor.copy_(list.front());
  });
}

void RankGroup::average(const std::vector<at::Tensor>& tensors) {
  if (alone()) return;
  std::vector<at::Tensor> flat;
  for (const at::Tensor& t : tensors) flat.push_back(t.contiguous().view(-1));
  at::Tensor all = at::cat(flat);
  sum(all);
  all.div_(size());
  std::int64_t from = 0;
  for (at::Tensor t : tensors) {
    t.copy_(all.narrow(0, from, t.numel()).view(t.sizes()));
    from += t.numel();
  }
}

void RankGroup::broadcast(at::Tensor tensor) {
  if (alone()) return;
  state_->talk(setup_, "passing on its state", [&] {
    at::Tensor values = tensor.contiguous();
    if (state_->through_host(values)) values = values.cpu();
    std::vector<at::Tensor> list{values};
    state_->wait(state_->group->broadcast(list));
    tensor.copy_(values);
  });
}

std::string RankGroup::broadcast(std::string text) {
  if (alone()) return text;
  at::Tensor size = at::full({1}, static_cast<std::int64_t>(text.size()), at::kLong);
  broadcast(size);
  text.resize(static_cast<std::size_t>(size.item<std::int64_t>()));
  if (text.empty()) return text;
  const at::Tensor bytes =
      at::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, at::kByte);
  broadcast(bytes);
  return text;
}

bool RankGroup::any(bool mine) {
  if (alone()) return mine;
  at::Tensor votes = at::full({1}, mine ? 1 : 0, at::kInt);
  sum(votes);
  return votes.item<int>() > 0;
}

void RankGroup::together(const std::function<void()>& work) {
  if (alone()) return work();
  std::exception_ptr mine;
  try {
    work();
  } catch (...) {
    mine = std::current_exception();
  }
  at::Tensor faults = at::zeros({size()}, at::kInt);
  faults[rank()] = mine ? 1 : 0;
  try {
    sum(faults);
  } catch (const Error&) {
    if (!mine) throw;
  }
  if (mine) std::rethrow_exception(mine);
  for (int r = 0; r < size(); ++r)
    if (faults[r].item<int>() != 0)
      throw Error(ErrorCode::Cancelled,
                  fmt::format("rank {} of {} stopped the training", r, size()),
                  "see what that rank says");
}

void RankGroup::average_gradients(const std::vector<at::Tensor>& weights) {
  if (alone()) return;
  if (state_->choice.transport == RankTransport::Host) {
    state_->averaged = weights;
    return;
  }
  state_->talk(setup_, "preparing the sums of gradients", [&] {
    for (const at::Tensor& w : weights)
      w.register_hook([state = state_.get()](const at::Tensor&) {
        state->last_gradient = std::chrono::steady_clock::now();
      });
    auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(weights, {bucket_bytes});
    std::reverse(buckets.begin(), buckets.end()); // gradients come from the last weight on
    state_->reducer = std::make_unique<c10d::Reducer>(
        weights, std::move(buckets), state_->group, std::vector<bool>(weights.size(), false),
        static_cast<std::int64_t>(bucket_bytes), false, false,
        std::unordered_map<std::size_t, std::string>{}, static_cast<std::int64_t>(bucket_bytes),
        false, false, std::vector<std::int64_t>{});
  });
}

void RankGroup::backward(const at::Tensor& loss, bool average) {
  if (!state_->reducer || !average) {
    torch::autograd::backward({loss}, {});
    if (!average || state_->averaged.empty()) return;
    const at::NoGradGuard guard;
    std::vector<at::Tensor> gradients;
    for (at::Tensor& w : state_->averaged) {
      if (!w.grad().defined()) w.mutable_grad() = at::zeros_like(w);
      gradients.push_back(w.mutable_grad());
    }
    return this->average(gradients);
  }
  state_->talk(setup_, "adding up gradients", [&] {
    state_->reducer->prepare_for_forward();
    state_->reducer->prepare_for_backward({loss});
    torch::autograd::backward({loss}, {});
    state_->waited_since(state_->last_gradient);
  });
}

RankGroup::Waits RankGroup::waits() {
  if (alone()) return {};
  const std::vector<float> mine = state_->waited_s;
  at::Tensor all = at::zeros({size(), static_cast<std::int64_t>(mine.size())}, at::kFloat);
  std::copy(mine.begin(), mine.end(), all[rank()].data_ptr<float>());
  sum(all);
  const double calls = all.amin(0).sum(at::kDouble).item<double>();
  return {calls, all.sum(at::kDouble).item<double>() / size() - calls};
}

std::vector<HostTensor> sums_over_ranks(const RankSetup& setup,
                                        const std::vector<HostTensor>& tensors) {
  const std::set<DType> summed{DType::Float32, DType::Float64, DType::Float16, DType::UInt8,
                               DType::Int8,    DType::Int32,   DType::Int64};
  for (const HostTensor& t : tensors)
    if (!summed.contains(t.type))
      throw Error(ErrorCode::Unsupported, fmt::format("numbers of type {} are not added over ranks",
                                                      static_cast<int>(t.type)));
  RankGroup group(setup);
  std::vector<HostTensor> out;
  for (const HostTensor& t : tensors) {
    at::Tensor values = to_torch(t).clone();
    group.sum(values);
    out.push_back(to_host(values));
  }
  return out;
}

}
