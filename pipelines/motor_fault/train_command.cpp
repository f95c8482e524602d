#include "pipelines/motor_fault/commands.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "pipelines/motor_fault/examples.h"
#include "pipelines/motor_fault/trainer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

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

constexpr int first_validation_machine = 100000;

struct Pretrained {
  Graph graph;
  Normalisation normalisation;
  std::vector<Example> validation;
};

Pretrained pretrain(const TrainerOptions& o, const fs::path& folder, const Context& context) {
  const auto training = synthetic_examples(1 + o.seed * 1000, o.machines, context.part(0, 0.3));
  Pretrained out;
  out.validation =
      synthetic_examples(first_validation_machine + o.seed * 1000, 6, context.part(0.3, 0.35));
  out.normalisation = normalisation_of(training);
  const Graph start = build_residual_mlp({.inputs = static_cast<int>(feature_count),
                                          .classes = class_count,
                                          .width = o.width,
                                          .blocks = o.blocks},
                                         static_cast<std::uint64_t>(o.seed));
  out.graph = train_on(start, training, out.validation, out.normalisation, o.steps, o.learning_rate,
                       o, folder, context.part(0.35, 1));
  return out;
}

// Train command: synthetic motors alone, so that the model may ship.
json train_command(const std::vector<std::string>&, const json& parameters, const fs::path& output,
                   const Context& context) {
  const auto o = parameters_from<TrainerOptions>(parameters);
  const Pretrained p = pretrain(o, output / "run", context);
  Graph graph = with_normalisation(p.graph, p.normalisation);
  ModelCard card;
  card.name = "motor_fault demo";
  card.task = "phase and severity of an inter-turn short in an induction motor's stator currents";
  card.architecture = "residual MLP: Gemm, Relu, Add";
  card.input = fmt::format("[n, {}] features of windows of 24 periods, as features.h computes them",
                           feature_count);
  card.normalisation = "inside the graph (folded into the first Gemm)";
  card.output =
      "[n, 13] logits: healthy, then phases A, B, C with 10, 20, 30, 40 % of shorted turns";
  card.data = "synthetic motors of this program; no recording of a real machine";
  card.data_licence = "GPL-3.0-or-later (generated)";
  card.split = {{"group", "synthetic machine"}, {"training", o.machines}, {"validation", 6}};
  card.seed = o.seed;
  card.intended_use = "demonstration and research; not a protection device";
  card.limits = "severity is a guess on machines unlike the synthetic ones";
  card.command =
      fmt::format("sensorium train motor_fault -o DIR --seed {} --machines {} --steps {}", o.seed,
                  o.machines, o.steps);
  set_card(graph, card);
  write_onnx(graph, output / "motor_fault.onnx");
  return {{"model", (output / "motor_fault.onnx").string()}};
}

struct EvaluateParameters {
  TrainerOptions trainer;
  double rate = 1000;
  int seeds = 5;
};
void describe(ParameterVisitor& v, EvaluateParameters& p) {
  describe(v, p.trainer);
  v.number(
      "rate", p.rate,
      {.help = "Sample rate of files that do not say it.", .unit = "Hz", .min = 1, .max = 1e6});
  v.integer("seeds", p.seeds, {.help = "Seeds, counted from --seed.", .min = 1, .max = 100});
}

struct Tally {
  double files = 0, files_right = 0, files_phase = 0, windows = 0, windows_right = 0,
         windows_phase = 0;
  void add(const Tally& o) {
    files += o.files, files_right += o.files_right, files_phase += o.files_phase;
    windows += o.windows, windows_right += o.windows_right, windows_phase += o.windows_phase;
  }
};

// One answer of the network with how sure it is: for the reliability diagram.
struct Answer {
  std::string file;
  int label = 0, found = 0, seed = 0;
  double probability = 0;
};

int best_of(const auto& p) {
  return static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
}

