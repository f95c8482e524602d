#include "app/gui/main_window.h"

#include "app/gui/batch_panel.h"
#include "app/gui/compare_page.h"
#include "app/gui/consensus_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/follow_up_page.h"
#include "app/gui/json_fields.h"
#include "app/gui/review_area.h"
#include "app/gui/side_panels.h"
#include "app/gui/start_page.h"
#include "modules/view/command_palette.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"

#include <QAbstractSpinBox>
#include <QApplication>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QDockWidget>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QStyle>
#include <QToolButton>
#include <QUrl>

namespace sensorium {
MainWindow::MainWindow(QString worker_program, QStringList worker_arguments, CaseStore store,
                       PageMaker make_page)
    : make_page_(std::move(make_page)), worker_program_(worker_program),
      worker_arguments_(worker_arguments),
      session_(new CaseSession(worker_program, worker_arguments, store, this)),
      actions_(new ActionSet(this)),
      batch_(new BatchRunner(worker_program, worker_arguments, store, this)) {
  setWindowTitle("Sensorium");
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowTabbedDocks | AllowNestedDocks);
  declare_actions();
  build_centre();
  build_pages();
  build_docks();
  build_status();
  palette_ = new CommandPalette(this);
  area_->add_tools(*actions_);
  connect_session();
  resize(1280, 800);
  default_layout_ = saveState();
  restoreGeometry(QSettings().value("window/geometry").toByteArray());
  restoreState(QSettings().value("window/state").toByteArray());
  qApp->installEventFilter(this);
  show_start();
  refresh_stage();
}

MainWindow::~MainWindow() { qApp->removeEventFilter(this); }

QWidget* MainWindow::build_top_bar() {
  auto* bar = new QFrame;
  bar->setObjectName("top_bar");
  auto* line = new QHBoxLayout(bar);
  line->setContentsMargins(grid, grid, grid, grid);
  line->setSpacing(grid);
  const auto add = [&](const char* id, const char* text) {
    auto* button = new QPushButton(text);
    button->setToolTip(actions_->find(id)->toolTip());
    button->setAccessibleName(actions_->find(id)->text());
    button->setProperty("action", id);
    connect(button, &QPushButton::clicked, actions_->find(id), &QAction::trigger);
    connect(actions_->find(id), &QAction::changed, button,
            [button, action = actions_->find(id)] { button->setEnabled(action->isEnabled()); });
    line->addWidget(button);
    path_buttons_.push_back(button);
  };
  const auto more = [&](const char* name, const QStringList& ids) {
    auto* button = new QToolButton;
    button->setObjectName("more");
    button->setText("▾");
    button->setAccessibleName(QString("More: ") + name);
    button->setToolTip(QString("More: ") + name);
    line->addWidget(button);
    add_menu(button, name, ids);
  };
  line->setSpacing(2);
  add("open", "Open");
  more("Open",
       {"open_folder", "batch", "new_exam", "exam", "exam_again", "-", "recent", "-", "start"});
  line->addSpacing(grid);
  add("run", "Run");
  more("Run", {"stop", "batch", "clusters", "-", "pipelines"});
  line->addSpacing(grid);
  add("review", "Review");
  more("Review", {"reader", "blinded", "sign_layer", "-", "compare", "consensus", "follow_up",
                  "import_mask", "-", "fovea", "note", "shortcuts"});
  line->addSpacing(grid);
  add("report", "Report");
  more("Report", {"sign", "report_deidentified", "-", "save_picture", "export"});
  job_box_ = new QWidget;
  auto* job = new QHBoxLayout(job_box_);
  job->setContentsMargins(grid, 0, 0, 0);
  job->setSpacing(grid);
  job_text_ = new ElidedLabel;
  job_text_->set_mode(Qt::ElideRight);
  job_text_->setMaximumWidth(260);
  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedSize(140, 6);
  progress_->setAccessibleName("Progress");
  stop_ = new QPushButton("Stop");
  stop_->setToolTip(actions_->find("stop")->toolTip());
  connect(stop_, &QPushButton::clicked, actions_->find("stop"), &QAction::trigger);
  job->addWidget(progress_);
  job->addWidget(stop_);
  job->addWidget(job_text_, 1);
  line->addSpacing(grid);
  line->addWidget(job_box_, 6);
  job_box_->hide();
  line->addStretch(1);
  auto* search = new QPushButton("Search commands   Ctrl+K");
  search->setObjectName("search");
  search->setToolTip(actions_->find("palette")->toolTip());
  connect(search, &QPushButton::clicked, actions_->find("palette"), &QAction::trigger);
  line->addWidget(search);
  device_ = new QLabel("CPU");
  device_->setObjectName("muted");
  device_->setToolTip("Where the pipelines compute");
  line->addSpacing(grid);
  line->addWidget(device_);
  for (const char* id : {"theme", "help"}) line->addWidget(tool_button(actions_->find(id)));
  return bar;
}

