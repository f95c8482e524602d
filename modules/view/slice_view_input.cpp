// Pointer and keys on a slice; what it shows is in slice_view.cpp, how in slice_view_paint.cpp.
#include "modules/view/slice_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace sensorium {

void SliceView::mousePressEvent(QMouseEvent* event) {
  if (stack_.empty()) return;
  drop_drag();
  cross_.reset();
  drag_from_ = drag_at_ = event->position();
  drag_window_ = show_enhanced_ ? enhanced_window_ : window_;
  drag_pan_ = pan_;
  moved_ = false;
  if (event->button() == Qt::MiddleButton ||
      (event->button() == Qt::LeftButton && event->modifiers() & Qt::ShiftModifier))
    drag_ = Drag::Pan;
  else if (event->button() == Qt::RightButton)
    drag_ = Drag::Level;
  else if (event->button() == Qt::LeftButton && tool_ == SliceTool::Browse)
    drag_ = Drag::Level;
  else if (event->button() == Qt::LeftButton)
    begin_drag();
}

// What a tool does from drag_from_ on.
void SliceView::begin_drag() {
  if (tool_ == SliceTool::Measure) {
    drag_ = Drag::Measure;
    return;
  }
  drag_ = Drag::Stroke;
  stroke_ = QImage(stack_.width, stack_.height, QImage::Format_Grayscale8);
  stroke_.fill(0);
  stamp(to_pixel(drag_from_), to_pixel(drag_from_));
}

void SliceView::drop_drag() {
  drag_ = Drag::None;
  stroke_ = {};
}

void SliceView::mouseMoveEvent(QMouseEvent* event) {
  hover_ = event->position();
  hovering_ = true;
  if (cross_) { // the pointer takes over; what keys began ends here
    cross_.reset();
    drop_drag();
  }
  const QPointF delta = hover_ - drag_from_;
  moved_ = moved_ || delta.manhattanLength() > 3;
  if (drag_ == Drag::Pan) {
    pan_ = drag_pan_ + delta;
    redraw();
    emit view_changed();
  } else if (drag_ == Drag::Level && moved_) {
    const double range = drag_window_.high - drag_window_.low;
    const double middle = (drag_window_.low + drag_window_.high) / 2 - delta.y() / 300 * range;
    const double half = range / 2 * std::exp(-delta.x() / 250);
    set_grey_window({middle - half, middle + half});
  } else if (drag_ == Drag::Stroke) {
    stamp(to_pixel(drag_at_), to_pixel(hover_));
  }
  drag_at_ = hover_;
  emit pixel_hovered(hover_text(to_pixel(hover_)));
  if (drag_ != Drag::None || tool_ != SliceTool::Browse) update();
}

void SliceView::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = std::exchange(drag_, Drag::None);
  if (drag == Drag::Stroke) finish_stroke();
  if (drag == Drag::Measure && moved_)
    emit measured(slice_, to_pixel(drag_from_), to_pixel(event->position()));
  if (drag == Drag::Level && !moved_ && event->button() == Qt::LeftButton) {
    const QString id = id_at(to_pixel(event->position()));
    if (!id.isEmpty()) emit item_clicked(id);
  }
  update();
}

void SliceView::mouseDoubleClickEvent(QMouseEvent*) {
  if (tool_ == SliceTool::Browse) reset_view();
}

void SliceView::wheelEvent(QWheelEvent* event) {
  const double steps = event->angleDelta().y() / 120.0;
  if (event->modifiers() & Qt::ControlModifier) {
    zoom_at(event->position(), std::pow(1.2, steps));
  } else if (event->modifiers() & Qt::ShiftModifier && tool_ != SliceTool::Browse) {
    set_brush_radius(brush_radius_ + (steps > 0 ? 1 : -1));
  } else if (steps != 0) {
    step_slice(steps > 0 ? -1 : 1);
  }
  event->accept();
}

void SliceView::zoom_at(const QPointF& widget, double factor) {
  const QPointF anchor = to_pixel(widget);
  zoom_ = std::clamp(zoom_ * factor, 0.2, 40.0);
  pan_ += widget - to_widget(anchor);
  emit view_changed();
  redraw();
}

