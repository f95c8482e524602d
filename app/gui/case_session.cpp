#include "app/gui/case_session.h"

#include "modules/core/dataset_store.h"
#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/core/recipe.h"
#include "modules/report/report.h"
#include "modules/report/result_folder.h"
#include "modules/review/reviewed.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>
#include <QSettings>
#include <QThreadPool>

#include <cmath>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

QString text(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? QString::fromStdString(found->get<std::string>())
             : QString();
}

QString name_of_file(const QString& path) { return QFileInfo(path).fileName(); }

// A recording too large to be hashed while it is opened is known by place, size and time until a
// run has hashed it.
QString identity_of(const Dataset& dataset, const QString& path) {
  const Origin& origin = origin_of(dataset);
  if (!origin.sha256.empty()) return QString::fromStdString(origin.sha256);
  const QFileInfo file(path);
  const QString known = QString("%1\n%2\n%3")
                            .arg(file.absoluteFilePath())
                            .arg(file.size())
                            .arg(file.lastModified().toMSecsSinceEpoch());
  return "p" + QString::fromStdString(sha256(known.toStdString()));
}

}

// A case that is not the open one, as this reader may see it.
static ShownVisit shown_visit(const CaseEntry& entry, std::shared_ptr<const Dataset> dataset,
                              const std::string& reader) {
  const StoredResult stored = read_result_folder(entry.folder, {});
  const CaseResult& result = stored.result;
  std::array<Spacing, 3> spacing;
  ShownVisit out{.visit = {}, .dataset = dataset, .surfaces = result.surfaces, .items = nullptr};
  Visit& v = out.visit;
  if (const auto* volume = std::get_if<Volume>(dataset.get())) {
    spacing = volume->spacing;
    v.laterality = volume->laterality;
    v.scale_known = volume->spacing[0].known();
    if (out.surfaces.empty()) out.surfaces = volume->surfaces;
  }
  const auto log = ReviewLog::open(entry.folder / "review.sqlite", ReviewLog::Mode::ReadOnly);
  const std::vector<Event> seen = visible_events(log->events(), reader);
  const ReviewState state = fold(result.findings, seen, speaking_consensus(seen), &spacing);
  v.name = entry.title.toStdString();
  v.patient = origin_of(*dataset).patient.id;
  v.pipeline = result.findings.pipeline;
  v.version = result.findings.version;
  v.model_sha256 = text(result.provenance.value("model", json::object()), "sha256").toStdString();
  v.parameters = result.findings.parameters();
  v.signed_case = state.is_signed();
  v.findings = reviewed_findings(result.findings, state).items;
  out.items = items_of(state, 0.5);
  return out;
}

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
        if (const QString id = text(device, "id"); id.startsWith("cuda"))
          device_ = "GPU: " + text(device, "name");
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

void CaseSession::cancel() {
  if (job_ != 0) worker_.cancel(job_);
}

void CaseSession::open_file(const QString& path, bool run_when_new) {
  if (job_ != 0) return;
  const Stage before = stage_;
  opening_ = {};
  set_stage(Stage::Opening);
  begin(
      "open", {{"path", path.toStdString()}}, "Opening " + name_of_file(path),
      [this, path, run_when_new](const json& result) { take_dataset(result, path, run_when_new); },
      [this, path, run_when_new] { open_file(path, run_when_new); }, before);
}

void CaseSession::open_case(const QString& folder) {
  if (job_ != 0) return;
  CaseEntry entry;
  try {
    entry = CaseStore::read(folder.toStdString());
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
    return;
  }
  if (!QFileInfo::exists(entry.source)) {
    emit problem({QString("The recording of this case is no longer at %1.").arg(entry.source),
                  "Show where it is now, or put it back. It is recognised by its content.",
                  "Find the recording",
                  {},
                  [this, folder](const QString& file) { relocate_case(folder, file); }});
    return;
  }
  open_entry(entry, [this, folder] { open_case(folder); });
}

void CaseSession::open_entry(const CaseEntry& entry, std::function<void()> again) {
  const Stage before = stage_;
  set_stage(Stage::Opening);
  begin(
      "open", {{"path", entry.source.toStdString()}}, "Opening " + entry.title,
      [this, entry](const json& result) {
        opening_ = entry;
        take_dataset(result, entry.source, false);
      },
      std::move(again), before);
}

