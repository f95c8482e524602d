#include "modules/report/zone_drawing.h"

#include "modules/review/exam_board.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <array>

namespace sensorium {
namespace {

constexpr double aspect = 1.06; // height of a view over its width

// All shapes live in a square of 0 .. 1, y down.
QPainterPath trunk() {
  QPainterPath p({0.42, 0.0});
  p.cubicTo({0.42, 0.09}, {0.40, 0.10}, {0.24, 0.13});
  p.cubicTo({0.10, 0.16}, {0.05, 0.22}, {0.04, 0.36});
  p.lineTo(0.13, 0.40);
  p.cubicTo({0.15, 0.60}, {0.18, 0.75}, {0.16, 1.0});
  p.lineTo(0.84, 1.0);
  p.cubicTo({0.82, 0.75}, {0.85, 0.60}, {0.87, 0.40});
  p.lineTo(0.96, 0.36);
  p.cubicTo({0.95, 0.22}, {0.90, 0.16}, {0.76, 0.13});
  p.cubicTo({0.60, 0.10}, {0.58, 0.09}, {0.58, 0.0});
  return p;
}

QPainterPath profile() { // facing left
  QPainterPath p({0.42, 0.0});
  p.cubicTo({0.42, 0.08}, {0.38, 0.12}, {0.32, 0.18});
  p.cubicTo({0.20, 0.30}, {0.22, 0.46}, {0.24, 0.58});
  p.cubicTo({0.24, 0.74}, {0.26, 0.88}, {0.25, 1.0});
  p.lineTo(0.72, 1.0);
  p.cubicTo({0.70, 0.86}, {0.80, 0.70}, {0.80, 0.48});
  p.cubicTo({0.80, 0.28}, {0.74, 0.16}, {0.60, 0.10});
  p.lineTo(0.60, 0.0);
  return p;
}

QPainterPath lung_on_the_left() {
  QPainterPath p({0.475, 0.26});
  p.cubicTo({0.46, 0.16}, {0.38, 0.14}, {0.32, 0.22});
  p.cubicTo({0.22, 0.36}, {0.19, 0.56}, {0.20, 0.86});
  p.cubicTo({0.28, 0.94}, {0.40, 0.88}, {0.475, 0.82});
  p.closeSubpath();
  return p;
}

QPainterPath lung_in_profile() {
  QPainterPath p({0.47, 0.16});
  p.cubicTo({0.30, 0.22}, {0.27, 0.50}, {0.29, 0.74});
  p.cubicTo({0.40, 0.86}, {0.62, 0.92}, {0.70, 0.86});
  p.cubicTo({0.80, 0.60}, {0.76, 0.22}, {0.56, 0.16});
  p.closeSubpath();
  return p;
}

QPainterPath mirrored(const QPainterPath& p) { return QTransform(-1, 0, 0, 1, 1, 0).map(p); }

QPainterPath body_of(const QString& view) {
  if (view == "right side") return mirrored(profile()); // the patient looks to the right
  return view == "left side" ? profile() : trunk();
}

QPainterPath lung_of(const QString& view, bool right) {
  if (view == "right side") return mirrored(lung_in_profile());
  if (view == "left side") return lung_in_profile();
  const bool on_the_left = (view == "front") == right;
  return on_the_left ? lung_on_the_left() : mirrored(lung_on_the_left());
}

QPainterPath band(const QPainterPath& lung, int row, int rows) {
  if (rows == 1) return lung;
  constexpr double gap = 0.012;
  const QRectF all = lung.boundingRect();
  // The lowest band takes more: a lung's base is slanted.
  const auto edge = [&](int i) {
    return i == rows ? all.bottom() : all.top() + all.height() * i / (rows + 0.12);
  };
  QPainterPath cut;
  cut.addRect(QRectF(QPointF(0, edge(row) + (row > 0 ? gap : -1)),
                     QPointF(1, edge(row + 1) - (row + 1 < rows ? gap : -1))));
  return lung.intersected(cut);
}

// Front and back above, the sides below; views without zones are left out.
std::vector<std::pair<QString, QRectF>> places(const ZoneScheme& scheme, const QRectF& area) {
  const auto has = [&](const QString& view) {
    return std::any_of(scheme.zones.begin(), scheme.zones.end(),
                       [&](const Zone& z) { return QString::fromStdString(z.view) == view; });
  };
  std::vector<QStringList> lines;
  for (const QStringList& line : {QStringList{"front", "back"}, {"right side", "left side"}}) {
    QStringList shown;
    for (const QString& view : line)
      if (has(view)) shown << view;
    if (!shown.isEmpty()) lines.push_back(shown);
  }
  std::vector<std::pair<QString, QRectF>> out;
  const double height = area.height() / std::max<double>(1, static_cast<double>(lines.size()));
  double y = area.top();
  for (const QStringList& line : lines) {
    const double width = area.width() / static_cast<double>(line.size());
    double x = area.left();
    for (const QString& view : line) {
      out.emplace_back(view, QRectF(x, y, width, height));
      x += width;
    }
    y += height;
  }
  return out;
}

}

ZoneDrawing zone_drawing(const ZoneScheme& scheme, const QRectF& area, double caption) {
  ZoneDrawing out;
  for (const auto& [view, box] : places(scheme, area)) {
    const QRectF room =
        box.adjusted(box.width() * 0.02, caption, -box.width() * 0.02, -box.height() * 0.02);
    const double width = std::min(room.width(), room.height() / aspect);
    const QRectF frame(room.center().x() - width / 2, room.top(), width, width * aspect);
    const QTransform to =
        QTransform::fromTranslate(frame.left(), frame.top()).scale(frame.width(), frame.height());
    out.views.push_back(
        {view, QRectF(frame.left(), box.top(), frame.width(), caption), to.map(body_of(view))});
    for (const Zone& zone : scheme.zones)
      if (QString::fromStdString(zone.view) == view)
        out.zones.push_back({QString::fromStdString(zone.id),
                             to.map(band(lung_of(view, zone.right), zone.row, zone.rows))});
  }
  return out;
}

QColor score_color(int score, bool dark) {
  static constexpr std::array on_dark{"#b9c2ca", "#56b4e9", "#e69f00", "#ee7341"};
  static constexpr std::array on_light{"#5b6873", "#0072b2", "#9a6500", "#b04400"};
  const auto i = static_cast<std::size_t>(std::clamp(score, 0, 3));
  return QColor(dark ? on_dark[i] : on_light[i]);
}

QColor text_on_score(int, bool dark) { return dark ? QColor("#101418") : QColor("#ffffff"); }

std::vector<ZoneLook> looks_of(const ExamBoard& board) {
  std::vector<ZoneLook> out;
  for (const BoardZone& z : board.zones)
    out.push_back({.id = QString::fromStdString(z.zone.id),
                   .score = z.score             ? QString::number(*z.score)
                            : z.uninterpretable ? "?"
                                                : QString(),
                   .level = z.score.value_or(-1),
                   .disagree = !z.agree,
                   .decided = !z.decided_by.empty()});
  return out;
}

void draw_zones(QPainter& painter, const ZoneDrawing& drawing, const std::vector<ZoneLook>& looks,
                const ZoneInk& ink, double points) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  const QFont base = painter.font();
  const double thin = points * 0.11;
  for (const BodyView& view : drawing.views) {
    painter.setPen(QPen(ink.line, thin));
    painter.setBrush(ink.body);
    painter.drawPath(view.body);
    painter.setPen(ink.muted);
    painter.drawText(view.box, Qt::AlignHCenter | Qt::AlignTop, view.name);
  }
  for (const ZoneShape& zone : drawing.zones) {
    const auto look = std::find_if(looks.begin(), looks.end(),
                                   [&](const ZoneLook& l) { return l.id == zone.id; });
    const ZoneLook none{.id = zone.id};
    const ZoneLook& l = look == looks.end() ? none : *look;
    const bool filled = l.level >= 0;
    QPen pen(l.strong    ? ink.accent
             : l.decided ? ink.decided
                         : ink.line,
             l.strong || l.decided ? 3 * thin : thin);
    if (!filled && !l.strong) pen.setStyle(Qt::DashLine);
    painter.setPen(pen);
    painter.setBrush(filled              ? QBrush(score_color(l.level, ink.dark))
                     : l.score.isEmpty() ? QBrush(Qt::NoBrush)
                                         : QBrush(ink.muted, Qt::BDiagPattern));
    painter.drawPath(zone.area);
    const QRectF box = zone.area.boundingRect();
    painter.setPen(filled ? text_on_score(l.level, ink.dark) : ink.text);
    QFont small = base, large = base;
    large.setBold(true);
    large.setPointSizeF(base.pointSizeF() * 1.5);
    const double line = QFontMetricsF(small, painter.device()).height(),
                 tall = QFontMetricsF(large, painter.device()).height();
    const double top = box.center().y() - (l.score.isEmpty() ? line : line + tall * 0.9) / 2;
    painter.setFont(small);
    painter.drawText(QRectF(box.left(), top, box.width(), line), Qt::AlignCenter, zone.id);
    if (l.score.isEmpty()) continue;
    painter.setFont(large);
    painter.drawText(QRectF(box.left(), top + line * 0.9, box.width(), tall), Qt::AlignCenter,
                     l.disagree ? l.score + " ≠" : l.score);
    painter.setFont(base);
  }
  painter.restore();
}

}
