// Regions of a cube's class map: outlines, what a click hits, and the brush. The rest is in
// cube_view.cpp.
#include "modules/review/footprint.h"
#include "modules/view/cube_view.h"
#include "modules/view/pixel_stack.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

bool same(const std::vector<Run>& a, const std::vector<Run>& b) {
  return std::ranges::equal(a, b, [](const Run& p, const Run& q) {
    return p.z == q.z && p.y == q.y && p.x == q.x && p.length == q.length;
  });
}

bool covers(const std::vector<Run>& runs, QPoint pixel) {
  return std::ranges::any_of(runs, [&](const Run& r) {
    return r.y == pixel.y() && r.x <= pixel.x() && pixel.x() - r.x < r.length;
  });
}

}

// A decision leaves nearly every region where it was: only what is new is traced.
void CubeView::set_items(FindingItems items) {
  std::map<std::string, Outline> outlines;
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    const Finding& f = (*items)[i].finding;
    const auto known = outlines_.find(f.id);
    if (known != outlines_.end() && same(known->second.runs, f.footprint))
      outlines.insert(outlines_.extract(known));
    else
      outlines[f.id] = {f.footprint, outline_of(f.footprint, 0)};
  }
  outlines_ = std::move(outlines);
  items_ = std::move(items);
  redraw();
}

void CubeView::set_selected(const QString& id) {
  if (id == selected_) return;
  selected_ = id;
  redraw();
}

void CubeView::show_region(const QRect& box) {
  if (!cube_) return;
  const QRectF seen = sight(), part = seen.intersected(QRectF(box));
  const double area = part.width() * part.height();
  if (part.isEmpty() ||
      4 * area < std::min(seen.width() * seen.height(), 1.0 * box.width() * box.height()))
    show_place(box);
}

QString CubeView::region_at(QPoint pixel) const {
  const Finding* best = nullptr;
  std::int64_t least = 0;
  for (std::size_t i = 0; items_ && i < items_->size(); ++i) {
    const Finding& f = (*items_)[i].finding;
    if (pixel.x() < f.box[0] || pixel.x() > f.box[3] || pixel.y() < f.box[1] ||
        pixel.y() > f.box[4] || !covers(f.footprint, pixel))
      continue;
    const std::int64_t size = voxel_count(f.footprint);
    if (best && size >= least) continue;
    best = &f;
    least = size;
  }
  return best ? QString::fromStdString(best->id) : QString();
}

void CubeView::set_brush_radius(int pixels) {
  brush_radius_ = std::clamp(pixels, 0, 100);
  update();
}

void CubeView::set_brush_color(const QColor& color) {
  brush_color_ = color;
  update();
}

// A disc of the radius at each step of the way, as on slices.
void CubeView::stamp(const QPointF& from, const QPointF& to) {
  if (!cube_) return;
  const double length = std::hypot(to.x() - from.x(), to.y() - from.y());
  const int steps = std::max(1, static_cast<int>(std::ceil(length)));
  const double limit = (brush_radius_ + 0.35) * (brush_radius_ + 0.35);
  for (int i = 0; i <= steps; ++i) {
    const QPointF p = from + (to - from) * (static_cast<double>(i) / steps);
    const int cx = static_cast<int>(std::floor(p.x())), cy = static_cast<int>(std::floor(p.y()));
    for (int y = std::max(0, cy - brush_radius_);
         y <= std::min(cube_->lines - 1, cy + brush_radius_); ++y) {
      const int half = static_cast<int>(std::sqrt(limit - (y - cy) * (y - cy)));
      const int first = std::max(0, cx - half), last = std::min(cube_->samples - 1, cx + half);
      if (first <= last) stroke_.push_back({0, y, first, last - first + 1});
    }
  }
  stroke_ = normalised(std::move(stroke_));
  update();
}

void CubeView::finish_stroke() {
  drag_ = Drag::None;
  const std::vector<Run> runs = std::exchange(stroke_, {});
  redraw();
  if (!runs.empty()) emit stroke_finished(runs, tool_ == CubeTool::Erase);
}

