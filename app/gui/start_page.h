// What is seen first: samples as pictures, recent cases, two open buttons, and what the program is
// not.
#pragma once

#include "app/gui/exam_session.h"

#include <QWidget>

class QPushButton;
class QVBoxLayout;
class QGridLayout;

namespace sensorium {

class StartPage : public QWidget {
  Q_OBJECT
public:
  explicit StartPage(QWidget* parent = nullptr);
  void refresh(const std::vector<Sample>& samples, const std::vector<CaseEntry>& cases,
               const std::vector<ExamEntry>& exams);

signals:
  void open_file();
  void open_folder();
  void open_many();
  void new_exam();
  void exam_chosen(const QString& folder);
  void sample_chosen(const QString& id);
  void case_chosen(const QString& folder);

private:
  QWidget* sample_card(const Sample& sample);
  QWidget* case_row(const CaseEntry& entry);
  QWidget* exam_row(const ExamEntry& entry);
  QPushButton* row(const QString& title, const QString& state, const QDateTime& time);
  QGridLayout* samples_;
  QVBoxLayout* recent_;
  QWidget* samples_box_;
  QWidget* recent_box_;
  QPushButton *file_, *folder_, *many_, *exam_;
};

}
