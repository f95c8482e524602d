#include "pipelines/lung_ultrasound/cross_validation.h"

#ifdef SENSORIUM_HAS_LEARN

#include "modules/core/error.h"
#include "pipelines/lung_ultrasound/figures.h"
#include "pipelines/lung_ultrasound/phantom_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace sensorium::lung_ultrasound {
using nlohmann::json;
namespace fs = std::filesystem;
namespace {

constexpr int viral = 2; // the class that "three classes" leaves out

json number(double v) { return std::isfinite(v) ? json(v) : json(); }

json pair_json(std::pair<double, double> p) { return {number(p.first), number(p.second)}; }

std::string key_of(const TrainingClip& clip, std::size_t picture, const std::string& split) {
  if (split == "clip") return clip.label.name;
  if (split == "frame") return fmt::format("{}#{}", clip.label.name, picture);
  return clip.label.group;
}

// Of the pictures a reader could read; all, where the pleural line was found in none.
std::optional<Probabilities> clip_answer(const TrainingClip& clip,
                                         const std::vector<std::vector<float>>& logits,
                                         double temperature, const CrossOptions& o) {
  std::vector<Probabilities> parts;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (clip.small.readable[i] == 0) continue;
    const std::vector<double> p = softmax_of(logits[i], temperature);
    Probabilities row{};
    std::copy(p.begin(), p.end(), row.begin());
    parts.push_back(row);
  }
  return pooled(parts, o.rule, o.top);
}

struct SeedAnswers {
  std::vector<std::optional<Probabilities>> of_clip; // calibrated by the other folds' clips
};

SeedAnswers answers_of(const std::vector<TrainingClip>& clips, const HeldOut& held,
                       const CrossOptions& o) {
  std::vector<double> temperature;
  for (int f = 0; f < o.folds; ++f)
    temperature.push_back(
        clip_temperature(clips, held, [&](std::size_t i) { return held.fold[i][0] != f; }));
  SeedAnswers out;
  for (std::size_t i = 0; i < clips.size(); ++i)
    out.of_clip.push_back(clip_answer(clips[i], held.logits[i],
                                      temperature[static_cast<std::size_t>(held.fold[i][0])], o));
  return out;
}

SeedAnswers attention_answers_of(const std::vector<TrainingClip>& clips, const HeldOut& held,
                                 const CrossOptions& o) {
  std::vector<double> temperature;
  for (int f = 0; f < o.folds; ++f)
    temperature.push_back(
        attention_temperature(clips, held, [&](std::size_t i) { return held.fold[i][0] != f; }));
  SeedAnswers out;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    out.of_clip.emplace_back();
    if (held.clip[i].empty()) continue;
    const auto p = softmax_of(held.clip[i], temperature[static_cast<std::size_t>(held.fold[i][0])]);
    std::copy(p.begin(), p.end(), out.of_clip.back().emplace().begin());
  }
  return out;
}

// Over three classes the viral clips are left out and the viral probability is not looked at.
struct Judged {
  std::vector<std::size_t> clips; // those that are judged
  int classes = 4;
  int truth(const std::vector<TrainingClip>& all, std::size_t i) const {
    const int k = all[i].class_index;
    return classes == 3 && k > viral ? k - 1 : k;
  }
  int answer(const std::optional<Probabilities>& p) const {
    if (!p) return -1;
    if (classes == 4) return best_class(*p);
    Probabilities some = *p;
    some[viral] = -1;
    const int k = best_class(some);
    return k > viral ? k - 1 : k;
  }
};

Judged judged(const std::vector<TrainingClip>& clips, int classes, bool pictures) {
  Judged out{.clips = {}, .classes = classes};
  for (std::size_t i = 0; i < clips.size(); ++i)
    if ((clips[i].container == "picture") == pictures &&
        (classes == 4 || clips[i].class_index != viral))
      out.clips.push_back(i);
  return out;
}

double balanced_of(const std::vector<TrainingClip>& clips, const Judged& j,
                   const SeedAnswers& answers, const std::vector<std::size_t>& drawn) {
  std::vector<int> truth, answer;
  for (const std::size_t k : drawn) {
    truth.push_back(j.truth(clips, j.clips[k]));
    answer.push_back(j.answer(answers.of_clip[j.clips[k]]));
  }
  return balanced_accuracy(confusion_of(truth, answer, j.classes));
}

