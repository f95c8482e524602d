#include "pipelines/melanoma/commands.h"

#include "modules/core/error.h"

#ifdef SENSORIUM_HAS_LEARN
#include "hyperspectral/tissue_network.h"
#include "hyperspectral/tissue_samples.h"
#include "hyperspectral/tissue_training.h"
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
  hyper::TissueTraining common{.patients = 3000,
                               .validation_patients = 200,
                               .test_patients = 80,
                               .widths = "12,16,24,32",
                               .steps = 6000,
                               .learning_rate = 4e-3};
};
void describe(ParameterVisitor& v, TrainParameters& p) { describe(v, p.common); }

ModelCard card_for(const hyper::TissueTraining& p, const Graph& graph,
                   const hyper::Likeness& like) {
  ModelCard card =
      hyper::tissue_card(p, "melanoma", {class_names.begin(), class_names.end()}, like);
  card.name = "melanoma demo (phantom)";
  card.task = "class of each pixel of skin: skin, nevus, melanoma-like lesion";
  card.architecture = fmt::format(
      "3-D/2-D hybrid: normalised spectrum of {} wavelengths, 3-D convolutions to {} channels, "
      "with the brightness into a residual U-Net of widths {}; {} parameters, {:.0f} operations a "
      "cell of the field ({} a side)",
      hyper::tissue_wavelengths().size(), p.channels, p.widths, graph.parameters(),
      hyper::operations_per_pixel(graph), field_side);
  card.limits = "trained on phantoms alone: says nothing reliable of real skin";
  return card;
}

json train_network(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  if (!files.empty())
    throw Error(ErrorCode::Usage, "train melanoma takes no recordings: it trains on phantoms",
                "leave the files away");
  const hyper::TissueTraining p = parameters_from<TrainParameters>(parameters).common;
  if (p.test_patients < 2)
    throw Error(ErrorCode::Usage, "test_patients is 1; one patient is nevus or melanoma, not both",
                "2 or more");
  const NetworkOptions network{.channels = p.channels, .widths = p.widths};
  const hyper::ScenePatches training(skin_of, class_count, 1, p.patients, 1, field_side, true);
  const hyper::ScenePatches validation(skin_of, class_count, hyper::first_validation_patient,
                                       p.validation_patients, 1, field_side, true);
  const TrainingResult result =
      train(build_network(network, static_cast<std::uint64_t>(p.seed)), training, validation,
            training_options(p), output / "run", context.part(0, 0.8));
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
