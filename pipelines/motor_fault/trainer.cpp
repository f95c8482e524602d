#include "pipelines/motor_fault/trainer.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/learn/onnx_file.h"

#include <cmath>
#include <random>

namespace sensorium::motor_fault {
namespace {

class Windows : public SampleSource {
public:
  Windows(const std::vector<Example>& examples, const Normalisation& normalisation, bool samples)
      : examples_(examples), normalisation_(normalisation), samples_(samples) {}
  std::size_t size() const override { return examples_.size(); }
  std::string group(std::size_t index) const override { return examples_.at(index).group; }
  Sample get(std::size_t index, std::uint64_t seed) const override {
    std::mt19937_64 random(seed * 0x9e3779b97f4a7c15ULL + index);
    const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    const Example& as_made = examples_.at(index);
    const bool bare = seed != 0 && unit() < 0.2;
    const Example& e = bare ? without_reference(as_made) : as_made;
    const auto jitter = [&](double size) {
      return seed == 0 ? 0 : size * (unit() + unit() + unit() - 1.5);
    };
    Sample out{{}, {{1}, {static_cast<float>(e.label)}}, {}};
    if (samples_) {
      out.input = {{raw_channels, raw_samples}, e.window.raw};
      for (float& v : out.input.values)
        if (v != 0) v += static_cast<float>(jitter(0.01));
      return out;
    }
    out.input = {{feature_count}, std::vector<float>(feature_count)};
    for (std::size_t i = 0; i < feature_count; ++i)
      out.input.values[i] = static_cast<float>(
          (e.window.features[i] - normalisation_.mean[i]) / normalisation_.spread[i] + jitter(0.1));
    return out;
  }

private:
  const std::vector<Example>& examples_;
  Normalisation normalisation_;
  bool samples_;
};

}

void describe(ParameterVisitor& v, TrainerOptions& o) {
  v.integer("machines", o.machines,
            {.help = "Synthetic machines for each of the 13 classes.", .min = 4, .max = 5000});
  v.integer("validation_machines", o.validation_machines,
            {.help = "Synthetic machines for each class on which calibration is fitted.",
             .min = 2,
             .max = 1000});
  v.integer("width", o.width, {.help = "Width of the residual MLP.", .min = 4, .max = 1024});
  v.integer("blocks", o.blocks, {.help = "Residual blocks.", .min = 1, .max = 16});
  v.integer("steps", o.steps, {.help = "Steps on synthetic motors.", .min = 1, .max = 1000000});
  v.integer("fine_steps", o.fine_steps,
            {.help = "Steps on real recordings.", .min = 1, .max = 1000000});
  v.number("learning_rate", o.learning_rate,
           {.help = "On synthetic motors.", .min = 1e-7, .max = 1});
  v.number("fine_learning_rate", o.fine_learning_rate,
           {.help = "On real recordings.", .min = 1e-7, .max = 1});
  v.integer("batch_size", o.batch_size, {.help = "Windows a step.", .min = 1, .max = 4096});
  v.integer("seed", o.seed, {.help = "Seed of weights, order and motors.", .min = 0});
  v.choice("network", o.network, {"features", "samples"},
           {.help = "Residual MLP on features of windows, or a 1-D convolutional network on their "
                    "samples."});
  v.number(
      "rate", o.rate,
      {.help = "Sample rate of files that do not say it.", .unit = "Hz", .min = 1, .max = 1e6});
}

Normalisation normalisation_of(const std::vector<Example>& examples) {
  Normalisation out;
  for (std::size_t i = 0; i < feature_count; ++i) {
    double sum = 0, squares = 0;
    for (const Example& e : examples) sum += e.window.features[i];
    const double mean = sum / static_cast<double>(examples.size());
    for (const Example& e : examples)
      squares += (e.window.features[i] - mean) * (e.window.features[i] - mean);
    out.mean[i] = static_cast<float>(mean);
    out.spread[i] = static_cast<float>(
        std::max(1e-4, std::sqrt(squares / static_cast<double>(examples.size()))));
  }
  return out;
}

Graph with_normalisation(Graph graph, const Normalisation& n) {
  if (graph.inputs.at(0).dims.size() == 3) return graph; // samples are normalised as they are made
  const std::string input = graph.inputs.at(0).name;
  for (const Node& node : graph.nodes) {
    if (node.inputs.empty() || node.inputs[0] != input) continue;
    if (node.op != "Gemm" || node.integer("transB", 0) != 1 || node.inputs.size() != 3)
      throw Error(ErrorCode::Internal, "the network does not begin with a linear layer");
    const auto weights = graph.initializers.at(node.inputs[1]).as<float>();
    const auto bias = graph.initializers.at(node.inputs[2]).as<float>();
    for (std::size_t row = 0; row < bias.size(); ++row) {
      double shift = 0;
      for (std::size_t i = 0; i < feature_count; ++i) {
        float& w = weights[row * feature_count + i];
        w /= n.spread[i];
        shift += static_cast<double>(w) * n.mean[i];
      }
      bias[row] -= static_cast<float>(shift);
    }
    return graph;
  }
  throw Error(ErrorCode::Internal, "the network does not use its input");
}

constexpr int first_validation_machine = 100000;

Pretrained pretrain(const TrainerOptions& o, const std::filesystem::path& folder,
                    const Context& context) {
  const auto training = synthetic_examples(1 + o.seed * 1000, o.machines, context.part(0, 0.3));
  Pretrained out;
  out.validation = synthetic_examples(first_validation_machine + o.seed * 1000,
                                      o.validation_machines, context.part(0.3, 0.35));
  out.normalisation = normalisation_of(training);
  const auto seed = static_cast<std::uint64_t>(o.seed);
  const Graph start = takes_samples(o)
                          ? build_conv1d({.in_channels = raw_channels,
                                          .classes = class_count,
                                          .length = raw_samples,
                                          .widths = "24,48,48"},
                                         seed)
                          : build_residual_mlp({.inputs = static_cast<int>(feature_count),
                                                .classes = class_count,
                                                .width = o.width,
                                                .blocks = o.blocks},
                                               seed);
  out.graph = train_on(start, training, out.validation, out.normalisation, o.steps, o.learning_rate,
                       o, folder, context.part(0.35, 1));
  return out;
}

Graph train_on(const Graph& start, const std::vector<Example>& training,
               const std::vector<Example>& validation, const Normalisation& normalisation,
               int steps, double learning_rate, const TrainerOptions& o,
               const std::filesystem::path& folder, const Context& context) {
  TrainingOptions t;
  t.loss = "cross_entropy";
  t.learning_rate = learning_rate;
  t.batch_size = o.batch_size;
  t.steps = steps;
  t.validate_every = steps;
  t.checkpoint_every = steps;
  t.keep_checkpoints = 1;
  t.seed = o.seed;
  t.threads = 1;
  const Windows in(training, normalisation, takes_samples(o)),
      check(validation, normalisation, takes_samples(o));
  return read_onnx(train(start, in, check, t, folder, context).last);
}

}

#endif