double recall_of(const std::vector<TrainingClip>& clips, const Judged& j,
                 const SeedAnswers& answers, const std::vector<std::size_t>& drawn, int k) {
  double right = 0, all = 0;
  for (const std::size_t d : drawn)
    if (j.truth(clips, j.clips[d]) == k) {
      ++all;
      right += j.answer(answers.of_clip[j.clips[d]]) == k;
    }
  return all > 0 ? right / all : std::nan("");
}

json figures_of(const std::vector<TrainingClip>& clips, const Judged& j,
                const std::vector<SeedAnswers>& seeds, const std::vector<HeldOut>& held,
                const CrossOptions& o) {
  std::vector<std::string> group;
  for (const std::size_t i : j.clips) group.push_back(clips[i].label.group);
  std::vector<std::size_t> all(j.clips.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto over_seeds = [&](const auto& figure) {
    return [&, figure](const std::vector<std::size_t>& drawn) {
      double sum = 0, n = 0;
      for (const SeedAnswers& s : seeds)
        if (const double v = figure(s, drawn); std::isfinite(v)) sum += v, ++n;
      return n > 0 ? sum / n : std::nan("");
    };
  };
  const auto with_interval = [&](const auto& figure) {
    const auto mean = over_seeds(figure);
    return json{{"value", number(mean(all))},
                {"interval_95",
                 pair_json(bootstrap_interval(group, o.rounds,
                                              static_cast<std::uint64_t>(o.first_seed), mean))}};
  };
  json out = {{"clips", j.clips.size()}, {"groups", std::set(group.begin(), group.end()).size()}};
  out["balanced_accuracy"] = with_interval(
      [&](const SeedAnswers& s, const auto& drawn) { return balanced_of(clips, j, s, drawn); });
  json by_seed = json::array(), by_fold = json::array();
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    by_seed.push_back(number(balanced_of(clips, j, seeds[s], all)));
    json row = json::array();
    for (int f = 0; f < o.folds; ++f) {
      std::vector<std::size_t> own;
      for (const std::size_t k : all)
        if (held[s].fold[j.clips[k]][0] == f) own.push_back(k);
      row.push_back(number(balanced_of(clips, j, seeds[s], own)));
    }
    by_fold.push_back(row);
  }
  out["balanced_accuracy_of_each_seed"] = by_seed;
  out["balanced_accuracy_of_each_fold"] = by_fold;
  json recalls = json::object();
  for (int k = 0; k < j.classes; ++k)
    recalls[class_names[static_cast<std::size_t>(j.classes == 3 && k >= viral ? k + 1 : k)]] =
        with_interval([&](const SeedAnswers& s, const auto& drawn) {
          return recall_of(clips, j, s, drawn, k);
        });
  out["recall"] = recalls;
  std::vector<int> truth, answer, right;
  std::vector<double> sure;
  int none = 0;
  for (const SeedAnswers& s : seeds)
    for (const std::size_t i : j.clips) {
      truth.push_back(j.truth(clips, i));
      answer.push_back(j.answer(s.of_clip[i]));
      none += answer.back() < 0;
      if (answer.back() < 0 || j.classes == 3) continue;
      sure.push_back((*s.of_clip[i])[static_cast<std::size_t>(answer.back())]);
      right.push_back(answer.back() == truth.back());
    }
  out["confusion_over_all_seeds"] = confusion_of(truth, answer, j.classes);
  out["uninterpretable"] = static_cast<double>(none) / static_cast<double>(seeds.size());
  if (sure.empty()) return out;
  json bins = json::array();
  for (const ReliabilityBin& b : reliability(sure, right))
    bins.push_back({{"answers", b.count}, {"mean_probability", b.confidence}, {"right", b.right}});
  out["reliability"] = bins;
  out["calibration_error"] = calibration_error(sure, right);
  return out;
}

