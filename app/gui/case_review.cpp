#include "app/gui/case_review.h"

#include "modules/core/error.h"
#include "modules/review/footprint.h"

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

FindingLook look_of(FindingState state) {
  switch (state) {
  case FindingState::Proposed:
    return FindingLook::Machine;
  case FindingState::Accepted:
    return FindingLook::Accepted;
  case FindingState::Rejected:
    return FindingLook::Rejected;
  case FindingState::Changed:
    return FindingLook::Changed;
  case FindingState::Drawn:
    return FindingLook::Drawn;
  }
  return FindingLook::Machine;
}

std::array<Spacing, 3> spacing_of(const Dataset& dataset) {
  if (const auto* volume = std::get_if<Volume>(&dataset)) return volume->spacing;
  if (const auto* video = std::get_if<Video>(&dataset))
    return {video->spacing[0], video->spacing[1], unknown_spacing("frames have no distance")};
  const Spacing none = unknown_spacing("this kind of recording has no distances");
  return {none, none, none};
}

}

FindingItems items_of(const ReviewState& state, double threshold) {
  auto items = std::make_shared<std::vector<FindingItem>>();
  items->reserve(state.findings.size());
  const double span = std::max({threshold, 1 - threshold, 1e-6});
  for (const ReviewedFinding& r : state.findings) {
    const double unsure = r.state != FindingState::Proposed ? 0
                          : r.finding.score < 0             ? 0.5 // the method does not say
                                                : 1 - std::abs(r.finding.score - threshold) / span;
    items->push_back({r.finding, look_of(r.state), unsure});
  }
  return items;
}

void CaseReview::open(const std::filesystem::path& folder, const QString& reader,
                      const Dataset& dataset) {
  close();
  reader_ = reader.isEmpty() ? "reader" : reader.toStdString();
  spacing_ = spacing_of(dataset);
  calibration_ = Calibration(dataset);
  over_time_ = std::holds_alternative<Recording>(dataset);
  log_ = ReviewLog::open(folder / "review.sqlite", ReviewLog::Mode::ReadWrite);
}

void CaseReview::close() {
  log_.reset();
  calibration_ = {};
  state_ = {};
  targets_ = {};
  findings_ = {};
  items_.reset();
  saved_at_ = {};
}

QString CaseReview::read_only_reason() const {
  return log_ ? QString::fromStdString(log_->read_only_reason()) : QString();
}

void CaseReview::set_findings(const Findings& findings, double threshold) {
  findings_ = findings;
  threshold_ = threshold;
  fold_again();
}

ReviewState CaseReview::folded(const std::vector<Event>& events, const std::string& reader) const {
  ReviewState out = fold(findings_, events, reader, measured());
  measure_by_region(out, calibration_);
  return out;
}

void CaseReview::fold_again() {
  static const std::vector<Event> none;
  const std::vector<Event>& events = log_ ? log_->events() : none;
  if (protocol_of(events).closed()) {
    state_ = folded(visible_events(events, reader_));
  } else if (consensus_layers(events).empty()) {
    state_ = folded(events);
  } else {
    std::vector<Event> own = events;
    std::erase_if(own, [](const Event& event) { return is_consensus_reader(event.reader); });
    state_ = folded(own);
  }
  targets_ = undo_targets(events, reader_);
  items_ = items_of(state_, threshold_);
  const bool closed = protocol_of(events).closed();
  const std::string last =
      closed || events.empty() ? state_.last_event_time : events.back().time_utc;
  if (!last.empty())
    saved_at_ = QDateTime::fromString(QString::fromStdString(last), Qt::ISODateWithMs);
}

void CaseReview::take_in() { fold_again(); }

void CaseReview::append(const std::string& kind, const nlohmann::json& data) {
  if (!log_)
    throw Error(ErrorCode::Conflict, "this case has no review log that can be written",
                "open the case again");
  log_->append(reader_, kind, data);
  fold_again();
}

const Finding& CaseReview::finding(const QString& id) const {
  const std::string wanted = id.toStdString();
  for (const ReviewedFinding& r : state_.findings)
    if (r.finding.id == wanted) return r.finding;
  throw Error(ErrorCode::NotFound, "the finding '" + wanted + "' is not shown at these parameters",
              "choose one of the list");
}

void CaseReview::accept(const QString& id) { append("accept", decision_data(finding(id))); }
void CaseReview::reject(const QString& id) { append("reject", decision_data(finding(id))); }

void CaseReview::relabel(const QString& id, const QString& label) {
  append("relabel", relabel_data(finding(id), label.toStdString()));
}

std::string CaseReview::touched(const std::vector<Run>& runs, const std::string& preferred,
                                const std::string& only_label) const {
  const std::vector<Run> stroke = normalised(runs);
  std::string best;
  std::int64_t most = 0;
  for (const ReviewedFinding& r : state_.findings) {
    const Finding& f = r.finding;
    if (!only_label.empty() && r.label != only_label) continue;
    if (stroke.empty() || r.state == FindingState::Rejected || f.box[2] > stroke.front().z ||
        f.box[5] < stroke.front().z)
      continue;
    const std::int64_t shared = overlap(normalised(f.footprint), stroke);
    if (shared > 0 && f.id == preferred) return preferred;
    if (shared > most) {
      most = shared;
      best = f.id;
    }
  }
  return best;
}

