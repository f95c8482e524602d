#include "modules/view/pair_view.h"
#include "modules/view/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QScopedValueRollback>
#include <QVBoxLayout>

#include <cmath>

namespace sensorium {
namespace {

QWidget* boxed(QLabel* caption, SliceView* view) {
  auto* box = new QWidget;
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  caption->setObjectName("heading");
  caption->setContentsMargins(grid, 4, grid, 4);
  caption->setTextFormat(Qt::PlainText);
  caption->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  column->addWidget(caption);
  column->addWidget(view, 1);
  return box;
}

int scaled(int z, int from_depth, int to_depth) {
  if (from_depth < 2) return 0;
  return static_cast<int>(std::lround(z * (to_depth - 1.0) / (from_depth - 1.0)));
}

}

PairView::PairView(QWidget* parent)
    : QWidget(parent), left_(new SliceView), right_(new SliceView), left_caption_(new QLabel),
      right_caption_(new QLabel) {
  left_->setAccessibleName("Left picture");
  right_->setAccessibleName("Right picture");
  right_box_ = boxed(right_caption_, right_);
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(4);
  line->addWidget(boxed(left_caption_, left_), 1);
  line->addWidget(right_box_, 1);
  for (const auto& [a, b] : {std::pair{left_, right_}, std::pair{right_, left_}}) {
    connect(a, &SliceView::slice_changed, this, [this, a, b] { follow(a, b); });
    connect(a, &SliceView::view_changed, this, [this, a, b] {
      if (linked_) move_along(a, b);
    });
  }
}

void PairView::set_captions(const QString& left, const QString& right) {
  left_caption_->setText(left);
  right_caption_->setText(right);
}

void PairView::show_captions(bool shown) {
  left_caption_->setVisible(shown);
  right_caption_->setVisible(shown);
}

void PairView::show_right(bool shown) { right_box_->setVisible(shown); }

void PairView::set_map(std::optional<PlaceMap> map) {
  map_ = map;
  shift_ = 0;
  if (!map_ || !linked_) return;
  follow(left_, right_);
  move_along(left_, right_);
}

void PairView::move_along(SliceView* moved, SliceView* other) {
  if (!map_) return other->set_zoom_and_pan(moved->zoom(), moved->pan());
  const QPointF at = moved->centre();
  const auto& [s, t] = *map_;
  other->set_zoom_and_centre(
      moved->zoom(), moved == left_ ? QPointF(at.x() * s[0] + t[0], at.y() * s[1] + t[1])
                                    : QPointF((at.x() - t[0]) / s[0], (at.y() - t[1]) / s[1]));
}

int PairView::partner_of(SliceView* moved, SliceView* other) const {
  if (map_ && moved == left_)
    return static_cast<int>(std::lround(moved->slice() * map_->scale[2] + map_->shift[2])) + shift_;
  if (map_)
    return static_cast<int>(
        std::lround((moved->slice() - shift_ - map_->shift[2]) / map_->scale[2]));
  const int z = scaled(moved == right_ ? moved->slice() - shift_ : moved->slice(),
                       moved->stack().depth, other->stack().depth);
  return moved == left_ ? z + shift_ : z;
}

void PairView::follow(SliceView* moved, SliceView* other) {
  if (quiet_ || moved->stack().empty() || other->stack().empty()) return;
  const QScopedValueRollback<bool> guard(quiet_, true);
  if (linked_) other->set_slice(partner_of(moved, other));
}

void PairView::set_linked(bool linked) {
  if (linked && !linked_) {
    shift_ = 0;
    shift_ = right_->slice() - partner_of(left_, right_);
  }
  linked_ = linked;
}

}
