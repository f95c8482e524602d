#include "app/gui/training_dialog.h"

#include "app/gui/command_call.h"
#include "app/gui/json_fields.h"
#include "app/gui/resources_form.h"
#include "app/gui/send_panel.h"
#include "app/gui/space_editor.h"
#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/core/json_text.h"
#include "modules/view/parameter_form.h"
#include "modules/view/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace sensorium {
using nlohmann::json;
namespace {

constexpr std::size_t most_plan_bytes = 16u << 20;

// A file of the plan stands beside it, where it is not absolute and is there.
QString beside(const QString& plan, const QString& file) {
  const QString there = QFileInfo(plan).absoluteDir().filePath(file);
  return QFileInfo(file).isAbsolute() || !QFileInfo::exists(there)
             ? QFileInfo(file).absoluteFilePath()
             : there;
}

json read_object(const QString& path) {
  const std::string file = path.toStdString();
  json out = parse_json(read_text(file, most_plan_bytes), file, "docs/CLUSTER.md shows plans");
  if (!out.is_object())
    throw Error(ErrorCode::BadInput, "'" + file + "' is no plan",
                "'sensorium train PIPELINE --write-plan FILE.json' writes one");
  return out;
}

}

TrainingDialog::TrainingDialog(const QString& program, const QString& pipeline, bool sweep,
                               QWidget* parent)
    : QDialog(parent), wanted_(pipeline), call_(new CommandCall(program, this)),
      pipeline_(new QComboBox), tabs_(new QTabWidget), form_(new ParameterForm),
      space_(new SpaceEditor), recordings_(new QListWidget), recordings_note_(new QLabel),
      note_(new QLabel), add_files_(new QPushButton("Add files")),
      add_folder_(new QPushButton("Add a folder")), remove_(new QPushButton("Remove")),
      sweep_(new QCheckBox("Try several values (a sweep)")) {
  setWindowTitle("Train on a cluster");
  resize(1000, 700);
  form_->set_run_heading({});
  form_->setMaximumWidth(440); // a name stands near its value
  pipeline_->setAccessibleName("What is trained");
  pipeline_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  auto* from_file = new QPushButton("From a file");
  from_file->setToolTip("A plan ('sensorium train PIPELINE --write-plan') or a sweep, as JSON");
  note_->setWordWrap(true);
  note_->setObjectName("warning");
  note_->hide();

  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* sheet = new QWidget;
  sheet->setObjectName("panel");
  sheet->setAttribute(Qt::WA_StyledBackground);
  auto* across = new QHBoxLayout(sheet);
  across->setContentsMargins(0, 0, 0, 0);
  across->addWidget(form_, 1);
  across->addStretch(0);
  scroll->setWidget(sheet);
  tabs_->setAccessibleName("The training");
  tabs_->addTab(scroll, "Parameters");
  tabs_->addTab(make_recordings(), "Recordings");
  tabs_->addTab(space_, "Search");

  auto* head = new QHBoxLayout;
  head->setSpacing(grid);
  head->addWidget(pipeline_, 1);
  head->addWidget(from_file);
  auto* left = new QWidget;
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(grid);
  column->addLayout(head);
  column->addWidget(note_);
  column->addWidget(sweep_);
  column->addWidget(tabs_, 1);
  panel_ = new SendPanel(program, true, [this](QString& problem) { return what(problem); });
  panel_->setFixedWidth(430);
  auto* all = new QHBoxLayout(this);
  all->setContentsMargins(2 * grid, 2 * grid, 2 * grid, 2 * grid);
  all->setSpacing(2 * grid);
  all->addWidget(left, 1);
  all->addWidget(panel_);

  connect(from_file, &QPushButton::clicked, this, [this] {
    const QString path =
        QFileDialog::getOpenFileName(this, "A plan or a sweep", {}, "Plans (*.json)");
    if (!path.isEmpty()) take_file(path);
  });
  connect(pipeline_, &QComboBox::currentIndexChanged, this, &TrainingDialog::show_training);
  connect(sweep_, &QCheckBox::toggled, this, &TrainingDialog::set_sweep);
  for (auto signal : {&ParameterForm::needs_run, &ParameterForm::live_changed})
    connect(form_, signal, this, [this] {
      space_->set_values(form_->values());
      panel_->preview_later();
    });
  connect(space_, &SpaceEditor::changed, this, [this] {
    mark_varied();
    panel_->preview_later();
  });
  connect(panel_, &SendPanel::done, this, &QDialog::accept);
  connect(panel_, &SendPanel::cancelled, this, &QDialog::reject);
  set_sweep(sweep);
  call_->start({"pipelines"}, [this](bool ok, const json& reply) { take_pipelines(ok, reply); });
}

