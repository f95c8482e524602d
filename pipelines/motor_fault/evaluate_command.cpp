#include "pipelines/motor_fault/commands.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/motor_fault/examples.h"
#include "pipelines/motor_fault/trainer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace sensorium::motor_fault {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct EvaluateParameters {
  TrainerOptions trainer;
  int seeds = 5;
};
void describe(ParameterVisitor& v, EvaluateParameters& p) {
  describe(v, p.trainer);
  v.integer("seeds", p.seeds, {.help = "Seeds, counted from --seed.", .min = 1, .max = 100});
}

struct Tally {
  double files = 0, files_right = 0, files_phase = 0, windows = 0, windows_right = 0,
         windows_phase = 0;
};

// What was measured under one condition: a tally for each seed, and every answer.
struct Condition {
  std::vector<Tally> seeds;
  std::vector<Answer> answers;
};

int best_of(const auto& p) {
  return static_cast<int>(std::max_element(p.begin(), p.end()) - p.begin());
}

enum class Part { Judged, WithoutReference, Outside };

std::vector<Example> windows_of(const LabelledFile& file, Part part) {
  // A healthy recording has no part outside of its fault: all of it serves.
  std::vector<Example> out =
      part == Part::Outside && !file.outside.empty() ? file.outside : file.windows;
  if (part != Part::Judged)
    for (Example& e : out) e = without_reference(e);
  return out;
}

std::vector<Example> windows_of(const std::vector<const LabelledFile*>& files, Part part) {
  std::vector<Example> out;
  for (const LabelledFile* file : files) {
    const auto windows = windows_of(*file, part);
    out.insert(out.end(), windows.begin(), windows.end());
  }
  return out;
}

void judge_files(Condition& condition, std::size_t seed_index, int seed, const fs::path& model,
                 const std::vector<const LabelledFile*>& files, Part part, const Context& context) {
  condition.seeds.resize(std::max(condition.seeds.size(), seed_index + 1));
  Tally& t = condition.seeds[seed_index];
  Classifier classifier;
  for (const LabelledFile* file : files) {
    std::vector<Window> windows;
    for (const Example& e : windows_of(*file, part)) windows.push_back(e.window);
    const auto rows = classifier.run(model, windows, context);
    for (const auto& row : rows) {
      const int found = best_of(row);
      t.windows += 1;
      t.windows_right += found == file->label;
      t.windows_phase += phase_of(found) == phase_of(file->label);
    }
    const auto p = pooled(rows);
    const int found = best_of(p);
    t.files += 1;
    t.files_right += found == file->label;
    t.files_phase += phase_of(found) == phase_of(file->label);
    condition.answers.push_back(
        {file->path.stem().string(), file->label, found, seed, p[static_cast<std::size_t>(found)]});
  }
}

json spread_of(const std::vector<double>& x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return {{"mean", mean},
          {"standard_deviation",
           x.size() > 1 ? std::sqrt(squares / static_cast<double>(x.size() - 1)) : 0.0},
          {"seeds", x}};
}

// Ten bins of the answers' probability: how many, how sure on average, how many right.
json reliability(const std::vector<Answer>& answers) {
  std::array<double, 10> count{}, sure{}, right{};
  for (const Answer& a : answers) {
    const auto bin =
        static_cast<std::size_t>(std::clamp(static_cast<int>(a.probability * 10), 0, 9));
    count[bin] += 1;
    sure[bin] += a.probability;
    right[bin] += a.found == a.label;
  }
  json out = json::array();
  for (std::size_t b = 0; b < 10; ++b)
    if (count[b] > 0)
      out.push_back({{"from", static_cast<double>(b) / 10},
                     {"answers", count[b]},
                     {"mean_probability", sure[b] / count[b]},
                     {"right", right[b] / count[b]}});
  return out;
}

