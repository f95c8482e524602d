#include "modules/core/error.h"
#include "modules/core/extension.h"

#include "pipelines/motor_fault/commands.h"
#include "pipelines/motor_fault/diagnose.h"
#include "pipelines/motor_fault/evidence_files.h"
#include "pipelines/motor_fault/follow.h"

#include <nlohmann/json.hpp>

#include <mutex>

namespace sensorium::motor_fault {

namespace {

PipelineInfo info() {
  PipelineInfo i;
  i.id = "motor_fault";
  i.version = "1.0.0";
  i.title = "Motor faults from stator currents";
  i.question = "Which fault does the motor have, in which phase, how severe, and since when?";
  i.input = "recording";
  i.maturity = "research preview";
  i.intended_use =
      "Research and condition monitoring: points an engineer to what to look at in three-phase "
      "stator currents of an induction motor. Not a protection device.";
  i.limits =
      "Phase and severity of inter-turn shorts are learned from a synthetic motor; one real "
      "machine "
      "(0.75 hp, unloaded) was used to check them. Thresholds of fault bands are empirical. Lines "
      "nearer to the fundamental than the record's resolution are not judged.";
  i.citation =
      "C. L. Fortescue, Trans. AIEE 37 (1918); A. J. M. Cardoso et al., Park's vector approach; "
      "Pons-Llinares et al., review of current signature analysis; ITSC set (ibarram, MIT).";
  i.labels = {"inter-turn short", "broken bar", "eccentricity", "bearing", "unsure", "no fault"};
  i.model = "motor_fault.onnx";
  i.parameters = specs_of<MotorParameters>();
  return i;
}

struct MotorAnalysis : Analysis {
  std::shared_ptr<Evidence> evidence; // its files keep it too
};

const Recording& recording_of(const Dataset& dataset) {
  if (const auto* r = std::get_if<Recording>(&dataset)) return *r;
  throw Error(ErrorCode::Unsupported,
              "'" + origin_of(dataset).path + "' is a " + std::string(kind_of(dataset)) +
                  ", not a recording of currents",
              "give a table, COMTRADE, TDMS, WAV, MAT or HDF5 file");
}

std::shared_ptr<const Analysis> analyse(const AnalysisRequest& request, Classifier& classifier,
                                        std::mutex& mutex, const Context& context) {
  const auto p = parameters_from<MotorParameters>(request.parameters);
  const Nameplate nameplate = p.nameplate.empty() ? Nameplate{} : read_nameplate(p.nameplate);
  auto a = std::make_shared<MotorAnalysis>();
  a->evidence = std::make_shared<Evidence>(
      measure(recording_of(request.dataset), p, nameplate, context.part(0, 0.8)));
  a->files = evidence_files(a->evidence, p);
  if (p.nameplate.empty())
    a->notes.push_back("No nameplate was given: bands that need the speed were not judged.");
  if (!p.use_network) return a;
  if (!has_network() || request.model.empty()) {
    a->notes.push_back("No model was found: rules alone name phase and severity.");
    return a;
  }
  context.step(0.85, "network");
  const Section section = judged_section(*a->evidence, p.least_change);
  const std::lock_guard lock(mutex);
  a->evidence->windows = classifier.run(
      request.model,
      section_windows(a->evidence->currents, section.from, section.to, section.reference), context);
  a->evidence->network = !a->evidence->windows.empty();
  a->model_card = classifier.card_json();
  return a;
}

Findings conclude(const Dataset& dataset, const Analysis& analysis,
                  const nlohmann::json& parameters) {
  const auto& a = dynamic_cast<const MotorAnalysis&>(analysis);
  Findings f = diagnose(*a.evidence, parameters_from<MotorParameters>(parameters));
  f.pipeline = "motor_fault";
  f.version = info().version;
  f.input_sha256 = origin_of(dataset).sha256;
  f.parameters_text = parameters.dump();
  f.notes.insert(f.notes.end(), a.notes.begin(), a.notes.end());
  return f;
}

}

Extension make_extension() {
  auto classifier = std::make_shared<Classifier>();
  auto mutex = std::make_shared<std::mutex>();
  PipelineDefinition d;
  d.info = info();
  d.analyse = [classifier, mutex](const AnalysisRequest& request, const Context& context) {
    return analyse(request, *classifier, *mutex, context);
  };
  // Nothing of the analysis is stored: it takes less than a second.
  d.restore = [classifier, mutex](const AnalysisRequest& request, std::vector<Artifact>,
                                  std::vector<Surface>, const Context& context) {
    return analyse(request, *classifier, *mutex, context);
  };
  d.conclude = conclude;
  d.follow = [classifier, mutex](const FollowRequest& request, const FollowSink& sink,
                                 const Context& context) {
    WindowJudge judge;
    const bool wanted = parameters_from<MotorParameters>(request.parameters).use_network;
    if (wanted && has_network() && !request.model.empty())
      judge = [&](const std::vector<Window>& windows) {
        const std::lock_guard lock(*mutex);
        return classifier->run(request.model, windows, context);
      };
    follow(request, judge, sink, context);
  };
  d.commands = commands();
  Extension e{.id = "motor_fault", .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

}

SENSORIUM_EXTENSION(sensorium::motor_fault::make_extension)
