#include "pipelines/glioblastoma/commands.h"

#include "modules/core/error.h"
#include "pipelines/glioblastoma/phantom.h"

#ifdef SENSORIUM_HAS_LEARN
#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_scores.h"
#include "hyperspectral/tissue_segment.h"
#include "hyperspectral/tissue_training.h"
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
  hyper::TissueTraining common{.patients = 300,
                               .validation_patients = 16,
                               .test_patients = 8,
                               .widths = "12,16,24",
                               .steps = 2000};
  int side = 32;
};
void describe(ParameterVisitor& v, TrainParameters& p) {
  describe(v, p.common);
  v.integer("side", p.side,
            {.help = "Side of a training square.", .unit = "px", .min = 16, .max = 256});
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
  ModelCard card =
      hyper::tissue_card(p.common, "glioblastoma", {class_names.begin(), class_names.end()}, like,
                         fmt::format(" --side {}", p.side));
  card.name = "glioblastoma demo (phantom)";
  card.task = "class of each pixel of a brain's surface: normal tissue, tumour, vessel, background";
  card.architecture = fmt::format(
      "spectral residual U-Net: normalised spectrum, 1x1 convolution {} to {}, widths {}; {} "
      "parameters, {:.0f} operations a pixel",
      hyper::tissue_wavelengths().size(), p.common.channels, p.common.widths, graph.parameters(),
      hyper::operations_per_pixel(graph));
  card.limits = "trained on phantoms alone: says nothing reliable of real tissue";
  return card;
}

json train_network(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage, "train glioblastoma takes no recordings: it trains on phantoms",
                "leave the files away");
  const auto all = parameters_from<TrainParameters>(parameters);
  const hyper::TissueTraining& p = all.common;
  const hyper::SpectralUnetOptions network{.bands =
                                               static_cast<int>(hyper::tissue_wavelengths().size()),
                                           .classes = class_count,
                                           .channels = p.channels,
                                           .widths = p.widths};
  const hyper::ScenePatches training(brain_of, class_count, 1, p.patients, 3, all.side);
  const hyper::ScenePatches validation(brain_of, class_count, hyper::first_validation_patient,
                                       p.validation_patients, 2, all.side);
  const TrainingResult result =
      train(build_spectral_unet(network, static_cast<std::uint64_t>(p.seed)), training, validation,
            training_options(p), output / "run", context.part(0, 0.85));
  Graph graph = read_onnx(result.best);
  ModelCard card = card_for(all, graph,
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