json figures(const Condition& c) {
  const auto part = [&](auto value) {
    std::vector<double> values;
    for (const Tally& t : c.seeds) values.push_back(value(t));
    return spread_of(values);
  };
  json wrong = json::array();
  for (const Answer& a : c.answers)
    if (a.found != a.label)
      wrong.push_back({{"file", a.file},
                       {"label", class_name(a.label)},
                       {"found", class_name(a.found)},
                       {"probability", a.probability},
                       {"seed", a.seed}});
  return {
      {"file_13_classes", part([](const Tally& t) { return t.files_right / t.files; })},
      {"file_healthy_a_b_c", part([](const Tally& t) { return t.files_phase / t.files; })},
      {"window_13_classes", part([](const Tally& t) { return t.windows_right / t.windows; })},
      {"window_healthy_a_b_c", part([](const Tally& t) { return t.windows_phase / t.windows; })},
      {"calibration_error", calibration_error(c.answers)},
      {"reliability", reliability(c.answers)},
      {"wrong_files", wrong}};
}

// The audit's rule, fixed before training and blind to the network: a recording whose label names a
// fault, but whose own course shows no change of I2/I1, is not counted.
bool kept_by_rule(const LabelledFile& f) { return f.label == 0 || f.changes; }

// For another program's judgement of the same windows.
void write_features(const std::vector<LabelledFile>& files, const fs::path& path) {
  std::string text = "file,part,label,repetition";
  for (const char* name : feature_names()) text += fmt::format(",{}", name);
  text += '\n';
  for (const LabelledFile& file : files)
    for (const auto& [part, windows] :
         {std::pair{"judged", &file.windows}, std::pair{"outside", &file.outside}})
      for (const Example& e : *windows) {
        text += fmt::format("{},{},{},{}", csv_cell(file.path.stem().string()), part, e.label,
                            file.repetition);
        for (const float f : e.window.features) text += fmt::format(",{:.7g}", f);
        text += '\n';
      }
  write_atomically(path, text);
}

class Evaluation {
public:
  Evaluation(const std::vector<LabelledFile>& files, const EvaluateParameters& p, fs::path output)
      : files_(files), p_(p), output_(std::move(output)) {
    for (const LabelledFile& f : files) repetitions_.insert(f.repetition);
    if (repetitions_.size() < 2)
      throw Error(ErrorCode::Usage, "leave-one-repetition-out needs at least two repetitions",
                  "give the whole set");
  }
  void one_seed(std::size_t index, const Context& context);
  json result() const;

private:
  void one_fold(std::size_t index, int repetition, const TrainerOptions& o, const Pretrained& start,
                double temperature, const Context& context);
  const std::vector<LabelledFile>& files_;
  EvaluateParameters p_;
  fs::path output_;
  std::set<int> repetitions_;
  std::map<std::string, Condition> conditions_;
};

void Evaluation::one_seed(std::size_t index, const Context& context) {
  TrainerOptions o = p_.trainer;
  o.seed += static_cast<int>(index);
  const fs::path folder = output_ / fmt::format("seed{}", o.seed);
  const Pretrained start = pretrain(o, folder / "synthetic", context.part(0, 0.3));
  const Graph whole = with_normalisation(start.graph, start.normalisation);
  const double temperature =
      temperature_of(whole, start.validation, folder / "synthetic.onnx", context);
  write_onnx(with_temperature(whole, temperature), folder / "synthetic.onnx");
  std::vector<const LabelledFile*> all;
  for (const LabelledFile& f : files_) all.push_back(&f);
  judge_files(conditions_["synthetic_motors_alone"], index, o.seed, folder / "synthetic.onnx", all,
              Part::Judged, context);
  judge_files(conditions_["synthetic_motors_alone_fault_only"], index, o.seed,
              folder / "synthetic.onnx", all, Part::WithoutReference, context);
  double done = 0.3;
  const double step = 0.7 / static_cast<double>(repetitions_.size());
  for (const int repetition : repetitions_) {
    one_fold(index, repetition, o, start, temperature, context.part(done, done + step));
    done += step;
  }
}

