#include "pipelines/oct_hrf/train_command.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/builders.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/oct_hrf/sample_source.h"
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

// The defaults are the command that made the shipped network (resources/models/README.md).
struct TrainParameters {
  SampleOptions samples{.seeds = 160};
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
  v.text("widths", p.network.widths, {.help = "Channels of each level of the residual U-Net."});
  v.flag("residual", p.network.residual, {.help = "Residual units; without: a plain U-Net."});
  describe(v, p.training);
}

nlohmann::json card(const TrainParameters& p, const TrainingResult& result) {
  return {{"name", "oct_hrf demo"},
          {"task", "soft map of hyper-reflective foci, exudates and choroidal foci in OCT B-scans"},
          {"architecture", p.network.residual ? "residual U-Net" : "plain U-Net"},
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
  const Graph initial = build_residual_unet(p.network, static_cast<std::uint64_t>(p.training.seed));
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