void MainWindow::build_centre() {
  start_ = new StartPage;
  area_ = new ReviewArea;
  data_page_ = area_;
  stack_ = new QStackedWidget;
  stack_->addWidget(start_);
  stack_->addWidget(area_);
  notice_ = new NoticeBar;
  auto* centre = new QWidget;
  auto* column = new QVBoxLayout(centre);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(notice_);
  column->addWidget(stack_, 1);
  setCentralWidget(centre);
  setMenuWidget(build_top_bar());
  connect(start_, &StartPage::open_file, this, [this] { choose_file(); });
  connect(start_, &StartPage::open_folder, this, [this] { choose_folder(); });
  connect(start_, &StartPage::new_exam, this, [this] { new_exam({}); });
  connect(start_, &StartPage::exam_chosen, this, &MainWindow::open_exam);
  connect(start_, &StartPage::open_many, this, [this] { choose_batch(); });
  connect(start_, &StartPage::sample_chosen, this, [this](const QString& id) { open_sample(id); });
  connect(start_, &StartPage::case_chosen, session_, &CaseSession::open_case);
  connect(area_, &DatasetPage::item_clicked, this, [this](const QString& id) { select(id); });
  connect_slices(area_);
  connect(area_->en_face(), &EnFaceView::fovea_moved, session_, &CaseSession::set_fovea);
  connect(area_->en_face(), &EnFaceView::placing_ended, this,
          [this] { actions_->find("fovea")->setChecked(false); });
}

void MainWindow::connect_slices(DatasetPage* page) {
  const auto paint = [this](const std::vector<Run>& runs, bool erase) {
    session_->paint(findings_->selected(), runs, erase);
  };
  connect(page, &DatasetPage::stroke_finished, this, paint);
  connect(page, &DatasetPage::label_colors_changed, this, [this] { findings_->refresh_colors(); });
  SliceView* view = page->slice_view();
  if (!view) return;
  connect(view, &SliceView::stroke_finished, this, paint);
  connect(view, &SliceView::measured, session_, &CaseSession::measure);
}

QDockWidget* MainWindow::dock(const QString& id, const QString& title, QWidget* content,
                              Qt::DockWidgetArea where) {
  auto* out = new QDockWidget(title);
  out->setObjectName(id);
  out->setWidget(content);
  out->setFeatures(QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetClosable);
  addDockWidget(where, out);
  QAction* toggle = actions_->add(
      "show_" + id, "Show or hide: " + title, "", "",
      [out] {
        out->setVisible(!out->isVisible());
        if (out->isVisible()) out->raise();
      },
      "Window");
  toggle->setVisible(true);
  return out;
}

