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

#include <fmt/format.h>

#include <map>
#include <set>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct TrainParameters {
  CrossOptions cross;
  int seed = 1, rounds = 2000;
  bool share_alike = false;
};

void describe(ParameterVisitor& v, TrainParameters& p) {
  describe(v, p.cross);
  v.integer("seed", p.seed, {.help = "Of weights, order and folds.", .min = 0});
  v.integer("rounds", p.rounds,
            {.help = "Bootstrap resamples of patients.", .min = 100, .max = 100000});
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
  card.architecture =
      fmt::format("ResNet, widths {}, {} block(s) a stage, {} norm", o.widths, o.blocks, o.norm);
  card.input = fmt::format("[n, 1, {0}, {0}] greys 0 to 1 of the beam, straightened: row = depth, "
                           "column = line",
                           o.side);
  card.normalisation = "inside the graph: each picture to mean 0 and variance 1";
  card.output = "logits [n, 4]: COVID-19, bacterial pneumonia, viral pneumonia, regular; maps "
                "[n, 4, rows, columns]: their class activation maps, whose means are the logits";
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
  card.command =
      fmt::format("sensorium train lung_ultrasound labels.csv -o DIR --seed {} --seeds {} "
                  "--steps {} --phantoms {} --widths {} --side {} --pictures {}{}",
                  p.seed, p.cross.seeds, o.steps, o.phantoms, o.widths, o.side, o.pictures,
                  p.share_alike ? " --share_alike true" : "");
  return card;
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
  std::vector<const TrainingClip*> all;
  for (const TrainingClip& c : set.clips) all.push_back(&c);
  const auto seed = static_cast<std::uint64_t>(p.seed);
  const Graph start =
      first_network(o, class_count, seed, output / "runs" / "phantoms", context.part(0.85, 0.9));
  const std::vector<Example> training =
      examples_of(all, [](const TrainingClip& c) { return c.class_index; });
  // train() wants something to look at; a blank picture says nothing and chooses nothing.
  const Picture blank(static_cast<std::size_t>(o.side) * o.side, 40);
  const Graph trained = train_network(start, training, {{&blank, 3, "blank"}}, o, seed,
                                      output / "runs" / "all", context.part(0.9, 1));
  Graph graph = with_maps(trained, cross.at("temperature").get<double>());
  json figures = json::object();
  for (const char* part : {"clips_three_classes", "clips_four_classes"}) {
    const json& from = cross.at(part);
    for (const char* name : {"balanced_accuracy", "balanced_accuracy_of_each_seed", "recall",
                             "calibration_error", "uninterpretable", "clips", "groups"})
      if (from.contains(name)) figures[part][name] = from.at(name);
  }
  figures["of"] = "networks of the same recipe, each judged on patients it was not trained on";
  figures["temperature"] = cross.at("temperature");
  set_card(graph, card_of(set, p, figures));
  const fs::path file = output / "lung_ultrasound.onnx";
  write_onnx(graph, file);
  const json& three = cross.at("clips_three_classes").at("balanced_accuracy");
  return {{"model", file.string()},
          {"cross_validation", cross},
          {"text",
           fmt::format("{}\nbalanced accuracy over {} groups, three classes: {:.3f} "
                       "({:.3f} to {:.3f})",
                       file.string(), cross.at("clips_three_classes").at("groups").dump(),
                       three.at("value").get<double>(), three.at("interval_95")[0].get<double>(),
                       three.at("interval_95")[1].get<double>())}};
}

}

std::vector<PipelineCommand> train_commands() {
  return {{.verb = "train",
           .title = "Train the frame network on labelled clips, with cross-validation by patient",
           .parameters = specs_of<TrainParameters>(),
           .run = train_command}};
}

}

#endif
