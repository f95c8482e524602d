#include "modules/learn/training_data.h"

#include "modules/core/error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cmath>
#include <set>

namespace sensorium {
namespace {

constexpr std::uint64_t batches_ahead = 8;

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

BatchLoader::BatchLoader(const SampleSource& source, const TrainingOptions& options, int rank,
                         int ranks, int steps)
    : source_(source), batch_size_(static_cast<std::uint64_t>(options.batch_size)),
      accumulate_(static_cast<std::uint64_t>(options.accumulate)),
      rank_(static_cast<std::uint64_t>(rank)), ranks_(static_cast<std::uint64_t>(ranks)),
      end_(static_cast<std::uint64_t>(steps) * accumulate_),
      sampler_(source.size(), static_cast<std::uint64_t>(options.seed), source.layout()),
      far_sampler_(sampler_) {
  told_ = !source.layout().blocks.empty();
}

std::vector<std::pair<std::size_t, std::uint64_t>> BatchLoader::of_batch(std::uint64_t number,
                                                                         Sampler& sampler) const {
  std::vector<std::pair<std::size_t, std::uint64_t>> out;
  const std::uint64_t from = (number * ranks_ + rank_) * batch_size_;
  for (std::uint64_t i = 0; i < batch_size_; ++i) out.push_back(sampler.at(from + i));
  return out;
}

void BatchLoader::begin(int step) {
  number_ = announced_ = static_cast<std::uint64_t>(step) * accumulate_;
  start();
}

void BatchLoader::start() {
  for (; told_ && announced_ < std::min(end_, number_ + 1 + batches_ahead); ++announced_) {
    std::vector<std::size_t> indices;
    for (const auto& [index, seed] : of_batch(announced_, far_sampler_)) indices.push_back(index);
    source_.expect(indices);
  }
  std::vector<std::size_t> indices;
  std::vector<std::uint64_t> seeds;
  for (const auto& [index, seed] : of_batch(number_, sampler_)) {
    indices.push_back(index);
    seeds.push_back(seed);
  }
  next_ = std::async(std::launch::async,
                     [this, indices, seeds] { return make_batch(source_, indices, seeds); });
}

Batch BatchLoader::next() {
  const auto begin = std::chrono::steady_clock::now();
  Batch batch = next_.get();
  waited_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ++number_;
  start();
  return batch;
}

void BatchLoader::wait() {
  if (next_.valid()) next_.wait();
}

void for_each_batch(const SampleSource& source, std::size_t batch_size, int rank, int ranks,
                    const std::function<void(const Batch&)>& use) {
  const std::size_t every = batch_size * static_cast<std::size_t>(ranks);
  std::size_t announced = batch_size * static_cast<std::size_t>(rank), made = announced;
  const auto indices_from = [&](std::size_t from) {
    std::vector<std::size_t> out;
    for (std::size_t i = from; i < std::min(source.size(), from + batch_size); ++i)
      out.push_back(i);
    return out;
  };
  const auto make_next = [&] {
    for (; announced < std::min(source.size(), made + every * (1 + batches_ahead));
         announced += every)
      source.expect(indices_from(announced));
    std::future<Batch> out;
    if (made >= source.size()) return out;
    out = std::async(std::launch::async, [&source, indices = indices_from(made)] {
      return make_batch(source, indices, std::vector<std::uint64_t>(indices.size(), 0));
    });
    made += every;
    return out;
  };
  for (std::future<Batch> next = make_next(); next.valid();) {
    const Batch batch = next.get();
    next = make_next();
    use(batch);
  }
}

}
