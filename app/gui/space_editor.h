// A sweep's search space, chosen among a command's declared parameters, and how it is searched.
#pragma once

#include "modules/core/parameters.h"

#include <QWidget>

#include <functional>
#include <map>

class QCheckBox;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;
class QVBoxLayout;

namespace sensorium {

class SpaceEditor : public QWidget {
  Q_OBJECT
public:
  explicit SpaceEditor(QWidget* parent = nullptr);
  // Drops what was chosen.
  void set_specs(const ParameterSpecs& specs);
  // values: those of the plan; a new range lies around the value there.
  void set_values(const nlohmann::json& values) { values_ = values; }
  bool vary(const std::string& name);
  void drop(const std::string& name);
  std::vector<std::string> varied() const; // with "seed" where seeds are repeated
  // A sweep (docs/CLUSTER.md) without its plan. problem: what is not filled in, or empty.
  nlohmann::json sweep(QString& problem) const;
  // Shows a stored sweep. Throws Error BadInput naming a parameter or key that does not fit.
  void set_sweep(const nlohmann::json& sweep);

signals:
  void changed();

private:
  struct Row {
    ParameterSpec spec;
    QWidget* widget = nullptr;
    std::function<nlohmann::json(QString& problem)> value;
    std::function<void(const nlohmann::json&)> show;
    QWidget* grid_only = nullptr;
  };
  Row make_row(const ParameterSpec& spec);
  void number_row(Row& row, QHBoxLayout& line);
  void choice_row(Row& row, QHBoxLayout& line);
  void text_row(Row& row, QHBoxLayout& line);
  void fill_names();
  void show_sampler();
  QString sampler() const;
  ParameterSpecs specs_;
  nlohmann::json values_ = nlohmann::json::object();
  std::map<std::string, Row> rows_;
  QComboBox *names_, *sampler_, *direction_;
  QPushButton* add_;
  QVBoxLayout* list_;
  QLabel *empty_, *seeds_hint_;
  QSpinBox *trials_, *at_once_, *seeds_, *seed_, *first_step_, *keep_;
  QCheckBox* halving_;
  QLineEdit *result_, *curve_;
};

}
