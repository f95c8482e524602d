// Reviewing the open case: live parameters, decisions, readers.
#include "app/gui/case_session.h"
#include "app/gui/json_fields.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/findings_pack.h"
#include "modules/review/class_map.h"

#include <QFileInfo>

#include <cmath>

namespace sensorium {
using nlohmann::json;

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
  worker_.request("restore",
                  {{"folder", entry_.folder.string()}, {"recording", entry_.source.toStdString()}},
                  [](const WorkerReply&) {});
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
  const json fields{{"parameters", parameters_}, {"packed", true}};
  worker_.request("conclude", fields, [this](const WorkerReply& reply) {
    concluding_ = false;
    if (!reply.ok) {
      conclude_again_ = false;
      fail(reply, "Counting again", [this] { conclude(); });
      return;
    }
    try {
      take_findings(reply.result);
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

void CaseSession::take_findings(const json& result) {
  const QString file = text_field(result, "findings_file");
  findings_ = file.isEmpty() ? findings_from_json(result.at("findings"))
                             : unpack_findings(read_text(file.toStdString()));
  review_.set_findings(findings_, threshold());
  emit items_changed();
}

void CaseSession::save_later() { save_timer_.start(); }

// A slider came to rest: its value is an event, and the stored result follows it.
void CaseSession::settle() {
  if (stage_ != Stage::Analysed || concluding_ || !shows_chosen()) return;
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
  if (wanted == parameters_ || stage_ != Stage::Analysed || !shows_chosen()) return;
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
    refuse(e);
  }
  emit items_changed();
}

void CaseSession::accept(const QString& id) {
  change([&] { review_.accept(id); });
}

void CaseSession::reject(const QString& id) {
  change([&] { review_.reject(id); });
}

bool CaseSession::shows_chosen() const { return findings_.pipeline == pipeline_.toStdString(); }

QStringList CaseSession::labels() const {
  QStringList out;
  const PipelineInfo* info = pipeline();
  for (const PipelineInfo& one : pipelines_)
    if (stage_ == Stage::Analysed && one.id == findings_.pipeline) info = &one;
  if (info)
    for (const std::string& label : labels_of(*info, findings_))
      out << QString::fromStdString(label);
  return out;
}

void CaseSession::relabel(const QString& id, int key) {
  const QStringList all = labels();
  if (id.isEmpty() || key < 1 || key > all.size()) return;
  relabel_to(id, all[key - 1]);
}

void CaseSession::relabel_to(const QString& id, const QString& label) {
  change([&] { review_.relabel(id, label); });
}

void CaseSession::paint(const QString& selected, const std::vector<Run>& runs, bool erase) {
  const QStringList all = labels();
  const bool own_kind = !mark_.isEmpty() && !erase;
  const QString label = own_kind ? mark_ : all.isEmpty() ? QString("focus") : all.front();
  change([&] { review_.paint(selected, runs, erase, label, own_kind); });
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
      "Importing " + QFileInfo(file).fileName(),
      [this, file](const json& result) {
        change([&] { review_.import_layer(result.at("data")); });
        QStringList notes;
        for (const json& note : result.value("notes", json::array()))
          notes << QString::fromStdString(note.get<std::string>());
        emit news(QString("%1 findings imported from %2 as drawn by %3. %4")
                      .arg(result.value("findings", 0))
                      .arg(QFileInfo(file).fileName(), reader(), notes.join(" ")));
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

}
