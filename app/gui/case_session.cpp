#include "app/gui/case_session.h"

#include "app/gui/json_fields.h"
#include "modules/core/dataset_store.h"
#include "modules/core/error.h"
#include "modules/core/recipe.h"

#include <QSettings>

namespace sensorium {
using nlohmann::json;

QString stored_reader() {
  const QString name = QSettings().value("reader").toString().trimmed();
  return name.isEmpty() ? qEnvironmentVariable("USER", "reader") : name;
}

void store_reader(const QString& name) { QSettings().setValue("reader", name.trimmed()); }

CaseSession::CaseSession(QString worker_program, QStringList worker_arguments, CaseStore store,
                         QObject* parent)
    : QObject(parent), worker_(std::move(worker_program), std::move(worker_arguments)),
      store_(std::move(store)) {
  save_timer_.setSingleShot(true);
  save_timer_.setInterval(1200);
  connect(&save_timer_, &QTimer::timeout, this, [this] { settle(); });
  greet();
}

void CaseSession::greet() {
  if (std::exchange(greeting_, true)) return;
  worker_.request("hello", json::object(), [this](const WorkerReply& reply) {
    greeting_ = false;
    if (!reply.ok) {
      emit problem({reply.message, reply.hint, "Retry", [this] { greet(); }});
      return;
    }
    pipelines_.clear();
    try {
      for (const json& info : reply.result.value("pipelines", json::array()))
        pipelines_.push_back(pipeline_info_from_json(info));
      for (const json& device : reply.result.value("devices", json::array()))
        if (const QString id = text_field(device, "id"); id.startsWith("cuda"))
          device_ = "GPU: " + text_field(device, "name");
    } catch (const std::exception& e) {
      emit problem({QString("The worker's list of pipelines is damaged: %1").arg(e.what()),
                    "Install the program again.",
                    {},
                    {}});
    }
    pick_pipeline();
  });
}

const PipelineInfo* CaseSession::pipeline() const {
  for (const PipelineInfo& info : pipelines_)
    if (QString::fromStdString(info.id) == pipeline_) return &info;
  return nullptr;
}

void CaseSession::pick_pipeline() {
  const std::string kind = dataset_ ? std::string(kind_of(*dataset_)) : "volume";
  QString fits;
  for (const PipelineInfo& info : pipelines_) {
    const QString id = QString::fromStdString(info.id);
    // A cube is looked at first: its picture is what opens.
    const bool first = fits.isEmpty() || (id == "hs2rgb" && fits != wanted_pipeline_);
    if (info.input == kind && (first || id == wanted_pipeline_)) fits = id;
  }
  pipeline_ = fits;
  parameters_ = json::object();
  if (const PipelineInfo* info = pipeline())
    for (const ParameterSpec& spec : info->parameters) parameters_[spec.name] = spec.default_value;
  emit pipelines_changed();
}

void CaseSession::choose_pipeline(const QString& id) {
  wanted_pipeline_ = id;
  if (id == pipeline_) return;
  pick_pipeline();
  outdated_ = stage_ == Stage::Analysed;
  emit stage_changed();
}

void CaseSession::set_stage(Stage stage) {
  stage_ = stage;
  emit stage_changed();
}

void CaseSession::begin(const std::string& op, json fields, const QString& title,
                        std::function<void(const json&)> done, std::function<void()> again,
                        Stage on_failure) {
  if (job_ != 0) return;
  if (pipelines_.empty()) greet(); // a worker that died at its first answer named none
  emit job_started(title);
  job_ = worker_.request(
      op, std::move(fields),
      [this, title, done = std::move(done), again = std::move(again),
       on_failure](const WorkerReply& reply) {
        job_ = 0;
        if (reply.ok) {
          try {
            emit job_finished(title + ": done");
            done(reply.result);
          } catch (const Error& e) {
            set_stage(on_failure);
            emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()),
                          "Retry", again});
          } catch (const std::exception& e) {
            set_stage(on_failure);
            emit problem({QString("%1: the worker's answer is damaged (%2)").arg(title, e.what()),
                          "Try again.", "Retry", again});
          }
          return;
        }
        set_stage(on_failure);
        emit job_finished(title + (reply.cancelled() ? ": stopped" : ": failed"));
        if (!reply.cancelled()) fail(reply, title, again);
      },
      [this](double fraction, const QString& what) { emit job_progress(fraction, what); });
}

