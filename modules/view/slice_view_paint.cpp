// How a slice is painted; what it does is in slice_view.cpp.
#include "modules/review/mark_kinds.h"
#include "modules/view/slice_view.h"
#include "modules/view/theme.h"

#include <QPainter>

#include <array>
#include <cmath>

namespace sensorium {
namespace {

constexpr std::array<const char*, 6> layer_colors{"#56b4e9", "#009e73", "#cc79a7",
                                                  "#f0e442", "#0072b2", "#d55e00"};

void draw_label(QPainter& painter, const QPointF& at, const QString& text,
                const QColor& color = "#f2f2f2") {
  painter.setPen(QColor(0, 0, 0, 190));
  for (const QPointF& d : {QPointF(1, 1), QPointF(-1, 1), QPointF(1, -1), QPointF(-1, -1)})
    painter.drawText(at + d, text);
  painter.setPen(color);
  painter.drawText(at, text);
}

// 1, 2 or 5 times a power of ten, not above the limit.
double round_length(double limit) {
  const double power = std::pow(10, std::floor(std::log10(limit)));
  for (const double m : {5.0, 2.0})
    if (m * power <= limit) return m * power;
  return power;
}

QString length_text(double micrometres) {
  return micrometres >= 1000 ? QString("%1 mm").arg(micrometres / 1000)
                             : QString("%1 µm").arg(micrometres);
}

void draw_measure(QPainter& painter, const QPointF& from, const QPointF& to, const QString& text) {
  painter.setPen(QPen(QColor(0, 0, 0, 160), 4));
  painter.drawLine(from, to);
  painter.setPen(QPen(QColor("#f2f2f2"), 1.5));
  painter.drawLine(from, to);
  painter.drawEllipse(from, 3, 3);
  painter.drawEllipse(to, 3, 3);
  if (text.isEmpty()) return;
  // On a dark ground of its own: the line often ends on bright tissue, or on another mark.
  const QRectF box = painter.fontMetrics().boundingRect(text).toRectF().translated(
      to + (to.x() < from.x() ? QPointF(-12 - painter.fontMetrics().horizontalAdvance(text), 4)
                              : QPointF(12, 4)));
  painter.setPen(Qt::NoPen);
  painter.setBrush(QColor(0, 0, 0, 190));
  painter.drawRoundedRect(box.adjusted(-4, -2, 4, 2), 3, 3);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QColor("#f2f2f2"));
  painter.drawText(box, Qt::AlignCenter | Qt::TextDontClip, text);
}

}