QWidget* TrainingDialog::make_recordings() {
  auto* page = new QWidget;
  page->setObjectName("panel");
  page->setAttribute(Qt::WA_StyledBackground);
  recordings_->setAccessibleName("Recordings to train on");
  recordings_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  recordings_note_->setObjectName("muted");
  recordings_note_->setWordWrap(true);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  for (QPushButton* button : {add_files_, add_folder_, remove_}) buttons->addWidget(button);
  buttons->addStretch(1);
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addWidget(recordings_note_);
  column->addLayout(buttons);
  column->addWidget(recordings_, 1);
  connect(add_files_, &QPushButton::clicked, this,
          [this] { add_recordings(QFileDialog::getOpenFileNames(this, "Recordings")); });
  connect(add_folder_, &QPushButton::clicked, this, [this] {
    const QString folder = QFileDialog::getExistingDirectory(this, "Folder of recordings");
    if (!folder.isEmpty()) add_recordings({folder});
  });
  connect(remove_, &QPushButton::clicked, this, [this] {
    qDeleteAll(recordings_->selectedItems());
    panel_->preview_later();
  });
  return page;
}

const TrainingDialog::Training* TrainingDialog::training() const {
  const auto i = static_cast<std::size_t>(pipeline_->currentIndex());
  return pipeline_->currentIndex() >= 0 && i < trainings_.size() ? &trainings_[i] : nullptr;
}

QString TrainingDialog::site() const { return panel_->resources().site(); }
bool TrainingDialog::is_sweep() const { return sweep_->isChecked(); }
QString TrainingDialog::message() const {
  return note_->isHidden() ? panel_->message() : note_->text();
}

void TrainingDialog::say(const QString& text) {
  note_->setText(text);
  note_->setVisible(!text.isEmpty());
}

void TrainingDialog::set_sweep(bool on) {
  sweep_->setChecked(on);
  tabs_->setTabVisible(2, on);
  if (on) tabs_->setCurrentIndex(2);
  panel_->resources().set_several(!on);
  mark_varied();
  panel_->preview_later();
}

void TrainingDialog::take_pipelines(bool ok, const json& reply) {
  if (!ok) return say(error_text(reply, "The pipelines cannot be listed."));
  for (const json& pipeline : reply) {
    if (!pipeline.is_object()) continue;
    for (const json& command : pipeline.value("commands", json::array()))
      if (command.value("verb", "") == "train") try {
          trainings_.push_back(
              {pipeline.at("id"), pipeline.value("title", "") + ": " + command.value("title", ""),
               command.value("without_files", ""), specs_from_json(command.at("parameters"))});
        } catch (const std::exception&) {
          continue; // of another version of the program
        }
  }
  if (trainings_.empty()) return say("No pipeline here can be trained.");
  const QSignalBlocker block(pipeline_);
  int chosen = 0;
  for (std::size_t i = 0; i < trainings_.size(); ++i) {
    pipeline_->addItem(QString::fromStdString(trainings_[i].title),
                       QString::fromStdString(trainings_[i].pipeline));
    if (trainings_[i].pipeline == wanted_.toStdString()) chosen = static_cast<int>(i);
  }
  pipeline_->setCurrentIndex(chosen);
  show_training();
}

