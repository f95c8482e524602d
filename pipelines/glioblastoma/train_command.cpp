#include "pipelines/glioblastoma/commands.h"

#include "modules/core/error.h"
#include "pipelines/glioblastoma/phantom.h"

#ifdef SENSORIUM_HAS_LEARN
#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_scores.h"
#include "hyperspectral/tissue_segment.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"

#include <fmt/format.h>
#endif

namespace sensorium::glioblastoma {

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
  int patients = 300, validation_patients = 16, test_patients = 8;
  int side = 32, channels = 12;
  std::string widths = "12,16,24";
  int steps = 2000, batch_size = 8;
  double learning_rate = 3e-3;
  int seed = 1, threads = 1;
};
void describe(ParameterVisitor& v, TrainParameters& p) {
  v.integer("patients", p.patients,
            {.help = "Phantom patients to train on.", .min = 2, .max = 9999});
  v.integer("validation_patients", p.validation_patients,
            {.help = "Phantom patients that choose the weights.", .min = 1, .max = 9999});
  v.integer("test_patients", p.test_patients,
            {.help = "Phantom patients never seen, for the card.", .min = 1, .max = 9999});
  v.integer("side", p.side,
            {.help = "Side of a training square.", .unit = "px", .min = 16, .max = 256});
  v.integer("channels", p.channels,
            {.help = "Channels that the bands are mixed to.", .min = 1, .max = 64});
  v.text("widths", p.widths, {.help = "Channels of each level of the U-Net, with commas."});
  v.integer("steps", p.steps, {.help = "Training steps.", .min = 1, .max = 1000000});
  v.integer("batch_size", p.batch_size, {.help = "Squares a step.", .min = 1, .max = 256});
  v.number("learning_rate", p.learning_rate, {.help = "Greatest rate.", .min = 1e-7, .max = 1});
  v.integer("seed", p.seed, {.help = "Of weights, order and views.", .min = 0});
  v.integer("threads", p.threads, {.help = "Of training; 0: all.", .min = 0, .max = 256});
}

// Macro F1 over all pixels of patients never seen.
json test_figures(const fs::path& model, int patients, const Context& context) {
  hyper::TissueSegmenter segmenter({class_names.begin(), class_names.end()});
  json out = json::object();
  const std::vector<double> levels{10, 20, 30};
  for (std::size_t s = 0; s < levels.size(); ++s) {
    hyper::Confusion table(class_count);
    for (int i = 0; i < patients; ++i) {
      context.step((static_cast<double>(s) + static_cast<double>(i) / patients) /
                       static_cast<double>(levels.size()),
                   "testing");
      const hyper::TissueScene scene = make_brain({.seed = hyper::first_test_patient + i});
      const Cube cube =
          hyper::photographed(scene, {.snr_db = levels[s]},
                              static_cast<std::uint64_t>(hyper::first_test_patient + i), 1);
      Context quiet = context;
      quiet.progress = {};
      const hyper::TissueMap found = segmenter.run(model, cube, nullptr, quiet);
      for (std::size_t k = 0; k < scene.labels.size(); ++k)
        if (found.classes[k] != hyper::no_class) table.add(scene.labels[k], found.classes[k]);
    }
    out[fmt::format("macro F1 at {} dB", levels[s])] = std::round(1e4 * table.macro_f1()) / 1e4;
  }
  return out;
}

ModelCard card_for(const TrainParameters& p, const Graph& graph, const hyper::Likeness& like) {
  const std::vector<double> nm = hyper::tissue_wavelengths();
  ModelCard card;
  card.name = "glioblastoma demo (phantom)";
  card.task = "class of each pixel of a brain's surface: normal tissue, tumour, vessel, background";
  card.architecture = fmt::format(
      "spectral residual U-Net: normalised spectrum, 1x1 convolution {} to {}, widths {}; {} "
      "parameters, {:.0f} operations a pixel",
      nm.size(), p.channels, p.widths, graph.parameters(), hyper::operations_per_pixel(graph));
  card.input =
      fmt::format("[batch, {}, height, width] reflectance at 450, 460 ... 900 nm", nm.size());
  card.normalisation = "inside the graph: each spectrum minus its mean, over its deviation";
  card.output = "[batch, 4, height, width] logits: normal tissue, tumour, vessel, background";
  card.data = "phantoms of this program alone; no patient, no real tissue";
  card.data_licence = "GPL-3.0-or-later (generated)";
  card.split = {{"group", "phantom patient"},
                {"training", p.patients},
                {"validation", p.validation_patients},
                {"test", p.test_patients}};
  card.seed = p.seed;
  card.intended_use = "demonstration and research; not for clinical use";
  card.limits = "trained on phantoms alone: says nothing reliable of real tissue";
  card.command =
      fmt::format("sensorium train glioblastoma -o DIR --patients {} --steps {} --side {} "
                  "--channels {} --widths {} --batch_size {} --learning_rate {} --seed {} "
                  "--threads {}",
                  p.patients, p.steps, p.side, p.channels, p.widths, p.batch_size, p.learning_rate,
                  p.seed, p.threads);
  card.further["tissue"] =
      hyper::to_json(hyper::TissueModelFacts{nm, {class_names.begin(), class_names.end()}, like});
  return card;
}

json train_network(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage, "train glioblastoma takes no recordings: it trains on phantoms",
                "leave the files away");
  const auto p = parameters_from<TrainParameters>(parameters);
  const hyper::SpectralUnetOptions network{.bands =
                                               static_cast<int>(hyper::tissue_wavelengths().size()),
                                           .classes = class_count,
                                           .channels = p.channels,
                                           .widths = p.widths};
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
  const hyper::ScenePatches training(brain_of, class_count, 1, p.patients, 3, p.side);
  const hyper::ScenePatches validation(brain_of, class_count, hyper::first_validation_patient,
                                       p.validation_patients, 2, p.side);
  const TrainingResult result =
      train(build_spectral_unet(network, static_cast<std::uint64_t>(p.seed)), training, validation,
            t, output / "run", context.part(0, 0.85));
  Graph graph = read_onnx(result.best);
  ModelCard card = card_for(p, graph,
                            hyper::likeness_of_scenes(brain_of, p.patients, p.validation_patients,
                                                      64, context.part(0.85, 0.9)));
  set_card(graph, card);
  const fs::path model = output / "glioblastoma.onnx";
  write_onnx(graph, model);
  card.metrics = test_figures(model, p.test_patients, context.part(0.9, 1));
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
