// The nameplate of the motor as a form. It becomes a file that the recipe names, and never changes:
// another nameplate is another file.
#pragma once

#include "modules/signal/machine.h"

#include <QDialog>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QSpinBox;
class QTableWidget;

namespace sensorium {

// Writes the nameplate below the user's data folder, under the hash of its content. Throws Error
// Resources.
std::filesystem::path store_nameplate(const Nameplate& nameplate);

class NameplateDialog : public QDialog {
  Q_OBJECT
public:
  explicit NameplateDialog(const Nameplate& nameplate, QWidget* parent = nullptr);
  // As the form has it. Throws Error BadInput naming what does not fit.
  Nameplate nameplate() const;
  void add_bearing(const Bearing& bearing);
  // The list of bearings to choose from: the common ones and a person's own, which are kept in
  // their data folder. keep: the bearing of the table's chosen row, forget: the one chosen in the
  // list.
  void keep_in_list();
  void forget_from_list();
  void accept() override; // stays open, with the reason, when something does not fit

private:
  void fill_list();
  void say(const QString& problem);
  Bearing bearing_of(int row) const;
  QDoubleSpinBox* number(const char* name, double value, double most, int decimals,
                         const QString& unit);
  QLineEdit* name_;
  QDoubleSpinBox *supply_, *rated_rpm_, *measured_rpm_, *current_, *power_;
  QSpinBox *pole_pairs_, *bars_;
  QComboBox* list_;
  QTableWidget* bearings_;
  std::vector<Bearing> choices_; // as in list_
  std::size_t common_ = 0;       // of them, first
  QLabel* problem_;
};

}