void SliceView::paintEvent(QPaintEvent*) {
  QElapsedTimer timer;
  timer.start();
  QPainter painter(this);
  painter.fillRect(rect(), theme_colors().imaging);
  if (stack_.empty()) {
    draw_empty(painter);
    return;
  }
  const QSize pixels = size() * devicePixelRatioF();
  if (tool_ != SliceTool::Browse) {
    if (base_.size() != pixels) base_ = kept(&SliceView::draw_base, painter);
    painter.drawPixmap(0, 0, base_);
  } else if (marks_alone_) {
    if (backdrop_.size() != pixels) backdrop_ = kept(&SliceView::draw_backdrop, painter);
    painter.drawPixmap(0, 0, backdrop_);
    draw_marks(painter);
  } else {
    draw_base(painter);
  }
  draw_stroke(painter);
  draw_cross(painter);
  if (drag_ == Drag::Measure && moved_)
    draw_measure(painter, drag_from_, drag_at_,
                 measure_words_ ? measure_words_(to_pixel(drag_from_), to_pixel(drag_at_))
                                : QString());
  draw_legend(painter);
  draw_scale_bar(painter);
  if (hasFocus()) {
    painter.setPen(QPen(theme_colors().accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(rect().adjusted(1, 1, -1, -1));
  }
  last_paint_ms_ = static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

QPixmap SliceView::kept(void (SliceView::*draw)(QPainter&), const QPainter& painter) {
  QPixmap out(size() * devicePixelRatioF());
  out.setDevicePixelRatio(devicePixelRatioF());
  QPainter below(&out);
  below.setFont(painter.font());
  below.fillRect(rect(), theme_colors().imaging);
  (this->*draw)(below);
  return out;
}

void SliceView::draw_base(QPainter& painter) {
  draw_backdrop(painter);
  draw_marks(painter);
}

void SliceView::draw_backdrop(QPainter& painter) {
  draw_image(painter);
  if (overlay_ && layers_) draw_layers(painter);
}

void SliceView::draw_marks(QPainter& painter) {
  if (!overlay_) return;
  painter.setRenderHint(QPainter::Antialiasing, true);
  draw_measure_regions(painter);
  draw_findings(painter);
  draw_measures(painter);
}

void SliceView::draw_empty(QPainter& painter) {
  painter.setPen(QColor("#a6abb0"));
  painter.drawText(rect(), Qt::AlignCenter, "No picture yet");
}

void SliceView::draw_image(QPainter& painter) {
  painter.setRenderHint(QPainter::SmoothPixmapTransform, scale_x() < 4);
  painter.drawImage(image_rect(), image_, QRectF(0, 0, stack_.width, stack_.height));
}

void SliceView::draw_layers(QPainter& painter) {
  const std::size_t row = static_cast<std::size_t>(slice_) * stack_.width;
  int named = 0;
  std::vector<double> taken; // heights of the names drawn so far
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (std::size_t i = 0; i < surfaces_.size(); ++i) {
    const Surface& s = surfaces_[i];
    if (!s.failure.empty() || s.depth.size() < row + stack_.width) continue;
    const QColor color(layer_colors[i % layer_colors.size()]);
    painter.setPen(QPen(color, 1.2));
    QPolygonF line;
    QPointF last = to_widget({stack_.width - 0.5, 16.0 * ++named});
    for (int x = 0; x <= stack_.width; ++x) {
      const float y = x < stack_.width ? s.depth[row + x] : NAN;
      if (std::isfinite(y)) {
        line << to_widget({x + 0.5, y + 0.5});
        last = line.back();
        continue;
      }
      if (line.size() > 1) painter.drawPolyline(line);
      line.clear();
    }
    const QString name = QString::fromStdString(s.name);
    const double wide = painter.fontMetrics().horizontalAdvance(name) + 6.0;
    double at = last.y() - 3;
    for (const double other : taken)
      if (std::abs(other - at) < 14) at = other + 14;
    taken.push_back(at);
    draw_label(painter, {std::min(last.x() + 4, width() - wide), at}, name, color);
  }
}

void SliceView::draw_findings(QPainter& painter) {
  painter.setRenderHint(QPainter::Antialiasing, true);
  for (const Outline& outline : outlines()) {
    const FindingItem& item = (*items_)[static_cast<std::size_t>(outline.item)];
    const QPainterPath path = transform().map(outline.path), mark = marker_of(path);
    const bool selected = selected_.toStdString() == item.finding.id;
    const MarkKind* kind =
        item.look == FindingLook::Rejected ? nullptr : mark_kind(item.finding.label);
    QPen pen = pen_of(item.look);
    if (kind) pen.setColor(QColor(kind->color));
    if (fill_ && item.look != FindingLook::Rejected) {
      QColor color = pen.color();
      color.setAlpha(90);
      painter.fillPath(path, color);
    }
    // A dark line below keeps the outline visible on bright tissue.
    painter.strokePath(mark, QPen(QColor(0, 0, 0, 150), 3));
    painter.strokePath(mark, pen);
    if (kind) draw_tag(painter, mark, kind->short_name, pen.color());
    if (item.look == FindingLook::Rejected) {
      const QRectF box = mark.boundingRect();
      painter.setPen(QPen(color_of(item.look), 1.2));
      painter.drawLine(box.topLeft(), box.bottomRight());
    }
    if (selected) {
      const QRectF box = mark.boundingRect().adjusted(-4, -4, 4, 4);
      painter.setPen(QPen(QColor(0, 0, 0, 160), 3.5));
      painter.drawRoundedRect(box, 4, 4);
      painter.setPen(QPen(Qt::white, 1.5));
      painter.drawRoundedRect(box, 4, 4);
    }
  }
}

// Right of the mark, or left of it where there is no room.
void SliceView::draw_tag(QPainter& painter, const QPainterPath& mark, const QString& text,
                         const QColor& color) {
  const QRectF box = mark.boundingRect();
  const double wide = painter.fontMetrics().horizontalAdvance(text);
  const double x = box.right() + 6 + wide < width() ? box.right() + 6 : box.left() - 6 - wide;
  draw_label(painter, {x, box.center().y() + 4}, text, color);
}

void SliceView::draw_stroke(QPainter& painter) {
  if (!stroke_.isNull()) {
    std::vector<Run> runs;
    for (int y = 0; y < stroke_.height(); ++y) {
      const uchar* row = stroke_.constScanLine(y);
      for (int x = 0; x < stroke_.width(); ++x) {
        if (!row[x]) continue;
        int end = x;
        while (end < stroke_.width() && row[end]) ++end;
        runs.push_back({slice_, y, x, end - x});
        x = end;
      }
    }
    QColor color = tool_ == SliceTool::Erase ? QColor("#d55e00")
                   : brush_color_.isValid()  ? brush_color_
                                             : color_of(FindingLook::Drawn);
    color.setAlpha(130);
    for (const Run& run : runs)
      painter.fillRect(transform().mapRect(QRectF(run.x, run.y, run.length, 1)), color);
  }
  const bool brush = tool_ == SliceTool::Brush || tool_ == SliceTool::Erase;
  if (brush && hovering_) {
    painter.setPen(QPen(Qt::white, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(hover_, (brush_radius_ + 0.5) * scale_x(),
                        (brush_radius_ + 0.5) * scale_y());
  }
}

void SliceView::draw_cross(QPainter& painter) {
  if (!cross_ || tool_ == SliceTool::Browse) return;
  const QPointF at = to_widget(*cross_);
  for (const auto& [color, width] : {std::pair{QColor(0, 0, 0, 170), 4.0}, {Qt::white, 1.5}}) {
    painter.setPen(QPen(color, width));
    for (const QPointF& way : {QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)})
      painter.drawLine(at + way * 5, at + way * 12);
  }
}

void SliceView::draw_measures(QPainter& painter) {
  for (const MeasureLine& m : measures_)
    if (m.slice == slice_) draw_measure(painter, to_widget(m.from), to_widget(m.to), m.text);
}

void SliceView::draw_measure_regions(QPainter& painter) {
  if (tool_ != SliceTool::Measure) return;
  for (const MeasureRegion& region : regions_) {
    const QRectF box = transform().mapRect(region.box);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 150), 3));
    painter.drawRect(box);
    painter.setPen(QPen(QColor(region.calibrated ? "#56b4e9" : "#a6abb0"), 1.2,
                        region.calibrated ? Qt::SolidLine : Qt::DashLine));
    painter.drawRect(box);
    draw_label(painter, box.topLeft() + QPointF(6, 14), region.name, painter.pen().color());
  }
}

void SliceView::draw_legend(QPainter& painter) {
  QFont font = painter.font();
  font.setPointSize(body_text);
  painter.setFont(font);
  QString text =
      stack_.depth > 1 ? QString("%1 / %2").arg(slice_ + 1).arg(stack_.depth) : QString();
  if (!corner_text_.isEmpty()) text = text.isEmpty() ? corner_text_ : corner_text_ + "   " + text;
  if (show_enhanced_) text += text.isEmpty() ? "enhanced" : "   enhanced";
  draw_label(painter, {10, 20}, text);
}

void SliceView::draw_scale_bar(QPainter& painter) {
  if (!spacing_x_.known() || !spacing_y_.known()) return;
  const double per_x = spacing_x_.micrometres / scale_x(),
               per_y = spacing_y_.micrometres / scale_y();
  const double long_x = round_length(per_x * 140), long_y = round_length(per_y * 90);
  const QPointF corner(16.5, height() - 16.5);
  for (const auto& [color, width] :
       {std::pair{QColor(0, 0, 0, 170), 5.0}, std::pair{QColor("#f2f2f2"), 2.0}}) {
    painter.setPen(QPen(color, width, Qt::SolidLine, Qt::FlatCap));
    painter.drawLine(corner, corner + QPointF(long_x / per_x, 0));
    painter.drawLine(corner, corner - QPointF(0, long_y / per_y));
  }
  draw_label(painter, corner + QPointF(long_x / per_x + 6, 4), length_text(long_x));
  draw_label(painter, corner + QPointF(6, -long_y / per_y + 8), length_text(long_y));
}

}
