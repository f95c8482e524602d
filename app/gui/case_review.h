// The reader's side of a case: the append-only log beside the result, and what it makes of the
// findings.
#pragma once

#include "modules/core/dataset.h"
#include "modules/review/calibration.h"
#include "modules/review/consensus_desk.h"
#include "modules/review/fold.h"
#include "modules/review/readers.h"
#include "modules/review/review_log.h"
#include "modules/view/finding_item.h"
#include "modules/view/slice_view.h"

#include <QDateTime>
#include <QString>

#include <filesystem>
#include <memory>

namespace sensorium {

// What the views draw of a reviewed case. threshold: a score there is the least certain one.
FindingItems items_of(const ReviewState& state, double threshold);

class CaseReview {
public:
  // Opens the folder's review.sqlite. When another window holds it, it is read-only. Throws Error
  // when the log is damaged or of a newer version.
  void open(const std::filesystem::path& folder, const QString& reader, const Dataset& dataset);
  void close();
  bool is_open() const { return log_ != nullptr; }
  // Also without a log: nothing can be stored then.
  bool read_only() const { return !log_ || log_->read_only(); }
  QString read_only_reason() const;
  // threshold: a score there is the least certain one.
  void set_findings(const Findings& findings, double threshold);

  // Each is on disk when it returns; throws Error Resources (disk full), Conflict (read-only,
  // signed).
  void accept(const QString& id);
  void reject(const QString& id);
  void relabel(const QString& id, const QString& label);
  // A stroke that touches a finding changes it (the preferred one first); one that touches none
  // draws a new one. Returns the finding's id; empty when an erasing stroke touched nothing.
  // only_label: findings of another label are left alone, so that the stroke is a mark of its own.
  QString paint(const QString& preferred, const std::vector<Run>& runs, bool erase,
                const QString& label, bool only_label = false);
  // Of a clip only within one calibrated region; throws Error Unsupported with the reason.
  void measure(int slice, QPointF from, QPointF to);
  const Calibration& calibration() const { return calibration_; }
  void note(const QString& id, const QString& text);
  // The live parameters that the reader settled on; nothing when they are in force already.
  void choose_parameters(const nlohmann::json& parameters);
  void sign(const QString& statement);
  void fovea(double x, double z);
  void import_layer(const nlohmann::json& data); // as the worker's "import" returns it

  // Several readers (modules/review/readers.h). While a blinded read is closed the reader sees
  // their own decisions alone.
  void set_reader(const QString& reader);
  void start_blinded(const QStringList& readers);
  void sign_layer(const QString& statement);
  Protocol protocol() const;
  bool layer_is_signed() const;
  QStringList readers() const; // whose layers this reader may see, themself first
  // name: a reader or "AI". Throws Error Conflict while a blinded read is closed.
  Layer layer(const QString& name, bool with_proposed) const;
  // This reader's own desk; it must not outlive the open case. Throws Error Conflict without a log.
  std::unique_ptr<ConsensusDesk> consensus_desk();
  // What reports and exports of the case are made of: the consensus where there is one, else
  // state().
  ReviewState speaking_state() const;
  QString speaker() const; // its reader: "consensus by NAME", or this reader
  void take_in();          // what a desk has stored meanwhile
  bool undo();             // false: nothing to undo
  bool redo();

  FindingItems items() const { return items_; }
  // Everybody's decisions but those of a consensus, which has its own page.
  const ReviewState& state() const { return state_; }
  const std::array<Spacing, 3>& spacing() const { return spacing_; }
  const ReviewLog* log() const { return log_.get(); }
  std::vector<MeasureLine> measures() const;
  bool can_undo() const { return targets_.undo.has_value(); }
  bool can_redo() const { return targets_.redo.has_value(); }
  bool is_signed() const { return state_.is_signed(); }
  QString reader() const { return QString::fromStdString(reader_); }
  QDateTime saved_at() const { return saved_at_; } // invalid: nothing is stored yet

private:
  const Finding& finding(const QString& id) const;
  void append(const std::string& kind, const nlohmann::json& data);
  void fold_again();
  ReviewState folded(const std::vector<Event>& events, const std::string& reader = {}) const;
  std::string touched(const std::vector<Run>& runs, const std::string& preferred,
                      const std::string& only_label) const;
  std::unique_ptr<ReviewLog> log_;
  std::string reader_;
  // For what is measured by hand; null for a recording: its spans have no area.
  const std::array<Spacing, 3>* measured() const { return over_time_ ? nullptr : &spacing_; }
  std::array<Spacing, 3> spacing_;
  Calibration calibration_;
  bool over_time_ = false;
  Findings findings_;
  double threshold_ = 0.5;
  ReviewState state_;
  UndoTargets targets_; // this reader's own
  FindingItems items_;
  QDateTime saved_at_;
};

}
