// The queue of a batch: a row a file, with its progress or its reason.
#pragma once

#include "app/gui/batch_runner.h"

#include <QWidget>

class QLabel;
class QPushButton;
class QTableWidget;

namespace sensorium {

class BatchPanel : public QWidget {
  Q_OBJECT
public:
  explicit BatchPanel(BatchRunner& runner, QWidget* parent = nullptr);
  QTableWidget* table() const { return table_; }
  QString summary() const;

signals:
  void case_chosen(const QString& folder);
  void add_requested();

private:
  void refresh();
  BatchRunner& runner_;
  QTableWidget* table_;
  QLabel* summary_;
  QPushButton *stop_, *clear_, *retry_;
};

}
