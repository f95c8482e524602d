// One case, from file to report: what the window shows and what its buttons do, without widgets.
// In four files: case_session.cpp (worker, pipelines, runs), _open (files, cases, visits), _review
// (live parameters, decisions), _output (report, exports).
#pragma once

#include "app/gui/case_review.h"
#include "app/gui/case_store.h"
#include "app/gui/visit.h"
#include "app/gui/worker_client.h"
#include "modules/core/extension.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace sensorium {

class Error;

struct ResultMap {
  QString name, caption;
  std::shared_ptr<const Dataset> data;
};

// What happened, to which file, what to do; act is what the button does. act_with_file: the window
// asks for a file first.
struct Problem {
  QString message, hint, button;
  std::function<void()> act;
  std::function<void(const QString&)> act_with_file = {};
};

// Who reads: kept in the settings; the name of the account until someone says otherwise.
QString stored_reader();
void store_reader(const QString& name);

class CaseSession : public QObject {
  Q_OBJECT
public:
  enum class Stage { Empty, Opening, Opened, Running, Analysed };
  CaseSession(QString worker_program, QStringList worker_arguments, CaseStore store,
              QObject* parent = nullptr);

  void open_file(const QString& path, bool run_when_new = false);
  void open_case(const QString& folder);
  // The recording of a case lies elsewhere now; refused when its content differs.
  void relocate_case(const QString& folder, const QString& recording);
  void run();
  // Chooses the pipeline and changes some of its parameters; and runs it then.
  void change_parameters(const QString& pipeline, const nlohmann::json& changes);
  void run_with(const QString& pipeline, const nlohmann::json& changes);
  void cancel(); // what is running: open, run, restore, report
  void choose_pipeline(const QString& id);
  void set_parameters(const nlohmann::json& parameters, bool live); // live: counts again
  // deidentified: without patient fields, file names and paths.
  void write_report(const QString& file, bool deidentified = false);
  // By the file's suffix: .csv (findings as reviewed), .nrrd, .nii.gz, .dcm (mask).
  void export_to(const QString& file);

  // Review; problems are reported, nothing is thrown.
  void accept(const QString& id);
  void reject(const QString& id);
  void relabel(const QString& id, int key); // 1 to 9, of labels()
  void relabel_to(const QString& id, const QString& label);
  void paint(const QString& selected, const std::vector<Run>& runs, bool erase);
  // What strokes draw from now on (mark_kinds.h); empty: the pipeline's first label, and a stroke
  // over any finding changes that. Another recording forgets it.
  void set_mark(const QString& label) { mark_ = label; }
  const QString& mark() const { return mark_; }
  void measure(int slice, QPointF from, QPointF to);
  void note(const QString& id, const QString& text);
  void sign();
  void set_fovea(QPointF voxel);         // x, z; counts by region follow where the pipeline can
  void import_mask(const QString& file); // becomes an event of this reader
  void set_reader(const QString& name);  // kept for later cases too
  void start_blinded_read(const QStringList& readers);
  void sign_layer(); // this reader's own reading
  // Throws Error Conflict (no log, blinded read still closed). It must not outlive the open case.
  std::unique_ptr<ConsensusDesk> consensus_desk() { return review_.consensus_desk(); }
  void desk_changed(); // the desk has stored an event
  QString reader() const;
  // This case, and another one (its recording is opened, its review read only) for a follow-up.
  ShownVisit visit() const;
  void load_visit(const QString& folder, std::function<void(const ShownVisit&)> done);
  // The fovea in force: a person's or the parameters', else nothing.
  std::optional<QPointF> fovea() const;
  void undo();
  void redo();

  Stage stage() const { return stage_; }
  bool busy() const { return job_ != 0 || concluding_ || reporting_; }
  bool outdated() const { return outdated_; } // parameters changed that need a run
  std::shared_ptr<const Dataset> dataset() const { return dataset_; }
  const std::vector<PipelineInfo>& pipelines() const { return pipelines_; }
  const PipelineInfo* pipeline() const; // null: none fits
  // What findings may be called: of the result that is shown, else of the pipeline.
  QStringList labels() const;
  const nlohmann::json& parameters() const { return parameters_; }
  const Findings& findings() const { return findings_; }
  const std::vector<ResultMap>& maps() const { return maps_; }
  const std::vector<Surface>& surfaces() const { return surfaces_; }
  const nlohmann::json& provenance() const { return provenance_; }
  QString command() const { return command_; }
  QStringList notes() const { return notes_; }
  const CaseReview& review() const { return review_; }
  const CaseEntry& entry() const { return entry_; }
  const CaseStore& store() const { return store_; }
  QString device() const { return device_; }
  WorkerClient& worker() { return worker_; }
  double last_recount_ms() const { return recount_ms_; }

signals:
  void pipelines_changed();
  void stage_changed();
  void dataset_changed();
  void result_changed(); // maps, surfaces, provenance
  void items_changed();  // findings or review
  void cases_changed();
  void job_started(const QString& title);
  void job_progress(double fraction, const QString& text);
  void job_finished(const QString& outcome);
  void problem(const sensorium::Problem& problem);
  void report_written(const QString& file);
  void parameters_changed(); // by undo or redo
  void news(const QString& text);

private:
  void greet();
  void set_stage(Stage stage);
  void begin(const std::string& op, nlohmann::json fields, const QString& title,
             std::function<void(const nlohmann::json&)> done, std::function<void()> again,
             Stage on_failure);
  void take_dataset(const nlohmann::json& result, const QString& path, bool run_when_new);
  void take_result(const nlohmann::json& result);
  void restore();
  void open_entry(const CaseEntry& entry, std::function<void()> again);
  void fail(const WorkerReply& reply, const QString& what, std::function<void()> again);
  void conclude();
  void take_findings(const nlohmann::json& result);
  void refuse(const Error& error); // a problem without a button
  void change(const std::function<void()>& edit);
  void save_later();
  void settle();
  void follow_parameters();
  bool shows_chosen() const; // the result shown is of the chosen pipeline
  void export_map(const QString& format, const QString& file);
  void export_csv(const QString& file);
  nlohmann::json live_parameters() const;
  void remember(CaseState at_least);
  void pick_pipeline();
  void end_report(const QString& file, bool deidentified, const QString& failure,
                  const QString& hint);
  void ensure_loaded();
  double threshold() const;

  WorkerClient worker_;
  CaseStore store_;
  Stage stage_ = Stage::Empty;
  int job_ = 0;
  bool reporting_ = false;
  std::vector<PipelineInfo> pipelines_;
  QString pipeline_, wanted_pipeline_, device_ = "CPU";
  CaseEntry entry_, opening_;
  QString identity_; // names the case's folder: the content's hash, or what stands for it
  std::shared_ptr<const Dataset> dataset_;
  nlohmann::json parameters_ = nlohmann::json::object(), provenance_ = nlohmann::json::object();
  Findings findings_;
  std::vector<ResultMap> maps_;
  std::vector<Surface> surfaces_;
  QStringList notes_;
  QString command_, mark_;
  CaseReview review_;
  int loaded_generation_ = -1; // of the worker that holds this result
  bool concluding_ = false, conclude_again_ = false, outdated_ = false, greeting_ = false;
  QElapsedTimer recount_;
  double recount_ms_ = 0;
  nlohmann::json base_parameters_ = nlohmann::json::object(); // those of the run
  QTimer save_timer_;
};

}
