#include "modules/core/error.h"
#include "modules/core/extension.h"
#include "modules/core/parallel.h"

#include "pipelines/lung_ultrasound/evaluate_command.h"
#include "pipelines/lung_ultrasound/marks.h"
#include "pipelines/lung_ultrasound/parameters.h"
#include "pipelines/lung_ultrasound/phantom_command.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace sensorium::lung_ultrasound {
namespace {

PipelineInfo info() {
  PipelineInfo i;
  i.id = "lung_ultrasound";
  i.version = "0.2.0";
  i.title = "Lung ultrasound: pleural line, A-lines, B-lines";
  i.question = "Which signs does the clip show, in which frames, and how do they score?";
  i.input = "video";
  i.maturity = "first step: classical detectors, no network";
  i.intended_use =
      "Research: measures pleural line, A-lines and B-lines in lung ultrasound clips for review by "
      "a reader. Not a medical device; not for diagnosis or treatment.";
  i.limits = "No consolidation and no effusion is seen, so the score ends at 2 of 3. Levels are "
             "empirical. "
             "B-line counts depend on gain and depth. It does not say which disease it is.";
  i.citation = "Signs: Volpicelli 2012 (Intensive Care Med 38:577); score: Rouby 2018 (Am J Respir "
               "Crit Care Med 197:790).";
  i.labels = {"B-line",   "pleural line", "A-line",         "consolidation",
              "effusion", "artefact",     "uninterpretable"};
  i.parameters = specs_of<LungParameters>();
  return i;
}

struct LungAnalysis : Analysis {
  Beam beam;
  std::vector<int> number; // frames of the clip that were looked at
  std::vector<Signs> signs;
};

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, const Context& context) {
  const auto p = parameters_from<LungParameters>(request.parameters);
  auto a = std::make_shared<LungAnalysis>();
  context.step(0, "frames");
  const Frames frames = frames_of(request.dataset, p.frames);
  context.step(0.2, "looking for the beam");
  a->beam = find_beam(frames);
  a->number = frames.number;
  if (!a->beam.found()) {
    a->notes.push_back("Nothing was measured: " + a->beam.failure + ".");
    return a;
  }
  a->notes.push_back(beam_text(a->beam));
  if (frames.grey.size() < 3)
    a->notes.push_back(
        "One frame only: the beam was told from the black surround, not from what moves.");
  a->signs.resize(frames.grey.size());
  std::atomic<int> done = 0;
  parallel_for(static_cast<int>(frames.grey.size()), context.thread_count(), [&](int k) {
    a->signs[static_cast<std::size_t>(k)] =
        signs_of(along_beam(frames.grey[static_cast<std::size_t>(k)], a->beam));
    context.step(0.3 + 0.7 * ++done / static_cast<double>(frames.grey.size()),
                 "signs in each frame");
  });
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
  std::vector<FrameScore> frames;
  for (std::size_t k = 0; k < a.signs.size(); ++k)
    frames.push_back(score_frame(a.signs[k], a.number[k], p.score));
  const ClipScore clip = score_clip(frames, p.score);
  f.nothing_counted = clip.readable == 0;
  if (!a.signs.empty() && clip.readable == 0)
    f.notes.push_back("Uninterpretable: no frame shows a pleural line.");
  if (clip.readable > 0 && !clip.agree)
    f.notes.push_back(
        "The rules disagree: the clip's score depends on how frames are put together.");
  f.summary = summary_of(clip, p.rule);
  f.tables = {verdict_table(clip, p.rule), frame_table(frames)};
  if (clip.readable > 0) f.items = marks_of(a.beam, a.signs, frames, p.score.b_line_level);
  f.items.insert(f.items.begin(), verdict_of(dataset, a.beam, clip, frames, p.rule));
  return f;
}

}

Extension make_extension() {
  PipelineDefinition d;
  d.info = info();
  d.analyse = analyse;
  // Measuring again takes no longer than reading a stored result would.
  d.restore = [](const AnalysisRequest& request, std::vector<Artifact>, std::vector<Surface>,
                 const Context& context) { return analyse(request, context); };
  d.conclude = conclude;
  d.commands = {evaluate_command(), phantom_command()};
  Extension e{.id = "lung_ultrasound", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::lung_ultrasound::make_extension)
