#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"
#include "modules/learn/operators.h"
#include "pipelines/oct_hrf/only.h"
#include "pipelines/oct_hrf/prepared_set.h"
#include "pipelines/oct_hrf/reviewed_source.h"
#include "pipelines/oct_hrf/sample_source.h"
#include "pipelines/oct_hrf/training_about.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#endif

namespace sensorium::oct_hrf {

#ifndef SENSORIUM_HAS_LEARN

PipelineCommand train_command() {
  return command_without_networks("train", "Train the network on phantoms");
}

#else

namespace {

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
  v.text(
      "dataset", p.dataset,
      {.help =
           "Folder of 'dataset from-reviews', or of 'prepare' (read while training): train on its "
           "training part and validate on its validation part instead of phantoms."});
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
  check_seeds(p.samples);
  return std::make_unique<PhantomSamples>(p.samples, PhantomOptions{}, context);
}

Data phantom_data(const TrainParameters& p, const Context& context) {
  Data out;
  out.training = phantoms(p, context.part(0, 5. / 6));
  out.validation = std::make_unique<PhantomSamples>(held_out(p.samples, p.validation_seeds),
                                                    PhantomOptions{}, context.part(5. / 6, 1));
  out.about = about_phantoms(p.samples, p.validation_seeds);
  return out;
}

// Read from disk while the training runs.
Data prepared_data(const TrainParameters& p) {
  if (p.phantoms)
    throw Error(ErrorCode::Usage, "a prepared set is trained on as it is, without --phantoms",
                "put the phantoms into the set: 'sensorium prepare oct_hrf --phantoms'");
  const ShardIndex set = read_shard_index(p.dataset);
  SampleOptions plain = p.samples;
  plain.augment = false;
  Data out;
  out.training = prepared_samples(set, "training", p.samples);
  out.validation = prepared_samples(set, "validation", plain);
  out.about = set.about.is_object() ? set.about.value("card", nlohmann::json::object())
                                    : nlohmann::json::object();
  for (const char* key : {"name", "data", "data_licence", "limits"})
    if (!out.about.contains(key) || !out.about.at(key).is_string())
      throw Error(ErrorCode::BadInput,
                  fmt::format("the set '{}' does not say its '{}'", p.dataset, key),
                  "prepare the set again");
  out.about["split"]["prepared_set_sha256"] = set.sha256;
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
  out.about = about_reviewed(training->recordings(), validation->recordings(), p.phantoms,
                             set.index_sha256);
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
          {"validation_score", result.best_validation_score},
          {"parameters", parameters_json(shown)},
          {"seed", p.training.seed}};
}

nlohmann::json run(const std::vector<std::string>&, const nlohmann::json& json,
                   const std::filesystem::path& output, const Context& context) {
  const auto p = parameters_from<TrainParameters>(json);
  const Graph initial = first_network(p);
  const Data data = p.dataset.empty()         ? phantom_data(p, context.part(0, 0.06))
                    : holds_shards(p.dataset) ? prepared_data(p)
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
          {"validation_score", result.best_validation_score},
          {"weights_sha256", result.weights_sha256},
          {"steps_s", result.steps_s},
          {"loader_waited_s", result.loader_waited_s}};
}

}

PipelineCommand train_command() {
  return {.verb = "train",
          .title = "Train the network on phantoms or on reviewed cases",
          .parameters = specs_of<TrainParameters>(),
          .without_files = "it trains on phantoms, or on the set of --dataset DIR",
          .run = run};
}

#endif

}
