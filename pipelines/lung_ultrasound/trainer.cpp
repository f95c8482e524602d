#include "pipelines/lung_ultrasound/trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/learn/onnx_file.h"
#include "pipelines/lung_ultrasound/variation.h"

#include <algorithm>
#include <cmath>

namespace sensorium::lung_ultrasound {
namespace {

// A group with one picture comes as often as one with many.
class Balanced : public SampleSource {
public:
  Balanced(const std::vector<Example>& examples, int side, double strength)
      : examples_(examples), side_(side), strength_(strength) {
    std::vector<int> label;
    std::vector<std::string> group;
    for (const Example& e : examples) label.push_back(e.label), group.push_back(e.group);
    entries_ = balanced_lists(label, group);
  }
  std::size_t size() const override { return entries_.size(); }
  std::string group(std::size_t index) const override {
    return examples_[entries_.at(index).front()].group;
  }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    Random random(random_key({seed, index, 11}));
    const auto& entry = entries_.at(index);
    const Example& e = examples_[seed == 0 ? entry.front()
                                           : entry[static_cast<std::size_t>(
                                                 random.below(static_cast<int>(entry.size())))]];
    return {{{1, side_, side_},
             seed == 0 || strength_ == 0 ? plain(*e.picture)
                                         : varied(*e.picture, side_, strength_, random)},
            {{1}, {static_cast<float>(e.label)}},
            {}};
  }

private:
  const std::vector<Example>& examples_;
  int side_;
  double strength_;
  std::vector<std::vector<std::size_t>> entries_;
};

// Each picture upright, turned by a quarter and upside down: classes 0, 1, 2.
struct Turned {
  std::vector<Picture> pictures;
  std::vector<Example> examples;
  Turned(const std::vector<Example>& of, int side) {
    pictures.reserve(2 * of.size());
    for (const Example& e : of) {
      examples.push_back({e.picture, 0, e.group});
      pictures.push_back(turned(*e.picture, side));
      examples.push_back({&pictures.back(), 1, e.group});
      pictures.push_back(turned(pictures.back(), side));
      examples.push_back({&pictures.back(), 2, e.group});
    }
  }
};

}

TrainingOptions plan_of(const TrainerOptions& o, int steps, std::uint64_t seed,
                        const Context& context) {
  TrainingOptions t;
  t.loss = "cross_entropy";
  t.learning_rate = o.learning_rate;
  t.weight_decay = o.weight_decay;
  t.schedule = "one_cycle";
  t.batch_size = o.batch_size;
  t.steps = steps;
  t.validate_every = steps;
  t.checkpoint_every = std::max(1, steps / 2);
  t.keep_checkpoints = 1;
  t.seed = static_cast<int>(seed);
  t.threads = context.threads;
  return t;
}

Graph train_network(const Graph& start, const std::vector<Example>& training,
                    const std::vector<Example>& check, const TrainerOptions& o, std::uint64_t seed,
                    const std::filesystem::path& folder, const Context& context) {
  const Balanced in(training, o.side, o.augmentation), after(check, o.side, 0);
  return read_onnx(
      train(start, in, after, plan_of(o, o.steps, seed, context), folder, context).last);
}

Graph self_supervised(const Graph& start, const std::vector<Example>& training,
                      const std::vector<Example>& check, const TrainerOptions& o,
                      std::uint64_t seed, const std::filesystem::path& folder,
                      const Context& context) {
  if (o.self_steps == 0) return start;
  TrainerOptions own = o;
  own.steps = o.self_steps;
  const Turned in(training, o.side), after(check, o.side);
  return with_body_of(start,
                      train_network(with_body_of(untrained_network(o, 3, seed), start), in.examples,
                                    after.examples, own, seed, folder, context));
}

std::vector<std::vector<float>>
rows_of(const Graph& graph, std::size_t count, int side,
        const std::function<std::vector<float>(std::size_t)>& picture) {
  Model model = Model::from_graph(graph);
  std::vector<std::vector<float>> out;
  for (std::size_t from = 0; from < count; from += 32) {
    const std::size_t n = std::min<std::size_t>(32, count - from);
    Tensor in{{static_cast<std::int64_t>(n), 1, side, side}, {}};
    for (std::size_t i = 0; i < n; ++i) {
      const std::vector<float> values = picture(from + i);
      in.values.insert(in.values.end(), values.begin(), values.end());
    }
    const Tensor made = model.run(in);
    const std::size_t each = made.values.size() / n;
    for (std::size_t i = 0; i < n; ++i)
      out.emplace_back(made.values.begin() + static_cast<std::ptrdiff_t>(i * each),
                       made.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * each));
  }
  return out;
}

std::vector<std::vector<float>> logits_of(const Graph& graph,
                                          const std::vector<const Picture*>& pictures, int side) {
  return rows_of(graph, pictures.size(), side, [&](std::size_t i) { return plain(*pictures[i]); });
}

double best_temperature(const std::function<double(double)>& cross_entropy) {
  double best = 1, least = cross_entropy(1);
  for (double t = 0.1; t <= 10; t *= 1.05)
    if (const double value = cross_entropy(t); value < least) least = value, best = t;
  return best;
}

std::vector<double> softmax_of(const std::vector<float>& logits, double temperature) {
  const double most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> out;
  double sum = 0;
  for (const float v : logits) out.push_back(std::exp((v - most) / temperature));
  for (const double v : out) sum += v;
  for (double& v : out) v /= sum;
  return out;
}

}

#endif
