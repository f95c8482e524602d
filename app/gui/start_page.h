// What is seen first: samples as pictures, recent cases, two open buttons, and what the program is
// not.
#pragma once

#include "app/gui/case_store.h"

#include <QWidget>

class QPushButton;
class QVBoxLayout;
class QGridLayout;

namespace sensorium {

class StartPage : public QWidget {
  Q_OBJECT
public:
  explicit StartPage(QWidget* parent = nullptr);
  void refresh(const std::vector<Sample>& samples, const std::vector<CaseEntry>& cases);

signals:
  void open_file();
  void open_folder();
  void open_many();
  void sample_chosen(const QString& id);
  void case_chosen(const QString& folder);

private:
  QWidget* sample_card(const Sample& sample);
  QWidget* case_row(const CaseEntry& entry);
  QGridLayout* samples_;
  QVBoxLayout* recent_;
  QWidget* samples_box_;
  QWidget* recent_box_;
  QPushButton *file_, *folder_, *many_;
};

}
