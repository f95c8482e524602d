// A pipeline's parameters as a form, made from its declaration. Live ones come first, as sliders.
#pragma once

#include "modules/core/parameters.h"

#include <QWidget>

#include <functional>
#include <map>

class QFormLayout;
class QVBoxLayout;

namespace sensorium {

class ParameterForm : public QWidget {
  Q_OBJECT
public:
  explicit ParameterForm(QWidget* parent = nullptr);
  // Above what needs another run; before set_specs. Empty: none.
  void set_run_heading(const QString& text) { run_heading_ = text; }
  void set_specs(const ParameterSpecs& specs);
  void set_values(const nlohmann::json& values); // without signals
  nlohmann::json values() const { return values_; }
  // For the command palette and scripts; false when there is no such parameter or the value does
  // not fit.
  bool set_value(const std::string& name, const nlohmann::json& value);
  bool focus_parameter(const std::string& name);
  void set_parameter_enabled(const std::string& name, bool on, const QString& why = {});
  const ParameterSpecs& specs() const { return specs_; }

signals:
  void live_changed(); // a slider moved: count again
  void needs_run();    // another parameter changed: the result shown is of other parameters

private:
  struct Field {
    QWidget* widget = nullptr;
    std::function<void(const nlohmann::json&)> show;
  };
  void clear();
  void changed(const ParameterSpec& spec, nlohmann::json value);
  QWidget* editor(const ParameterSpec& spec);
  QWidget* number_editor(const ParameterSpec& spec);
  QWidget* slider_editor(const ParameterSpec& spec);
  QWidget* row(const ParameterSpec& spec, QWidget* editor);
  ParameterSpecs specs_;
  nlohmann::json values_ = nlohmann::json::object();
  std::map<std::string, Field> fields_;
  QVBoxLayout* layout_;
  bool quiet_ = false;
  QString run_heading_ = "For the next run";
};

// "min_area_um2" becomes "Min area"; the unit stands beside the value.
QString title_of(const ParameterSpec& spec);

}
