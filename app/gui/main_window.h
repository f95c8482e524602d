// The window: four parts, one path (open, run, review, report). What things mean is in CaseSession.
#pragma once

#include "app/gui/actions.h"
#include "app/gui/case_session.h"
#include "app/gui/dataset_page.h"

#include <QMainWindow>

#include <map>

class QDockWidget;
class QLabel;
class QPushButton;
class QStackedWidget;

class QProgressBar;

namespace sensorium {

class BatchPanel;
class BatchRunner;
class CasesPanel;
class ClusterPage;
class CommandPalette;
class ComparePage;
class ConsensusPage;
class ElidedLabel;
class ExamPage;
class ExamSession;
class FindingsPanel;
class FollowUpPage;
class JobsPanel;
class NoticeBar;
class ParameterForm;
class ProvenancePanel;
class ReviewArea;
class StartPage;
enum class Theme;

class MainWindow : public QMainWindow {
  Q_OBJECT
public:
  using PageMaker = std::function<DatasetPage*(std::string_view kind)>;
  MainWindow(QString worker_program, QStringList worker_arguments, CaseStore store,
             PageMaker make_page = make_dataset_page);
  ~MainWindow() override;
  CaseSession& session() { return *session_; }
  ActionSet& actions() { return *actions_; }
  FindingsPanel& findings_panel() { return *findings_; }
  ParameterForm& parameter_form() { return *form_; }
  ReviewArea& review_area() { return *area_; }
  NoticeBar& notice() { return *notice_; }
  ProvenancePanel& provenance_panel() { return *provenance_; }
  JobsPanel& jobs_panel() { return *jobs_; }
  CommandPalette& palette_dialog() { return *palette_; }
  CasesPanel& cases_panel() { return *cases_; }
  ComparePage& compare_page() { return *compare_; }
  FollowUpPage& follow_up_page() { return *follow_up_; }
  ConsensusPage& consensus_page() { return *consensus_; }
  ClusterPage& cluster_page() { return *clusters_; }
  ExamSession& exam() { return *exam_; }
  ExamPage& exam_page() { return *exam_page_; }
  BatchRunner& batch() { return *batch_; }
  BatchPanel& batch_panel() { return *batch_panel_; }
  QWidget* page() const;                                // what fills the centre
  DatasetPage* data_page() const { return data_page_; } // that of the open recording's kind
  QString status_text() const;
  bool open_sample(const QString& id); // empty: the first; false when there is none
  void set_theme(Theme theme);
  void start_batch(const QStringList& paths);
  void show_case();                                 // back to the picture and its panels
  void compare(const QString& a, const QString& b); // empty: this reader and the pipeline
  void follow_up(const QString& earlier_folder);
  void new_exam(const QStringList& paths); // of these clips and folders; may be none
  void open_exam(const QString& folder);
  void show_exam();
  void write_exam(const QString& file, bool deidentified);
  void consensus(); // what this reader and the others found, and what this reader makes of it
  // The centre as it is, without names: no patient text, no file name, no metadata.
  bool save_picture(const QString& file);

protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;
  bool eventFilter(QObject* object, QEvent* event) override;
  void closeEvent(QCloseEvent*) override;

private:
  void declare_actions();
  void declare_review_actions();
  void declare_view_actions();
  QWidget* build_top_bar();
  void build_centre();
  void build_docks();
  void build_status();
  void connect_session();
  QDockWidget* dock(const QString& id, const QString& title, QWidget* content,
                    Qt::DockWidgetArea area);
  void refresh_stage();
  void refresh_deciding(bool own);
  void refresh_saved();
  void refresh_pipelines();
  void refresh_labels(); // what the keys 1 to 9 relabel to
  void refresh_dataset();
  void refresh_result();
  void refresh_items();
  void refresh_cases();
  void refresh_next_step();
  void select(const QString& id);
  void decide(bool accept);
  void step(int by);
  void relabel(int key);
  void choose_file();
  void choose_folder();
  void choose_report();
  void choose_export();
  void choose_deidentified_report();
  void choose_picture();
  void choose_batch();
  void choose_mask();
  void choose_visit();
  void ask_reader();
  void ask_blinded();
  void confirm_sign_layer();
  void declare_reader_actions();
  void build_pages();
  void show_clusters();
  void declare_exam_actions();
  void build_exam();
  bool exam_takes(const QStringList& dropped); // true: they went to an exam
  void refresh_exam_actions();
  void open_clip_of_exam(const QString& clip, int frame);
  void choose_exam_file(bool deidentified);
  void leave_page(); // back to the picture, or to the start page
  void add_menu(QWidget* beside, const QString& name, const QStringList& ids);
  void show_page(QWidget* page);
  void refresh_fovea();
  void refresh_reader();
  void show_problem(const Problem& problem);
  void confirm_sign();
  void confirm_sign_exam();
  void ask_note();
  void show_start();
  void open_palette();
  void show_help();
  void reset_layout();
  DatasetPage* page_of(std::string_view kind);
  void connect_slices(DatasetPage* page);

  PageMaker make_page_;
  QString worker_program_;
  QStringList worker_arguments_;
  CaseSession* session_;
  ActionSet* actions_;
  QStackedWidget* stack_ = nullptr;
  ComparePage* compare_ = nullptr;
  ConsensusPage* consensus_ = nullptr;
  FollowUpPage* follow_up_ = nullptr;
  ClusterPage* clusters_ = nullptr;
  ExamSession* exam_ = nullptr;
  ExamPage* exam_page_ = nullptr;
  int frame_wanted_ = -1; // of the clip that the exam page opens
  BatchRunner* batch_ = nullptr;
  BatchPanel* batch_panel_ = nullptr;
  StartPage* start_ = nullptr;
  ReviewArea* area_ = nullptr;
  DatasetPage* data_page_ = nullptr;
  std::map<std::string, DatasetPage*, std::less<>> pages_; // of the kinds seen so far
  NoticeBar* notice_ = nullptr;
  CasesPanel* cases_ = nullptr;
  FindingsPanel* findings_ = nullptr;
  ParameterForm* form_ = nullptr;
  ProvenancePanel* provenance_ = nullptr;
  JobsPanel* jobs_ = nullptr;
  CommandPalette* palette_ = nullptr;
  QDockWidget *cases_dock_ = nullptr, *findings_dock_ = nullptr, *form_dock_ = nullptr,
              *provenance_dock_ = nullptr, *jobs_dock_ = nullptr, *batch_dock_ = nullptr;
  std::vector<QPushButton*> path_buttons_; // open, run, review, report
  QLabel* device_ = nullptr;
  ElidedLabel *scale_ = nullptr, *made_by_ = nullptr;
  QLabel *saved_ = nullptr, *reader_ = nullptr;
  QProgressBar* progress_ = nullptr;
  QPushButton* stop_ = nullptr;
  ElidedLabel* job_text_ = nullptr;
  QWidget* job_box_ = nullptr;
  QByteArray default_layout_, review_layout_; // review_layout_: while another page is shown
  bool sized_ = false;
};

}
