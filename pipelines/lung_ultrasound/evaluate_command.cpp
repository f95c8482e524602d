#include "pipelines/lung_ultrasound/evaluate_command.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/lung_ultrasound/agreement.h"
#include "pipelines/lung_ultrasound/classifier.h"
#include "pipelines/lung_ultrasound/cross_validation.h"
#include "pipelines/lung_ultrasound/figures.h"
#include "pipelines/lung_ultrasound/labels.h"
#include "pipelines/lung_ultrasound/look.h"
#include "pipelines/lung_ultrasound/parameters.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct EvaluateParameters {
  LungParameters lung;
  int rounds = 2000, seed = 1, pictures = 10;
  std::string method = "signs", model;
  bool share_alike = true;
#ifdef SENSORIUM_HAS_LEARN
  CrossOptions cross;
#endif
};

void describe(ParameterVisitor& v, EvaluateParameters& p) {
  describe(v, p.lung);
  v.choice("method", p.method, {"signs", "cross_validation", "model"},
           {.help =
                "signs: the classical detectors. cross_validation: networks trained on all folds "
                "but one. model: a model as it is."});
  v.text("model", p.model, {.help = "Of the method model; empty: the pipeline's own."});
  v.integer("rounds", p.rounds,
            {.help = "Bootstrap resamples of patients.", .min = 100, .max = 100000});
  v.integer("seed", p.seed, {.help = "Of the bootstrap and the first training.", .min = 0});
  v.flag("share_alike", p.share_alike,
         {.help = "Cross-validation also on clips whose licence asks to share alike."});
#ifdef SENSORIUM_HAS_LEARN
  describe(v, p.cross);
#else
  v.integer("pictures", p.pictures,
            {.help = "Frames taken of each clip, evenly spread.", .min = 1, .max = 200});
#endif
}

struct Clip : LabelledClip {
  ClipScore measured;
  double a_line = 0; // mean height of the repeat over readable frames
  std::string failure;
};

void measure(Clip& clip, Registry& registry, const EvaluateParameters& p, const Context& context) {
  LungParameters without = p.lung;
  without.use_network = false;
  Classifier none;
  context.step(0, clip.file.filename().string());
  const Look look = look_at(registry.open(clip.file), without, {}, none, Context{});
  if (!look.beam.found()) throw Error(ErrorCode::BadInput, look.beam.failure);
  const std::vector<FrameScore> scores = judge(look, without).frames;
  double sum = 0;
  for (const Signs& s : look.signs)
    if (s.pleura_found) sum += s.a_line;
  clip.measured = score_clip(scores, p.lung.score);
  if (clip.measured.readable == 0)
    throw Error(ErrorCode::BadInput, "no frame shows a pleural line");
  clip.a_line = sum / clip.measured.readable;
}

using Figure = std::function<double(const std::vector<const Clip*>&)>;

json with_interval(const std::vector<const Clip*>& clips, const Figure& figure,
                   const EvaluateParameters& p) {
  std::vector<std::string> group;
  for (const Clip* c : clips) group.push_back(c->group);
  const auto [low, high] = bootstrap_interval(group, p.rounds, static_cast<std::uint64_t>(p.seed),
                                              [&](const std::vector<std::size_t>& drawn) {
                                                std::vector<const Clip*> some;
                                                for (const std::size_t i : drawn)
                                                  some.push_back(clips[i]);
                                                return figure(some);
                                              });
  const auto number = [](double v) { return std::isfinite(v) ? json(v) : json(); };
  json out = {{"value", number(figure(clips))},
              {"clips", clips.size()},
              {"patients", std::set(group.begin(), group.end()).size()}};
  if (std::isfinite(low)) out["interval_95"] = {low, high};
  return out;
}

Figure auc_of(std::optional<int> Clip::* label, const std::function<double(const Clip&)>& score) {
  return [label, score](const std::vector<const Clip*>& clips) {
    std::vector<double> scores;
    std::vector<int> positive;
    for (const Clip* c : clips) {
      scores.push_back(score(*c));
      positive.push_back(*(c->*label));
    }
    return area_under_curve(scores, positive);
  };
}

std::vector<const Clip*> labelled(const std::vector<Clip>& clips,
                                  std::optional<int> Clip::* label) {
  std::vector<const Clip*> out;
  for (const Clip& c : clips)
    if (c.failure.empty() && c.*label) out.push_back(&c);
  return out;
}