Tally judge_files(const fs::path& model, const std::vector<const LabelledFile*>& files, int seed,
                  std::vector<Answer>& answers, std::vector<Answer>& windows,
                  const Context& context) {
  Classifier classifier;
  Tally t;
  for (const LabelledFile* file : files) {
    std::vector<Features> features;
    for (const Example& e : file->windows) features.push_back(e.features);
    const auto rows = classifier.run(model, features, context);
    for (const auto& row : rows) {
      const int found = best_of(row);
      t.windows += 1;
      t.windows_right += found == file->label;
      t.windows_phase += phase_of(found) == phase_of(file->label);
      windows.push_back({file->path.stem().string(), file->label, found, seed,
                         row[static_cast<std::size_t>(found)]});
    }
    const auto p = pooled(rows);
    const int found = best_of(p);
    t.files += 1;
    t.files_right += found == file->label;
    t.files_phase += phase_of(found) == phase_of(file->label);
    answers.push_back(
        {file->path.stem().string(), file->label, found, seed, p[static_cast<std::size_t>(found)]});
  }
  return t;
}

// Expected calibration error over ten bins (Guo et al., ICML 2017, eq. 3).
double calibration_error(const std::vector<Answer>& answers) {
  std::array<double, 10> count{}, sure{}, right{};
  for (const Answer& a : answers) {
    const auto bin =
        static_cast<std::size_t>(std::clamp(static_cast<int>(a.probability * 10), 0, 9));
    count[bin] += 1;
    sure[bin] += a.probability;
    right[bin] += a.found == a.label;
  }
  double out = 0;
  for (std::size_t b = 0; b < 10; ++b)
    out += std::abs(sure[b] - right[b]) / std::max<double>(1, static_cast<double>(answers.size()));
  return out;
}

struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread_of(const std::vector<double>& x) {
  Spread s;
  for (const double v : x) s.mean += v / static_cast<double>(x.size());
  for (const double v : x) s.deviation += (v - s.mean) * (v - s.mean);
  s.deviation = x.size() > 1 ? std::sqrt(s.deviation / static_cast<double>(x.size() - 1)) : 0;
  return s;
}

json figures(const std::vector<Tally>& seeds) {
  json out;
  const auto put = [&](const char* name, auto part) {
    std::vector<double> values;
    for (const Tally& t : seeds) values.push_back(part(t));
    const Spread s = spread_of(values);
    out[name] = {{"mean", s.mean}, {"standard_deviation", s.deviation}, {"seeds", values}};
  };
  put("file_13_classes", [](const Tally& t) { return t.files_right / t.files; });
  put("file_healthy_a_b_c", [](const Tally& t) { return t.files_phase / t.files; });
  put("window_13_classes", [](const Tally& t) { return t.windows_right / t.windows; });
  put("window_healthy_a_b_c", [](const Tally& t) { return t.windows_phase / t.windows; });
  return out;
}

// The audit's rule, fixed before training and blind to the network: a recording whose label names a
// fault, but whose own course shows no change of I2/I1, is not counted.
bool kept_by_rule(const LabelledFile& f) { return f.label == 0 || f.changes; }

