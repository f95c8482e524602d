#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/operators.h"
#include "pipelines/oct_hrf/sample_source.h"

#include <cstdlib>
#include <set>
#endif

namespace sensorium::oct_hrf {

#ifndef SENSORIUM_HAS_LEARN

PipelineCommand train_command() {
  return {.verb = "train",
          .title = "Train the network on phantoms",
          .parameters = {},
          .run = [](const std::vector<std::string>&, const nlohmann::json&,
                    const std::filesystem::path&, const Context&) -> nlohmann::json {
            throw Error(ErrorCode::Unsupported, "this build has no LibTorch and cannot train");
          }};
}

#else

namespace {

// Seeds 1 .. 9999 train, 10000 .. 19999 validate (and choose the threshold), 20000 and above test.
constexpr int first_validation_seed = 10000;

// Describes only some of a struct's parameters.
class Only : public ParameterVisitor {
public:
  Only(ParameterVisitor& inner, std::set<std::string> names)
      : inner_(inner), names_(std::move(names)) {}
  void number(const std::string& name, double& value, const About& about) override {
    if (names_.contains(name)) inner_.number(name, value, about);
  }
  void integer(const std::string& name, int& value, const About& about) override {
    if (names_.contains(name)) inner_.integer(name, value, about);
  }
  void flag(const std::string& name, bool& value, const About& about) override {
    if (names_.contains(name)) inner_.flag(name, value, about);
  }
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const About& about) override {
    if (names_.contains(name)) inner_.choice(name, value, choices, about);
  }
  void text(const std::string& name, std::string& value, const About& about) override {
    if (names_.contains(name)) inner_.text(name, value, about);
  }

private:
  ParameterVisitor& inner_;
  std::set<std::string> names_;
};

// The defaults are the command that made the shipped network (resources/models/README.md).
struct TrainParameters {
  SampleOptions samples{.seeds = 160};
  std::string start;
  int validation_seeds = 8;
  ResidualUnetOptions network{.widths = "8,16,32,64"};
  TrainingOptions training{.learning_rate = 3e-3,
                           .batch_size = 8,
                           .steps = 4000,
                           .validate_every = 400,
                           .checkpoint_every = 200,
                           .threads = 1};
};

// The parts' names do not meet; the phantom's own options keep their defaults, for they are frozen.
void describe(ParameterVisitor& v, TrainParameters& p) {
  describe(v, p.samples);
  v.integer("validation_seeds", p.validation_seeds,
            {.help = "Phantom seeds for validation, from 10000 on.", .min = 1, .max = 500});
  v.text("start", p.start,
         {.help = "ONNX file to start from instead of a new residual U-Net of the options below."});
  Only shape(v, {"widths", "blocks_per_level", "norm", "activation", "upsampling", "residual"});
  describe(shape, p.network);
  describe(v, p.training);
}

Graph first_network(const TrainParameters& p) {
  if (p.start.empty())
    return build_residual_unet(p.network, static_cast<std::uint64_t>(p.training.seed));
  Graph graph = read_onnx(p.start);
  const auto fits = [](const std::vector<ValueInfo>& values) {
    return values.size() == 1 && (!values[0].has_shape ||
                                  (values[0].dims.size() == 4 && std::abs(values[0].dims[1]) == 1));
  };
  if (!fits(graph.inputs) || !fits(graph.outputs) || gives_probabilities(graph))
    throw Error(ErrorCode::Unsupported,
                "'" + p.start +
                    "' cannot be trained for oct_hrf: one input and one output [1, 1, H, W] of "
                    "logits are needed",
                "'sensorium models build residual_unet' makes such a network");
  return graph;
}

nlohmann::json card(const TrainParameters& p, const TrainingResult& result) {
  return {{"name", "oct_hrf demo"},
          {"task", "soft map of hyper-reflective foci, exudates and choroidal foci in OCT B-scans"},
          {"architecture", !p.start.empty()     ? "as in " + p.start
                           : p.network.residual ? "residual U-Net"
                                                : "plain U-Net"},
          {"input",
           "one B-scan [1, 1, H, W], sides multiples of 8; 1st to 99.7th percentile to 0 .. 1 "
           "(normalise.h), raw or enhanced"},
          {"normalisation", "percentile 1 to 99.7 of the B-scan, cut to 0 .. 1"},
          {"output", "logits"},
          {"data", "synthetic: phantom version " + std::to_string(phantom_version) +
                       " of this program; no patient data"},
          {"data_licence", "GPL-3.0-or-later (generated)"},
          {"split",
           {{"group", "phantom seed"},
            {"training", {p.samples.first_seed, p.samples.first_seed + p.samples.seeds - 1}},
            {"validation", {first_validation_seed, first_validation_seed + p.validation_seeds - 1}},
            {"test", "20000 and above, never used in training"}}},
          {"intended_use", "demonstration and research; not a medical device"},
          {"limits", "trained on phantoms only; figures on phantoms do not carry over to patients"},
          {"steps", result.steps},
          {"best_step", result.best_step},
          {"validation_loss", result.best_validation_loss},
          {"parameters", parameters_json(p)},
          {"seed", p.training.seed}};
}

nlohmann::json run(const std::vector<std::string>&, const nlohmann::json& json,
                   const std::filesystem::path& output, const Context& context) {
  const auto p = parameters_from<TrainParameters>(json);
  if (p.samples.first_seed + p.samples.seeds > first_validation_seed)
    throw Error(ErrorCode::Usage, "the training seeds reach into the validation seeds (10000 on)",
                "choose fewer seeds or a smaller first seed");
  const PhantomSamples training(p.samples, {}, context.part(0, 0.05));
  SampleOptions held_out = p.samples;
  held_out.first_seed = first_validation_seed;
  held_out.seeds = p.validation_seeds;
  held_out.augment = false;
  const PhantomSamples validation(held_out, {}, context.part(0.05, 0.06));
  const Graph initial = first_network(p);
  const TrainingResult result =
      train(initial, training, validation, p.training, output / "run", context.part(0.06, 1));
  Graph best = read_onnx(result.best);
  best.metadata["sensorium.card"] = card(p, result).dump();
  write_onnx(best, output / "oct_hrf.onnx");
  return {{"model", (output / "oct_hrf.onnx").string()},
          {"steps", result.steps},
          {"best_step", result.best_step},
          {"validation_loss", result.best_validation_loss},
          {"weights_sha256", result.weights_sha256}};
}

}

PipelineCommand train_command() {
  return {.verb = "train",
          .title = "Train the network on phantoms",
          .parameters = specs_of<TrainParameters>(),
          .run = run};
}

#endif

}