void MainWindow::build_docks() {
  cases_ = new CasesPanel;
  findings_ = new FindingsPanel;
  form_ = new ParameterForm;
  provenance_ = new ProvenancePanel;
  jobs_ = new JobsPanel;
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidget(form_);
  cases_dock_ = dock("cases", "Cases", cases_, Qt::LeftDockWidgetArea);
  findings_dock_ = dock("findings", "Findings", findings_, Qt::RightDockWidgetArea);
  form_dock_ = dock("parameters", "Parameters", scroll, Qt::RightDockWidgetArea);
  provenance_dock_ =
      dock("provenance", "Where it comes from", provenance_, Qt::RightDockWidgetArea);
  jobs_dock_ = dock("jobs", "Jobs and log", jobs_, Qt::BottomDockWidgetArea);
  batch_panel_ = new BatchPanel(*batch_);
  batch_dock_ = dock("batch_files", "Batch", batch_panel_, Qt::BottomDockWidgetArea);
  tabifyDockWidget(jobs_dock_, batch_dock_);
  tabifyDockWidget(form_dock_, provenance_dock_);
  form_dock_->raise();
  setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
  jobs_dock_->hide();
  batch_dock_->hide();
  resizeDocks({cases_dock_, findings_dock_}, {184, 372}, Qt::Horizontal);
  resizeDocks({findings_dock_, form_dock_}, {420, 260}, Qt::Vertical);
  connect(cases_, &CasesPanel::case_chosen, session_, &CaseSession::open_case);
  connect(findings_, &FindingsPanel::selection_changed, this,
          [this](const QString& id) { select(id); });
  connect(form_, &ParameterForm::live_changed, this,
          [this] { session_->set_parameters(form_->values(), true); });
  connect(form_, &ParameterForm::needs_run, this,
          [this] { session_->set_parameters(form_->values(), false); });
  connect(jobs_, &JobsPanel::cancel_requested, session_, &CaseSession::cancel);
  connect(batch_panel_, &BatchPanel::case_chosen, session_, &CaseSession::open_case);
  connect(batch_panel_, &BatchPanel::add_requested, this, [this] { choose_batch(); });
  connect(batch_, &BatchRunner::case_made, this, [this] { refresh_cases(); });
  connect(batch_, &BatchRunner::finished, this, [this] {
    jobs_->log("info", "Batch: " + batch_->summary());
    if (!batch_dock_->isVisible())
      notice_->show_news("Batch: " + batch_->summary() + ".", "Show",
                         [this] { batch_dock_->show(), batch_dock_->raise(); });
  });
}

void MainWindow::build_status() {
  scale_ = new ElidedLabel;
  made_by_ = new ElidedLabel;
  saved_ = new QLabel;
  reader_ = new QLabel;
  reader_->setToolTip("Who reads: command \"Reader\"");
  auto* not_device = new QLabel("not a medical device");
  statusBar()->setSizeGripEnabled(false);
  scale_->setContentsMargins(grid, 0, grid, 0);
  made_by_->setContentsMargins(grid, 0, grid, 0);
  statusBar()->addWidget(scale_, 3);
  statusBar()->addWidget(made_by_, 3);
  statusBar()->addPermanentWidget(reader_);
  statusBar()->addPermanentWidget(saved_);
  statusBar()->addPermanentWidget(not_device);
}

void MainWindow::connect_session() {
  CaseSession* s = session_;
  connect(s, &CaseSession::stage_changed, this, [this] { refresh_stage(); });
  connect(s, &CaseSession::pipelines_changed, this, [this] { refresh_pipelines(); });
  connect(s, &CaseSession::dataset_changed, this, [this] { refresh_dataset(); });
  connect(s, &CaseSession::result_changed, this, [this] { refresh_result(); });
  connect(s, &CaseSession::items_changed, this, [this] { refresh_items(); });
  connect(s, &CaseSession::parameters_changed, this, [this] {
    form_->set_values(session_->parameters());
    scale_->set_text(data_page_->scale_text());
    refresh_fovea();
  });
  connect(s, &CaseSession::cases_changed, this, [this] { refresh_cases(); });
  connect(s, &CaseSession::job_started, this, [this](const QString& title) {
    jobs_->start(title);
    job_text_->set_text(title);
    progress_->setValue(0);
    job_box_->show();
    notice_->clear();
    refresh_stage();
  });
  connect(s, &CaseSession::job_progress, this, [this](double fraction, const QString& text) {
    jobs_->progress(fraction, text);
    progress_->setValue(static_cast<int>(fraction * 1000));
    job_text_->set_text(text);
  });
  connect(s, &CaseSession::job_finished, this, [this](const QString& outcome) {
    jobs_->finish(outcome);
    job_box_->hide();
  });
  connect(s, &CaseSession::problem, this, [this](const Problem& p) {
    jobs_->log("warning", p.message);
    show_problem(p);
  });
  connect(s, &CaseSession::news, this, [this](const QString& text) { notice_->show_news(text); });
  connect(s, &CaseSession::report_written, this, [this](const QString& file) {
    notice_->show_news("Report written: " + file, "Show",
                       [file] { QDesktopServices::openUrl(QUrl::fromLocalFile(file)); });
    refresh_stage();
  });
  connect(&s->worker(), &WorkerClient::log_line, jobs_, &JobsPanel::log);
}