json evaluate_command(const std::vector<std::string>& paths, const json& parameters,
                      const fs::path& output, const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  const std::vector<LabelledFile> files = labelled_files(paths, p.rate, context.part(0, 0.05));
  std::set<int> repetitions;
  for (const LabelledFile& f : files) repetitions.insert(f.repetition);
  if (repetitions.size() < 2)
    throw Error(ErrorCode::Usage, "leave-one-repetition-out needs at least two repetitions",
                "give the whole set");
  std::vector<Tally> published, by_rule, untouched;
  std::vector<Answer> answers, windows, before;
  for (int s = 0; s < p.seeds; ++s) {
    TrainerOptions o = p.trainer;
    o.seed = p.trainer.seed + s;
    const Context one = context.part(0.05 + 0.95 * s / p.seeds, 0.05 + 0.95 * (s + 1) / p.seeds);
    const fs::path folder = output / fmt::format("seed{}", o.seed);
    const Pretrained start = pretrain(o, folder / "synthetic", one.part(0, 0.4));
    write_onnx(with_normalisation(start.graph, start.normalisation), folder / "synthetic.onnx");
    Tally all, rule, synthetic;
    int fold = 0;
    for (const int out : repetitions) {
      std::vector<Example> training;
      std::vector<const LabelledFile*> test, test_rule;
      for (const LabelledFile& f : files) {
        if (f.repetition != out)
          training.insert(training.end(), f.windows.begin(), f.windows.end());
        if (f.repetition == out) test.push_back(&f);
        if (f.repetition == out && kept_by_rule(f)) test_rule.push_back(&f);
      }
      const Context part =
          one.part(0.4 + 0.6 * fold / static_cast<double>(repetitions.size()),
                   0.4 + 0.6 * (fold + 1) / static_cast<double>(repetitions.size()));
      const Graph tuned =
          train_on(start.graph, training, start.validation, start.normalisation, o.fine_steps,
                   o.fine_learning_rate, o, folder / fmt::format("without{}", out), part);
      const fs::path model = folder / fmt::format("without{}.onnx", out);
      write_onnx(with_normalisation(tuned, start.normalisation), model);
      all.add(judge_files(model, test, o.seed, answers, windows, context));
      std::vector<Answer> ignored;
      rule.add(judge_files(model, test_rule, o.seed, ignored, ignored, context));
      synthetic.add(judge_files(folder / "synthetic.onnx", test, o.seed, before, ignored, context));
      ++fold;
    }
    published.push_back(all);
    by_rule.push_back(rule);
    untouched.push_back(synthetic);
  }
  json wrong = json::array(), left_out = json::array();
  for (const Answer& a : answers)
    if (a.found != a.label)
      wrong.push_back({{"file", a.file},
                       {"label", class_name(a.label)},
                       {"found", class_name(a.found)},
                       {"probability", a.probability},
                       {"seed", a.seed}});
  for (const LabelledFile& f : files)
    if (!kept_by_rule(f)) left_out.push_back(f.path.stem().string());
  json result = {{"files", files.size()},
                 {"repetitions", repetitions.size()},
                 {"seeds", p.seeds},
                 {"as_published", figures(published)},
                 {"with_the_audits_rule", figures(by_rule)},
                 {"synthetic_alone", figures(untouched)},
                 {"left_out_by_rule", left_out},
                 {"wrong_files", wrong},
                 {"calibration_error_files", calibration_error(answers)},
                 {"calibration_error_windows", calibration_error(windows)}};
  const auto line = [&](const char* key) {
    const json& f = result[key];
    return fmt::format("{:<22} 13 classes {:.1f} % +- {:.1f} (windows {:.1f} %), healthy/A/B/C "
                       "{:.1f} % +- {:.1f} (windows {:.1f} %)\n",
                       key, 100 * f["file_13_classes"]["mean"].get<double>(),
                       100 * f["file_13_classes"]["standard_deviation"].get<double>(),
                       100 * f["window_13_classes"]["mean"].get<double>(),
                       100 * f["file_healthy_a_b_c"]["mean"].get<double>(),
                       100 * f["file_healthy_a_b_c"]["standard_deviation"].get<double>(),
                       100 * f["window_healthy_a_b_c"]["mean"].get<double>());
  };
  result["text"] = fmt::format(
      "{} files, leave-one-repetition-out, {} seeds\n{}{}{}ECE {:.3f} (files), {:.3f} (windows)",
      files.size(), p.seeds, line("as_published"), line("with_the_audits_rule"),
      line("synthetic_alone"), result["calibration_error_files"].get<double>(),
      result["calibration_error_windows"].get<double>());
  write_atomically(output / "evaluation.json", result.dump(2));
  return result;
}

}

std::vector<PipelineCommand> training_commands() {
  return {{.verb = "train",
           .title = "Train the network on synthetic motors",
           .parameters = specs_of<TrainerOptions>(),
           .run = train_command},
          {.verb = "evaluate",
           .title = "Leave-one-repetition-out on labelled recordings",
           .parameters = specs_of<EvaluateParameters>(),
           .run = evaluate_command}};
}

#endif

}