void CaseSession::relocate_case(const QString& folder, const QString& recording) {
  if (job_ != 0) return;
  try {
    CaseEntry entry = CaseStore::read(folder.toStdString());
    entry.source = recording;
    entry.title = name_of_file(recording);
    open_entry(entry, [this, folder, recording] { relocate_case(folder, recording); });
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
}

void CaseSession::take_dataset(const json& result, const QString& path, bool run_when_new) {
  auto dataset = std::make_shared<const Dataset>(map_dataset(text(result, "store").toStdString()));
  const QString hash = QString::fromStdString(origin_of(*dataset).sha256);
  if (!opening_.sha256.isEmpty() && !hash.isEmpty() && opening_.sha256 != hash) {
    set_stage(dataset_ ? stage_ : Stage::Empty);
    emit problem(
        {QString("%1 is not the file that this case was made from: its content has changed.")
             .arg(path),
         "Find the original file, or open this one as a new case.", "Open as a new case",
         [this, path] { open_file(path); }});
    return;
  }
  review_.close();
  dataset_ = std::move(dataset);
  findings_ = {};
  maps_.clear();
  surfaces_.clear();
  notes_.clear();
  command_.clear();
  provenance_ = json::object();
  outdated_ = false;
  loaded_generation_ = -1;
  if (!opening_.pipeline.isEmpty()) wanted_pipeline_ = opening_.pipeline;
  pick_pipeline();
  identity_ = identity_of(*dataset_, path);
  entry_ = {.folder =
                opening_.folder.empty() ? store_.folder_for(identity_, pipeline_) : opening_.folder,
            .source = QFileInfo(path).absoluteFilePath(),
            .title = name_of_file(path),
            .sha256 = hash,
            .pipeline = pipeline_,
            .state = CaseState::New,
            .opened = QDateTime::currentDateTimeUtc()};
  if (fs::exists(entry_.folder / "case.json")) entry_.state = CaseStore::read(entry_.folder).state;
  remember_recent(entry_.source);
  remember(entry_.state);
  set_stage(Stage::Opened);
  emit dataset_changed();
  emit items_changed();
  if (entry_.complete() && pipeline())
    restore();
  else if (run_when_new && pipeline())
    run();
}

void CaseSession::remember(CaseState at_least) {
  entry_.state = std::max(entry_.state, at_least);
  try {
    store_.remember(entry_);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
  emit cases_changed();
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
      "restore", {{"folder", entry_.folder.string()}}, "Loading the stored result",
      [this](const json& result) { take_result(result); }, [this] { restore(); }, Stage::Opened);
}

void CaseSession::take_result(const json& result) {
  Findings findings = findings_from_json(result.at("findings"));
  std::vector<ResultMap> maps;
  for (const json& item : result.value("artifacts", json::array()))
    maps.push_back(
        {text(item, "name"), text(item, "caption"),
         std::make_shared<const Dataset>(map_dataset(text(item, "store").toStdString()))});
  surfaces_.clear();
  if (const QString store = text(result, "surfaces_store"); !store.isEmpty()) {
    const Dataset carrier = map_dataset(store.toStdString());
    if (const auto* volume = std::get_if<Volume>(&carrier)) surfaces_ = volume->surfaces;
  }
  maps_ = std::move(maps);
  findings_ = std::move(findings);
  const json used = findings_.parameters();
  for (auto& [name, value] : used.items())
    if (parameters_.contains(name)) parameters_[name] = value;
  command_ = text(result, "command");
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
  try {
    review_.open(entry_.folder, stored_reader(), *dataset_);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
  review_.set_findings(findings_, threshold());
  set_stage(Stage::Analysed);
  emit result_changed();
  emit items_changed();
}

double CaseSession::threshold() const {
  for (const char* name : {"threshold", "probability"})
    if (parameters_.contains(name) && parameters_[name].is_number())
      return parameters_[name].get<double>();
  return 0.5;
}

void CaseSession::set_parameters(const json& parameters, bool live) {
  parameters_ = parameters;
  if (stage_ != Stage::Analysed) return emit stage_changed();
  if (!live) {
    outdated_ = true;
    emit stage_changed();
    return;
  }
  conclude();
}

// A worker that was started anew gets the case again.
void CaseSession::ensure_loaded() {
  if (worker_.process_id() != 0 && worker_.generation() == loaded_generation_) return;
  worker_.request("restore", {{"folder", entry_.folder.string()}}, [](const WorkerReply&) {});
  loaded_generation_ = worker_.generation();
}

// At most one in flight; what the slider passed meanwhile is skipped.
void CaseSession::conclude() {
  if (concluding_) {
    conclude_again_ = true;
    return;
  }
  if (job_ != 0) return;
  ensure_loaded();
  concluding_ = true;
  recount_.start();
  worker_.request("conclude", {{"parameters", parameters_}}, [this](const WorkerReply& reply) {
    concluding_ = false;
    if (!reply.ok) {
      conclude_again_ = false;
      fail(reply, "Counting again", [this] { conclude(); });
      return;
    }
    try {
      take_findings(reply.result.at("findings"));
    } catch (const std::exception& e) {
      emit problem({QString("Counting again failed: %1").arg(e.what()), "Try again.", "Retry",
                    [this] { conclude(); }});
    }
    recount_ms_ = static_cast<double>(recount_.nsecsElapsed()) / 1e6;
    if (std::exchange(conclude_again_, false))
      conclude();
    else
      save_later();
  });
}

void CaseSession::take_findings(const json& findings) {
  findings_ = findings_from_json(findings);
  review_.set_findings(findings_, threshold());
  emit items_changed();
}

void CaseSession::save_later() { save_timer_.start(); }

// A slider came to rest: its value is an event, and the stored result follows it.
void CaseSession::settle() {
  if (stage_ != Stage::Analysed || concluding_) return;
  change([this] { review_.choose_parameters(live_parameters()); });
  if (worker_.generation() == loaded_generation_)
    worker_.request("save", {{"parameters", parameters_}}, {});
}

json CaseSession::live_parameters() const {
  json out = json::object();
  if (const PipelineInfo* info = pipeline())
    for (const ParameterSpec& spec : info->parameters)
      if (spec.about.live) out[spec.name] = parameters_.at(spec.name);
  return out;
}

// After undo or redo: the parameters that the log has in force.
void CaseSession::follow_parameters() {
  json wanted = base_parameters_;
  wanted.update(review_.state().parameters);
  if (wanted == parameters_ || stage_ != Stage::Analysed) return;
  parameters_ = wanted;
  emit parameters_changed();
  conclude();
}

void CaseSession::change(const std::function<void()>& edit) {
  if (stage_ != Stage::Analysed) return;
  try {
    edit();
    if (entry_.state < CaseState::InReview) remember(CaseState::InReview);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
  emit items_changed();
}

void CaseSession::accept(const QString& id) {
  change([&] { review_.accept(id); });
}

void CaseSession::reject(const QString& id) {
  change([&] { review_.reject(id); });
}

void CaseSession::relabel(const QString& id, int key) {
  const PipelineInfo* info = pipeline();
  if (id.isEmpty() || !info || key < 1 || key > static_cast<int>(info->labels.size())) return;
  relabel_to(id, QString::fromStdString(info->labels[static_cast<std::size_t>(key - 1)]));
}

void CaseSession::relabel_to(const QString& id, const QString& label) {
  change([&] { review_.relabel(id, label); });
}

void CaseSession::paint(const QString& selected, const std::vector<Run>& runs, bool erase) {
  const PipelineInfo* info = pipeline();
  const QString label =
      info && !info->labels.empty() ? QString::fromStdString(info->labels.front()) : "focus";
  change([&] { review_.paint(selected, runs, erase, label); });
}

void CaseSession::measure(int slice, QPointF from, QPointF to) {
  change([&] { review_.measure(slice, from, to); });
}

void CaseSession::set_fovea(QPointF voxel) {
  const bool counted = parameters_.contains("fovea_x") && parameters_.contains("fovea_z");
  if (!counted) return change([&] { review_.fovea(voxel.x(), voxel.y()); });
  change([&] {
    parameters_["fovea_x"] = std::round(voxel.x());
    parameters_["fovea_z"] = std::round(voxel.y());
    review_.choose_parameters(live_parameters());
  });
  emit parameters_changed();
  conclude();
}

std::optional<QPointF> CaseSession::fovea() const {
  const double x = parameters_.value("fovea_x", -1.0), z = parameters_.value("fovea_z", -1.0);
  if (x >= 0 && z >= 0) return QPointF(x, z);
  if (const auto& at = review_.state().fovea) return QPointF((*at)[0], (*at)[1]);
  return std::nullopt;
}

void CaseSession::import_mask(const QString& file) {
  if (stage_ != Stage::Analysed) return;
  ensure_loaded();
  begin(
      "import", {{"file", file.toStdString()}, {"reader", reader().toStdString()}},
      "Importing " + name_of_file(file),
      [this, file](const json& result) {
        change([&] { review_.import_layer(result.at("data")); });
        QStringList notes;
        for (const json& note : result.value("notes", json::array()))
          notes << QString::fromStdString(note.get<std::string>());
        emit news(QString("%1 findings imported from %2 as drawn by %3. %4")
                      .arg(result.value("findings", 0))
                      .arg(name_of_file(file), reader(), notes.join(" ")));
      },
      [this, file] { import_mask(file); }, stage_);
}

QString CaseSession::reader() const {
  return review_.is_open() ? review_.reader() : stored_reader();
}

void CaseSession::set_reader(const QString& name) {
  if (name.trimmed().isEmpty()) return;
  store_reader(name);
  if (review_.is_open()) review_.set_reader(name.trimmed());
  emit items_changed();
  follow_parameters();
}

void CaseSession::start_blinded_read(const QStringList& readers) {
  change([&] { review_.start_blinded(readers); });
}

void CaseSession::sign_layer() {
  change([&] { review_.sign_layer("Read and signed in Sensorium. Not a medical device."); });
}

void CaseSession::desk_changed() {
  review_.take_in();
  if (entry_.state < CaseState::InReview) remember(CaseState::InReview);
}

ShownVisit CaseSession::visit() const {
  ShownVisit out{.visit = {}, .dataset = dataset_, .surfaces = surfaces_, .items = review_.items()};
  Visit& v = out.visit;
  v.name = entry_.title.toStdString();
  v.patient = origin_of(*dataset_).patient.id;
  if (const auto* volume = std::get_if<Volume>(dataset_.get())) {
    v.laterality = volume->laterality;
    v.scale_known = volume->spacing[0].known();
  }
  v.pipeline = findings_.pipeline;
  v.version = findings_.version;
  v.model_sha256 = text(provenance_.value("model", json::object()), "sha256").toStdString();
  v.parameters = findings_.parameters();
  v.signed_case = review_.is_signed();
  v.findings = reviewed_findings(findings_, review_.speaking_state()).items;
  return out;
}

void CaseSession::load_visit(const QString& folder, std::function<void(const ShownVisit&)> done) {
  if (job_ != 0) return;
  try {
    const CaseEntry entry = CaseStore::read(folder.toStdString());
    begin(
        "open", {{"path", entry.source.toStdString()}}, "Opening " + entry.title,
        [this, entry, done](const json& result) {
          auto dataset =
              std::make_shared<const Dataset>(map_dataset(text(result, "store").toStdString()));
          if (!entry.sha256.isEmpty() &&
              QString::fromStdString(origin_of(*dataset).sha256) != entry.sha256)
            throw Error(ErrorCode::Conflict,
                        "'" + entry.source.toStdString() +
                            "' is not the file that its case was made from",
                        "find the original file");
          done(shown_visit(entry, std::move(dataset), reader().toStdString()));
        },
        [this, folder, done] { load_visit(folder, done); }, stage_);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), {}, {}});
  }
}