void MainWindow::refresh_stage() {
  using Stage = CaseSession::Stage;
  const Stage stage = session_->stage();
  const bool has_data = session_->dataset() != nullptr,
             working = stage == Stage::Opening || stage == Stage::Running;
  const bool done = stage == Stage::Analysed;
  const bool slices = data_page_->slice_view() != nullptr;
  const auto enable = [this](std::initializer_list<const char*> ids, bool on) {
    for (const char* id : ids) actions_->find(id)->setEnabled(on);
  };
  enable({"open", "open_folder"}, !working);
  enable({"run"}, has_data && !working && session_->pipeline());
  enable({"stop"}, working);
  const bool writable = done && !session_->review().read_only() && !session_->review().is_signed();
  const bool own = writable && !session_->review().layer_is_signed();
  const bool blinded = session_->review().protocol().blinded;
  enable({"review", "report", "report_deidentified", "next", "previous", "filter", "export"}, done);
  enable({"compare", "follow_up", "consensus"}, done && slices);
  enable({"note"}, own);
  enable({"brush", "erase"}, own && data_page_->paints());
  enable({"measure", "import_mask"}, own && slices);
  enable({"fovea"}, own && data_page_->takes("fovea"));
  enable({"sign", "blinded"}, writable);
  enable({"sign_layer"}, own && blinded);
  enable({"save_picture"}, has_data);
  for (const char* id : {"layers", "fill", "fit", "volume", "proportions", "slo", "slice_next",
                         "slice_previous", "play", "enhanced"})
    enable({id}, has_data && data_page_->takes(id));
  refresh_deciding(own);
  refresh_exam_actions();
  if (!own) actions_->find("browse")->setChecked(true);
  refresh_next_step();
}

// What a key decides must be in sight: on the page of the recording or of the consensus.
void MainWindow::refresh_deciding(bool own) {
  const bool agreeing = page() == consensus_, here = page() == data_page_;
  const bool can = agreeing ? consensus_->can_decide() : own && here;
  const CaseReview& review = session_->review();
  for (const char* id : {"accept", "reject"}) actions_->find(id)->setEnabled(can);
  for (int key = 1; key <= 9; ++key) actions_->find(QString("label_%1").arg(key))->setEnabled(can);
  actions_->find("undo")->setEnabled(agreeing ? consensus_->can_undo()
                                              : own && here && review.can_undo());
  actions_->find("redo")->setEnabled(agreeing ? consensus_->can_redo()
                                              : own && here && review.can_redo());
}

// The one button in the accent colour is what comes next.
void MainWindow::refresh_next_step() {
  using Stage = CaseSession::Stage;
  const Stage stage = session_->stage();
  int next = 0;
  if (stage == Stage::Opened) next = 1;
  if (stage == Stage::Analysed)
    next = session_->outdated()                                                        ? 1
           : session_->review().is_signed() || findings_->neighbour(1, true).isEmpty() ? 3
                                                                                       : 2;
  if (stage == Stage::Opening || stage == Stage::Running || stack_->currentWidget() == start_ ||
      stack_->currentWidget() == exam_page_)
    next = -1;
  for (int i = 0; i < static_cast<int>(path_buttons_.size()); ++i) {
    QPushButton* button = path_buttons_[static_cast<std::size_t>(i)];
    const bool on = i == next;
    const QString name = button->property("action").toString();
    button->setIcon(on ? icon(name, theme_colors().accent_text) : icon(name));
    if (button->property("next").toBool() == on) continue;
    button->setProperty("next", on);
    button->style()->unpolish(button);
    button->style()->polish(button);
  }
  const PipelineInfo* made_by = session_->pipeline();
  // A pipeline of classes names them by its result alone; what counts nothing has nothing live.
  const bool lists = !made_by || !made_by->labels.empty() ||
                     std::ranges::any_of(made_by->parameters,
                                         [](const ParameterSpec& spec) { return spec.about.live; });
  const QString empty = !lists && session_->dataset()
                            ? "This pipeline lists no findings. " + session_->notes().join(" ")
                        : stage == Stage::Analysed
                            ? "No findings at these parameters. " + session_->notes().join(" ")
                        : stage == Stage::Running ? "The pipeline is running."
                        : session_->dataset()     ? "Run the pipeline to list its findings here."
                                                  : "Findings are listed here after a run.";
  findings_->set_empty_text(session_->findings().nothing_counted && stage == Stage::Analysed
                                ? "Nothing was counted. " + session_->notes().join(" ")
                                : empty);
}