void SliceView::keyPressEvent(QKeyEvent* event) {
  const bool tool = tool_ != SliceTool::Browse;
  if ((tool && cross_key(event)) || view_key(event)) return;
  switch (event->key()) {
  case Qt::Key_Up:
  case Qt::Key_Left:
    step_slice(-1);
    break;
  case Qt::Key_Down:
  case Qt::Key_Right:
    step_slice(1);
    break;
  case Qt::Key_Home:
    set_slice(0);
    break;
  case Qt::Key_End:
    set_slice(stack_.depth - 1);
    break;
  case Qt::Key_BracketLeft:
    set_brush_radius(brush_radius_ - 1);
    break;
  case Qt::Key_BracketRight:
    set_brush_radius(brush_radius_ + 1);
    break;
  default:
    QWidget::keyPressEvent(event);
  }
}

namespace {

QPointF direction_of(int key) {
  return key == Qt::Key_Left    ? QPointF(-1, 0)
         : key == Qt::Key_Right ? QPointF(1, 0)
         : key == Qt::Key_Up    ? QPointF(0, -1)
         : key == Qt::Key_Down  ? QPointF(0, 1)
                                : QPointF();
}

}

// Zoom, move, brightness and contrast, as the pointer does them.
bool SliceView::view_key(const QKeyEvent* event) {
  const QPointF way = direction_of(event->key());
  const QPointF middle = rect().toRectF().center();
  if (event->key() == Qt::Key_Plus || event->key() == Qt::Key_Equal) {
    zoom_at(middle, 1.2);
  } else if (event->key() == Qt::Key_Minus) {
    zoom_at(middle, 1 / 1.2);
  } else if (!way.isNull() && event->modifiers() & Qt::ControlModifier) {
    pan_ -= way * 40;
    emit view_changed();
    redraw();
  } else if (!way.isNull() && event->modifiers() & Qt::ShiftModifier) {
    const GreyWindow now = show_enhanced_ ? enhanced_window_ : window_;
    const double range = now.high - now.low;
    const double at = (now.low + now.high) / 2 + way.y() * range / 20;
    const double half = range / 2 * std::pow(1.1, -way.x());
    set_grey_window({at - half, at + half});
  } else {
    return false;
  }
  return true;
}

// A tool without the pointer: arrows move a cross (Shift: by ten pixels), Return sets the tool on
// the picture and lifts it again, Escape drops what was begun.
bool SliceView::cross_key(const QKeyEvent* event) {
  if (stack_.empty() || event->modifiers() & Qt::ControlModifier) return false;
  const QPointF way = direction_of(event->key());
  const bool set = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  const bool drop = event->key() == Qt::Key_Escape && drag_ != Drag::None;
  if (way.isNull() && !set && !drop) return false;
  const QPointF before = cross_.value_or(
      QPointF(std::floor(std::clamp(centre().x(), 0.0, stack_.width - 1.0)) + 0.5,
              std::floor(std::clamp(centre().y(), 0.0, stack_.height - 1.0)) + 0.5));
  const QPointF wanted = before + way * (event->modifiers() & Qt::ShiftModifier ? 10 : 1);
  const QPointF at(std::clamp(wanted.x(), 0.5, stack_.width - 0.5),
                   std::clamp(wanted.y(), 0.5, stack_.height - 0.5));
  cross_ = at;
  if (drop) {
    drop_drag();
  } else if (!way.isNull()) {
    show_pixel(at);
    moved_ = true;
    if (drag_ == Drag::Stroke) stamp(before, at);
  } else if (drag_ == Drag::None) {
    drag_from_ = to_widget(at);
    cross_from_ = at;
    moved_ = false;
    begin_drag();
  } else if (drag_ == Drag::Stroke) {
    finish_stroke();
  } else if (drag_ == Drag::Measure) {
    drag_ = Drag::None;
    if (at != cross_from_) emit measured(slice_, cross_from_, at);
  }
  if (drag_ == Drag::Measure) drag_from_ = to_widget(cross_from_); // the view may have moved
  hover_ = drag_at_ = to_widget(at);
  hovering_ = true;
  emit pixel_hovered(hover_text(at));
  update();
  return true;
}

void SliceView::leaveEvent(QEvent*) {
  hovering_ = false;
  emit pixel_hovered({});
  update();
}

}
