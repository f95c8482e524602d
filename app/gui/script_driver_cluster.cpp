// Steps on the page of runs, in the dialog of a training and on the page of a study.
#include "app/gui/cluster_page.h"
#include "app/gui/main_window.h"
#include "app/gui/resources_form.h"
#include "app/gui/script_driver.h"
#include "app/gui/send_panel.h"
#include "app/gui/space_editor.h"
#include "app/gui/study_page.h"
#include "app/gui/training_dialog.h"
#include "modules/view/parameter_form.h"

#include <QComboBox>
#include <QItemSelectionModel>
#include <QPushButton>
#include <QTabWidget>
#include <QTableWidget>

#include <algorithm>

namespace sensorium {
using nlohmann::json;
namespace {

void fill_in(TrainingDialog& dialog, const json& step) {
  const auto text = [&](const char* key) {
    return QString::fromStdString(step.value(key, std::string()));
  };
  if (step.contains("pipeline"))
    dialog.pipelines()->setCurrentIndex(dialog.pipelines()->findData(text("pipeline")));
  if (step.contains("file")) dialog.take_file(text("file"));
  if (step.contains("name")) dialog.panel()->resources().set_name(text("name"));
  if (step.contains("site"))
    for (auto* box : dialog.panel()->resources().findChildren<QComboBox*>())
      if (const int at = box->findText(text("site")); at >= 0) box->setCurrentIndex(at);
  const json parameters = step.value("parameters", json::object());
  for (const auto& [name, value] : parameters.items()) dialog.form()->set_value(name, value);
  for (const json& name : step.value("vary", json::array()))
    dialog.space()->vary(name.get<std::string>());
  if (step.contains("tab"))
    dialog.findChild<QTabWidget*>()->setCurrentIndex(step.at("tab").get<int>());
}

bool is_open(const json& run) {
  const std::string state = run.value("state", "");
  return state == "pending" || state == "running" || state == "unknown";
}

}

// Whether the step's time has not come yet.
bool ScriptDriver::cluster_waits(const std::string& word) {
  ClusterPage& page = window_.cluster_page();
  const auto* dialog = page.findChild<TrainingDialog*>();
  if (word == "training") return dialog && !dialog->ready();
  if (word == "send_training") return dialog && !dialog->panel()->send_button()->isEnabled();
  if (word == "choose_trial" || word == "study_tab") return page.study().busy();
  if (word != "wait_runs") return false;
  const json& runs = page.runs();
  const bool open = dialog || runs.empty() || std::any_of(runs.begin(), runs.end(), is_open);
  if (open && !page.busy()) page.refresh();
  return open || page.busy();
}

bool ScriptDriver::perform_cluster(const json& step) {
  const std::string word = step["do"].get<std::string>();
  ClusterPage& page = window_.cluster_page();
  auto* dialog = page.findChild<TrainingDialog*>();
  if (word == "training" && dialog)
    fill_in(*dialog, step);
  else if (word == "send_training" && dialog)
    dialog->panel()->send_button()->click();
  else if (word == "close_dialog" && dialog)
    dialog->close();
  else if (word == "select_runs") {
    page.table()->clearSelection();
    for (const json& row : step.at("rows"))
      page.table()->selectionModel()->setCurrentIndex(
          page.table()->model()->index(row.get<int>(), 0),
          QItemSelectionModel::Select | QItemSelectionModel::Rows);
  } else if (word == "runs_tab")
    page.tabs()->setCurrentIndex(step.at("index").get<int>());
  else if (word == "open_study" && step.contains("file")) {
    page.study().open_file(QString::fromStdString(step.at("file").get<std::string>()));
    emit page.study_asked();
  } else if (word == "open_study")
    page.open_study();
  else if (word == "choose_trial")
    page.study().trials()->setCurrentCell(step.at("row").get<int>(), 0);
  else if (word == "study_tab")
    page.study().tables()->setCurrentIndex(step.at("index").get<int>());
  else
    return word == "wait_runs";
  return true;
}

}