void CaseSession::undo() {
  change([&] { review_.undo(); });
  follow_parameters();
}

void CaseSession::redo() {
  change([&] { review_.redo(); });
  follow_parameters();
}

void CaseSession::note(const QString& id, const QString& text) {
  change([&] { review_.note(id, text); });
}

void CaseSession::sign() {
  change([&] {
    review_.sign("Reviewed and signed in Sensorium. Not a medical device.");
    remember(CaseState::Signed);
  });
  set_stage(stage_);
}

void CaseSession::export_to(const QString& file) {
  if (stage_ != Stage::Analysed) return;
  if (file.endsWith(".csv", Qt::CaseInsensitive)) return export_csv(file);
  export_map(file.endsWith(".dcm", Qt::CaseInsensitive)   ? "dicom_seg"
             : file.contains(".nii", Qt::CaseInsensitive) ? "nifti"
                                                          : "nrrd",
             file);
}

void CaseSession::export_csv(const QString& file) {
  try {
    write_atomically(file.toStdString(), reviewed_csv(review_.speaking_state()));
    emit job_finished("Written: " + file);
  } catch (const Error& e) {
    emit problem({QString::fromStdString(e.what()), QString::fromStdString(e.hint()), "Retry",
                  [this, file] { export_csv(file); }});
  }
}