json severity_figures(const std::vector<Clip>& clips, const EvaluateParameters& p) {
  std::vector<Graded> graded;
  for (const Clip* c : labelled(clips, &Clip::severity))
    graded.push_back({*c->severity, verdict(c->measured, p.lung.rule).value_or(0), c->group});
  return agreement(graded, p.rounds, static_cast<std::uint64_t>(p.seed));
}

std::string csv_of(const std::vector<Clip>& clips) {
  std::string out =
      "file,patient_group,severity,a_lines,b_lines,frames,readable,majority,mean,max,top,"
      "a_line_height,covered,failure\n";
  const auto text = [](const std::optional<int>& v) {
    return v ? std::to_string(*v) : std::string();
  };
  for (const Clip& c : clips)
    out += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{:.3f},{:.3f},{}\n", csv_cell(c.file.filename().string()),
        csv_cell(c.group), text(c.severity), text(c.a_lines), text(c.b_lines), c.measured.frames,
        c.measured.readable, text(c.measured.majority), text(c.measured.mean), text(c.measured.max),
        text(c.measured.top), c.a_line, c.measured.mean_covered, csv_cell(c.failure));
  return out;
}

json evaluate_signs(const fs::path& table, const EvaluateParameters& p, const fs::path& output,
                    const Context& context) {
  std::vector<Clip> clips;
  for (LabelledClip& label : read_labels(table)) clips.push_back({std::move(label), {}, 0, {}});
  FullRegistry registry;
  json failed = json::array();
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const double n = static_cast<double>(clips.size());
    try {
      measure(clips[i], registry, p,
              context.part(static_cast<double>(i) / n, static_cast<double>(i + 1) / n));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled) throw;
      clips[i].failure = e.what();
      failed.push_back({{"file", clips[i].file.filename().string()}, {"reason", e.what()}});
    }
  }
  json out = {{"clips", clips.size()},
              {"not_measured", failed},
              {"rule", p.lung.rule},
              {"severity", severity_figures(clips, p)}};
  out["a_lines_auc"] =
      with_interval(labelled(clips, &Clip::a_lines),
                    auc_of(&Clip::a_lines, [](const Clip& c) { return c.a_line; }), p);
  out["b_lines_auc"] = with_interval(
      labelled(clips, &Clip::b_lines),
      auc_of(&Clip::b_lines, [](const Clip& c) { return c.measured.mean_covered; }), p);
  write_atomically(output / "evaluation.json", out.dump(2) + "\n");
  write_atomically(output / "clips.csv", csv_of(clips));
  return out;
}

// One clip of the table by the model: its readable pictures by the rule; signs by their mean.
struct Answered {
  const LabelledClip* label;
  Probabilities p;
  std::optional<SignProbabilities> signs;
};

std::optional<SignProbabilities> mean_signs(const std::vector<FrameAnswer>& frames) {
  SignProbabilities sum{};
  for (const FrameAnswer& f : frames) {
    if (!f.signs) return std::nullopt;
    for (std::size_t k = 0; k < sign_count; ++k)
      sum[k] += (*f.signs)[k] / static_cast<double>(frames.size());
  }
  return frames.empty() ? std::nullopt : std::optional(sum);
}

std::optional<Probabilities> clip_answer(Classifier& classifier,
                                         const std::vector<Picture>& pictures,
                                         const std::vector<FrameAnswer>& frames,
                                         const LungParameters& p) {
  std::vector<Probabilities> parts;
  for (const FrameAnswer& a : frames) parts.push_back(a.probability);
  if (p.rule != attention_rule) return pooled(parts, p.rule, p.score.top);
  std::vector<Picture> some;
  for (const int k : spread(static_cast<int>(pictures.size()), clip_frames))
    some.push_back(pictures[static_cast<std::size_t>(k)]);
  if (some.empty()) return std::nullopt;
  const auto clip = classifier.run_clip(some);
  if (!clip)
    throw Error(ErrorCode::Usage, "the rule 'attention' needs a model with a clip network",
                "choose another rule, or a model that was trained with --clip_network attention");
  return clip->probability;
}