// Clip network less rule, of the same folds and seeds, with an interval over groups.
json difference_of(const std::vector<TrainingClip>& clips, const Judged& j,
                   const std::vector<SeedAnswers>& attention, const std::vector<SeedAnswers>& rule,
                   const CrossOptions& o) {
  std::vector<std::string> group;
  for (const std::size_t i : j.clips) group.push_back(clips[i].label.group);
  std::vector<std::size_t> all(j.clips.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto mean = [&](const std::vector<std::size_t>& drawn) {
    double sum = 0;
    for (std::size_t s = 0; s < rule.size(); ++s)
      sum += balanced_of(clips, j, attention[s], drawn) - balanced_of(clips, j, rule[s], drawn);
    return sum / static_cast<double>(rule.size());
  };
  return {{"value", number(mean(all))},
          {"interval_95", pair_json(bootstrap_interval(
                              group, o.rounds, static_cast<std::uint64_t>(o.first_seed), mean))}};
}

json container_figures(const std::vector<TrainingClip>& clips, const CrossOptions& o,
                       const fs::path& folder, const Context& context) {
  std::vector<int> truth;
  for (const TrainingClip& c : clips) truth.push_back(c.class_index);
  json out;
  out["class_from_container_alone"] = {
      {"balanced_accuracy_of_4",
       balanced_accuracy(confusion_of(truth, answers_by_container(clips), class_count))}};
  std::map<std::string, int> index;
  for (const TrainingClip& c : clips) index.emplace(c.container, 0);
  int next = 0;
  for (auto& [name, k] : index) k = next++;
  const auto label_of = [&](const TrainingClip& c) { return index.at(c.container); };
  CrossOptions frames_only = o;
  frames_only.trainer.clip_network = "none";
  const HeldOut held = held_out_logits(clips, next, label_of, frames_only,
                                       static_cast<std::uint64_t>(o.first_seed), folder, context);
  std::vector<int> container, answer;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    container.push_back(label_of(clips[i]));
    std::vector<double> sum(static_cast<std::size_t>(next));
    for (const auto& row : held.logits[i]) {
      const auto p = softmax_of(row, 1);
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += p[k];
    }
    answer.push_back(static_cast<int>(std::max_element(sum.begin(), sum.end()) - sum.begin()));
  }
  const Confusion confusion = confusion_of(container, answer, next);
  json names = json::array(), recalls = json::object();
  for (const auto& [name, k] : index) {
    names.push_back(name);
    recalls[name] = number(recall(confusion, k));
  }
  out["container_from_pictures"] = {{"containers", names},
                                    {"balanced_accuracy", balanced_accuracy(confusion)},
                                    {"by_chance", 1.0 / next},
                                    {"recall", recalls},
                                    {"confusion", confusion}};
  return out;
}

// What was answered for each clip and seed, so that figures can be worked out anew.
json answers_json(const std::vector<TrainingClip>& clips, const std::vector<HeldOut>& held,
                  const std::vector<SeedAnswers>& rule, const std::vector<SeedAnswers>& attention,
                  int first_seed) {
  const auto row = [](const std::optional<Probabilities>& p) { return p ? json(*p) : json(); };
  json out = json::array();
  for (std::size_t s = 0; s < held.size(); ++s)
    for (std::size_t i = 0; i < clips.size(); ++i) {
      json one = {{"file", clips[i].label.name},
                  {"patient_group", clips[i].label.group},
                  {"class", clips[i].class_index},
                  {"container", clips[i].container},
                  {"seed", first_seed + static_cast<int>(s)},
                  {"fold", held[s].fold[i][0]},
                  {"rule", row(rule[s].of_clip[i])}};
      if (!attention.empty()) one["attention"] = row(attention[s].of_clip[i]);
      out.push_back(std::move(one));
    }
  return out;
}

}

void describe(ParameterVisitor& v, CrossOptions& o) {
  describe(v, o.trainer);
  v.choice("split", o.split, {"patient_group", "clip", "frame"},
           {.help = "What cross-validation keeps together. Anything but patient_group leaks."});
  v.flag("leaking", o.leaking,
         {.help = "Allow a split that leaks; the figures are labelled so.", .expert = true});
  v.integer("folds", o.folds, {.help = "Parts of the cross-validation.", .min = 2, .max = 50});
  v.integer("seeds", o.seeds,
            {.help = "Cross-validations, each with its own folds.", .min = 1, .max = 100});
  v.flag("container_check", o.container_check,
         {.help = "Also train to name the container, to see what the pictures give away."});
}

