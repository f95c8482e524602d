// Regions to be reviewed on the picture of a cube: outlines, and the brush.
#include "modules/view/cube_view.h"
#include "modules/view/pixel_stack.h"
#include "modules/view/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr double near_outline = 6; // screen pixels
constexpr std::size_t most_apart = 32;

using Spans = std::vector<std::pair<int, int>>;

void join(Spans& spans) {
  std::sort(spans.begin(), spans.end());
  Spans out;
  for (const auto& [first, end] : spans)
    if (!out.empty() && first <= out.back().second)
      out.back().second = std::max(out.back().second, end);
    else
      out.emplace_back(first, end);
  spans = std::move(out);
}

QRectF box_of(const Finding& f) {
  return QRectF(QPointF(f.box[0], f.box[1]), QPointF(f.box[3] + 1.0, f.box[4] + 1.0));
}

}

void CubeView::set_items(FindingItems items) {
  items_ = std::move(items);
  outlines_.assign(items_ ? items_->size() : 0, std::nullopt);
  update();
}

void CubeView::set_selected_item(const QString& id) {
  selected_item_ = id;
  update();
}

void CubeView::set_items_shown(bool shown) {
  items_shown_ = shown;
  update();
}

void CubeView::set_brush_radius(int pixels) {
  brush_radius_ = std::clamp(pixels, 0, 200);
  update();
}

const QPainterPath& CubeView::outline(std::size_t item) {
  std::optional<QPainterPath>& path = outlines_[item];
  if (!path) path = outline_of((*items_)[item].finding.footprint, 0);
  return *path;
}

// On the outline alone: a click inside keeps the spectrum there.
QString CubeView::item_at(const QPointF& widget) {
  if (!items_ || !items_shown_) return {};
  const QPointF at = to_cube(widget);
  const double reach = near_outline / scale_;
  const QRectF around(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach);
  QString best;
  double smallest = 0;
  for (std::size_t i = 0; i < items_->size(); ++i) {
    const Finding& f = (*items_)[i].finding;
    const QRectF box = box_of(f);
    if (f.footprint.empty() || !box.adjusted(-reach, -reach, reach, reach).contains(at)) continue;
    const QPainterPath& path = outline(i);
    const double size = box.width() * box.height();
    // Where the square around the pointer is neither all inside nor all outside, a line passes.
    if (!path.intersects(around) || path.contains(around)) continue;
    if (!best.isEmpty() && size >= smallest) continue;
    best = QString::fromStdString(f.id);
    smallest = size;
  }
  return best;
}

void CubeView::draw_items(QPainter& painter) {
  if (!items_ || !items_shown_) return;
  const QRectF seen = sight();
  QTransform to_screen;
  const QPointF zero = to_widget({0, 0});
  to_screen.translate(zero.x(), zero.y());
  to_screen.scale(scale_, scale_);
  for (std::size_t i = 0; i < items_->size(); ++i) {
    const FindingItem& item = (*items_)[i];
    if (item.finding.footprint.empty() || !box_of(item.finding).intersects(seen)) continue;
    const QPainterPath path = to_screen.map(outline(i)), mark = marker_of(path);
    if (item.look == FindingLook::Changed || item.look == FindingLook::Drawn) {
      QColor color = color_of(item.look);
      color.setAlpha(70);
      painter.fillPath(path, color);
    }
    painter.strokePath(mark, QPen(QColor(0, 0, 0, 150), 3));
    painter.strokePath(mark, pen_of(item.look));
    const QRectF box = mark.boundingRect();
    if (item.look == FindingLook::Rejected) {
      painter.setPen(QPen(color_of(item.look), 1.2));
      painter.drawLine(box.topLeft(), box.bottomRight());
    }
    if (selected_item_.toStdString() != item.finding.id) continue;
    painter.setBrush(Qt::NoBrush);
    for (const QPen& pen : {QPen(QColor(0, 0, 0, 160), 3.5), QPen(Qt::white, 1.5)}) {
      painter.setPen(pen);
      painter.drawRoundedRect(box.adjusted(-4, -4, 4, 4), 4, 4);
    }
  }
}

// A disc at every pixel of the way.
void CubeView::stamp(const QPointF& from, const QPointF& to) {
  if (!cube_) return;
  const QPointF way = to - from;
  const int steps = std::max(1, static_cast<int>(std::ceil(std::hypot(way.x(), way.y()))));
  const double limit = (brush_radius_ + 0.35) * (brush_radius_ + 0.35);
  for (int i = 0; i <= steps; ++i) {
    const QPointF at = from + way * (static_cast<double>(i) / steps);
    const int cx = static_cast<int>(std::floor(at.x())), cy = static_cast<int>(std::floor(at.y()));
    for (int dy = -brush_radius_; dy <= brush_radius_; ++dy) {
      const int half = static_cast<int>(std::sqrt(std::max(0.0, limit - dy * dy)));
      const int first = std::max(0, cx - half), end = std::min(cube_->samples, cx + half + 1);
      if (cy + dy < 0 || cy + dy >= cube_->lines || first >= end) continue;
      Spans& spans = stroke_[cy + dy];
      spans.emplace_back(first, end);
      if (spans.size() > most_apart) join(spans);
    }
  }
  update();
}

void CubeView::drop_stroke() {
  stroke_.clear();
  key_stroke_ = false;
  if (drag_ == Drag::Stroke && drag_button_ == Qt::NoButton) drag_ = Drag::None;
  update();
}

void CubeView::finish_stroke() {
  std::vector<Run> runs;
  for (auto& [line, spans] : stroke_) {
    join(spans);
    for (const auto& [first, end] : spans) runs.push_back({0, line, first, end - first});
  }
  drop_stroke();
  if (!runs.empty()) emit stroke_finished(runs, tool_ == CubeTool::Erase);
}

// Return sets the brush on the cross, and lifts it again.
void CubeView::lift_or_set_brush() {
  if (key_stroke_) return finish_stroke();
  if (!cross_) return;
  key_stroke_ = true;
  stamp(QPointF(*cross_), QPointF(*cross_));
}

void CubeView::draw_stroke(QPainter& painter) {
  QColor color = tool_ == CubeTool::Erase ? QColor("#d55e00") : color_of(FindingLook::Drawn);
  color.setAlpha(130);
  for (const auto& [line, spans] : stroke_)
    for (const auto& [first, end] : spans)
      painter.fillRect(QRectF(to_widget(QPointF(first, line)), to_widget(QPointF(end, line + 1.0))),
                       color);
  if (!paints() || !hovering_) return;
  painter.setPen(QPen(Qt::white, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawEllipse(hover_, (brush_radius_ + 0.5) * scale_, (brush_radius_ + 0.5) * scale_);
}

}