std::vector<Answered> answers_of(const std::vector<LabelledClip>& labels,
                                 const EvaluateParameters& p, json& failed,
                                 const Context& context) {
  FullRegistry registry;
  Classifier classifier;
  const fs::path own = resources_folder() / "models" / "lung_ultrasound.onnx";
  const int side = classifier.load(p.model.empty() ? own : fs::path(p.model), context);
#ifdef SENSORIUM_HAS_LEARN
  const int pictures = p.cross.trainer.pictures;
#else
  const int pictures = p.pictures;
#endif
  std::vector<Answered> out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    context.step(static_cast<double>(i) / static_cast<double>(labels.size()), labels[i].name);
    const SmallClip clip = small_clip(registry, labels[i].file, pictures, side);
    std::vector<Picture> readable;
    for (std::size_t k = 0; k < clip.pictures.size(); ++k)
      if (clip.readable[k] != 0) readable.push_back(clip.pictures[k]);
    const std::vector<FrameAnswer> frames = classifier.run(readable);
    if (const auto all = clip_answer(classifier, readable, frames, p.lung))
      out.push_back({&labels[i], *all, mean_signs(frames)});
    else
      failed.push_back(
          {{"file", labels[i].name},
           {"reason", clip.failure.empty() ? "no frame shows a pleural line" : clip.failure}});
  }
  return out;
}

json area_json(const std::vector<Answered>& all, std::optional<int> LabelledClip::* label,
               const std::function<double(const Probabilities&)>& score,
               const EvaluateParameters& p) {
  std::vector<double> scores;
  std::vector<int> positive;
  std::vector<std::string> group;
  for (const Answered& a : all)
    if (const auto& truth = a.label->*label) {
      scores.push_back(score(a.p));
      positive.push_back(*truth >= 1 && (label != &LabelledClip::severity || *truth >= 2));
      group.push_back(a.label->group);
    }
  const auto area = [&](const std::vector<std::size_t>& drawn) {
    std::vector<double> some;
    std::vector<int> good;
    for (const std::size_t i : drawn) some.push_back(scores[i]), good.push_back(positive[i]);
    return area_under_curve(some, good);
  };
  const double value = area_under_curve(scores, positive);
  if (!std::isfinite(value)) return json();
  const auto [low, high] =
      bootstrap_interval(group, p.rounds, static_cast<std::uint64_t>(p.seed), area);
  return {{"value", value}, {"interval_95", {low, high}}, {"clips", scores.size()}};
}

// Of the signs network; null where a label or the network is not there.
json signs_json(const std::vector<Answered>& all, const EvaluateParameters& p) {
  std::vector<Answered> known;
  for (const Answered& a : all)
    if (a.signs) known.push_back(a);
  json out = json::object();
  if (known.empty()) return out;
  const auto area = [&](std::optional<int> LabelledClip::* label, std::size_t sign) {
    std::vector<Answered> asked = known;
    for (Answered& a : asked) a.p[0] = (*a.signs)[sign];
    return area_json(asked, label, [](const Probabilities& q) { return q[0]; }, p);
  };
  out["a_lines_auc"] = area(&LabelledClip::a_lines, 3);
  out["b_lines_auc"] = area(&LabelledClip::b_lines, 4);
  for (Answered& a : known) a.p[0] = expected_severity(*a.signs);
  const auto expected = [](const Probabilities& q) { return q[0]; };
  out["severity_2_or_more_auc"] = area_json(known, &LabelledClip::severity, expected, p);
  out["covid_test_auc"] = area_json(known, &LabelledClip::covid_test, expected, p);
  out["uninterpretable_clips"] = std::count_if(
      known.begin(), known.end(), [](const Answered& a) { return (*a.signs)[5] > 0.5; });
  return out;
}

// How often "COVID-19 or not" agrees with the PCR test, beside always giving the same answer.
json covid_test_json(const std::vector<Answered>& all, const EvaluateParameters& p) {
  std::vector<int> right;
  std::vector<std::string> group;
  double positive = 0;
  for (const Answered& a : all)
    if (const auto& truth = a.label->covid_test) {
      right.push_back((best_class(a.p) == 0) == (*truth == 1));
      group.push_back(a.label->group);
      positive += *truth;
    }
  if (right.empty()) return json();
  const auto n = static_cast<double>(right.size());
  const auto share = [&](const std::vector<std::size_t>& drawn) {
    double sum = 0;
    for (const std::size_t i : drawn) sum += right[i];
    return sum / static_cast<double>(drawn.size());
  };
  const auto [low, high] =
      bootstrap_interval(group, p.rounds, static_cast<std::uint64_t>(p.seed), share);
  json out = {{"value", static_cast<double>(std::count(right.begin(), right.end(), 1)) / n},
              {"best_constant", std::max(positive, n - positive) / n},
              {"clips", right.size()}};
  if (std::isfinite(low)) out["interval_95"] = {low, high};
  return out;
}

