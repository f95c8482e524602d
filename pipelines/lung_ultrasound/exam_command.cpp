#include "pipelines/lung_ultrasound/exam_command.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/registry.h"
#include "modules/io/builtin.h"
#include "pipelines/lung_ultrasound/exam.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sensorium::lung_ultrasound {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

struct ExamParameters {
  LungParameters lung;
  std::string zones = "12", model;
};

void describe(ParameterVisitor& v, ExamParameters& p) {
  describe(v, p.lung);
  v.choice("zones", p.zones, {"6", "8", "12", "14"}, {.help = "Zone scheme of the exam."});
  v.text("model", p.model, {.help = "An .onnx model; empty: the pipeline's own."});
}

ExamClip look_at_clip(const ExamItem& item, Registry& registry, const ExamParameters& p,
                      const fs::path& model, Classifier& classifier, Video& header,
                      const Context& context) {
  ExamClip clip{.item = item};
  try {
    const Dataset dataset = registry.open(item.file);
    if (const auto* video = std::get_if<Video>(&dataset); video != nullptr && header.frames == 0) {
      header = *video;
      header.pixels = {};
      header.source = {};
    }
    const Look look = look_at(dataset, p.lung, model, classifier, context);
    clip.judgement = judge(look, p.lung);
    if (!look.beam.found()) clip.failure = "uninterpretable: " + look.beam.failure;
    for (std::size_t k = 0; k < look.answers.size(); ++k)
      if (clip.judgement.frames[k].readable) clip.readable.push_back(look.answers[k].probability);
    if (look.clip) clip.attention = look.clip->probability;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::Cancelled || e.code() == ErrorCode::Usage) throw;
    clip.failure = e.what();
  }
  return clip;
}

json exam_json(const std::vector<ExamClip>& clips, const ExamScore& score, const ZoneScheme& scheme,
               const Findings& findings) {
  json zones = json::array(), list = json::array();
  for (const ZoneScore& z : score.zones)
    zones.push_back({{"zone", z.zone.id},
                     {"place", z.zone.title},
                     {"clips", z.clips},
                     {"score", z.score ? json(*z.score) : json()}});
  for (const ExamClip& c : clips) {
    const auto used = c.judgement.classes.used;
    list.push_back(
        {{"file", c.item.file.filename().string()},
         {"zone", c.item.zone},
         {"readable_frames", c.judgement.score.readable},
         {"class", used ? json(class_names[static_cast<std::size_t>(best_class(*used))]) : json()},
         {"probabilities", used ? json(*used) : json()},
         {"failure", c.failure}});
  }
  const auto k = best_class(score.classes.used);
  return {{"scheme", scheme.id},
          {"source", scheme.source},
          {"zones", zones},
          {"total", score.total},
          {"zones_seen", score.seen},
          {"missing", score.missing},
          {"class", k ? json(class_names[static_cast<std::size_t>(*k)]) : json()},
          {"rules_agree", score.classes.agree},
          {"clips", list},
          {"findings", to_json(findings)}};
}

json run(const PipelineInfo& info, const std::vector<std::string>& files, const json& parameters,
         const fs::path& output, const Context& context) {
  const auto p = parameters_from<ExamParameters>(parameters);
  const ZoneScheme scheme = zone_scheme(p.zones);
  const std::vector<ExamItem> items = exam_items(files, scheme);
  const fs::path own = resources_folder() / "models" / info.model;
  const fs::path model = !p.model.empty() ? fs::path(p.model) : fs::exists(own) ? own : fs::path();
  FullRegistry registry;
  Classifier classifier;
  Video header;
  header.origin.path = files.front();
  std::vector<ExamClip> clips;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto n = static_cast<double>(items.size());
    clips.push_back(look_at_clip(
        items[i], registry, p, model, classifier, header,
        context.part(static_cast<double>(i) / n * 0.95, static_cast<double>(i + 1) / n * 0.95)));
  }
  const ExamScore score = score_exam(clips, scheme, p.lung);
  Findings findings = exam_findings(clips, score, scheme, p.lung);
  findings.version = info.version;
  json out = exam_json(clips, score, scheme, findings);
  write_atomically(output / "exam.json", out.dump(1) + "\n");
  out["model_card"] = json::parse(classifier.card_json(), nullptr, false);
  std::string text = fmt::format("{} of {} zones, total score {} (each zone 0 to 2)", score.seen,
                                 score.zones.size(), score.total);
  for (const std::string& note : findings.notes) text += "\n  note: " + note;
  if (!out.at("class").is_null())
    text +=
        fmt::format("\n  class by rule '{}': {}", p.lung.rule, out.at("class").get<std::string>());
  out["text"] = text + "\nresult: " + output.string();
  return out;
}

}

PipelineCommand exam_command(const PipelineInfo& info) {
  return {.verb = "exam",
          .title = "Several clips of one patient: a score for each zone, their sum, one class",
          .parameters = specs_of<ExamParameters>(),
          .run = [info](const std::vector<std::string>& files, const json& parameters,
                        const fs::path& output, const Context& context) {
            return run(info, files, parameters, output, context);
          }};
}

}
