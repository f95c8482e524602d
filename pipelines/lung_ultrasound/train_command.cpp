#include "pipelines/lung_ultrasound/train_command.h"

#ifndef SENSORIUM_HAS_LEARN

namespace sensorium::lung_ultrasound {
std::vector<PipelineCommand> train_commands() { return {}; }
}

#else

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/learn/model_card.h"
#include "modules/learn/onnx_file.h"
#include "pipelines/lung_ultrasound/cross_validation.h"
#include "pipelines/lung_ultrasound/phantom_trainer.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct TrainParameters {
  CrossOptions cross;
  int seed = 1, rounds = 2000, sign_phantoms = 0;
  bool share_alike = false;
};

void describe(ParameterVisitor& v, TrainParameters& p) {
  describe(v, p.cross);
  v.integer("seed", p.seed, {.help = "Of weights, order and folds.", .min = 0});
  v.integer("rounds", p.rounds,
            {.help = "Bootstrap resamples of patients.", .min = 100, .max = 100000});
  v.integer("sign_phantoms", p.sign_phantoms,
            {.help = "Phantom clips of a second network in the same file that names severity, "
                     "A-lines, B-lines and pictures that show nothing; 0: none.",
             .min = 0,
             .max = 100000});
  v.flag("share_alike", p.share_alike,
         {.help = "Also train on clips whose licence asks to share alike."});
}

std::string licences_of(const ClipSet& set) {
  std::map<std::string, int> count;
  for (const TrainingClip& c : set.clips)
    ++count[c.label.licence.empty() ? "none stated" : c.label.licence];
  std::string out;
  for (const auto& [name, n] : count)
    out += fmt::format("{}{} ({} clips)", out.empty() ? "" : ", ", name, n);
  return out;
}

json files_of(const ClipSet& set) {
  json out = json::array();
  for (const TrainingClip& c : set.clips)
    out.push_back(fmt::format("{} ({}, {})", c.label.name, c.label.group, c.label.licence));
  return out;
}

std::string architecture_of(const TrainerOptions& o, int sign_phantoms) {
  std::string out =
      o.network == "vit"
          ? fmt::format("vision transformer, patches of {}, width {}, {} blocks, 4 heads", o.patch,
                        o.vit_width, o.vit_depth)
          : fmt::format("ResNet, widths {}, {} block(s) a stage, {} norm", o.widths, o.blocks,
                        o.norm);
  if (o.clip_network == "attention")
    out += "; clip network: self-attention and gated attention over the features of frames";
  if (sign_phantoms > 0) out += "; signs network: the same kind once more, on phantoms alone";
  return out;
}

// Every parameter that is not the default, as on a command line.
std::string command_of(const TrainParameters& p) {
  std::string out = "sensorium train lung_ultrasound labels.csv -o DIR";
  const json defaults = parameters_json(TrainParameters{});
  json mine = parameters_json(p);
  mine["container_check"] = defaults.at("container_check"); // train never does it
  for (const auto& [name, value] : mine.items())
    if (value != defaults.at(name))
      out += fmt::format(" --{} {}", name,
                         value.is_string() ? value.get<std::string>() : value.dump());
  return out;
}

ModelCard card_of(const ClipSet& set, const TrainParameters& p, const json& figures) {
  const TrainerOptions& o = p.cross.trainer;
  std::map<std::string, int> clips;
  std::map<std::string, std::set<std::string>> groups;
  for (const TrainingClip& c : set.clips) {
    const char* name = class_names[static_cast<std::size_t>(c.class_index)];
    ++clips[name];
    groups[name].insert(c.label.group);
  }
  ModelCard card;
  card.name = "lung_ultrasound demo";
  card.task = "class of a frame of lung ultrasound";
  card.architecture = architecture_of(o, p.sign_phantoms);
  card.input = fmt::format("[n, 1, {0}, {0}] greys 0 to 1 of the beam, straightened: row = depth, "
                           "column = line",
                           o.side);
  card.normalisation = "inside the graph: each picture to mean 0 and variance 1";
  card.output = "logits [n, 4]: COVID-19, bacterial pneumonia, viral pneumonia, regular; maps "
                "[n, 4, rows, columns]: their class activation maps, whose means are the logits";
  if (o.clip_network == "attention")
    card.output +=
        "; clip [1, 4]: logits of the clip whose frames the n pictures are, in the order "
        "of time; attention [1, n, 1]: what each of them counts";
  if (p.sign_phantoms > 0)
    card.output += "; signs [n, 6]: logits of score 1 or more, 2 or more, 3, A-lines, B-lines, "
                   "uninterpretable";
  card.data = fmt::format(
      "{} clips and pictures of {} of the table given (POCUS dataset: Born et "
      "al. 2021, Appl Sci 11:672){}",
      set.clips.size(),
      [&] {
        std::set<std::string> all;
        for (const auto& c : set.clips) all.insert(c.label.group);
        return fmt::format("{} patient groups", all.size());
      }(),
      o.phantoms > 0 ? fmt::format("; {} phantom clips before", o.phantoms) : "");
  if (p.sign_phantoms > 0)
    card.data += fmt::format("; signs network: {} phantom clips and nothing else", p.sign_phantoms);
  card.data_licence = licences_of(set);
  card.split = {{"kept together", "patient_group"}, {"folds", p.cross.folds}};
  for (const auto& [name, n] : clips)
    card.split["clips"][name] = fmt::format("{} of {} groups", n, groups[name].size());
  card.split["files"] = files_of(set);
  card.metrics = figures;
  card.seed = p.seed;
  card.intended_use = "Non-commercial research demonstration. Not a medical device; not for "
                      "diagnosis or treatment.";
  card.limits =
      "Trained on few patients from many sources; class, device and file type go together "
      "in these data. Figures over patients are in metrics. Viral pneumonia is hardly "
      "represented.";
  card.command = command_of(p);
  return card;
}

