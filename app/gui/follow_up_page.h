// Two visits of one eye side by side, scrolled together, with counts and changes by layer and
// region.
#pragma once

#include "app/gui/visit.h"
#include "modules/imaging/registration.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QTableWidget;

namespace sensorium {

class PairView;

class FollowUpPage : public QWidget {
  Q_OBJECT
public:
  explicit FollowUpPage(QWidget* parent = nullptr);
  // Throws Error Conflict when the two are of different eyes or patients.
  void set_visits(const ShownVisit& first, const ShownVisit& second);
  const FollowUp& follow_up() const { return follow_up_; }
  // Empty text: still being sought, in a thread.
  const Registration& registration() const { return registration_; }
  PairView* pair() const { return pair_; }
  QTableWidget* table() const { return table_; }

signals:
  void closed();

private:
  void show_table();
  void add_heading(const QString& name);
  void seek(std::shared_ptr<const Dataset> first, std::shared_ptr<const Dataset> second);
  void take(const Registration& registration);
  PairView* pair_;
  QTableWidget* table_;
  QLabel *sum_, *notes_;
  QCheckBox *linked_, *changed_only_;
  FollowUp follow_up_;
  Registration registration_;
  int generation_ = 0; // of the visits shown
};

}
