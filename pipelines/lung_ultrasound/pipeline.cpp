#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/file.h"

#include "pipelines/lung_ultrasound/deidentify.h"
#include "pipelines/lung_ultrasound/evaluate_command.h"
#include "pipelines/lung_ultrasound/exam_command.h"
#include "pipelines/lung_ultrasound/follow_command.h"
#include "pipelines/lung_ultrasound/look.h"
#include "pipelines/lung_ultrasound/marks.h"
#include "pipelines/lung_ultrasound/parameters.h"
#include "pipelines/lung_ultrasound/phantom_command.h"
#include "pipelines/lung_ultrasound/train_command.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <mutex>

namespace sensorium::lung_ultrasound {
namespace {

PipelineInfo info() {
  PipelineInfo i;
  i.id = "lung_ultrasound";
  i.version = "0.4.0";
  i.title = "Lung ultrasound: pleural line, A-lines, B-lines, class";
  i.question = "Which signs does the clip show, in which frames, how do they score, and which "
               "class do they look like?";
  i.input = "video";
  i.maturity = "research preview: classical detectors and a small network";
  i.intended_use =
      "Research: measures pleural line, A-lines and B-lines in lung ultrasound clips for review by "
      "a reader. Not a medical device; not for diagnosis or treatment.";
  i.limits =
      "No consolidation and no effusion is seen, so the score ends at 2 of 3. Levels are "
      "empirical. "
      "B-line counts depend on gain and depth. The class comes from a network trained on few "
      "patients of many sources; its figures over patients are in the model card.";
  i.citation = "Signs: Volpicelli 2012 (Intensive Care Med 38:577); score: Rouby 2018 (Am J Respir "
               "Crit Care Med 197:790).";
  i.labels = {"B-line",   "pleural line", "A-line",         "consolidation",
              "effusion", "artefact",     "uninterpretable"};
  i.labels.insert(i.labels.end(), class_names.begin(), class_names.end());
  i.model = "lung_ultrasound.onnx";
  i.parameters = specs_of<LungParameters>();
  return i;
}

struct LungAnalysis : Analysis {
  Look look;
};

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, Classifier& classifier,
                                        std::mutex& mutex, const Context& context) {
  const auto p = parameters_from<LungParameters>(request.parameters);
  auto a = std::make_shared<LungAnalysis>();
  const std::lock_guard lock(mutex);
  a->look = look_at(request.dataset, p, request.model, classifier, context);
  a->notes = a->look.notes;
  if (!a->look.answers.empty()) a->model_card = classifier.card_json();
  a->artifacts = activation_maps(a->look);
  return a;
}

Findings conclude(const Dataset& dataset, const Analysis& analysis,
                  const nlohmann::json& parameters) {
  const auto p = parameters_from<LungParameters>(parameters);
  const auto& a = dynamic_cast<const LungAnalysis&>(analysis);
  Findings f;
  f.pipeline = "lung_ultrasound";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters_json(p).dump();
  f.notes = a.notes;
  const auto [frames, clip, classes] = judge(a.look, p);
  f.nothing_counted = clip.readable == 0;
  if (!a.look.signs.empty() && clip.readable == 0)
    f.notes.push_back("Uninterpretable: no frame shows a pleural line.");
  if (clip.readable > 0 && !clip.agree)
    f.notes.push_back(
        "The rules disagree: the clip's score depends on how frames are put together.");
  if (!classes.agree)
    f.notes.push_back(
        "The rules disagree: the clip's class depends on how frames are put together.");
  f.summary = summary_of(clip, classes, p.rule);
  for (Measure& m : network_signs(frames, a.look.answers)) f.summary.push_back(std::move(m));
  f.tables = {verdict_table(clip, classes, p.rule),
              frame_table(frames, a.look.answers, a.look.attention)};
  if (clip.readable > 0)
    f.items = marks_of(a.look.beam, a.look.signs, frames, p.score.b_line_level);
  if (auto named = class_finding(dataset, classes, p.rule))
    f.items.insert(f.items.begin(), std::move(*named));
  f.items.insert(f.items.begin(), verdict_of(dataset, a.look.beam, clip, frames, p.rule));
  return f;
}

}

Extension make_extension() {
  PipelineDefinition d;
  d.info = info();
  auto classifier = std::make_shared<Classifier>();
  auto mutex = std::make_shared<std::mutex>();
  d.analyse = [classifier, mutex](const AnalysisRequest& request, const Context& context) {
    return analyse(request, *classifier, *mutex, context);
  };
  // Measuring again takes no longer than reading a stored result would.
  d.restore = [classifier, mutex](const AnalysisRequest& request, std::vector<Artifact>,
                                  std::vector<Surface>, const Context& context) {
    return analyse(request, *classifier, *mutex, context);
  };
  d.conclude = conclude;
  d.commands = {evaluate_command(), phantom_command(), exam_command(d.info), deidentify_command()};
  d.follow = [own = resources_folder() / "models" / d.info.model](
                 const FollowRequest& request, const FollowSink& sink, const Context& context) {
    follow_stream(request, own, sink, context);
  };
  for (PipelineCommand& command : train_commands()) d.commands.push_back(std::move(command));
  Extension e{.id = "lung_ultrasound", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::lung_ultrasound::make_extension)
