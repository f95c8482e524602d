// What the window can do, as actions; its looks are in main_window.cpp.
#include "app/gui/consensus_page.h"
#include "app/gui/exam_page.h"
#include "app/gui/main_window.h"
#include "app/gui/review_area.h"
#include "modules/view/command_palette.h"
#include "modules/view/findings_panel.h"
#include "modules/view/notice_bar.h"
#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"

#include <QActionGroup>
#include <QApplication>
#include <QDockWidget>
#include <QFileDialog>
#include <QInputDialog>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>
#include <QStackedWidget>

namespace sensorium {

void MainWindow::declare_actions() {
  ActionSet& a = *actions_;
  a.add("open", "Open file", "open", "Ctrl+O", [this] { choose_file(); }, "Case");
  a.add(
      "open_folder", "Open folder", "folder", "Ctrl+Shift+O", [this] { choose_folder(); }, "Case");
  a.add("start", "Start page", "cases", "Ctrl+Home", [this] { show_start(); }, "Case");
  a.add("run", "Run the pipeline", "run", "Ctrl+R", [this] { session_->run(); }, "Case");
  a.add("stop", "Stop what is running", "stop", "Ctrl+.", [this] { session_->cancel(); }, "Case");
  a.add(
      "review", "Review: first unread finding", "review", "Ctrl+E",
      [this] {
        show_case();
        findings_dock_->show();
        findings_dock_->raise();
        const QString id = findings_->neighbour(1, true);
        if (!id.isEmpty()) select(id);
        QWidget* slices = data_page_->slice_view();
        (slices ? slices : data_page_)->setFocus();
      },
      "Case");
  a.add(
      "report", "Write the report", "report", "Ctrl+P",
      [this] { page() == exam_page_ ? choose_exam_file(false) : choose_report(); }, "Case");
  a.add(
      "export", "Export findings or mask", "copy", "Ctrl+Shift+E",
      [this] { page() == exam_page_ ? choose_exam_file(false) : choose_export(); }, "Case");
  a.add(
      "sign", "Sign the case", "accept", "Ctrl+Return",
      [this] { page() == exam_page_ ? confirm_sign_exam() : confirm_sign(); }, "Case");
  a.add("palette", "All commands", "search", "Ctrl+K", [this] { open_palette(); }, "Window");
  a.add(
      "theme", "Dark or light", "theme", "Ctrl+T",
      [this] { set_theme(current_theme() == Theme::Dark ? Theme::Light : Theme::Dark); }, "Window");
  a.add(
      "show_provenance_tab", "Where this result comes from", "", "Ctrl+I",
      [this] {
        provenance_dock_->show();
        provenance_dock_->raise();
      },
      "Window");
  a.add(
      "shortcuts", "Keyboard shortcuts", "settings", "",
      [this] { ShortcutsDialog(*actions_, this).exec(); }, "Window");
  a.add("reset_layout", "Reset the layout", "", "", [this] { reset_layout(); }, "Window");
  a.add("help", "About Sensorium", "help", "F1", [this] { show_help(); }, "Window");
  a.add("quit", "Quit", "", "Ctrl+Q", [this] { close(); }, "Window");
  declare_review_actions();
  declare_reader_actions();
  declare_exam_actions();
  declare_view_actions();
}

void MainWindow::declare_review_actions() {
  ActionSet& a = *actions_;
  a.add("next", "Next finding", "next", "N", [this] { step(1); }, "Review");
  a.add("previous", "Previous finding", "previous", "P", [this] { step(-1); }, "Review");
  a.add("accept", "Accept", "accept", "A", [this] { decide(true); }, "Review");
  a.add("reject", "Reject", "reject", "R", [this] { decide(false); }, "Review");
  for (int key = 1; key <= 9; ++key) {
    QAction* action = a.add(
        QString("label_%1").arg(key), QString("Label %1").arg(key), "", QString::number(key),
        [this, key] { relabel(key); }, "Review");
    action->setVisible(false);
  }
  a.add(
      "undo", "Undo", "undo", "Ctrl+Z",
      [this] {
        page() == exam_page_   ? exam_->undo()
        : page() == consensus_ ? consensus_->undo()
                               : session_->undo();
      },
      "Review");
  a.add(
      "redo", "Redo", "redo", "Ctrl+Shift+Z",
      [this] {
        page() == exam_page_   ? exam_->redo()
        : page() == consensus_ ? consensus_->redo()
                               : session_->redo();
      },
      "Review");
  auto* tools = new QActionGroup(this);
  const auto tool = [&](const char* id, const char* text, const char* keys, SliceTool which) {
    QAction* action = a.add_toggle(
        id, text, id, keys, which == SliceTool::Browse,
        [this, which](bool on) {
          if (on) data_page_->set_tool(which);
        },
        "Review");
    tools->addAction(action);
  };
  tool("browse", "Look", "V", SliceTool::Browse);
  tool("brush", "Paint", "B", SliceTool::Brush);
  tool("erase", "Erase", "X", SliceTool::Erase);
  tool("measure", "Measure", "M", SliceTool::Measure);
  const auto brush = [this](int by) { data_page_->step_brush(by); };
  a.add("brush_larger", "Larger brush", "", "]", [brush] { brush(1); }, "Review");
  a.add("brush_smaller", "Smaller brush", "", "[", [brush] { brush(-1); }, "Review");
  a.add("note", "Note on the finding", "note", "Ctrl+N", [this] { ask_note(); }, "Review");
  a.add(
      "filter", "Filter the findings", "", "Ctrl+F", [this] { findings_->focus_filter(); },
      "Review");
}

// What these do is the page's: a page that does not take one has it disabled.
void MainWindow::declare_view_actions() {
  ActionSet& a = *actions_;
  const auto add = [&](const char* id, const char* text, const char* icon, const char* keys) {
    a.add(id, text, icon, keys, [this, id] { data_page_->act(id, true); }, "View");
  };
  const auto toggle = [&](const char* id, const char* text, const char* icon, const char* keys,
                          bool on) {
    a.add_toggle(
        id, text, icon, keys, on, [this, id](bool now) { data_page_->act(id, now); }, "View");
  };
  toggle("enhanced", "Enhanced picture", "enhance", "E", false);
  toggle("layers", "Layer lines", "layers", "L", true);
  toggle("fill", "Fill the findings", "fill", "F", false);
  toggle("volume", "3-D view", "cube", "", true);
  toggle("proportions", "True proportions", "", "T", false);
  toggle("slo", "SLO or projection", "", "S", true);
  add("fit", "Fit, and automatic brightness", "fit", "0");
  toggle("play", "Play", "play", "K", false);
  add("slice_next", "Next B-scan, frame or band", "", "PgDown");
  add("slice_previous", "Previous B-scan, frame or band", "", "PgUp");
}

void MainWindow::select(const QString& id) {
  findings_->select(id);
  data_page_->select(findings_->item(id));
}

void MainWindow::relabel(int key) {
  if (page() == consensus_) return consensus_->relabel(key);
  session_->relabel(findings_->selected(), key);
}

void MainWindow::refresh_labels() {
  const QStringList labels = session_->labels();
  for (int key = 1; key <= 9; ++key) {
    QAction* action = actions_->find(QString("label_%1").arg(key));
    const bool there = key <= labels.size();
    action->setText(there ? "Relabel to " + labels[key - 1] : QString("Label %1").arg(key));
    action->setVisible(there);
  }
}

void MainWindow::decide(bool accept) {
  if (page() == consensus_) return consensus_->decide(accept);
  const QString id = findings_->selected();
  if (id.isEmpty()) {
    step(1);
    return;
  }
  const auto stored = [this] {
    const ReviewLog* log = session_->review().log();
    return log ? log->events().size() : std::size_t{0};
  };
  const std::size_t before = stored();
  if (accept)
    session_->accept(id);
  else
    session_->reject(id);
  if (stored() == before) return; // it is still to be read
  const QString next = findings_->neighbour(1, true);
  if (!next.isEmpty()) select(next);
}

void MainWindow::step(int by) {
  if (page() == consensus_) return consensus_->step(by);
  const QString id = findings_->neighbour(by, false);
  if (!id.isEmpty()) select(id);
}

void MainWindow::choose_file() {
  const QString start =
      recent_files().isEmpty() ? QString() : QFileInfo(recent_files().first()).absolutePath();
  const QString path = QFileDialog::getOpenFileName(this, "Open a recording", start);
  if (!path.isEmpty()) session_->open_file(path);
}

void MainWindow::choose_folder() {
  const QString path =
      QFileDialog::getExistingDirectory(this, "Open a folder: a series, or a result");
  if (path.isEmpty()) return;
  if (exam_takes({path})) return;
  if (QFileInfo::exists(path + "/recipe.json") || QFileInfo::exists(path + "/case.json"))
    session_->open_case(path);
  else
    session_->open_file(path);
}

void MainWindow::choose_report() {
  const QString own = QString::fromStdString((session_->entry().folder / "report.pdf").string());
  const QString path = QFileDialog::getSaveFileName(this, "Write the report", own, "PDF (*.pdf)");
  if (!path.isEmpty())
    session_->write_report(path.endsWith(".pdf", Qt::CaseInsensitive) ? path : path + ".pdf");
}

void MainWindow::choose_export() {
  const bool cube = session_->dataset() && std::holds_alternative<Cube>(*session_->dataset());
  const QString path = QFileDialog::getSaveFileName(
      this, "Export", QString::fromStdString(session_->entry().folder.string()),
      cube ? "Findings as reviewed (*.csv);;Class map as reviewed (*.png);;Mask, NRRD (*.nrrd)"
           : "Findings as reviewed (*.csv);;Mask, NRRD (*.nrrd);;Mask, NIfTI (*.nii.gz);;"
             "Mask, DICOM segmentation (*.dcm)");
  if (!path.isEmpty()) session_->export_to(path);
}

void MainWindow::confirm_sign() {
  QMessageBox box(QMessageBox::Question, "Sign the case", "Sign this case?", QMessageBox::Cancel,
                  this);
  int unread = 0;
  for (const ReviewedFinding& one : session_->review().state().findings)
    unread += one.state == FindingState::Proposed;
  const QString left = unread == 0   ? QString()
                       : unread == 1 ? QString("1 finding has not been read. ")
                                     : QString("%1 findings have not been read. ").arg(unread);
  box.setInformativeText(left + "The log is then frozen: nothing can be added or undone, and later "
                                "changes to it are detected.");
  QPushButton* yes = box.addButton("Sign", QMessageBox::AcceptRole);
  box.exec();
  if (box.clickedButton() == yes) session_->sign();
}

void MainWindow::ask_note() {
  const QString id = findings_->selected();
  bool ok = false;
  const QString text = QInputDialog::getText(
      this, "Note", id.isEmpty() ? "Note on the case:" : "Note on this finding:", QLineEdit::Normal,
      {}, &ok);
  if (ok && !text.trimmed().isEmpty()) session_->note(id, text.trimmed());
}

void MainWindow::open_palette() {
  QList<PaletteEntry> entries;
  for (QAction* action : actions_->all())
    if (action->isEnabled() && action->objectName() != "palette" &&
        (action->isVisible() || action->objectName().startsWith("label_")))
      entries.append({action->text(), action->property("group").toString(),
                      action->shortcut().toString(QKeySequence::NativeText),
                      [action] { action->trigger(); }});
  for (const ParameterSpec& spec : form_->specs())
    entries.append({"Parameter: " + title_of(spec), "Parameters", {}, [this, name = spec.name] {
                      form_dock_->show();
                      form_dock_->raise();
                      form_->focus_parameter(name);
                    }});
  for (const QString& path : recent_files())
    entries.append(
        {"Open " + path, "Recent files", {}, [this, path] { session_->open_file(path); }});
  for (const Sample& sample : bundled_samples())
    entries.append({"Open the sample: " + sample.title, "Samples", {}, [this, id = sample.id] {
                      open_sample(id);
                    }});
  palette_->open_with(std::move(entries));
}

void MainWindow::show_help() {
  QMessageBox box(this);
  box.setWindowTitle("About Sensorium");
  box.setTextFormat(Qt::RichText);
  box.setText("<b>Sensorium 0.1.0</b><br>Open, run, review, report.");
  box.setInformativeText(
      "For research and teaching. Not a medical device: it does not diagnose and must not guide "
      "treatment."
      "<br><br>Ctrl+K finds every command and parameter. Hold Space to see the picture without "
      "overlays."
      "<br><br>GPL-3.0-or-later. Qt, VTK and the other libraries keep their own licences.");
  box.exec();
}

void MainWindow::reset_layout() {
  restoreState(default_layout_);
  jobs_dock_->hide();
  batch_dock_->hide();
  refresh_stage();
  QSettings().remove("window/state");
}

}
