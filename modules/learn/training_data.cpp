#include "modules/learn/training_data.h"

#include "modules/core/error.h"
#include "modules/learn/splits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <numeric>
#include <set>

namespace sensorium {
namespace {

Error bad_sample(const SampleSource& source, std::size_t index, const std::string& why) {
  return Error(ErrorCode::BadInput,
               fmt::format("sample {} of group '{}' {}", index, source.group(index), why),
               "find and repair that recording");
}

void check_values(const SampleSource& source, std::size_t index, const Tensor& tensor,
                  std::string_view what) {
  std::int64_t count = 1;
  for (const std::int64_t d : tensor.shape) count *= d;
  if (count != static_cast<std::int64_t>(tensor.values.size()))
    throw bad_sample(source, index,
                     fmt::format("has an {} of {} values where its shape asks for {}", what,
                                 tensor.values.size(), count));
  for (const float v : tensor.values)
    if (!std::isfinite(v))
      throw bad_sample(source, index,
                       fmt::format("holds a value that is not a number in its {}", what));
}

at::Tensor stacked(const SampleSource& source, const std::vector<std::size_t>& indices,
                   const std::vector<Tensor>& parts) {
  std::vector<std::int64_t> shape = parts.front().shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  at::Tensor out = at::empty(shape, at::kFloat);
  float* to = out.data_ptr<float>();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].shape != parts.front().shape)
      throw bad_sample(source, indices[i],
                       fmt::format("has the shape [{}], others of its batch have [{}]: crop or "
                                   "resample them to one size",
                                   fmt::join(parts[i].shape, ","),
                                   fmt::join(parts.front().shape, ",")));
    to = std::copy(parts[i].values.begin(), parts[i].values.end(), to);
  }
  return out;
}

}

Batch make_batch(const SampleSource& source, const std::vector<std::size_t>& indices,
                 const std::vector<std::uint64_t>& seeds) {
  std::vector<Tensor> inputs, targets, weights;
  bool weighted = false;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Sample sample = source.get(indices[i], seeds[i]);
    if (sample.weight.values.empty())
      sample.weight = {sample.target.shape, std::vector<float>(sample.target.values.size(), 1.0f)};
    else
      weighted = true;
    check_values(source, indices[i], sample.input, "input");
    check_values(source, indices[i], sample.target, "target");
    check_values(source, indices[i], sample.weight, "weight");
    if (sample.weight.shape != sample.target.shape)
      throw bad_sample(source, indices[i], "has a weight that is not of its target's shape");
    inputs.push_back(std::move(sample.input));
    targets.push_back(std::move(sample.target));
    weights.push_back(std::move(sample.weight));
  }
  Batch batch{stacked(source, indices, inputs), stacked(source, indices, targets), {}, indices};
  if (weighted) batch.weight = stacked(source, indices, weights);
  for (const Tensor& target : targets)
    for (const float v : target.values) {
      batch.smallest_target = std::min(batch.smallest_target, v);
      batch.largest_target = std::max(batch.largest_target, v);
    }
  if (batch.input.dim() == 4) batch.input = batch.input.contiguous(at::MemoryFormat::ChannelsLast);
  return batch;
}

std::string names_of(const SampleSource& source, const std::vector<std::size_t>& indices) {
  std::string out;
  for (const std::size_t i : indices)
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", i, source.group(i));
  return out;
}

std::vector<std::string> groups_of(const SampleSource& source) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < source.size(); ++i) names.insert(source.group(i));
  return {names.begin(), names.end()};
}

std::pair<std::size_t, std::uint64_t> Sampler::at(std::uint64_t position) {
  const std::uint64_t epoch = position / size_;
  if (!shuffled_ || epoch != epoch_) shuffle(epoch);
  return {order_[position % size_], mixed_seed(seed_, position + 1, 77)};
}

void Sampler::shuffle(std::uint64_t epoch) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  for (std::size_t i = size_; i > 1; --i)
    std::swap(order_[i - 1], order_[mixed_seed(seed_, epoch, i) % i]);
  epoch_ = epoch;
  shuffled_ = true;
}

}
