// What the brush marks on a clip: one kind after another with its colour, its key and how many
// there are. It is the legend of the marks too.
#pragma once

#include "app/gui/actions.h"
#include "modules/view/finding_item.h"

#include <QFrame>

class QLabel;
class QToolButton;

namespace sensorium {

class MarkChooser : public QFrame {
  Q_OBJECT
public:
  explicit MarkChooser(QWidget* parent = nullptr);
  // Declares the actions clip_mark_1 ... and follows the brush: another tool, or the brush itself,
  // ends a mark.
  void attach(ActionSet& actions);
  const std::vector<QAction*>& actions() const { return marks_; }
  void set_items(const FindingItems& items); // counts what is not rejected
  void set_compact(bool compact);            // short names, keys in the tooltips alone
  void set_in_sight(bool on);                // keys act only then
  void clear();                              // no kind is chosen
  QString chosen() const;                    // its label, empty: none
  QString hint() const;
  QToolButton* button(int kind) const { return buttons_[static_cast<std::size_t>(kind)]; }

signals:
  void kind_chosen(const QString& label); // empty: none

protected:
  void changeEvent(QEvent*) override;

private:
  void choose(int kind, bool on);
  void refresh();
  void refresh_enabled();
  std::vector<QAction*> marks_;
  std::vector<QToolButton*> buttons_;
  std::vector<QLabel*> keys_;
  std::vector<int> counts_;
  QLabel* hint_;
  QAction *brush_ = nullptr, *browse_ = nullptr;
  int chosen_ = -1;
  bool compact_ = false, in_sight_ = false;
};

}