QString CaseReview::paint(const QString& preferred, const std::vector<Run>& runs, bool erase,
                          const QString& label, bool only_label) {
  const QString id = QString::fromStdString(
      touched(runs, preferred.toStdString(), only_label ? label.toStdString() : std::string()));
  if (id.isEmpty() && erase) return {};
  if (id.isEmpty()) {
    append("draw", draw_data(normalised(runs), label.toStdString()));
    return state_.findings.empty() ? QString()
                                   : QString::fromStdString(state_.findings.back().finding.id);
  }
  const std::vector<Run> none;
  append("paint",
         paint_data(finding(id), erase ? none : normalised(runs), erase ? normalised(runs) : none));
  return id;
}

void CaseReview::measure(int slice, QPointF from, QPointF to) {
  const Measure m = calibration_.distance({from.x(), from.y()}, {to.x(), to.y()});
  append("measure", measure_data({{from.x(), from.y(), static_cast<double>(slice)},
                                  {to.x(), to.y(), static_cast<double>(slice)}},
                                 m));
}

void CaseReview::note(const QString& id, const QString& text) {
  append("note", note_data(id.toStdString(), text.toStdString()));
}

void CaseReview::choose_parameters(const nlohmann::json& parameters) {
  if (!log_ || read_only() || is_signed() || state_.parameters == parameters) return;
  append("parameters", parameters);
}

void CaseReview::sign(const QString& statement) {
  if (!log_)
    throw Error(ErrorCode::Conflict, "this case has no review log that can be written",
                "open the case again");
  log_->sign(reader_, statement.toStdString());
  fold_again();
}

void CaseReview::fovea(double x, double z) { append("fovea", fovea_data(x, z)); }
void CaseReview::import_layer(const nlohmann::json& data) { append("import_layer", data); }

void CaseReview::set_reader(const QString& reader) {
  reader_ = reader.toStdString();
  fold_again();
}

void CaseReview::start_blinded(const QStringList& readers) {
  std::vector<std::string> names;
  for (const QString& name : readers) names.push_back(name.toStdString());
  append("protocol", protocol_data(true, names));
}

void CaseReview::sign_layer(const QString& statement) {
  append("sign_layer", sign_layer_data(statement.toStdString()));
}

Protocol CaseReview::protocol() const { return log_ ? protocol_of(log_->events()) : Protocol{}; }

bool CaseReview::layer_is_signed() const {
  return log_ && sensorium::layer_is_signed(log_->events(), reader_);
}

QStringList CaseReview::readers() const {
  QStringList out;
  if (!log_) return out;
  for (const std::string& name : visible_readers(log_->events(), reader_))
    out << QString::fromStdString(name);
  return out;
}

Layer CaseReview::layer(const QString& name, bool with_proposed) const {
  if (name == QLatin1String(ai_layer.data(), ai_layer.size())) return ai_layer_of(findings_);
  static const std::vector<Event> none;
  const std::vector<Event>& events = log_ ? log_->events() : none;
  if (name.toStdString() != reader_) require_open(events, "readers cannot be compared");
  return reader_layer(findings_, events, name.toStdString(), spacing_, with_proposed);
}

std::unique_ptr<ConsensusDesk> CaseReview::consensus_desk() {
  if (!log_)
    throw Error(ErrorCode::Conflict, "this case has no review log: there is nothing to agree on",
                "open the case again");
  require_open(log_->events(), "there can be no consensus yet");
  return std::make_unique<ConsensusDesk>(findings_, *log_, spacing_, reader_);
}

ReviewState CaseReview::speaking_state() const {
  const std::string reader = log_ ? speaking_consensus(log_->events()) : std::string();
  if (reader.empty() || protocol().closed()) return state_;
  ReviewState out = folded(log_->events(), reader);
  out.parameters = state_.parameters;
  out.measurements = state_.measurements;
  out.fovea = state_.fovea;
  out.signature = state_.signature;
  std::erase_if(out.findings,
                [](const ReviewedFinding& f) { return f.state == FindingState::Proposed; });
  return out;
}

QString CaseReview::speaker() const {
  const std::string reader = log_ ? speaking_consensus(log_->events()) : std::string();
  return reader.empty() || protocol().closed() ? this->reader() : QString::fromStdString(reader);
}

bool CaseReview::undo() {
  const bool done = log_ && log_->undo(reader_).has_value();
  if (done) fold_again();
  return done;
}

bool CaseReview::redo() {
  const bool done = log_ && log_->redo(reader_).has_value();
  if (done) fold_again();
  return done;
}

std::vector<MeasureLine> CaseReview::measures() const {
  std::vector<MeasureLine> out;
  for (const Measurement& m : state_.measurements) {
    if (m.points.size() != 2) continue;
    const QString text =
        measure_text(m.measure) + (m.measure.unit == "px" ? " (scale unknown)" : "");
    out.push_back({static_cast<int>(std::lround(m.points[0][2])),
                   {m.points[0][0], m.points[0][1]},
                   {m.points[1][0], m.points[1][1]},
                   text});
  }
  return out;
}

}
