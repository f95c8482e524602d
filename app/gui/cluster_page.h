// Runs on clusters: what has become of each, their curves and logs, and sending recordings,
// trainings and sweeps there. Every step is a call of the command line ('sensorium jobs', 'submit',
// 'site'; docs/CLUSTER.md).
#pragma once

#include "app/gui/command_call.h"

#include <nlohmann/json.hpp>

#include <QTimer>
#include <QWidget>

#include <vector>

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QTableWidget;
class QTabWidget;

namespace sensorium {

class CurvesPanel;
class StudyPage;

class ClusterPage : public QWidget {
  Q_OBJECT
public:
  explicit ClusterPage(const QString& program, QWidget* parent = nullptr);
  // The recipe of the open recording and its name; empty: there is nothing to send.
  // pipeline: the one that a training begins with.
  void set_case(const QString& name, const nlohmann::json& recipe, const QString& pipeline = {});
  void refresh();
  void send(); // opens the dialog
  void send_training(bool sweep);
  void open_study(); // of the chosen sweep
  QTableWidget* table() const { return table_; }
  CurvesPanel* curves() const { return curves_; }
  QTabWidget* tabs() const { return tabs_; }
  StudyPage& study() { return *study_; } // another page of the window, which owns it
  QString log_text() const;
  QString message() const;
  bool busy() const { return call_->busy(); }
  const nlohmann::json& runs() const { return runs_; }

signals:
  void closed();
  void case_fetched(const QString& folder); // a result folder
  void study_asked();                       // to show study()

protected:
  void showEvent(QShowEvent*) override;

private:
  void show_runs(const nlohmann::json& runs);
  void show_run();
  void show_chosen();
  void show_curves();
  void read_log();
  void show_log();
  QWidget* make_head();
  QWidget* make_side();
  void ask_cancel();
  void fetch();
  void retry();
  void say(const QString& text, bool bad);
  void say_error(const nlohmann::json& reply);
  const nlohmann::json* chosen() const;
  std::vector<const nlohmann::json*> selected() const;
  void on_chosen(const QStringList& before, const QStringList& after, const QString& news);

  CommandCall* call_;
  QString program_, name_, pipeline_;
  QString log_of_, log_text_; // the run whose log is shown, as it printed it; how far it was read
  std::uint64_t log_next_ = 0;
  nlohmann::json recipe_, runs_ = nlohmann::json::array();
  QTableWidget* table_;
  QPlainTextEdit* log_;
  CurvesPanel* curves_;
  StudyPage* study_;
  QTabWidget* tabs_;
  QLabel *words_, *message_, *empty_;
  QPushButton *send_, *train_, *sweep_, *cancel_, *fetch_, *retry_, *study_button_;
  QTimer poll_;
};

}
