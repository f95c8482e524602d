#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/operators.h"
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/sample_source.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <set>
#endif

namespace sensorium::oct_hrf {

#ifndef SENSORIUM_HAS_LEARN

PipelineCommand train_command() {
  return {.verb = "train",
          .title = "Train the network on phantoms",
          .parameters = {},
          .without_files = "this build cannot train",
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
  std::string dataset;
  bool phantoms = false;
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
  v.text("dataset", p.dataset,
         {.help =
              "Folder of 'dataset from-reviews': train on its training part and validate on its "
              "validation part instead of phantoms."});
  v.flag("phantoms", p.phantoms, {.help = "With a dataset: train on the phantom seeds as well."});
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

// What a run learns from, and what the model's card says about it.
struct Data {
  std::unique_ptr<SampleSource> training, validation;
  std::unique_ptr<SampleSource> reviewed, phantoms; // the parts of `training` when there are two
  nlohmann::json about;
};

std::unique_ptr<PhantomSamples> phantoms(const TrainParameters& p, const Context& context) {
  if (p.samples.first_seed + p.samples.seeds > first_validation_seed)
    throw Error(ErrorCode::Usage, "the training seeds reach into the validation seeds (10000 on)",
                "choose fewer seeds or a smaller first seed");
  return std::make_unique<PhantomSamples>(p.samples, PhantomOptions{}, context);
}

Data phantom_data(const TrainParameters& p, const Context& context) {
  Data out;
  out.training = phantoms(p, context.part(0, 5. / 6));
  SampleOptions held_out = p.samples;
  held_out.first_seed = first_validation_seed;
  held_out.seeds = p.validation_seeds;
  held_out.augment = false;
  out.validation =
      std::make_unique<PhantomSamples>(held_out, PhantomOptions{}, context.part(5. / 6, 1));
  out.about = {
      {"name", "oct_hrf demo"},
      {"data", "synthetic: phantom version " + std::to_string(PhantomOptions{}.phantom_version) +
                   " of this program; no patient data"},
      {"data_licence", "GPL-3.0-or-later (generated)"},
      {"split",
       {{"group", "phantom seed"},
        {"training", {p.samples.first_seed, p.samples.first_seed + p.samples.seeds - 1}},
        {"validation", {first_validation_seed, first_validation_seed + p.validation_seeds - 1}},
        {"test", "20000 and above, never used in training"}}},
      {"limits", "trained on phantoms only; figures on phantoms do not carry over to patients"}};
  return out;
}

std::unique_ptr<ReviewedSamples> reviewed(const TrainParameters& p, const TrainingSet& set,
                                          const std::string& part, const Context& context) {
  SampleOptions options = p.samples;
  options.augment = options.augment && part == "training";
  auto out = std::make_unique<ReviewedSamples>(set, part, options, context);
  if (out->recordings() == 0)
    throw Error(ErrorCode::Usage,
                fmt::format("'{}' has no recording in its part '{}'", p.dataset, part),
                "make the set with three parts: 'sensorium dataset from-reviews --fractions "
                "0.7,0.15,0.15'");
  return out;
}

Data reviewed_data(const TrainParameters& p, const Context& context) {
  const TrainingSet set = read_training_set(p.dataset);
  Data out;
  auto training = reviewed(p, set, "training", context.part(0, 0.4));
  auto validation = reviewed(p, set, "validation", context.part(0.4, 0.5));
  out.about = {
      {"name", "oct_hrf from reviewed cases"},
      {"data", fmt::format("reviewed cases, {} for training and {} for validation{}",
                           training->recordings(), validation->recordings(),
                           p.phantoms ? fmt::format("; phantom version {} of this program",
                                                    PhantomOptions{}.phantom_version)
                                      : "")},
      {"data_licence", "that of the reviewed recordings, which this card does not know"},
      {"split",
       {{"group", "patient"}, {"training_set_sha256", set.index_sha256}, {"test", "held_out"}}},
      {"limits", "trained on the reviewers' marks; judge it on the held-out part with 'sensorium "
                 "dataset compare'"}};
  out.validation = std::move(validation);
  if (!p.phantoms) {
    out.training = std::move(training);
    return out;
  }
  out.reviewed = std::move(training);
  out.phantoms = phantoms(p, context.part(0.5, 1));
  out.training = std::make_unique<BothSources>(*out.reviewed, *out.phantoms);
  return out;
}

nlohmann::json card(const TrainParameters& p, const nlohmann::json& about,
                    const TrainingResult& result) {
  TrainParameters shown = p; // a card travels: no folder of this machine
  shown.dataset = std::filesystem::path(p.dataset).filename().string();
  shown.start = std::filesystem::path(p.start).filename().string();
  return {{"name", about.at("name")},
          {"task", "soft map of hyper-reflective foci, exudates and choroidal foci in OCT B-scans"},
          {"architecture", !p.start.empty()     ? "as in " + shown.start
                           : p.network.residual ? "residual U-Net"
                                                : "plain U-Net"},
          {"input",
           "one B-scan [1, 1, H, W], sides multiples of 8; 1st to 99.7th percentile to 0 .. 1 "
           "(normalise.h), raw or enhanced"},
          {"normalisation", "percentile 1 to 99.7 of the B-scan, cut to 0 .. 1"},
          {"output", "logits"},
          {"data", about.at("data")},
          {"data_licence", about.at("data_licence")},
          {"split", about.at("split")},
          {"intended_use", "demonstration and research; not a medical device"},
          {"limits", about.at("limits")},
          {"steps", result.steps},
          {"best_step", result.best_step},
          {"validation_loss", result.best_validation_loss},
          {"parameters", parameters_json(shown)},
          {"seed", p.training.seed}};
}

nlohmann::json run(const std::vector<std::string>&, const nlohmann::json& json,
                   const std::filesystem::path& output, const Context& context) {
  const auto p = parameters_from<TrainParameters>(json);
  const Graph initial = first_network(p);
  const Data data = p.dataset.empty() ? phantom_data(p, context.part(0, 0.06))
                                      : reviewed_data(p, context.part(0, 0.06));
  const TrainingResult result = train(initial, *data.training, *data.validation, p.training,
                                      output / "run", context.part(0.06, 1));
  Graph best = read_onnx(result.best);
  best.metadata["sensorium.card"] = card(p, data.about, result).dump();
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
          .title = "Train the network on phantoms or on reviewed cases",
          .parameters = specs_of<TrainParameters>(),
          .without_files = "it trains on phantoms, or on reviewed cases with --dataset DIR",
          .run = run};
}

#endif

}
