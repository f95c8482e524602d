// Sending a training, or a sweep over its parameters: a plan made here or taken from a file, the
// search space, and where it goes. It is sent by 'sensorium submit train' and 'submit sweep'.
#pragma once

#include "modules/core/parameters.h"

#include <QDialog>
#include <QTemporaryDir>

class QCheckBox;
class QComboBox;
class QLabel;
class QListWidget;
class QPushButton;
class QTabWidget;

namespace sensorium {

class CommandCall;
class ParameterForm;
class SendPanel;
class SpaceEditor;

class TrainingDialog : public QDialog {
  Q_OBJECT
public:
  // pipeline: the one to begin with; empty: the first that can be trained.
  TrainingDialog(const QString& program, const QString& pipeline, bool sweep, QWidget* parent);
  // A plan or a sweep's file. False, with the reason in message(), when it does not fit.
  bool take_file(const QString& path);
  void add_recordings(const QStringList& paths);
  void set_sweep(bool on);
  bool is_sweep() const;
  bool ready() const { return !trainings_.empty(); } // pipelines are known
  QComboBox* pipelines() const { return pipeline_; }
  ParameterForm* form() const { return form_; }
  SpaceEditor* space() const { return space_; }
  SendPanel* panel() const { return panel_; }
  QString site() const;
  QString message() const;
  // The plan as it would be sent.
  nlohmann::json plan() const;

private:
  struct Training {
    std::string pipeline, title, without_files;
    ParameterSpecs specs;
  };
  void take_pipelines(bool ok, const nlohmann::json& reply);
  void show_training();
  void mark_varied();
  QStringList what(QString& problem);
  void say(const QString& text);
  QWidget* make_recordings();
  const Training* training() const;

  std::vector<Training> trainings_;
  QString wanted_;
  QTemporaryDir folder_;
  CommandCall* call_;
  QComboBox* pipeline_;
  QTabWidget* tabs_;
  ParameterForm* form_;
  SpaceEditor* space_;
  QListWidget* recordings_;
  QLabel *recordings_note_, *note_;
  QPushButton *add_files_, *add_folder_, *remove_;
  QCheckBox* sweep_;
  SendPanel* panel_;
};

}
