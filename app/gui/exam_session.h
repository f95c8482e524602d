// One exam: several clips of a patient on the zones of the chest. What the exam page shows and what
// its buttons do, without widgets. Clips are analysed one after another in a worker of their own;
// each has its case in the store, like any recording. Who placed what is an event of the exam's log
// and on disk before the page shows it.
#pragma once

#include "app/gui/batch_runner.h"
#include "modules/review/exam_folder.h"

#include <QDateTime>

namespace sensorium {

struct ClipWork { // what is being done with a clip that has no result yet
  bool waiting = false, running = false, failed = false;
  double fraction = 0;
  QString text;
};

// An exam in the list of the start page.
struct ExamEntry {
  std::filesystem::path folder;
  QDateTime created;
  int clips = 0;
  bool is_signed = false;
};

class ExamSession : public QObject {
  Q_OBJECT
public:
  ExamSession(QString worker_program, QStringList worker_arguments, CaseStore store,
              QObject* parent = nullptr);
  void set_pipelines(const std::vector<PipelineInfo>& pipelines); // clips wait until it was called

  // Below CaseStore::root()/exams, newest first; a damaged one is left out.
  std::vector<ExamEntry> exams() const;
  bool create();                    // false: problem() was emitted; so below
  bool open(const QString& folder); // clips without a result are analysed again
  void close();                     // what runs is stopped
  bool is_open() const { return log_ != nullptr; }

  void add(const QStringList& paths); // clips, and folders of clips; those already there are left
  void assign(const QString& clip, const QString& zone);      // empty: none
  void score_zone(const QString& zone, const QString& score); // as in exam_score
  void remove(const QString& clip);
  void choose_scheme(const QString& id);
  void choose_rule(const QString& rule);
  void retry(const QString& clip);
  void undo();
  void redo();
  void stop() { batch_.stop(); }
  void refresh(); // what clips' cases say by now
  // .pdf, .json or .sr.dcm, by the worker.
  void write(const QString& file, bool deidentified);
  // Freezes the exam and names the state of every clip's case, once the worker has found that the
  // clips do not name different patients.
  void sign();
  bool begin_again(); // a new exam of the same clips, zones and scores, not signed
  // After a review on a clip's own page: its key frame with the marks as they are now.
  void take_picture(const QString& case_folder, const Dataset& dataset, const ReviewState& review);

  const ExamBoard& board() const { return board_; }
  const std::vector<ZoneScheme>& schemes() const { return book_.schemes; }
  ClipWork work_of(const QString& clip) const;
  QString case_of(const QString& clip) const;    // its result folder, empty: none yet
  QString picture_of(const QString& clip) const; // of its key frame, empty: none yet
  const std::filesystem::path& folder() const { return folder_; }
  QDateTime created() const;
  bool read_only() const { return !log_ || log_->read_only(); }
  QString read_only_reason() const;
  bool is_signed() const { return board_.signature.has_value(); }
  bool can_change() const { return !read_only() && !is_signed(); }
  QString signature_text() const; // "signed by Ada, 31 Jan 2026, 12:00", empty: not signed
  bool can_undo() const { return targets_.undo.has_value(); }
  bool can_redo() const { return targets_.redo.has_value(); }
  bool running() const { return batch_.running() || !held_.isEmpty(); }
  bool busy() const { return running() || writing_; }
  QString progress_text() const; // "3 of 8 clips analysed"
  std::size_t events() const { return log_ ? log_->events().size() : 0; }
  QDateTime saved_at() const { return saved_at_; }
  BatchRunner& batch() { return batch_; }
  void set_reader(const QString& reader) { reader_ = reader.toStdString(); }

signals:
  void changed();    // the board
  void progressed(); // of a clip's analysis
  void problem(const QString& message, const QString& hint);
  void written(const QString& file);
  void cases_changed();

private:
  bool take(const std::filesystem::path& folder);
  void append(const std::string& kind, const nlohmann::json& data);
  void fold_again();
  void analyse(const QStringList& files);
  void take_batch();
  void take_case(const QString& file, const QString& folder);
  void make_picture(const ExamClip& clip, const QString& folder);
  void save_picture(const ExamClip& clip, const Dataset& dataset, const ReviewState& review);
  const ExamClip* clip_of(const QString& id) const;
  const ExamClip* clip_with(const QString& file) const;
  bool tried(const std::function<void()>& work);
  bool refused();

  CaseStore store_;
  BatchRunner batch_;
  WorkerClient writer_;
  std::vector<PipelineInfo> pipelines_;
  QStringList held_; // until the pipelines are known
  ZoneBook book_;
  std::filesystem::path folder_;
  std::unique_ptr<ReviewLog> log_;
  std::string reader_;
  ExamFile file_;
  ExamState state_;
  ExamBoard board_;
  UndoTargets targets_;
  std::map<std::string, ClipResult> results_;
  std::map<QString, BatchState> taken_; // state of a file when it was last looked at
  QString opened_path_;
  std::shared_ptr<const Dataset> opened_; // of the clip in the worker, for its picture
  QDateTime saved_at_;
  bool writing_ = false;
};

}