void MainWindow::refresh_pipelines() {
  const PipelineInfo* info = session_->pipeline();
  form_->set_specs(info ? info->parameters : ParameterSpecs{});
  device_->setText(session_->device());
  refresh_labels();
  QPushButton* run = path_buttons_[1];
  if (info)
    run->setToolTip(QString("%1 (%2)\n%3")
                        .arg(QString::fromStdString(info->title),
                             actions_->find("run")->shortcut().toString(),
                             QString::fromStdString(info->question)));
  refresh_stage();
}

void MainWindow::refresh_dataset() {
  notice_->clear();
  consensus_->clear();
  data_page_ = page_of(kind_of(*session_->dataset()));
  data_page_->show_dataset(session_->dataset());
  findings_->set_picture(stack_of(*session_->dataset()));
  findings_->set_frames(std::holds_alternative<Video>(*session_->dataset()));
  findings_->set_regions(std::holds_alternative<Cube>(*session_->dataset()));
  findings_->set_label_color(
      [page = data_page_](const QString& label) { return page->label_color(label); });
  provenance_->set_content({}, {}, {});
  show_page(data_page_);
  if (!std::exchange(sized_, true) && !QSettings().contains("window/state")) {
    resizeDocks({cases_dock_, findings_dock_}, {184, 372}, Qt::Horizontal);
    resizeDocks({findings_dock_, form_dock_}, {370, 320}, Qt::Vertical);
  }
  scale_->set_text(data_page_->scale_text());
  made_by_->set_text({});
  setWindowTitle(session_->entry().title + " · Sensorium");
  const auto& warnings = origin_of(*session_->dataset()).warnings;
  if (!warnings.empty()) notice_->show_message(QString::fromStdString(warnings.front()), {});
}

// A time as stored (UTC) in words of the user's locale; what is no time stays as it is.
static QString local_time(const QString& stored) {
  const QDateTime time = QDateTime::fromString(stored, Qt::ISODateWithMs);
  return time.isValid() ? QLocale().toString(time.toLocalTime(), "d MMM yyyy, hh:mm:ss") : stored;
}

void MainWindow::refresh_result() {
  consensus_->clear(); // its desk holds the log that was closed
  if (page() == consensus_) show_case();
  actions_->find("enhanced")->setChecked(false);
  data_page_->show_result(*session_);
  refresh_labels();
  scale_->set_text(data_page_->scale_text());
  form_->set_values(session_->parameters());
  const Findings& f = session_->findings();
  const auto& p = session_->provenance();
  const nlohmann::json model = p.value("model", nlohmann::json::object());
  const QString hash = text_field(model, "sha256");
  std::vector<ProvenanceRow> rows{
      {"File", session_->entry().source},
      {"Content", "SHA-256 " + session_->entry().sha256.left(16) + "…"},
      {"Pipeline", QString::fromStdString(f.pipeline + " " + f.version)},
      {"Model", hash.isEmpty() ? "none" : "SHA-256 " + hash.left(16) + "…"},
      {"Scale", data_page_->scale_text()},
      {"Device", text_field(p, "device")},
      {"Finished", local_time(text_field(p, "finished"))}};
  if (const PipelineInfo* info = session_->pipeline())
    rows.push_back({"Maturity", QString::fromStdString(info->maturity)});
  provenance_->set_content(rows, session_->command(), session_->notes());
  const PipelineInfo* made_by = session_->pipeline();
  const bool model_missing = hash.isEmpty() && made_by && !made_by->model.empty();
  made_by_->set_text(QString::fromStdString(f.pipeline + " " + f.version) +
                     (!hash.isEmpty() ? ", model " + hash.left(8) + "…"
                      : model_missing ? QString(", without a model")
                                      : QString()));
  if (model_missing)
    notice_->show_message("This result was made without the network: no model was used.",
                          "\"Where it comes from\" (Ctrl+I) says why. To use the network, put its "
                          "model back and run again.");
  if (session_->review().is_open() && session_->review().read_only())
    notice_->show_message("This case is read-only here: " + session_->review().read_only_reason() +
                              ".",
                          "Close it there and open the case again to review.");
  refresh_stage();
}

