#include "pipelines/melanoma/commands.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_samples.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/melanoma/judging.h"
#include "pipelines/melanoma/network.h"

#include <fmt/format.h>
#endif

#include "pipelines/melanoma/field.h"
#include "pipelines/melanoma/phantom.h"

namespace sensorium::melanoma {

std::vector<PipelineCommand> commands() {
#ifdef SENSORIUM_HAS_LEARN
  return {phantom_command(), train_command(), evaluate_command()};
#else
  return {phantom_command()};
#endif
}

#ifdef SENSORIUM_HAS_LEARN

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// The defaults are the command that made the shipped network (resources/models/README.md).
struct TrainParameters {
  int patients = 240, validation_patients = 24, test_patients = 80;
  int channels = 12;
  std::string widths = "12,16,24,32";
  int steps = 600, batch_size = 8;
  double learning_rate = 4e-3;
  int seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, TrainParameters& p) {
  v.integer("patients", p.patients,
            {.help = "Phantom patients to train on.", .min = 2, .max = 9999});
  v.integer("validation_patients", p.validation_patients,
            {.help = "Phantom patients that choose the weights.", .min = 1, .max = 9999});
  v.integer("test_patients", p.test_patients,
            {.help = "Phantom patients never seen, for the card.", .min = 2, .max = 9999});
  v.integer("channels", p.channels,
            {.help = "Channels that the 3-D convolutions leave.", .min = 1, .max = 64});
  v.text("widths", p.widths, {.help = "Channels of each level of the U-Net, with commas."});
  v.integer("steps", p.steps, {.help = "Training steps.", .min = 1, .max = 1000000});
  v.integer("batch_size", p.batch_size, {.help = "Pictures a step.", .min = 1, .max = 256});
  v.number("learning_rate", p.learning_rate, {.help = "Greatest rate.", .min = 1e-7, .max = 1});
  v.integer("seed", p.seed, {.help = "Of weights, order and views.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of training; 0: all.", .min = 0, .max = 256});
}

ModelCard card_for(const TrainParameters& p, const Graph& graph, const hyper::Likeness& like) {
  const std::vector<double> nm = hyper::tissue_wavelengths();
  ModelCard card;
  card.name = "melanoma demo (phantom)";
  card.task = "class of each pixel of skin: skin, nevus, melanoma-like lesion";
  card.architecture = fmt::format(
      "3-D/2-D hybrid: normalised spectrum of {} wavelengths, 3-D convolutions to {} channels, "
      "with the brightness into a residual U-Net of widths {}; {} parameters, {:.0f} operations a "
      "cell of the field ({} a side)",
      nm.size(), p.channels, p.widths, graph.parameters(), hyper::operations_per_pixel(graph),
      field_side);
  card.input =
      fmt::format("[batch, {}, height, width] reflectance at 450, 460 ... 900 nm", nm.size());
  card.normalisation = "inside the graph: each spectrum minus its mean, over its deviation";
  card.output = "[batch, 3, height, width] logits: skin, nevus, melanoma-like";
  card.data = "phantoms of this program alone; no patient, no real tissue";
  card.data_licence = "GPL-3.0-or-later (generated)";
  card.split = {{"group", "phantom patient"},
                {"training", p.patients},
                {"validation", p.validation_patients},
                {"test", p.test_patients}};
  card.seed = p.seed;
  card.intended_use = "demonstration and research; not for clinical use";
  card.limits = "trained on phantoms alone: says nothing reliable of real skin";
  card.command =
      fmt::format("sensorium train melanoma -o DIR --patients {} --validation_patients {} "
                  "--test_patients {} --steps {} --channels {} --widths {} --batch_size {} "
                  "--learning_rate {} --seed {} --threads {}",
                  p.patients, p.validation_patients, p.test_patients, p.steps, p.channels, p.widths,
                  p.batch_size, p.learning_rate, p.seed, p.threads);
  card.further["tissue"] =
      hyper::to_json(hyper::TissueModelFacts{nm, {class_names.begin(), class_names.end()}, like});
  return card;
}

json train_network(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage, "train melanoma takes no recordings: it trains on phantoms",
                "leave the files away");
  const auto p = parameters_from<TrainParameters>(parameters);
  const NetworkOptions network{.channels = p.channels, .widths = p.widths};
  TrainingOptions t;
  t.loss = "cross_entropy+dice";
  t.learning_rate = p.learning_rate;
  t.batch_size = p.batch_size;
  t.steps = p.steps;
  t.validate_every = std::max(1, std::min(p.steps, 200));
  t.checkpoint_every = std::max(1, std::min(p.steps, 200));
  t.keep_checkpoints = 1;
  t.seed = p.seed;
  t.threads = p.threads;
  const hyper::ScenePatches training(skin_of, class_count, 1, p.patients, 1, field_side, true);
  const hyper::ScenePatches validation(skin_of, class_count, hyper::first_validation_patient,
                                       p.validation_patients, 1, field_side, true);
  const TrainingResult result =
      train(build_network(network, static_cast<std::uint64_t>(p.seed)), training, validation, t,
            output / "run", context.part(0, 0.8));
  Graph graph = read_onnx(result.best);
  ModelCard card = card_for(p, graph,
                            hyper::likeness_of_scenes(skin_of, p.patients, p.validation_patients,
                                                      field_side, context.part(0.8, 0.85)));
  set_card(graph, card);
  const fs::path model = output / "melanoma.onnx";
  write_onnx(graph, model);
  const PhantomScores scores = scores_on_phantoms(model, p.test_patients, context.part(0.85, 1));
  card.further["phantom_scores"] = to_json(scores);
  card.metrics = {{"validation loss", result.best_validation_loss}};
  for (const auto& [rule, truth] : scores.of_rule) {
    const OperatingPoint at = scores.at(rule, 0.5);
    card.metrics[rule] = {{"sensitivity", at.sensitivity.value()},
                          {"specificity", at.specificity.value()},
                          {"auc", hyper::auc(truth.melanomas, truth.nevi)},
                          {"melanoma_like", at.sensitivity.trials},
                          {"nevi", at.specificity.trials}};
  }
  set_card(graph, card);
  write_onnx(graph, model);
  return {{"model", model.string()},
          {"metrics", card.metrics},
          {"text", fmt::format("{}\n{} phantom patients never seen: {}", model.string(),
                               p.test_patients, card.metrics.dump())}};
}

}

PipelineCommand train_command() {
  return {.verb = "train",
          .title = "Train the network on phantoms",
          .parameters = specs_of<TrainParameters>(),
          .run = train_network};
}

#endif

}
