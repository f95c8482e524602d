#include "pipelines/motor_fault/commands.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "pipelines/motor_fault/examples.h"
#include "pipelines/motor_fault/trainer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#ifdef SENSORIUM_HAS_LEARN
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#endif

namespace sensorium::motor_fault {

using nlohmann::json;
namespace fs = std::filesystem;

#ifndef SENSORIUM_HAS_LEARN

std::vector<PipelineCommand> training_commands() { return {}; }

#else

namespace {

constexpr int first_test_machine = 200000;

struct TrainParameters {
  TrainerOptions trainer;
  int test_machines = 100;
};
void describe(ParameterVisitor& v, TrainParameters& p) {
  describe(v, p.trainer);
  v.integer("test_machines", p.test_machines,
            {.help = "Synthetic machines for each class for the figures of the card.",
             .min = 1,
             .max = 5000});
}

// Without recordings: synthetic motors alone, so that the model may ship. With labelled recordings
// the network is trained on with them.
json train_command(const std::vector<std::string>& paths, const json& parameters,
                   const fs::path& output, const Context& context) {
  const auto p = parameters_from<TrainParameters>(parameters);
  const TrainerOptions& o = p.trainer;
  Context quiet = context;
  quiet.progress = {};
  Pretrained start = pretrain(o, output / "run", context.part(0, paths.empty() ? 1 : 0.6));
  const double temperature = temperature_of(with_normalisation(start.graph, start.normalisation),
                                            start.validation, output / "motor_fault.onnx", context);
  Graph graph = start.graph;
  std::string real;
  if (!paths.empty()) {
    std::vector<Example> training;
    const auto files = labelled_files(paths, o.rate, context.part(0.6, 0.65));
    for (const LabelledFile& f : files)
      training.insert(training.end(), f.windows.begin(), f.windows.end());
    graph = train_on(start.graph, training, start.validation, start.normalisation, o.fine_steps,
                     o.fine_learning_rate, o, output / "fine", context.part(0.65, 1));
    real = fmt::format(" and {} labelled recordings", files.size());
  }
  graph = with_temperature(with_normalisation(graph, start.normalisation), temperature);
  write_onnx(graph, output / "motor_fault.onnx");
  const auto answers = answers_of(
      output / "motor_fault.onnx",
      synthetic_examples(first_test_machine + o.seed * 1000, p.test_machines, quiet), context);
  double right = 0;
  for (const Answer& a : answers) right += a.found == a.label;
  right /= static_cast<double>(answers.size());
  const double error = calibration_error(answers);
  ModelCard card;
  card.name = "motor_fault demo";
  card.task = "phase and severity of an inter-turn short in an induction motor's stator currents";
  const bool samples = takes_samples(o);
  card.architecture = samples ? "residual 1-D convolutional network: Conv, Relu, Add, one Gemm"
                              : "residual MLP: Gemm, Relu, Add";
  card.input = samples ? fmt::format("[n, {}, {}] samples of twelve periods, as features.h makes "
                                     "them",
                                     raw_channels, raw_samples)
                       : fmt::format("[n, {}] features of windows of 24 periods, as features.h "
                                     "computes them",
                                     feature_count);
  card.normalisation = samples ? "by the positive sequence, before the graph"
                               : "inside the graph (folded into the first Gemm)";
  card.output =
      "[n, 13] logits: healthy, then phases A, B, C with 10, 20, 30, 40 % of shorted turns";
  card.data = paths.empty() ? "synthetic motors of this program; no recording of a real machine"
                            : "synthetic motors of this program" + real;
  card.data_licence = paths.empty() ? "GPL-3.0-or-later (generated)"
                                    : "generated; that of the recordings that were given";
  card.split = {{"group", "synthetic machine"},
                {"training", o.machines},
                {"validation", o.validation_machines},
                {"test", p.test_machines}};
  card.metrics = {{"synthetic test recordings", answers.size()},
                  {"right class of 13", right},
                  {"calibration error (ECE)", error},
                  {"temperature", temperature}};
  card.seed = o.seed;
  card.intended_use = "demonstration and research; not a protection device";
  card.limits = "severity is a guess on machines unlike the synthetic ones";
  card.command = fmt::format("sensorium train motor_fault{} -o DIR --seed {} --machines {} "
                             "--validation_machines {} --steps {}{}",
                             paths.empty() ? "" : " RECORDINGS", o.seed, o.machines,
                             o.validation_machines, o.steps, samples ? " --network samples" : "");
  set_card(graph, card);
  write_onnx(graph, output / "motor_fault.onnx");
  return {
      {"model", (output / "motor_fault.onnx").string()},
      {"text", fmt::format("{}\n{} synthetic test recordings: {:.1f} % of 13 classes right, ECE "
                           "{:.3f}, temperature {:.2f}",
                           (output / "motor_fault.onnx").string(), answers.size(), 100 * right,
                           error, temperature)}};
}

}

std::vector<PipelineCommand> training_commands() {
  return {{.verb = "train",
           .title = "Train the network on synthetic motors, and on labelled recordings if given",
           .parameters = specs_of<TrainParameters>(),
           .run = train_command},
          {.verb = "evaluate",
           .title = "Leave-one-repetition-out on labelled recordings",
           .parameters = evaluate_parameters(),
           .run = evaluate_command}};
}

#endif

}