void MainWindow::refresh_items() {
  const FindingItems items = session_->review().items();
  const QString selected = findings_->selected();
  findings_->set_items(items);
  data_page_->set_items(items);
  if (SliceView* view = data_page_->slice_view()) view->set_measures(session_->review().measures());
  data_page_->select(selected.isEmpty() ? nullptr : findings_->item(selected));
  QString remark = QString::fromStdString(session_->review().state().waiting_text());
  if (const QString who = session_->review().speaker(); is_consensus_reader(who.toStdString()))
    remark += QString("%1The %2 speaks for this case in report and exports.")
                  .arg(remark.isEmpty() ? "" : ". ", who);
  if (const auto& problems = session_->review().state().problems; !problems.empty())
    remark += QString("%1Of the log, %2%3.")
                  .arg(remark.isEmpty() ? "" : ". ", QString::fromStdString(problems.front()),
                       problems.size() > 1 ? QString(" and %1 more").arg(problems.size() - 1) : "");
  findings_->set_remark(remark);
  refresh_saved();
  refresh_fovea();
  refresh_reader();
  if (page() == compare_) compare_->refresh();
  if (page() == consensus_) consensus();
  refresh_stage();
}

void MainWindow::refresh_saved() {
  const QDateTime saved = session_->review().saved_at();
  saved_->setText(session_->review().is_signed()
                      ? "signed " + saved.toLocalTime().toString("d MMM hh:mm")
                  : saved.isValid() ? "saved " + saved.toLocalTime().toString("hh:mm:ss")
                                    : QString());
}

void MainWindow::refresh_cases() {
  const auto cases = session_->store().cases();
  cases_->set_cases(cases, session_->entry().folder);
  if (stack_->currentWidget() == start_) start_->refresh(bundled_samples(), cases, exam_->exams());
}

void MainWindow::show_start() {
  start_->refresh(bundled_samples(), session_->store().cases(), exam_->exams());
  show_page(start_);
  refresh_cases();
  refresh_stage();
}

bool MainWindow::open_sample(const QString& id) {
  for (const Sample& sample : bundled_samples())
    if (id.isEmpty() || sample.id == id) {
      session_->choose_pipeline(sample.pipeline);
      session_->open_file(QString::fromStdString(sample.file.string()), true);
      return true;
    }
  return false;
}

void MainWindow::set_theme(Theme theme) {
  apply_theme(*qApp, theme);
  QSettings().setValue("theme", theme == Theme::Dark ? "dark" : "light");
  actions_->refresh_icons();
  start_->refresh(bundled_samples(), session_->store().cases(), exam_->exams());
  refresh_next_step();
  refresh_cases();
}

QString MainWindow::status_text() const {
  return QStringList{scale_->text(), made_by_->text(), saved_->text(), "not a medical device"}.join(
      " | ");
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  if (paths.isEmpty()) return;
  event->acceptProposedAction();
  if (exam_takes(paths)) return;
  if (paths.size() > 1) return start_batch(paths);
  if (QFileInfo::exists(paths[0] + "/recipe.json"))
    session_->open_case(paths[0]);
  else
    session_->open_file(paths[0]);
}

bool MainWindow::eventFilter(QObject*, QEvent* event) {
  if (event->type() != QEvent::KeyPress && event->type() != QEvent::KeyRelease) return false;
  const auto* key = static_cast<QKeyEvent*>(event);
  auto* button = qobject_cast<QAbstractButton*>(QApplication::focusWidget());
  if (event->type() == QEvent::KeyPress && button && button->window() == this &&
      (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) &&
      !(key->modifiers() & ~Qt::KeypadModifier)) {
    if (!key->isAutoRepeat()) button->click();
    return true;
  }
  if (key->key() != Qt::Key_Space || !isActiveWindow() || page() != data_page_ ||
      !data_page_->paints())
    return false;
  const QWidget* focus = QApplication::focusWidget();
  if (qobject_cast<const QLineEdit*>(focus) || qobject_cast<const QAbstractSpinBox*>(focus) ||
      qobject_cast<const QAbstractButton*>(focus))
    return false;
  if (!key->isAutoRepeat()) data_page_->set_overlay_shown(event->type() == QEvent::KeyRelease);
  return true;
}

void MainWindow::closeEvent(QCloseEvent* event) {
  QSettings().setValue("window/geometry", saveGeometry());
  if (stack_->currentWidget() == data_page_) QSettings().setValue("window/state", saveState());
  event->accept();
}

}