void CaseSession::fail(const WorkerReply& reply, const QString& what, std::function<void()> again) {
  emit problem({reply.message.isEmpty() ? what + " failed." : reply.message, reply.hint, "Retry",
                std::move(again)});
}

void CaseSession::refuse(const Error& error) {
  emit problem(
      {QString::fromStdString(error.what()), QString::fromStdString(error.hint()), {}, {}});
}

void CaseSession::cancel() {
  if (job_ != 0) worker_.cancel(job_);
}

void CaseSession::run() {
  if (!dataset_ || !pipeline() || job_ != 0) return;
  Recipe recipe;
  recipe.pipeline = pipeline()->id;
  recipe.pipeline_version = pipeline()->version;
  recipe.inputs = {{entry_.source.toStdString(), entry_.sha256.toStdString()}};
  recipe.parameters = parameters_;
  const Stage before = stage_ == Stage::Analysed ? Stage::Analysed : Stage::Opened;
  entry_.pipeline = pipeline_;
  entry_.folder = store_.folder_for(identity_, pipeline_);
  set_stage(Stage::Running);
  loaded_generation_ = -1;
  begin(
      "run", {{"recipe", to_json(recipe)}, {"output", entry_.folder.string()}},
      QString("Running %1").arg(QString::fromStdString(pipeline()->title)),
      [this](const json& result) {
        take_result(result);
        remember(CaseState::Analysed);
      },
      [this] { run(); }, before);
}

void CaseSession::change_parameters(const QString& pipeline, const json& changes) {
  choose_pipeline(pipeline);
  if (pipeline_ != pipeline) return; // it reads another kind of recording
  const json before = parameters_;
  parameters_.update(changes);
  if (parameters_ == before) return;
  outdated_ = stage_ == Stage::Analysed && parameters_ != base_parameters_;
  emit parameters_changed();
  emit stage_changed();
}

void CaseSession::run_with(const QString& pipeline, const json& changes) {
  if (job_ != 0) return;
  change_parameters(pipeline, changes);
  if (pipeline_ == pipeline) run();
}

void CaseSession::restore() {
  set_stage(Stage::Running);
  begin(
      "restore", {{"folder", entry_.folder.string()}, {"recording", entry_.source.toStdString()}},
      "Loading the stored result", [this](const json& result) { take_result(result); },
      [this] { restore(); }, Stage::Opened);
}

void CaseSession::take_result(const json& result) {
  Findings findings = findings_from_json(result.at("findings"));
  std::vector<ResultMap> maps;
  for (const json& item : result.value("artifacts", json::array()))
    maps.push_back(
        {text_field(item, "name"), text_field(item, "caption"),
         std::make_shared<const Dataset>(map_dataset(text_field(item, "store").toStdString()))});
  surfaces_.clear();
  if (const QString store = text_field(result, "surfaces_store"); !store.isEmpty()) {
    const Dataset carrier = map_dataset(store.toStdString());
    if (const auto* volume = std::get_if<Volume>(&carrier)) surfaces_ = volume->surfaces;
  }
  maps_ = std::move(maps);
  findings_ = std::move(findings);
  const json used = findings_.parameters();
  for (auto& [name, value] : used.items())
    if (parameters_.contains(name)) parameters_[name] = value;
  command_ = text_field(result, "command");
  provenance_ = result.value("provenance", json::object());
  if (!provenance_.contains("model")) provenance_["model"] = result.value("model", json::object());
  notes_.clear();
  for (const json& note : result.value("notes", json::array()))
    notes_ << QString::fromStdString(note.get<std::string>());
  for (const std::string& note : findings_.notes) notes_ << QString::fromStdString(note);
  notes_.removeDuplicates();
  if (entry_.sha256.isEmpty()) entry_.sha256 = QString::fromStdString(findings_.input_sha256);
  loaded_generation_ = worker_.generation();
  outdated_ = false;
  base_parameters_ = parameters_;
  std::optional<Error> closed;
  try {
    review_.open(entry_.folder, stored_reader(), *dataset_);
  } catch (const Error& e) {
    closed = e;
  }
  review_.set_findings(findings_, threshold());
  set_stage(Stage::Analysed);
  emit result_changed();
  emit items_changed();
  if (closed) refuse(*closed); // last, so that what is said of the result does not cover it
}

double CaseSession::threshold() const {
  for (const char* name : {"threshold", "probability"})
    if (parameters_.contains(name) && parameters_[name].is_number())
      return parameters_[name].get<double>();
  return 0.5;
}

}
