// The centre for a kind of recording that has no view yet: says so, and shows what the file states.
#pragma once

#include "app/gui/dataset_page.h"

class QLabel;
class QTableWidget;

namespace sensorium {

class NoViewPage : public DatasetPage {
  Q_OBJECT
public:
  explicit NoViewPage(const QString& kind, QWidget* parent = nullptr);
  void show_dataset(std::shared_ptr<const Dataset> dataset) override;
  QTableWidget* facts() const { return facts_; }

private:
  QString kind_;
  QLabel* text_;
  QTableWidget* facts_;
};

}