void CaseSession::export_map(const QString& format, const QString& file) {
  ensure_loaded();
  json fields{{"folder", entry_.folder.string()},
              {"format", format.toStdString()},
              {"file", file.toStdString()}};
  if (review_.protocol().closed()) fields["reader"] = reader().toStdString();
  begin(
      "export", fields, "Exporting " + name_of_file(file), [](const json&) {},
      [this, format, file] { export_map(format, file); }, stage_);
}

// Written in a thread from values that nobody else changes; the worker is not needed.
void CaseSession::write_report(const QString& file, bool deidentified) {
  if (stage_ != Stage::Analysed || reporting_) return;
  reporting_ = true;
  emit job_started("Writing the report");
  struct Values {
    std::shared_ptr<const Dataset> dataset;
    Findings findings;
    ReviewState review;
    json provenance, card;
    std::optional<PipelineInfo> pipeline;
    std::string command, reader, statement, log_hash, log_text;
    std::vector<Surface> surfaces;
  };
  auto values = std::make_shared<Values>();
  *values = {.dataset = dataset_,
             .findings = findings_,
             .review = review_.speaking_state(),
             .provenance = provenance_};
  const json model = provenance_.value("model", json::object());
  if (model.is_object() && model.contains("card") && model["card"].is_object())
    values->card = model["card"];
  if (pipeline()) values->pipeline = *pipeline();
  values->command = command_.toStdString();
  values->reader = review_.speaker().toStdString();
  values->surfaces = surfaces_;
  values->statement = review_.state().last_event_time.empty()
                          ? "as proposed by " + findings_.pipeline
                          : "as reviewed by " + values->reader;
  if (review_.log()) {
    values->log_hash = review_.log()->head_hash();
    values->log_text = review_.log()->verify().text;
  }
  QPointer<CaseSession> self(this);
  QThreadPool::globalInstance()->start([self, values, file, deidentified] {
    QString failure, hint;
    try {
      write_pdf({.dataset = *values->dataset,
                 .findings = values->findings,
                 .review = values->review,
                 .provenance = values->provenance,
                 .model_card = values->card,
                 .pipeline = values->pipeline,
                 .command = values->command,
                 .reader = values->reader,
                 .statement = values->statement,
                 .log_hash = values->log_hash,
                 .log_text = values->log_text,
                 .surfaces = values->surfaces,
                 .options = {.deidentified = deidentified}},
                file.toStdString());
    } catch (const Error& e) {
      failure = e.what(), hint = QString::fromStdString(e.hint());
    } catch (const std::exception& e) {
      failure = e.what();
    }
    QMetaObject::invokeMethod(QCoreApplication::instance(),
                              [self, file, deidentified, failure, hint] {
                                if (self) self->end_report(file, deidentified, failure, hint);
                              });
  });
}

void CaseSession::end_report(const QString& file, bool deidentified, const QString& failure,
                             const QString& hint) {
  reporting_ = false;
  emit job_finished(failure.isEmpty() ? "Report written: " + file : "Writing the report failed");
  if (failure.isEmpty())
    emit report_written(file);
  else
    emit problem({QString("The report %1 could not be written: %2").arg(file, failure), hint,
                  "Retry", [this, file, deidentified] { write_report(file, deidentified); }});
}

}