json evaluate_model(const fs::path& table, const EvaluateParameters& p, const fs::path& output,
                    const Context& context) {
  const std::vector<LabelledClip> labels = read_labels(table);
  json failed = json::array();
  const std::vector<Answered> all = answers_of(labels, p, failed, context);
  std::vector<int> truth, answer;
  for (const Answered& a : all)
    if (a.label->class_index() >= 0) {
      truth.push_back(a.label->class_index());
      answer.push_back(best_class(a.p));
    }
  const Confusion confusion = confusion_of(truth, answer, class_count);
  const auto ill = [](const Probabilities& q) { return 1 - q[3]; };
  std::vector<Graded> graded;
  for (const Answered& a : all)
    if (a.signs && a.label->severity)
      graded.push_back({*a.label->severity,
                        static_cast<int>(std::lround(expected_severity(*a.signs))),
                        a.label->group});
  json out = {{"clips", labels.size()},
              {"not_measured", failed},
              {"rule", p.lung.rule},
              {"severity", agreement(graded, p.rounds, static_cast<std::uint64_t>(p.seed))},
              {"signs_network", signs_json(all, p)},
              {"confusion", confusion},
              {"balanced_accuracy", truth.empty() ? json() : json(balanced_accuracy(confusion))},
              {"covid_test_accuracy", covid_test_json(all, p)},
              {"covid_test_auc",
               area_json(
                   all, &LabelledClip::covid_test, [](const Probabilities& q) { return q[0]; }, p)},
              {"severity_2_or_more_auc", area_json(all, &LabelledClip::severity, ill, p)},
              {"a_lines_auc",
               area_json(
                   all, &LabelledClip::a_lines, [](const Probabilities& q) { return q[3]; }, p)},
              {"b_lines_auc", area_json(all, &LabelledClip::b_lines, ill, p)}};
  std::string csv = "file,patient_group,label";
  for (const char* name : class_names) csv += fmt::format(",{}", name);
  for (const Answered& a : all) {
    csv += fmt::format("\n{},{},{}", csv_cell(a.label->name), csv_cell(a.label->group),
                       csv_cell(a.label->label));
    for (const double v : a.p) csv += fmt::format(",{:.4f}", v);
  }
  write_atomically(output / "evaluation.json", out.dump(2) + "\n");
  write_atomically(output / "clips.csv", csv + "\n");
  return out;
}

json run(const std::vector<std::string>& files, const json& parameters, const fs::path& output,
         const Context& context) {
  const auto p = parameters_from<EvaluateParameters>(parameters);
  if (files.size() != 1)
    throw Error(ErrorCode::Usage, "one table of labels is needed",
                "sensorium evaluate lung_ultrasound labels.csv -o DIR");
  if (p.method != "model" && p.lung.rule == attention_rule)
    throw Error(ErrorCode::Usage, "the rule 'attention' is a model's own",
                "add --method model, or choose majority, mean, max or top");
  if (p.method == "signs") return evaluate_signs(files[0], p, output, context);
  if (p.method == "model") return evaluate_model(files[0], p, output, context);
#ifdef SENSORIUM_HAS_LEARN
  CrossOptions cross = p.cross;
  cross.rounds = p.rounds;
  cross.first_seed = p.seed;
  cross.rule = p.lung.rule;
  cross.top = p.lung.score.top;
  if (cross.split != "patient_group" && !cross.leaking)
    throw Error(ErrorCode::Usage,
                fmt::format("a split by {} puts pictures of one patient into training and test",
                            cross.split),
                "split by patient_group, or add --leaking true; the figures are then labelled so");
  const ClipSet set = clip_set(files[0], p.share_alike, cross.trainer, context.part(0, 0.1));
  json out = cross_validate(set, cross, output / "runs", context.part(0.1, 1));
  for (const auto& [file, reason] : set.absent)
    out["not_measured"].push_back({{"file", file}, {"reason", reason}});
  out["lines_left_out"] = set.left_out;
  write_atomically(output / "evaluation.json", out.dump(2) + "\n");
  return out;
#else
  throw without_networks("train", "choose --method signs");
#endif
}

}

PipelineCommand evaluate_command() {
  return {.verb = "evaluate",
          .title =
              "Signs, or the network, against the labels of a table, with intervals over patients",
          .parameters = specs_of<EvaluateParameters>(),
          .run = run};
}

}