void TrainingDialog::show_training() {
  const Training* const now = training();
  if (!now) return;
  say({});
  form_->set_specs(now->specs);
  space_->set_values(form_->values());
  space_->set_specs(now->specs);
  recordings_->clear();
  const bool files = now->without_files.empty();
  recordings_note_->setText(
      files ? QString("Recordings, or folders of them. They are sent by their content: what is "
                      "there already is not sent again.")
            : "This training takes no recordings here: " +
                  QString::fromStdString(now->without_files) + ".");
  for (QWidget* w : {static_cast<QWidget*>(recordings_), static_cast<QWidget*>(add_files_),
                     static_cast<QWidget*>(add_folder_), static_cast<QWidget*>(remove_)})
    w->setEnabled(files);
  panel_->resources().set_name("training of " + QString::fromStdString(now->pipeline));
  mark_varied();
  panel_->preview_later();
}

void TrainingDialog::mark_varied() {
  const Training* const now = training();
  if (!now) return;
  std::vector<std::string> varied;
  if (is_sweep()) varied = space_->varied();
  for (const ParameterSpec& spec : now->specs) {
    const bool free = std::find(varied.begin(), varied.end(), spec.name) == varied.end();
    form_->set_parameter_enabled(spec.name, free, "It is varied: see the tab 'Search'");
  }
}

void TrainingDialog::add_recordings(const QStringList& paths) {
  for (const QString& path : paths)
    if (recordings_->findItems(path, Qt::MatchExactly).isEmpty()) recordings_->addItem(path);
  panel_->preview_later();
}

json TrainingDialog::plan() const {
  const Training* const now = training();
  if (!now) return nullptr;
  json out = {{"pipeline", now->pipeline}, {"verb", "train"}, {"parameters", form_->values()}};
  json files = json::array();
  for (int i = 0; i < recordings_->count(); ++i)
    files.push_back(recordings_->item(i)->text().toStdString());
  if (!files.empty() && now->without_files.empty()) out["files"] = files;
  return out;
}

// The files of the dialog's own folder are written again for each call.
QStringList TrainingDialog::what(QString& problem) {
  if (!training()) {
    problem = note_->isHidden() ? "Asking for the pipelines" : note_->text();
    return {};
  }
  const QString plan_file = folder_.filePath("plan.json"),
                sweep_file = folder_.filePath("sweep.json");
  write_atomically(plan_file.toStdString(), plan().dump(2) + "\n");
  if (!is_sweep()) return {"train", plan_file};
  json sweep = space_->sweep(problem);
  if (!problem.isEmpty()) return {};
  sweep["plan"] = plan_file.toStdString();
  write_atomically(sweep_file.toStdString(), sweep.dump(2) + "\n");
  return {"sweep", sweep_file};
}

bool TrainingDialog::take_file(const QString& path) {
  try {
    json sweep;
    QString plan_path = path;
    json plan = read_object(path);
    if (plan.contains("space")) {
      sweep = plan;
      plan_path = beside(path, text_field(sweep, "plan"));
      plan = read_object(plan_path);
    }
    const QString pipeline = text_field(plan, "pipeline"), verb = text_field(plan, "verb");
    const int at = pipeline_->findData(pipeline);
    if (at < 0 || (!verb.isEmpty() && verb != "train"))
      throw Error(ErrorCode::BadInput,
                  "'" + plan_path.toStdString() + "' is no plan of a training that is known here",
                  "'sensorium train PIPELINE --write-plan FILE.json' writes one");
    const json parameters = plan.value("parameters", json::object());
    const json whole = complete(trainings_[static_cast<std::size_t>(at)].specs, parameters);
    pipeline_->setCurrentIndex(at);
    show_training();
    form_->set_values(whole);
    space_->set_values(whole);
    for (const json& file : plan.value("files", json::array()))
      add_recordings({beside(plan_path, QString::fromStdString(file.get<std::string>()))});
    panel_->resources().set_name(QFileInfo(path).completeBaseName());
    set_sweep(!sweep.is_null());
    if (!sweep.is_null()) space_->set_sweep(sweep);
    say({});
    panel_->preview_later();
    return true;
  } catch (const Error& e) {
    say(QString::fromStdString(e.hint().empty() ? e.what()
                                                : std::string(e.what()) + "\n" + e.hint()));
  } catch (const json::exception& e) {
    say(QString::fromStdString("'" + path.toStdString() + "' is no plan: " + json_fault(e)));
  }
  return false;
}

}