json figures_of(const json& cross) {
  json out = json::object();
  const auto take = [](const json& from, json& to) {
    for (const char* part : {"clips_three_classes", "clips_four_classes"})
      for (const char* name : {"balanced_accuracy", "balanced_accuracy_of_each_seed", "recall",
                               "calibration_error", "uninterpretable", "clips", "groups"})
        if (from.at(part).contains(name)) to[part][name] = from.at(part).at(name);
    to["temperature"] = from.at("temperature");
  };
  take(cross, out);
  if (cross.contains("clip_network")) take(cross.at("clip_network"), out["clip_network"]);
  out["of"] = "networks of the same recipe, each judged on patients it was not trained on";
  return out;
}

// One network on all clips, with the parts that were asked for; `figures` gets those of the signs.
Graph network_of(const ClipSet& set, const TrainParameters& p, const json& cross,
                 const fs::path& runs, const Context& context, json& figures) {
  const TrainerOptions& o = p.cross.trainer;
  const auto seed = static_cast<std::uint64_t>(p.seed);
  std::vector<const TrainingClip*> all;
  for (const TrainingClip& c : set.clips) all.push_back(&c);
  const std::vector<Example> training =
      examples_of(all, [](const TrainingClip& c) { return c.class_index; });
  // train() wants something to look at; a blank picture says nothing and chooses nothing.
  const Picture blank(static_cast<std::size_t>(o.side) * o.side, 40);
  const Graph first = first_network(o, class_count, seed, runs / "phantoms", context.part(0, 0.1)),
              begun = self_supervised(first, training, {{&blank, 0, "blank"}}, o, seed,
                                      runs / "all_unlabelled", context.part(0.1, 0.2)),
              trained = train_network(begun, training, {{&blank, 3, "blank"}}, o, seed,
                                      runs / "all", context.part(0.2, 0.6));
  std::optional<ClipPart> clip;
  if (o.clip_network == "attention") {
    std::vector<Sequence> sequences;
    for (const TrainingClip& c : set.clips) sequences.push_back(sequence_of(c, c.class_index));
    clip = {train_head(trained, sequences, {{{&blank}, 3, "blank"}}, class_count, o, seed,
                       runs / "all_clips", context.part(0.6, 0.7)),
            cross.at("clip_network").at("temperature").get<double>()};
  }
  std::optional<Graph> signs;
  if (p.sign_phantoms > 0)
    signs = signs_network(o, p.sign_phantoms, seed, runs / "signs", context.part(0.7, 1),
                          figures["signs_on_phantoms_kept_apart"]);
  return whole_network(trained, cross.at("temperature").get<double>(), clip, signs);
}

// The figures of the recipe by cross-validation, then one network on all clips.
json train_command(const std::vector<std::string>& files, const json& parameters,
                   const fs::path& output, const Context& context) {
  auto p = parameters_from<TrainParameters>(parameters);
  if (files.size() != 1)
    throw Error(ErrorCode::Usage, "one table of labels is needed",
                "sensorium train lung_ultrasound labels.csv -o DIR");
  if (p.cross.split != "patient_group")
    throw Error(ErrorCode::Usage,
                fmt::format("a model is not made with figures of a split by {}", p.cross.split),
                "leaking splits are for 'sensorium evaluate lung_ultrasound' alone");
  p.cross.first_seed = p.seed;
  p.cross.rounds = p.rounds;
  p.cross.container_check = false;
  const TrainerOptions& o = p.cross.trainer;
  const ClipSet set = clip_set(files[0], p.share_alike, o, context.part(0, 0.1));
  const json cross = cross_validate(set, p.cross, output / "runs", context.part(0.1, 0.85));
  write_atomically(output / "cross_validation.json", cross.dump(2) + "\n");
  json figures = figures_of(cross);
  Graph graph = network_of(set, p, cross, output / "runs", context.part(0.85, 1), figures);
  set_card(graph, card_of(set, p, figures));
  const fs::path file = output / "lung_ultrasound.onnx";
  write_onnx(graph, file);
  const json& three = cross.at("clips_three_classes").at("balanced_accuracy");
  json shown = cross;
  shown.erase("answers"); // they are in the file
  json out = {{"model", file.string()},
              {"cross_validation", shown},
              {"balanced_accuracy", three.at("value")}};
  if (cross.contains("clip_network"))
    out["clip_balanced_accuracy"] =
        cross.at("clip_network").at("clips_three_classes").at("balanced_accuracy").at("value");
  out["text"] =
      fmt::format("{}\nbalanced accuracy over {} groups, three classes: {:.3f} "
                  "({:.3f} to {:.3f})",
                  file.string(), cross.at("clips_three_classes").at("groups").dump(),
                  three.at("value").get<double>(), three.at("interval_95")[0].get<double>(),
                  three.at("interval_95")[1].get<double>());
  return out;
}

}

std::vector<PipelineCommand> train_commands() {
  return {{.verb = "train",
           .title = "Train the networks on labelled clips, with cross-validation by patient",
           .parameters = specs_of<TrainParameters>(),
           .run = train_command}};
}

}

#endif