HeldOut held_out_logits(const std::vector<TrainingClip>& clips, int classes,
                        const std::function<int(const TrainingClip&)>& label_of,
                        const CrossOptions& o, std::uint64_t seed, const fs::path& folder,
                        const Context& context) {
  std::vector<std::string> key;
  std::vector<int> label;
  std::vector<Example> examples;
  HeldOut out;
  for (const TrainingClip& clip : clips) {
    out.logits.emplace_back(clip.small.pictures.size());
    out.fold.emplace_back(clip.small.pictures.size());
    for (std::size_t i = 0; i < clip.small.pictures.size(); ++i) {
      key.push_back(key_of(clip, i, o.split));
      label.push_back(label_of(clip));
      examples.push_back({&clip.small.pictures[i], label.back(), key.back()});
    }
  }
  const std::vector<int> fold = folds_of(key, label, o.folds, seed);
  const Graph start = first_network(o.trainer, classes, seed, folder / "phantoms",
                                    context.part(0, o.trainer.phantoms > 0 ? 0.3 : 0));
  const bool attention = o.trainer.clip_network == "attention" && o.split != "frame";
  out.clip.resize(attention ? clips.size() : 0);
  for (int f = 0; f < o.folds; ++f) {
    std::vector<Example> training, test;
    std::vector<const Picture*> pictures;
    for (std::size_t i = 0; i < examples.size(); ++i)
      (fold[i] == f ? test : training).push_back(examples[i]);
    for (const Example& e : test) pictures.push_back(e.picture);
    const double from = o.trainer.phantoms > 0 ? 0.3 : 0, step = (1 - from) / o.folds;
    const Context part = context.part(from + f * step, from + (f + 1) * step);
    const fs::path own = folder / fmt::format("fold{}", f);
    const Graph begun = self_supervised(start, training, test, o.trainer, seed,
                                        own.string() + "_unlabelled", part.part(0, 0.4));
    const Graph graph =
        train_network(begun, training, test, o.trainer, seed, own, part.part(0.4, 0.9));
    const auto rows = logits_of(graph, pictures, o.trainer.side);
    std::size_t at = 0, row = 0;
    std::vector<Sequence> known, unknown;
    std::vector<std::size_t> asked;
    for (std::size_t c = 0; c < clips.size(); ++c) {
      const bool held_out = fold[at] == f;
      if (attention) {
        Sequence one = sequence_of(clips[c], label[at]);
        one.group = key_of(clips[c], 0, o.split);
        (held_out ? unknown : known).push_back(std::move(one));
      }
      if (attention && held_out) asked.push_back(c);
      for (std::size_t i = 0; i < clips[c].small.pictures.size(); ++i, ++at)
        if (fold[at] == f) {
          out.logits[c][i] = rows[row++];
          out.fold[c][i] = f;
        }
    }
    if (!attention) continue;
    const Graph head = train_head(graph, known, unknown, classes, o.trainer, seed,
                                  own.string() + "_clips", part.part(0.9, 1));
    const auto answers = clip_logits(graph, head, unknown, o.trainer.side);
    for (std::size_t i = 0; i < asked.size(); ++i) out.clip[asked[i]] = answers[i];
  }
  return out;
}

Sequence sequence_of(const TrainingClip& clip, int label) {
  Sequence out{{}, label, clip.label.group};
  for (std::size_t i = 0; i < clip.small.pictures.size(); ++i)
    if (clip.small.readable[i] != 0) out.pictures.push_back(&clip.small.pictures[i]);
  return out;
}

double attention_temperature(const std::vector<TrainingClip>& clips, const HeldOut& held,
                             const std::function<bool(std::size_t)>& use) {
  return best_temperature([&](double temperature) {
    double sum = 0, n = 0;
    for (std::size_t i = 0; i < clips.size(); ++i) {
      if (!use(i) || held.clip[i].empty()) continue;
      sum -= std::log(
          std::max(1e-9, softmax_of(held.clip[i],
                                    temperature)[static_cast<std::size_t>(clips[i].class_index)]));
      ++n;
    }
    return n > 0 ? sum / n : 0;
  });
}

