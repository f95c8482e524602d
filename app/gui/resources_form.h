// Where a run goes and what its job needs, within what the site says of itself ('site list').
#pragma once

#include <nlohmann/json.hpp>

#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace sensorium {

class ResourcesForm : public QWidget {
  Q_OBJECT
public:
  // several: of a training, which may be done by several processes.
  explicit ResourcesForm(bool several, QWidget* parent = nullptr);
  void set_sites(const nlohmann::json& sites);
  void set_name(const QString& name);
  // A sweep's trials are done by one process each.
  void set_several(bool on);
  QString site() const;
  bool is_local() const;
  int places() const; // of a local queue: jobs at once
  // Of 'sensorium submit': "--site", "hpc", "--minutes" ...
  QStringList words() const;
  // What keeps it from being sent, or empty.
  QString problem() const;
  QString limits() const;

signals:
  void changed();

private:
  void show_site();
  void show_limits();
  const nlohmann::json* chosen() const;
  const nlohmann::json* partition() const;
  void set_row(QWidget* field, bool shown);
  nlohmann::json sites_ = nlohmann::json::array();
  bool several_;
  QFormLayout* form_;
  QComboBox *site_, *partition_, *account_, *qos_;
  QLabel* limits_;
  QLineEdit *name_, *bundle_;
  QWidget* bundle_row_;
  QSpinBox *minutes_, *nodes_, *ranks_, *cpus_, *gpus_, *memory_;
};

}
