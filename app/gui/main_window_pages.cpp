// The window's other pages and what leads to them: readers, comparison, follow-up, batch, pictures.
#include "app/gui/batch_panel.h"
#include "app/gui/cluster_page.h"
#include "app/gui/compare_page.h"
#include "app/gui/consensus_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/follow_up_page.h"
#include "app/gui/main_window.h"
#include "app/gui/review_area.h"
#include "app/gui/start_page.h"
#include "app/gui/study_page.h"
#include "modules/core/error.h"
#include "modules/core/recipe.h"
#include "modules/view/findings_panel.h"
#include "modules/view/linked_views.h"
#include "modules/view/notice_bar.h"
#include "modules/view/pair_view.h"

#include <QDockWidget>
#include <QFileDialog>
#include <QInputDialog>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>

namespace sensorium {

void MainWindow::declare_reader_actions() {
  ActionSet& a = *actions_;
  a.add("batch", "Analyse many files", "cases", "Ctrl+B", [this] { choose_batch(); }, "Case");
  a.add("clusters", "Runs on clusters", "", "Ctrl+Shift+J", [this] { show_clusters(); }, "Case");
  a.add(
      "train_on_cluster", "Train on a cluster", "", "",
      [this] {
        show_clusters();
        clusters_->send_training(false);
      },
      "Case");
  a.add(
      "sweep_on_cluster", "Sweep on a cluster", "", "",
      [this] {
        show_clusters();
        clusters_->send_training(true);
      },
      "Case");
  a.add(
      "study", "Open a study", "", "",
      [this] {
        const QString path = QFileDialog::getOpenFileName(
            this, "A study", {}, "Studies (*.db *.sqlite3);;All files (*)");
        if (path.isEmpty()) return;
        clusters_->study().open_file(path);
        show_page(&clusters_->study());
      },
      "Case");
  a.add(
      "report_deidentified", "De-identified report", "report", "",
      [this] { page() == exam_page_ ? choose_exam_file(true) : choose_deidentified_report(); },
      "Case");
  a.add(
      "save_picture", "Save this view as a picture, de-identified", "copy", "Ctrl+Shift+S",
      [this] { choose_picture(); }, "Case");
  a.add("reader", "Reader: who reads", "", "", [this] { ask_reader(); }, "Readers");
  a.add("blinded", "Blinded second read", "", "", [this] { ask_blinded(); }, "Readers");
  a.add("sign_layer", "Sign my reading", "accept", "", [this] { confirm_sign_layer(); }, "Readers");
  a.add(
      "compare", "Compare readers, or reader and AI", "layers", "Ctrl+M",
      [this] { compare({}, {}); }, "Readers");
  a.add(
      "consensus", "Consensus of the readers", "", "Ctrl+Shift+M", [this] { consensus(); },
      "Readers");
  a.add(
      "follow_up", "Follow-up: an earlier visit beside this one", "", "Ctrl+Shift+V",
      [this] { choose_visit(); }, "Readers");
  a.add(
      "import_mask", "Import a mask as my drawing", "open", "", [this] { choose_mask(); },
      "Readers");
  a.add_toggle(
      "fovea", "Place the fovea", "fovea", "G", false,
      [this](bool on) { area_->en_face()->set_placing_fovea(on); }, "Review");
}

void MainWindow::build_pages() {
  compare_ = new ComparePage;
  follow_up_ = new FollowUpPage;
  consensus_ = new ConsensusPage;
  clusters_ = new ClusterPage(worker_program_);
  build_exam();
  // A hidden page must not take room from the panels beside the picture.
  for (QWidget* page :
       {static_cast<QWidget*>(compare_), static_cast<QWidget*>(follow_up_),
        static_cast<QWidget*>(consensus_), static_cast<QWidget*>(clusters_),
        static_cast<QWidget*>(&clusters_->study()), static_cast<QWidget*>(exam_page_)}) {
    page->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
    stack_->addWidget(page);
  }
  connect(clusters_, &ClusterPage::closed, this, [this] { leave_page(); });
  connect(clusters_, &ClusterPage::study_asked, this, [this] { show_page(&clusters_->study()); });
  connect(&clusters_->study(), &StudyPage::closed, this, [this] { show_page(clusters_); });
  connect(clusters_, &ClusterPage::case_fetched, session_, &CaseSession::open_case);
  connect(consensus_, &ConsensusPage::closed, this, [this] { show_case(); });
  connect(consensus_, &ConsensusPage::changed, this, [this] {
    session_->desk_changed();
    refresh_saved();
    refresh_stage();
  });
  connect(consensus_, &ConsensusPage::refused, this,
          [this](const QString& text, const QString& hint) { notice_->show_message(text, hint); });
  connect(compare_, &ComparePage::closed, this, [this] { show_case(); });
  connect(follow_up_, &FollowUpPage::closed, this, [this] { show_case(); });
  connect(compare_, &ComparePage::refused, this, [this](const QString& text, const QString& hint) {
    show_case();
    notice_->show_message(text, hint);
  });
}

// The open recording with the chosen pipeline and parameters, as a run would take them.
void MainWindow::show_clusters() {
  nlohmann::json recipe;
  if (session_->dataset() && session_->pipeline()) {
    const CaseEntry& entry = session_->entry();
    Recipe r{.pipeline = session_->pipeline()->id,
             .pipeline_version = session_->pipeline()->version,
             .inputs = {{entry.source.toStdString(), entry.sha256.toStdString()}},
             .parameters = session_->parameters()};
    recipe = to_json(r);
  }
  clusters_->set_case(session_->entry().title, recipe,
                      session_->pipeline() ? QString::fromStdString(session_->pipeline()->id)
                                           : QString());
  show_page(clusters_);
}

DatasetPage* MainWindow::page_of(std::string_view kind) {
  const auto found = pages_.find(kind);
  if (found != pages_.end()) return found->second;
  DatasetPage* page = make_page_(kind);
  if (!page) return pages_[std::string(kind)] = area_;
  page->attach(*session_, *actions_);
  connect_slices(page);
  page->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
  stack_->addWidget(page);
  connect(page, &DatasetPage::item_clicked, this, [this](const QString& id) { select(id); });
  return pages_[std::string(kind)] = page;
}

void MainWindow::show_case() { show_page(data_page_); }
void MainWindow::leave_page() {
  if (session_->dataset())
    show_case();
  else
    show_start();
}
QWidget* MainWindow::page() const { return stack_->currentWidget(); }

// The panels beside the picture belong to the review; the other pages bring their own.
void MainWindow::show_page(QWidget* page) {
  QWidget* const before = stack_->currentWidget();
  if (notice_ && page != before) notice_->clear_news();
  stack_->setCurrentWidget(page);
  const std::initializer_list<QDockWidget*> panels = {cases_dock_, findings_dock_, form_dock_,
                                                      provenance_dock_};
  const auto of_a_recording = [](QWidget* w) { return qobject_cast<DatasetPage*>(w) != nullptr; };
  if (!of_a_recording(page)) {
    if (of_a_recording(before)) review_layout_ = saveState();
    for (QDockWidget* panel : panels) panel->hide();
  } else if (!of_a_recording(before) && !review_layout_.isEmpty()) {
    restoreState(review_layout_);
  } else if (!of_a_recording(before)) {
    // The findings with all their columns come before the list of cases, which the start page has
    // too.
    constexpr int roomy = 1160;
    for (QDockWidget* panel : panels) panel->setVisible(panel != cases_dock_ || width() >= roomy);
    form_dock_->raise();
  }
  refresh_stage();
}

void MainWindow::add_menu(QWidget* beside, const QString& name, const QStringList& ids) {
  auto* button = qobject_cast<QToolButton*>(beside);
  auto* menu = new QMenu(button);
  menu->setAccessibleName(name);
  menu->setToolTipsVisible(true);
  button->setMenu(menu);
  button->setPopupMode(QToolButton::InstantPopup);
  connect(menu, &QMenu::aboutToShow, this, [this, menu, ids] {
    menu->clear();
    for (const QString& id : ids) {
      if (id == "-") {
        menu->addSeparator();
      } else if (id == "recent") {
        for (const QString& path : recent_files())
          menu->addAction(QFileInfo(path).fileName(), [this, path] { session_->open_file(path); })
              ->setToolTip(path);
      } else if (id == "pipelines") {
        for (const PipelineInfo& p : session_->pipelines()) {
          QAction* choice = menu->addAction(QString::fromStdString(p.title),
                                            [this, pipeline = QString::fromStdString(p.id)] {
                                              session_->choose_pipeline(pipeline);
                                              session_->run();
                                            });
          choice->setToolTip(QString::fromStdString(p.question));
          choice->setEnabled(session_->dataset() && p.input == kind_of(*session_->dataset()));
        }
      } else {
        menu->addAction(actions_->find(id));
      }
    }
  });
}

void MainWindow::show_problem(const Problem& problem) {
  std::function<void()> act = problem.act;
  if (problem.act_with_file)
    act = [this, take = problem.act_with_file] {
      const QString file = QFileDialog::getOpenFileName(this, "Where is the recording now?");
      if (!file.isEmpty()) take(file);
    };
  notice_->show_message(problem.message, problem.hint, problem.button, act);
}

void MainWindow::refresh_fovea() {
  if (!session_->dataset() || data_page_ != area_) return;
  const PixelStack stack = stack_of(*session_->dataset());
  const auto at = session_->fovea();
  area_->en_face()->set_fovea(at ? *at : QPointF((stack.width - 1) / 2.0, (stack.depth - 1) / 2.0),
                              at.has_value());
}

void MainWindow::refresh_reader() {
  const Protocol protocol = session_->review().protocol();
  QString text = "reader: " + session_->reader();
  if (protocol.closed())
    text += session_->review().layer_is_signed() ? " (blinded, signed)" : " (blinded)";
  reader_->setText(text);
  if (protocol.closed()) reader_->setToolTip(QString::fromStdString(protocol.text()));
}

void MainWindow::start_batch(const QStringList& paths) {
  batch_->set_pipelines(session_->pipelines());
  batch_dock_->show();
  batch_dock_->raise();
  batch_->add(paths);
}

void MainWindow::choose_batch() {
  start_batch(QFileDialog::getOpenFileNames(this, "Analyse many recordings"));
}

void MainWindow::compare(const QString& a, const QString& b) {
  const CaseReview& review = session_->review();
  if (!session_->dataset() || !review.is_open()) return;
  const QString ai = QString::fromLatin1(ai_layer.data(), ai_layer.size());
  QStringList names = review.readers();
  if (!names.contains(review.reader())) names.prepend(review.reader());
  names << ai;
  for (const QString& wanted : {a, b})
    if (!wanted.isEmpty() && !names.contains(wanted)) {
      try {
        review.layer(wanted, false);
        notice_->show_message(QString("Nobody called %1 has read this case.").arg(wanted),
                              "Choose one of its readers.");
      } catch (const Error& e) {
        notice_->show_message(QString::fromStdString(e.what()), QString::fromStdString(e.hint()));
      }
      return;
    }
  compare_->set_case(*session_->dataset(), session_->surfaces(), review.spacing(), names,
                     [this](const QString& name, bool with_proposed) {
                       return session_->review().layer(name, with_proposed);
                     });
  show_page(compare_);
  QString other = ai;
  for (const QString& name : names)
    if (b.isEmpty() && name != review.reader() && name != ai) other = name;
  compare_->choose(a.isEmpty() ? review.reader() : a, b.isEmpty() ? other : b);
}

void MainWindow::consensus() {
  const CaseReview& review = session_->review();
  if (!session_->dataset() || !review.is_open()) return;
  QStringList names, labels;
  for (const QString& name : review.readers())
    if (!is_consensus_reader(name.toStdString())) names << name;
  names << QString::fromLatin1(ai_layer.data(), ai_layer.size());
  if (const PipelineInfo* info = session_->pipeline())
    for (const std::string& label : info->labels) labels << QString::fromStdString(label);
  try {
    consensus_->set_case(
        *session_->dataset(), session_->surfaces(), review.spacing(), names, labels,
        !review.read_only() && !review.is_signed(),
        [this](const QString& name, bool with_proposed) {
          return session_->review().layer(name, with_proposed);
        },
        session_->consensus_desk());
    show_page(consensus_);
  } catch (const Error& e) {
    notice_->show_message(QString::fromStdString(e.what()), QString::fromStdString(e.hint()));
  }
}

void MainWindow::follow_up(const QString& earlier_folder) {
  session_->load_visit(earlier_folder, [this](const ShownVisit& earlier) {
    try {
      follow_up_->set_visits(earlier, session_->visit());
      show_page(follow_up_);
    } catch (const Error& e) {
      notice_->show_message(QString::fromStdString(e.what()), QString::fromStdString(e.hint()));
    }
  });
}

void MainWindow::choose_visit() {
  QStringList names, folders;
  for (const CaseEntry& entry : session_->store().cases()) {
    if (entry.folder == session_->entry().folder || !entry.complete()) continue;
    folders << QString::fromStdString(entry.folder.string());
    names << QString("%1. %2, %3, opened %4")
                 .arg(folders.size())
                 .arg(entry.title, text_of(entry.state),
                      QLocale().toString(entry.opened.toLocalTime().date(), QLocale::ShortFormat));
  }
  if (names.isEmpty())
    return notice_->show_message("There is no other analysed case to compare this visit with.",
                                 "Open and run the recording of the earlier visit first.");
  bool ok = false;
  const QString chosen = QInputDialog::getItem(
      this, "Follow-up", "The earlier visit of this eye:", names, 0, false, &ok);
  if (ok) follow_up(folders[names.indexOf(chosen)]);
}

void MainWindow::choose_mask() {
  const QString file = QFileDialog::getOpenFileName(
      this, "Import a mask as my drawing", {},
      "Masks (*.nrrd *.nii *.nii.gz *.mha *.dcm *.png *.tif *.tiff);;All files (*)");
  if (!file.isEmpty()) session_->import_mask(file);
}

void MainWindow::ask_reader() {
  bool ok = false;
  const QString name = QInputDialog::getText(
      this, "Reader", "Decisions are stored under this name:", QLineEdit::Normal,
      session_->reader(), &ok);
  if (ok) session_->set_reader(name);
}

void MainWindow::ask_blinded() {
  bool ok = false;
  const QString names = QInputDialog::getText(
      this, "Blinded second read",
      "Names of the readers, separated by commas. Until each has signed their reading,\n"
      "nobody is shown another's decisions:",
      QLineEdit::Normal, session_->reader() + ", ", &ok);
  QStringList list;
  for (const QString& name : names.split(',', Qt::SkipEmptyParts))
    if (!name.trimmed().isEmpty()) list << name.trimmed();
  if (!ok) return;
  if (list.size() < 2)
    return notice_->show_message("A blinded read needs at least two readers.",
                                 "Name them, separated by commas.");
  session_->start_blinded_read(list);
}

void MainWindow::confirm_sign_layer() {
  QMessageBox box(QMessageBox::Question, "Sign my reading", "Sign your reading of this case?",
                  QMessageBox::Cancel, this);
  box.setInformativeText("Your decisions are then frozen. Once every reader has signed, the "
                         "readings can be compared.");
  QPushButton* yes = box.addButton("Sign", QMessageBox::AcceptRole);
  box.exec();
  if (box.clickedButton() == yes) session_->sign_layer();
}

void MainWindow::choose_deidentified_report() {
  const QString path = QFileDialog::getSaveFileName(this, "De-identified report",
                                                    "report-deidentified.pdf", "PDF (*.pdf)");
  if (!path.isEmpty())
    session_->write_report(path.endsWith(".pdf", Qt::CaseInsensitive) ? path : path + ".pdf", true);
}

void MainWindow::choose_picture() {
  const int scan = area_->slice_view()->slice() + 1;
  const QString path = QFileDialog::getSaveFileName(
      this, "Save this view", QString("view-scan-%1.png").arg(scan), "PNG (*.png)");
  if (!path.isEmpty())
    save_picture(path.endsWith(".png", Qt::CaseInsensitive) ? path : path + ".png");
}

// Captions of the follow-up name files and those of a comparison name readers: they are left out.
bool MainWindow::save_picture(const QString& file) {
  if (!session_->dataset()) return false;
  QWidget* source = data_page_->pictures();
  PairView* const pairs[] = {compare_->pair(), follow_up_->pair()};
  for (PairView* pair : pairs)
    if (pair->isVisible()) {
      pair->show_captions(false);
      source = pair;
    }
  if (consensus_->isVisible()) source = consensus_->views();
  consensus_->views()->show_captions(false);
  QImage picture = source->grab().toImage();
  for (PairView* pair : pairs) pair->show_captions(true);
  consensus_->views()->show_captions(true);
  for (const QString& key : picture.textKeys()) picture.setText(key, {});
  if (!picture.save(file, "PNG")) {
    notice_->show_message(QString("The picture %1 could not be written.").arg(file),
                          "Choose another folder, or make room on the disk.");
    return false;
  }
  const bool burnt = std::holds_alternative<Video>(*session_->dataset());
  notice_->show_news(QString("Picture written: %1. No patient text or file name is in it.%2")
                         .arg(file, burnt ? " Text burnt into the frames by the device stays: look "
                                            "at it before you pass it on."
                                          : ""));
  return true;
}

}