double clip_temperature(const std::vector<TrainingClip>& clips, const HeldOut& held,
                        const std::function<bool(std::size_t)>& use) {
  return best_temperature([&](double temperature) {
    double sum = 0, n = 0;
    for (std::size_t i = 0; i < clips.size(); ++i) {
      if (!use(i)) continue;
      double p = 0;
      for (const auto& row : held.logits[i])
        p += softmax_of(row, temperature)[static_cast<std::size_t>(clips[i].class_index)];
      sum -= std::log(std::max(1e-9, p / static_cast<double>(held.logits[i].size())));
      ++n;
    }
    return n > 0 ? sum / n : 0;
  });
}

std::vector<int> answers_by_container(const std::vector<TrainingClip>& clips) {
  std::vector<int> out;
  for (const TrainingClip& one : clips) {
    std::vector<int> count(class_count);
    for (const TrainingClip& other : clips)
      if (other.label.group != one.label.group && other.container == one.container)
        ++count[static_cast<std::size_t>(other.class_index)];
    const auto most = std::max_element(count.begin(), count.end());
    out.push_back(*most > 0 ? static_cast<int>(most - count.begin()) : -1);
  }
  return out;
}

json cross_validate(const ClipSet& set, const CrossOptions& o, const fs::path& folder,
                    const Context& context) {
  if (o.split != "patient_group" && !o.leaking)
    throw Error(
        ErrorCode::Usage,
        fmt::format("a split by {} puts pictures of one patient into training and test", o.split),
        "split by patient_group, or add --leaking true; the figures are then labelled so");
  std::vector<HeldOut> held;
  std::vector<SeedAnswers> seeds, attention;
  const int rounds = o.seeds + (o.container_check ? 1 : 0);
  const auto part = [&](int k) {
    return context.part(static_cast<double>(k) / rounds, (k + 1.0) / rounds);
  };
  for (int s = 0; s < o.seeds; ++s) {
    const auto seed = static_cast<std::uint64_t>(o.first_seed + s);
    held.push_back(held_out_logits(
        set.clips, class_count, [](const TrainingClip& c) { return c.class_index; }, o, seed,
        folder / fmt::format("seed{}", seed), part(s)));
    seeds.push_back(answers_of(set.clips, held.back(), o));
    if (!held.back().clip.empty())
      attention.push_back(attention_answers_of(set.clips, held.back(), o));
  }
  json out = {
      {"split", o.split},
      {"leaking", o.split != "patient_group"},
      {"folds", o.folds},
      {"seeds", o.seeds},
      {"rule", o.rule},
      {"clips_four_classes", figures_of(set.clips, judged(set.clips, 4, false), seeds, held, o)},
      {"clips_three_classes", figures_of(set.clips, judged(set.clips, 3, false), seeds, held, o)},
      {"pictures_three_classes",
       figures_of(set.clips, judged(set.clips, 3, true), seeds, held, o)}};
  if (!attention.empty()) {
    double heat = 0;
    for (const HeldOut& h : held)
      heat += attention_temperature(set.clips, h, [](std::size_t) { return true; });
    json& clip = out["clip_network"];
    clip["temperature"] = heat / o.seeds;
    for (const int n : {3, 4}) {
      const Judged some = judged(set.clips, n, false);
      json figures = figures_of(set.clips, some, attention, held, o);
      figures["more_than_the_rule"] = difference_of(set.clips, some, attention, seeds, o);
      clip[n == 3 ? "clips_three_classes" : "clips_four_classes"] = figures;
    }
  }
  if (o.container_check)
    out["container"] = container_figures(set.clips, o, folder / "container", part(o.seeds));
  double temperature = 0;
  for (const HeldOut& h : held)
    temperature += clip_temperature(set.clips, h, [](std::size_t) { return true; });
  out["temperature"] = temperature / o.seeds;
  out["answers"] = answers_json(set.clips, held, seeds, attention, o.first_seed);
  return out;
}

}

#endif
