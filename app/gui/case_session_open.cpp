// Opening a file or a case, and what is remembered of it.
#include "app/gui/case_session.h"
#include "app/gui/json_fields.h"
#include "app/gui/stored_dataset.h"
#include "modules/core/error.h"
#include "modules/core/hash.h"
#include "modules/review/reviewed.h"

#include <QFileInfo>

namespace sensorium {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

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
    refuse(e);
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
    refuse(e);
  }
}

void CaseSession::take_dataset(const json& result, const QString& path, bool run_when_new) {
  auto dataset = stored_dataset(text_field(result, "store"), worker_.program());
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
  mark_.clear();
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
    refuse(e);
  }
  emit cases_changed();
}

void CaseSession::load_visit(const QString& folder, std::function<void(const ShownVisit&)> done) {
  if (job_ != 0) return;
  try {
    const CaseEntry entry = CaseStore::read(folder.toStdString());
    begin(
        "open", {{"path", entry.source.toStdString()}}, "Opening " + entry.title,
        [this, entry, done](const json& result) {
          auto dataset = stored_dataset(text_field(result, "store"), worker_.program());
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
    refuse(e);
  }
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
  v.model_sha256 = text_field(provenance_.value("model", json::object()), "sha256").toStdString();
  v.parameters = findings_.parameters();
  v.signed_case = review_.is_signed();
  v.findings = reviewed_findings(findings_, review_.speaking_state()).items;
  return out;
}

}
