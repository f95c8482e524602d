#include "modules/report/plot_drawing.h"

#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace sensorium {
namespace {

constexpr double axis_left = 40 * pt, axis_bottom = 24 * pt, label_row = 8.5 * pt;
constexpr int most_label_rows = 4;

QString text_of(const std::string& text) { return QString::fromStdString(text); }

// Okabe and Ito's colours, as in the window; the first is the accent.
QColor line_color(std::size_t index) {
  static const QColor colors[] = {ink::accent, QColor("#d55e00"), QColor("#009e73"),
                                  QColor("#cc79a7")};
  return colors[index % 4];
}

class Canvas {
public:
  Canvas(Flow& flow, const Plot& plot, const QRectF& area)
      : flow_(flow), plot_(plot), area_(area) {}
  double x(double v) const {
    return area_.left() + (v - plot_.x_from) / (plot_.x_to - plot_.x_from) * area_.width();
  }
  double y(double v) const {
    return area_.bottom() - (v - plot_.y_from) / (plot_.y_to - plot_.y_from) * area_.height();
  }
  void grid();
  void ranges(double labels_top);
  void spans(const std::vector<PlotSpan>& spans);
  void lines();
  void legend();

private:
  QRectF strip(double from, double to) const {
    const double a = std::clamp(x(from), area_.left(), area_.right()),
                 b = std::clamp(x(to), area_.left(), area_.right());
    return {a, area_.top(), std::max(b - a, 0.8 * pt), area_.height()};
  }
  Flow& flow_;
  const Plot& plot_;
  QRectF area_;
};

// Enough digits to tell one tick from the next.
QString tick_text(double value, double step) {
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
  return QString::number(std::abs(value) < step * 1e-6 ? 0 : value, 'f', digits)
      .replace('-', QChar(0x2212));
}

void Canvas::grid() {
  QPainter& painter = flow_.painter();
  painter.fillRect(area_, Qt::white);
  const auto across = ticks_between(plot_.x_from, plot_.x_to,
                                    std::max(3, static_cast<int>(area_.width() / (52 * pt))));
  const auto up = ticks_between(plot_.y_from, plot_.y_to,
                                std::max(3, static_cast<int>(area_.height() / (24 * pt))));
  painter.setPen(QPen(ink::rule, 0.4 * pt));
  for (const double v : across)
    painter.drawLine(QPointF(x(v), area_.top()), QPointF(x(v), area_.bottom()));
  for (const double v : up)
    painter.drawLine(QPointF(area_.left(), y(v)), QPointF(area_.right(), y(v)));
  painter.setPen(QPen(ink::muted, 0.6 * pt));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(area_);
  const double step_x = across.size() > 1 ? across[1] - across[0] : 1,
               step_y = up.size() > 1 ? up[1] - up[0] : 1;
  for (const double v : across)
    flow_.put(QRectF(x(v) - 26 * pt, area_.bottom() + 2 * pt, 52 * pt, 9 * pt),
              tick_text(v, step_x), Style::Small, ink::muted, Qt::AlignHCenter);
  for (const double v : up)
    flow_.put(QRectF(area_.left() - 36 * pt, y(v) - 4.5 * pt, 32 * pt, 9 * pt),
              tick_text(v, step_y), Style::Small, ink::muted, Qt::AlignRight);
  flow_.put(QRectF(area_.left(), area_.bottom() + 11 * pt, area_.width(), 9 * pt),
            text_of(plot_.x_label), Style::Small, ink::text, Qt::AlignHCenter);
  painter.save();
  painter.translate(area_.left() - axis_left + 2 * pt, area_.bottom());
  painter.rotate(-90);
  flow_.put(QRectF(0, 0, area_.height(), 9 * pt), text_of(plot_.y_label), Style::Small, ink::text,
            Qt::AlignHCenter);
  painter.restore();
}

// Labels stand above the axes, each in the first row that has room for it; strong ones first.
void Canvas::ranges(double labels_top) {
  QPainter& painter = flow_.painter();
  std::vector<const PlotRange*> order;
  for (const PlotRange& r : plot_.ranges)
    if (r.to > plot_.x_from && r.from < plot_.x_to) order.push_back(&r);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->strong != b->strong ? a->strong : a->from < b->from;
  });
  const QFontMetricsF metrics(Flow::font(Style::Small), painter.device());
  std::vector<std::vector<QRectF>> rows(most_label_rows);
  for (const PlotRange* r : order) {
    const QColor color = r->strong ? ink::warning : ink::muted;
    QColor shade = color;
    shade.setAlphaF(r->strong ? 0.30F : 0.16F);
    painter.fillRect(strip(r->from, r->to), shade);
    const double middle = x((r->from + r->to) / 2),
                 width = metrics.horizontalAdvance(text_of(r->label)) + 6 * pt,
                 left = std::clamp(middle - width / 2, area_.left(), area_.right() - width);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const QRectF box(left, area_.top() - 2 * pt - label_row * static_cast<double>(k + 1), width,
                       label_row);
      if (box.top() < labels_top ||
          std::any_of(rows[k].begin(), rows[k].end(),
                      [&](const QRectF& other) { return other.intersects(box); }))
        continue;
      rows[k].push_back(box);
      flow_.put(box.adjusted(2 * pt, 0, 2 * pt, 0), text_of(r->label), Style::Small, color,
                Qt::AlignHCenter);
      break;
    }
  }
}