bool CubeView::stroke_key(int key) {
  if (key == Qt::Key_Escape && drag_ == Drag::Stroke) {
    drag_ = Drag::None;
    stroke_.clear();
    update();
    return true;
  }
  if ((key != Qt::Key_Return && key != Qt::Key_Enter) || !cube_) return false;
  if (!cross_) {
    move_cross(0, 0);
  } else if (drag_ == Drag::Stroke) {
    finish_stroke();
  } else {
    drag_ = Drag::Stroke;
    const QPointF at = QPointF(*cross_) + QPointF(0.5, 0.5);
    stamp(at, at);
  }
  return true;
}

void CubeView::draw_items(QPainter& painter) {
  if (!items_) return;
  const QRectF seen = sight();
  QTransform transform;
  const QPointF corner = to_widget({0, 0});
  transform.translate(corner.x(), corner.y());
  transform.scale(scale_, scale_);
  // Dashes along very many edges take long; what is unread then has thin solid lines.
  constexpr int most_corners = 20000;
  int corners = 0;
  for (const auto& [id, outline] : outlines_) corners += outline.path.elementCount();
  const bool plain = corners > most_corners;
  const auto draw = [&](const FindingItem& item, bool chosen) {
    const auto& box = item.finding.box;
    if (!seen.intersects(QRectF(box[0], box[1], box[3] - box[0] + 1, box[4] - box[1] + 1))) return;
    const auto outline = outlines_.find(item.finding.id);
    if (outline == outlines_.end() || outline->second.path.isEmpty()) return;
    const QPainterPath path = transform.map(outline->second.path);
    if (plain && !chosen && item.look == FindingLook::Machine) {
      painter.setRenderHint(QPainter::Antialiasing, false);
      painter.strokePath(path, QPen(color_of(item.look), 0));
      painter.setRenderHint(QPainter::Antialiasing);
      return;
    }
    if (item.look == FindingLook::Rejected)
      painter.fillPath(path, QBrush(color_of(item.look), Qt::BDiagPattern));
    // Dark below, so that the line is seen on every class's colour; white below the chosen one.
    const bool open =
        item.look == FindingLook::Machine; // many, and thin: they are still to be read
    painter.strokePath(path, QPen(QColor(0, 0, 0, open ? 150 : 190), chosen ? 6 : open ? 2 : 3));
    if (chosen) painter.strokePath(path, QPen(Qt::white, 4));
    painter.strokePath(path, pen_of(item.look, open && !chosen ? 1 : 1.5));
    if (!chosen) return;
    // Also where the region is too small to be seen.
    const QRectF around = path.boundingRect();
    if (std::max(around.width(), around.height()) >= 16) return;
    painter.setBrush(Qt::NoBrush);
    for (const QPen& pen : {QPen(Qt::black, 4), QPen(Qt::white, 2)}) {
      painter.setPen(pen);
      painter.drawEllipse(around.center(), 14, 14);
    }
  };
  const std::string selected = selected_.toStdString();
  const FindingItem* chosen = nullptr;
  for (const FindingItem& item : *items_) {
    if (item.finding.id == selected)
      chosen = &item;
    else
      draw(item, false);
  }
  if (chosen) draw(*chosen, true);
}

void CubeView::draw_stroke(QPainter& painter) {
  QColor color = tool_ == CubeTool::Erase ? QColor("#d55e00")
                 : brush_color_.isValid() ? brush_color_
                                          : color_of(FindingLook::Drawn);
  color.setAlpha(150);
  for (const Run& run : stroke_)
    painter.fillRect(QRectF(to_widget(QPointF(run.x, run.y)), QSizeF(run.length, 1) * scale_),
                     color);
  if (!underMouse() && !cross_) return;
  const QPointF at = cross_ ? to_widget(QPointF(*cross_) + QPointF(0.5, 0.5)) : hover_;
  const double radius = (brush_radius_ + 0.5) * scale_;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  for (const QPen& pen : {QPen(QColor(0, 0, 0, 170), 3), QPen(Qt::white, 1)}) {
    painter.setPen(pen);
    painter.drawEllipse(at, radius, radius);
  }
}

}
