// White and dark references of a cube, with a look at what they do to its spectra before they are
// used.
#pragma once

#include "app/gui/worker_client.h"
#include "modules/core/cube.h"

#include <nlohmann/json.hpp>

#include <QDialog>

#include <memory>

class QDialogButtonBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sensorium {

class SpectrumPlot;

class ReferencesDialog : public QDialog {
  Q_OBJECT
public:
  // parameters: those of a pipeline with white, dark, panel_reflectance, reference_first_sample.
  ReferencesDialog(std::shared_ptr<const Cube> cube, WorkerClient& worker,
                   const nlohmann::json& parameters, QWidget* parent = nullptr);
  void set_white(const QString& file); // empty: none
  void set_dark(const QString& file);
  // What is to be changed about the parameters.
  nlohmann::json changes() const;
  bool usable() const; // what is given fits the cube
  bool busy() const { return reading_ > 0; }
  QString message() const;
  QSpinBox* first_sample() const { return first_; }
  // Of the middle of the cube as the references make it; empty while they do not fit.
  const std::vector<double>& preview() const { return result_; }

private:
  struct Part {
    QString what; // "white", "dark"
    QLineEdit* path = nullptr;
    std::shared_ptr<const Cube> cube;
    QString failure;
    int asked = 0;
  };
  void build(const nlohmann::json& parameters);
  QWidget* row_of(Part& part, const QString& help);
  void load(Part& part, const QString& file);
  QString misfit(const Part& part) const;
  void refresh();

  std::shared_ptr<const Cube> cube_;
  WorkerClient& worker_;
  Part white_{.what = "white"}, dark_{.what = "dark"};
  QDoubleSpinBox* panel_;
  QSpinBox* first_;
  QLabel *message_, *result_label_;
  SpectrumPlot *stored_, *reflectance_;
  QDialogButtonBox* buttons_;
  std::vector<double> result_;
  int reading_ = 0;
};

}
