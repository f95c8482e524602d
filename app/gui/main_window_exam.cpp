// The exam board in the window: what opens it, what it opens, its files.
#include "app/gui/clip_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/main_window.h"
#include "app/gui/start_page.h"
#include "modules/review/exam_signing.h"
#include "modules/view/notice_bar.h"

#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QUrl>

#include <algorithm>

namespace sensorium {
namespace {

// What several dropped files are is guessed by their names; what each of them is, by its content.
bool looks_like_clip(const QString& path) {
  static const QStringList suffixes{"mp4", "mpeg", "mpg", "avi", "mov", "mkv", "gif", "webm"};
  return suffixes.contains(QFileInfo(path).suffix().toLower());
}

// Two clips or more, and nothing that looks like another recording.
bool is_folder_of_clips(const QString& path) {
  if (!QFileInfo(path).isDir()) return false;
  int clips = 0;
  for (const QFileInfo& file : QDir(path).entryInfoList(QDir::Files))
    clips += looks_like_clip(file.filePath());
  return clips > 1;
}

}

void MainWindow::declare_exam_actions() {
  ActionSet& a = *actions_;
  a.add(
      "new_exam", "New exam of several clips", "layers", "Ctrl+Shift+N", [this] { new_exam({}); },
      "Case");
  a.add("exam", "Exam board", "layers", "Ctrl+Shift+B", [this] { show_exam(); }, "Case");
  a.add(
      "exam_again", "New exam of these clips", "layers", "", [this] { exam_->begin_again(); },
      "Case");
}

void MainWindow::build_exam() {
  exam_ = new ExamSession(worker_program_, worker_arguments_, session_->store(), this);
  exam_page_ = new ExamPage(*exam_);
  connect(session_, &CaseSession::pipelines_changed, exam_,
          [this] { exam_->set_pipelines(session_->pipelines()); });
  connect(exam_, &ExamSession::changed, this, [this] {
    if (page() == exam_page_)
      saved_->setText(exam_->is_signed() ? exam_->signature_text()
                      : exam_->saved_at().isValid()
                          ? "saved " + exam_->saved_at().toLocalTime().toString("hh:mm:ss")
                          : QString());
    refresh_stage();
  });
  connect(exam_, &ExamSession::cases_changed, this, [this] { refresh_cases(); });
  connect(exam_, &ExamSession::problem, this,
          [this](const QString& text, const QString& hint) { notice_->show_message(text, hint); });
  connect(exam_, &ExamSession::written, this, [this](const QString& file) {
    notice_->show_news("Written: " + file, "Show",
                       [file] { QDesktopServices::openUrl(QUrl::fromLocalFile(file)); });
  });
  connect(exam_page_, &ExamPage::closed, this, [this] { show_start(); });
  connect(exam_page_, &ExamPage::clips_wanted, this,
          [this] { exam_->add(QFileDialog::getOpenFileNames(this, "Clips of the exam")); });
  connect(exam_page_, &ExamPage::folder_wanted, this, [this] {
    const QString folder = QFileDialog::getExistingDirectory(this, "A folder of clips");
    if (!folder.isEmpty()) exam_->add({folder});
  });
  connect(exam_page_, &ExamPage::sign_wanted, this, [this] { confirm_sign_exam(); });
  connect(exam_page_, &ExamPage::again_wanted, this,
          [this] { actions_->find("exam_again")->trigger(); });
  connect(exam_page_, &ExamPage::report_wanted, this, [this] { choose_exam_file(false); });
  connect(exam_page_, &ExamPage::clip_opened, this, &MainWindow::open_clip_of_exam);
  connect(session_, &CaseSession::result_changed, this, [this] {
    const int frame = std::exchange(frame_wanted_, -1);
    if (auto* clip = qobject_cast<ClipPage*>(data_page_); clip && frame >= 0)
      clip->slice_view()->set_slice(frame);
  });
}

void MainWindow::new_exam(const QStringList& paths) {
  if (!exam_->create()) return;
  show_exam();
  if (!paths.isEmpty()) exam_->add(paths);
}

void MainWindow::open_exam(const QString& folder) {
  const bool there =
      exam_->is_open() &&
      QFileInfo(folder).canonicalFilePath() ==
          QFileInfo(QString::fromStdString(exam_->folder().string())).canonicalFilePath();
  if (there || exam_->open(folder)) show_exam();
}

// Decisions made on a clip's page since then are on the board.
void MainWindow::show_exam() {
  if (!exam_->is_open()) return;
  exam_->set_reader(session_->reader());
  if (session_->dataset() && session_->stage() == CaseSession::Stage::Analysed)
    exam_->take_picture(QString::fromStdString(session_->entry().folder.string()),
                        *session_->dataset(), session_->review().state());
  show_page(exam_page_);
  exam_->refresh();
  setWindowTitle("Exam · Sensorium");
  scale_->set_text({});
  made_by_->set_text({});
}

bool MainWindow::exam_takes(const QStringList& dropped) {
  if (dropped.size() == 1 && QFileInfo::exists(dropped[0] + "/exam.json")) {
    open_exam(dropped[0]);
    return true;
  }
  if (page() == exam_page_ && exam_->is_open()) {
    exam_->add(dropped);
    return true;
  }
  const bool clips =
      dropped.size() > 1 && std::all_of(dropped.begin(), dropped.end(), looks_like_clip);
  if (!clips && !(dropped.size() == 1 && is_folder_of_clips(dropped[0]))) return false;
  new_exam(dropped);
  return true;
}

void MainWindow::refresh_exam_actions() {
  const bool here = page() == exam_page_;
  actions_->find("exam")->setEnabled(exam_->is_open());
  actions_->find("exam_again")->setEnabled(here && exam_->is_open());
  actions_->find("sign")->setText(here ? "Sign the exam" : "Sign the case");
  if (!here) return;
  actions_->find("undo")->setEnabled(exam_->can_change() && exam_->can_undo());
  actions_->find("redo")->setEnabled(exam_->can_change() && exam_->can_redo());
  actions_->find("sign")->setEnabled(exam_->can_change() && !exam_->busy() &&
                                     !exam_->board().clips.empty());
  for (const char* id : {"report", "report_deidentified", "export"})
    actions_->find(id)->setEnabled(exam_->board().analysed > 0);
  for (const char* id : {"next", "previous", "save_picture"}) actions_->find(id)->setEnabled(false);
}

void MainWindow::open_clip_of_exam(const QString& clip, int frame) {
  const QString folder = exam_->case_of(clip);
  if (folder.isEmpty())
    return notice_->show_news("This clip has not been analysed yet. It opens once it has.");
  const bool there = QString::fromStdString(session_->entry().folder.string()) == folder &&
                     session_->stage() == CaseSession::Stage::Analysed;
  if (!there) {
    frame_wanted_ = frame;
    return session_->open_case(folder);
  }
  show_case();
  setWindowTitle(session_->entry().title + " · Sensorium");
  if (auto* page = qobject_cast<ClipPage*>(data_page_); page && frame >= 0)
    page->slice_view()->set_slice(frame);
}

void MainWindow::confirm_sign_exam() {
  exam_->set_reader(session_->reader());
  exam_->refresh(); // what is signed is what the clips say now
  QMessageBox box(QMessageBox::Question, "Sign the exam",
                  QString("Sign this exam as %1?").arg(session_->reader()), QMessageBox::Cancel,
                  this);
  QStringList words;
  for (const std::string& text : unread_of(exam_->board())) words << QString::fromStdString(text);
  words << "Zones, scores and rule are then frozen, and the state of every clip is named. What is "
           "changed in a clip later is shown as changed since signed.";
  box.setInformativeText(words.join(" "));
  QPushButton* yes = box.addButton("Sign", QMessageBox::AcceptRole);
  box.exec();
  if (box.clickedButton() == yes) exam_->sign();
}

void MainWindow::write_exam(const QString& file, bool deidentified) {
  exam_->set_reader(session_->reader());
  exam_->write(file, deidentified);
}

void MainWindow::choose_exam_file(bool deidentified) {
  const QString own = QString::fromStdString(
      (exam_->folder() / (deidentified ? "report-deidentified.pdf" : "report.pdf")).string());
  QString chosen;
  QString path = QFileDialog::getSaveFileName(
      this, "Write the exam", own,
      "Report, PDF (*.pdf);;DICOM structured report (*.sr.dcm);;JSON (*.json)", &chosen);
  if (path.isEmpty()) return;
  if (!path.endsWith(".pdf") && !path.endsWith(".json") && !path.endsWith(".dcm"))
    path += chosen.contains("json") ? ".json" : chosen.contains("dcm") ? ".sr.dcm" : ".pdf";
  write_exam(path, deidentified);
}

}
