// The half of a sending dialog that is the same for recipes, trainings and sweeps: where it goes,
// what the job needs, what leaves this computer, and the sending itself. What is shown is what
// 'sensorium submit --dry-run' says; sending is the same command without it.
#pragma once

#include "app/gui/command_call.h"

#include <QTimer>
#include <QWidget>

#include <functional>
#include <memory>

class QCheckBox;
class QLabel;
class QPushButton;
class QTableWidget;

namespace sensorium {

class ResourcesForm;

class SendPanel : public QWidget {
  Q_OBJECT
public:
  // "run", FILE or "train", FILE ...; empty with the reason in problem when there is nothing to
  // send yet. Called before each preview and before the sending: it may write the file.
  using What = std::function<QStringList(QString& problem)>;
  SendPanel(const QString& program, bool several, What what, QWidget* parent = nullptr);
  ResourcesForm& resources() { return *resources_; }
  QTableWidget* files() const { return files_; }
  QPushButton* send_button() const { return send_; }
  QString message() const;
  bool sent() const { return sent_; }
  void preview_later(); // after any change of what is sent

signals:
  void done(); // it was sent
  void cancelled();

private:
  void take_sites(bool ok, const nlohmann::json& reply);
  void preview();
  void show_preview(const nlohmann::json& reply);
  void send();
  void say(const QString& text, bool bad);
  QStringList words(QString& problem);

  QString program_;
  What what_;
  ResourcesForm* resources_;
  QCheckBox* patient_;
  QTableWidget* files_;
  QLabel *heading_, *message_;
  QPushButton* send_;
  QTimer delay_;
  CommandCall* call_;
  std::unique_ptr<CommandCall> looking_; // the last preview; an earlier one is ended
  bool sent_ = false, has_sites_ = false;
};

}
