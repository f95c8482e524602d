#include "modules/view/linked_views.h"

#include "modules/view/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QScopedValueRollback>
#include <QVBoxLayout>

namespace sensorium {

LinkedViews::LinkedViews(QWidget* parent) : QWidget(parent), places_(new QGridLayout(this)) {
  places_->setContentsMargins(0, 0, 0, 0);
  places_->setSpacing(4);
}

void LinkedViews::add_pane() {
  Pane pane{new QWidget(this), new QLabel, new SliceView};
  auto* column = new QVBoxLayout(pane.box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  pane.caption->setObjectName("heading");
  pane.caption->setContentsMargins(grid, 4, grid, 4);
  pane.caption->setTextFormat(Qt::PlainText);
  pane.caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  column->addWidget(pane.caption);
  column->addWidget(pane.view, 1);
  pane.view->setAccessibleName(QString("Picture %1").arg(panes_.size() + 1));
  SliceView* moved = pane.view;
  connect(moved, &SliceView::slice_changed, this, [this, moved](int z) {
    if (quiet_) return;
    const QScopedValueRollback<bool> guard(quiet_, true);
    for (const Pane& other : panes_)
      if (other.view != moved) other.view->set_slice(z);
  });
  connect(moved, &SliceView::view_changed, this, [this, moved] {
    for (const Pane& other : panes_)
      if (other.view != moved) other.view->set_zoom_and_pan(moved->zoom(), moved->pan());
  });
  panes_.push_back(pane);
}

void LinkedViews::set_count(int count) {
  count_ = std::clamp(count, 1, 9);
  while (static_cast<int>(panes_.size()) < count_) add_pane();
  const int columns = count_ <= 2 ? count_ : count_ <= 4 ? 2 : 3;
  for (int i = 0; i < 9; ++i) {
    places_->setColumnStretch(i, i < columns ? 1 : 0);
    places_->setRowStretch(i, i < (count_ + columns - 1) / columns ? 1 : 0);
  }
  for (int i = 0; i < static_cast<int>(panes_.size()); ++i) {
    places_->removeWidget(panes_[static_cast<std::size_t>(i)].box);
    panes_[static_cast<std::size_t>(i)].box->setVisible(i < count_);
    if (i >= count_) continue;
    const bool last = i == count_ - 1; // fills what is left of its row
    places_->addWidget(panes_[static_cast<std::size_t>(i)].box, i / columns, i % columns, 1,
                       last ? columns - i % columns : 1);
  }
}

void LinkedViews::set_caption(int i, const QString& text) {
  panes_[static_cast<std::size_t>(i)].caption->setText(text);
}

void LinkedViews::show_captions(bool shown) {
  for (const Pane& pane : panes_) pane.caption->setVisible(shown);
}

}