void Evaluation::one_fold(std::size_t index, int repetition, const TrainerOptions& o,
                          const Pretrained& start, double temperature, const Context& context) {
  std::vector<const LabelledFile*> training, test, by_rule;
  for (const LabelledFile& f : files_) {
    if (f.repetition != repetition) training.push_back(&f);
    if (f.repetition == repetition) test.push_back(&f);
    if (f.repetition == repetition && kept_by_rule(f)) by_rule.push_back(&f);
  }
  const auto train = [&](Part part, const std::string& name, const Context& piece) {
    const fs::path folder = output_ / fmt::format("seed{}", o.seed);
    const Graph tuned =
        train_on(start.graph, windows_of(training, part), start.validation, start.normalisation,
                 o.fine_steps, o.fine_learning_rate, o, folder / name, piece);
    const fs::path model = folder / (name + ".onnx");
    write_onnx(with_temperature(with_normalisation(tuned, start.normalisation), temperature),
               model);
    return model;
  };
  const fs::path model =
      train(Part::Judged, fmt::format("without{}", repetition), context.part(0, 0.5));
  const fs::path control =
      train(Part::Outside, fmt::format("control{}", repetition), context.part(0.5, 1));
  const auto judge = [&](const char* name, const fs::path& by, const auto& which, Part part) {
    judge_files(conditions_[name], index, o.seed, by, which, part, context);
  };
  judge("as_published", model, test, Part::Judged);
  judge("with_the_audits_rule", model, by_rule, Part::Judged);
  judge("fault_only", model, test, Part::WithoutReference);
  judge("control_healthy_parts", control, test, Part::Outside);
}

json Evaluation::result() const {
  json out = {{"files", files_.size()},
              {"repetitions", repetitions_.size()},
              {"seeds", p_.seeds},
              {"left_out_by_rule", json::array()}};
  for (const LabelledFile& f : files_)
    if (!kept_by_rule(f)) out["left_out_by_rule"].push_back(f.path.stem().string());
  std::string text = fmt::format("{} files, leave-one-repetition-out over {}, {} seeds\n",
                                 files_.size(), repetitions_.size(), p_.seeds);
  for (const auto& [name, condition] : conditions_) {
    const json f = figures(condition);
    const auto percent = [&](const char* key, const char* what) {
      return 100 * f[key][what].template get<double>();
    };
    text += fmt::format(
        "{:<34} 13 classes {:5.1f} % +- {:.1f} (windows {:5.1f} %), healthy/A/B/C {:5.1f} % +- "
        "{:.1f} (windows {:5.1f} %), ECE {:.3f}\n",
        name, percent("file_13_classes", "mean"), percent("file_13_classes", "standard_deviation"),
        percent("window_13_classes", "mean"), percent("file_healthy_a_b_c", "mean"),
        percent("file_healthy_a_b_c", "standard_deviation"),
        percent("window_healthy_a_b_c", "mean"), f["calibration_error"].get<double>());
    out[name] = f;
  }
  out["text"] =
      text + fmt::format("left out by the audit's rule: {}", out["left_out_by_rule"].dump());
  return out;
}

}

ParameterSpecs evaluate_parameters() { return specs_of<EvaluateParameters>(); }

json evaluate_command(const std::vector<std::string>& paths, const json& parameters,
                      const fs::path& output, const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  const auto files = labelled_files(paths, p.trainer.rate, context.part(0, 0.02));
  Evaluation evaluation(files, p, output);
  for (int s = 0; s < p.seeds; ++s)
    evaluation.one_seed(static_cast<std::size_t>(s),
                        context.part(0.02 + 0.98 * s / p.seeds, 0.02 + 0.98 * (s + 1) / p.seeds));
  write_features(files, output / "features.csv");
  json result = evaluation.result();
  write_atomically(output / "evaluation.json", result.dump(2));
  return result;
}

}

#endif