void Canvas::spans(const std::vector<PlotSpan>& spans) {
  if (!(plot_.samples_per_x > 0)) return;
  const auto at = [&](double sample) { return plot_.first_x + sample / plot_.samples_per_x; };
  double row = area_.top() + 2 * pt;
  for (const PlotSpan& s : spans) {
    if (row + label_row > area_.top() + area_.height() / 2) break;
    QColor shade = s.color;
    shade.setAlphaF(0.13F);
    const QRectF box = strip(at(s.from), at(s.to));
    flow_.painter().fillRect(box, shade);
    flow_.painter().fillRect(QRectF(box.left(), area_.top(), 0.9 * pt, area_.height()), s.color);
    const QString begin = QString("%1, from %2 %3")
                              .arg(s.label)
                              .arg(at(s.from), 0, 'f', 2)
                              .arg(text_of(plot_.x_label));
    flow_.put(
        QRectF(std::min(box.left() + 3 * pt, area_.right() - 150 * pt), row, 150 * pt, label_row),
        begin, Style::Small, s.color.darker(140));
    row += label_row;
  }
}

void Canvas::lines() {
  QPainter& painter = flow_.painter();
  painter.save();
  painter.setClipRect(area_);
  painter.setBrush(Qt::NoBrush);
  for (std::size_t k = 0; k < plot_.lines.size(); ++k) {
    const PlotLine& line = plot_.lines[k];
    QPainterPath path;
    bool open = false;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i])) {
        open = false;
        continue;
      }
      const QPointF at(x(line.x[i]),
                       std::clamp(y(line.y[i]), area_.top() - 100 * pt, area_.bottom() + 100 * pt));
      open ? path.lineTo(at) : path.moveTo(at);
      open = true;
    }
    QPen pen(line.faint ? ink::muted : line_color(k), (line.faint ? 0.8 : 0.7) * pt);
    if (line.faint && !plot_.equal_axes) pen.setDashPattern({4, 3});
    pen.setJoinStyle(Qt::RoundJoin);
    painter.setPen(pen);
    painter.drawPath(path);
  }
  painter.restore();
}

void Canvas::legend() {
  double right = area_.right();
  for (std::size_t k = plot_.lines.size(); k-- > 0;) {
    const PlotLine& line = plot_.lines[k];
    if (line.name.empty()) continue;
    const QFontMetricsF metrics(Flow::font(Style::Small), flow_.painter().device());
    const double width = metrics.horizontalAdvance(text_of(line.name)) + 2 * pt;
    flow_.put(QRectF(right - width, area_.top() - 10 * pt, width + 2 * pt, 9 * pt),
              text_of(line.name), Style::Small, ink::text);
    right -= width + 16 * pt;
    QPen pen(line.faint ? ink::muted : line_color(k), 1.2 * pt);
    if (line.faint && !plot_.equal_axes) pen.setDashPattern({2, 1.5});
    flow_.painter().setPen(pen);
    flow_.painter().drawLine(QPointF(right + 2 * pt, area_.top() - 5.5 * pt),
                             QPointF(right + 14 * pt, area_.top() - 5.5 * pt));
    right -= 6 * pt;
  }
}

void draw_one(Flow& flow, const Plot& plot, const std::vector<PlotSpan>& spans) {
  const bool labels = !plot.ranges.empty();
  const double above = labels ? most_label_rows * label_row + 2 * pt : 12 * pt;
  const double side = 150 * pt, caption_width = flow.width() - axis_left - side - 24 * pt;
  const double height = plot.equal_axes ? side : labels ? 150 * pt : 105 * pt;
  const double caption_height =
      plot.equal_axes ? 0 : flow.height_of(text_of(plot.caption), Style::Small, flow.width());
  flow.need(30 * pt + above + height + axis_bottom + caption_height);
  flow.heading(text_of(plot.title));
  const QRectF box = flow.take(above + height + axis_bottom + caption_height + 6 * pt);
  const QRectF area(box.left() + axis_left, box.top() + above,
                    plot.equal_axes ? side : box.width() - axis_left, height);
  Canvas canvas(flow, plot, area);
  canvas.grid();
  canvas.spans(spans);
  canvas.ranges(box.top());
  canvas.lines();
  canvas.legend();
  if (plot.equal_axes)
    flow.put(QRectF(area.right() + 24 * pt, area.top(), caption_width, side), text_of(plot.caption),
             Style::Small, ink::muted);
  else
    flow.put(QRectF(box.left(), area.bottom() + axis_bottom, box.width(), caption_height),
             text_of(plot.caption), Style::Small, ink::muted);
}

}

void draw_plots(Flow& flow, const std::vector<Plot>& plots, const std::vector<PlotSpan>& spans) {
  for (const Plot& plot : plots) draw_one(flow, plot, spans);
}

}
