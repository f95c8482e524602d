// Sending the recipe of the open recording.
#pragma once

#include <nlohmann/json.hpp>

#include <QDialog>
#include <QTemporaryDir>

class QPushButton;
class QTableWidget;

namespace sensorium {

class SendPanel;

class SendDialog : public QDialog {
  Q_OBJECT
public:
  SendDialog(const QString& program, const QString& name, const nlohmann::json& recipe,
             QWidget* parent);
  bool sent() const;
  QString site() const;
  QString message() const;
  QTableWidget* files() const;
  QPushButton* send_button() const;

private:
  QTemporaryDir folder_;
  SendPanel* panel_;
};

}
