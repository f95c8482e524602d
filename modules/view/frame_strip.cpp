#include "modules/view/frame_strip.h"
#include "modules/view/theme.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <array>
#include <cmath>

namespace sensorium {
namespace {

constexpr double names_width = 88, values_width = 44, time_height = 30, row_height = 16,
                 row_gap = 2;

// Rising levels: sky, yellow to orange, vermilion (Okabe and Ito); their heights differ too.
QColor level_color(double level) {
  static const std::array dark{"#5b6066", "#56b4e9", "#e69f00", "#e8622c"};
  static const std::array light{"#9aa1a8", "#0072b2", "#b57900", "#c04a00"};
  const auto i = static_cast<std::size_t>(std::clamp(level, 0.0, 3.0));
  return QColor(current_theme() == Theme::Dark ? dark[i] : light[i]);
}

// As on the exam board.
QColor share_color() { return current_theme() == Theme::Dark ? "#35b592" : "#007a58"; }

}

FrameStrip::FrameStrip(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setAccessibleName("Time line");
  setAccessibleDescription("Left and right: one frame. Home and End: first and last frame.");
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize FrameStrip::sizeHint() const {
  const double rows = static_cast<double>(rows_.size());
  return {500, static_cast<int>(time_height + rows * (row_height + row_gap) + 4)};
}

void FrameStrip::set_frames(int count) {
  frames_ = count;
  frame_ = 0;
  key_frames_.clear();
  set_rows({}, {}, {});
}

void FrameStrip::set_rows(std::vector<int> looked_at, std::vector<bool> readable,
                          std::vector<FrameRow> rows) {
  looked_at_ = std::move(looked_at);
  readable_ = std::move(readable);
  rows_ = std::move(rows);
  updateGeometry();
  update();
}

void FrameStrip::set_key_frames(std::vector<int> frames) {
  key_frames_ = std::move(frames);
  update();
}

void FrameStrip::set_frame(int frame) {
  frame_ = std::clamp(frame, 0, std::max(0, frames_ - 1));
  update();
}

QRectF FrameStrip::track() const {
  return QRectF(names_width, 0, width() - names_width - values_width - grid, height());
}

double FrameStrip::x_of(int frame) const {
  return track().left() + (frame + 0.5) * track().width() / std::max(1, frames_);
}

int FrameStrip::frame_at(double x) const {
  const double at = (x - track().left()) / track().width() * frames_;
  return std::clamp(static_cast<int>(std::floor(at)), 0, std::max(0, frames_ - 1));
}

int FrameStrip::nearest(int frame) const {
  int best = -1;
  for (std::size_t i = 0; i < looked_at_.size(); ++i)
    if (best < 0 || std::abs(looked_at_[i] - frame) <
                        std::abs(looked_at_[static_cast<std::size_t>(best)] - frame))
      best = static_cast<int>(i);
  return best;
}

QString FrameStrip::text_of(int frame) const {
  QString text = QString("frame %1").arg(frame + 1);
  const QString measures = measures_of(frame);
  return measures.isEmpty() ? text : text + ": " + measures;
}

QString FrameStrip::measures_of(int frame) const {
  const int at = nearest(frame);
  if (at < 0) return {};
  const auto i = static_cast<std::size_t>(at);
  if (looked_at_[i] != frame) return QString("not looked at, see frame %1").arg(looked_at_[i] + 1);
  if (!readable_[i]) return "not readable";
  QStringList parts;
  for (const FrameRow& row : rows_) {
    const double value = row.values[i];
    if (!std::isfinite(value)) continue;
    parts << (row.kind == FrameRow::Kind::Flag ? QString(value > 0 ? "%1" : "no %1").arg(row.name)
              : row.name.endsWith(", %")
                  ? QString("%1 %2 %").arg(row.name.chopped(3), QString::number(std::round(value)))
                  : QString("%1 %2").arg(row.name, QString::number(value, 'g', 3)));
  }
  return parts.join(", ");
}

// Of the frame that is shown, or of the nearest that was looked at.
QString FrameStrip::value_text(const FrameRow& row) const {
  const int at = nearest(frame_);
  const auto i = static_cast<std::size_t>(at);
  if (at < 0 || !readable_[i] || !std::isfinite(row.values[i])) return "–";
  if (row.kind == FrameRow::Kind::Flag) return row.values[i] > 0 ? "yes" : "no";
  return row.name.endsWith(", %") ? QString("%1 %").arg(std::round(row.values[i]))
                                  : QString::number(row.values[i], 'g', 3);
}

// From half way to the neighbour before to half way to the one after.
QRectF FrameStrip::cell(std::size_t i, double top, double height) const {
  const int before = i > 0 ? looked_at_[i - 1] : -1;
  const int after = i + 1 < looked_at_.size() ? looked_at_[i + 1] : frames_;
  const int now = looked_at_[i];
  const double step = track().width() / std::max(1, frames_);
  const double from = i > 0 ? (before + now + 1) / 2.0 : std::max(0.0, now - (after - now) / 2.0);
  const double to = i + 1 < looked_at_.size()
                        ? (now + after + 1) / 2.0
                        : std::min<double>(frames_, now + 1 + (now - before) / 2.0);
  return {track().left() + from * step, top, std::max(1.0, (to - from) * step), height};
}

void FrameStrip::draw_time(QPainter& painter) {
  const ThemeColors& c = theme_colors();
  const QRectF line(track().left(), 12, track().width(), 6);
  painter.setPen(Qt::NoPen);
  painter.setBrush(c.border);
  painter.drawRoundedRect(line, 3, 3);
  painter.setBrush(c.accent);
  painter.drawRoundedRect(QRectF(line.topLeft(), QPointF(x_of(frame_), line.bottom())), 3, 3);
  painter.setBrush(c.text);
  for (const int frame : key_frames_) {
    const double x = x_of(frame);
    painter.drawPolygon(QPolygonF{{x - 4, 2}, {x + 4, 2}, {x, 9}});
  }
}

void FrameStrip::draw_row(QPainter& painter, const FrameRow& row, double top) {
  const ThemeColors& c = theme_colors();
  painter.setPen(c.muted);
  painter.drawText(QRectF(grid, top, names_width - grid - 4, row_height),
                   Qt::AlignLeft | Qt::AlignVCenter,
                   row.name.endsWith(", %") ? row.name.chopped(3) : row.name);
  painter.setPen(c.text);
  painter.drawText(QRectF(track().right() + 4, top, values_width - 4, row_height),
                   Qt::AlignRight | Qt::AlignVCenter, value_text(row));
  painter.fillRect(QRectF(track().left(), top, track().width(), row_height), c.raised);
  for (std::size_t i = 0; i < looked_at_.size(); ++i) {
    const QRectF box = cell(i, top, row_height).adjusted(0, 0, -0.5, 0);
    const double value = row.values[i];
    if (!readable_[i] || !std::isfinite(value)) {
      painter.fillRect(box, QBrush(c.muted, Qt::BDiagPattern));
      continue;
    }
    const bool level = row.kind == FrameRow::Kind::Level;
    const double share = row.kind == FrameRow::Kind::Flag ? (value > 0 ? 1 : 0)
                         : level                          ? (value + 1) / (row.most + 1)
                                                          : value / std::max(1e-12, row.most);
    QRectF bar = box;
    bar.setTop(box.bottom() - std::clamp(share, 0.0, 1.0) * box.height());
    painter.fillRect(bar, level                               ? level_color(value)
                          : row.kind == FrameRow::Kind::Share ? share_color()
                                                              : c.accent);
  }
}

void FrameStrip::paintEvent(QPaintEvent*) {
  const ThemeColors& c = theme_colors();
  QPainter painter(this);
  painter.fillRect(rect(), c.panel);
  if (frames_ < 1) return;
  painter.setRenderHint(QPainter::Antialiasing);
  QFont font = painter.font();
  font.setPointSize(small_text);
  painter.setFont(font);
  draw_time(painter);
  double top = time_height;
  for (const FrameRow& row : rows_) {
    draw_row(painter, row, top);
    top += row_height + row_gap;
  }
  const double x = x_of(frame_);
  painter.setPen(QPen(c.panel, 4));
  painter.drawLine(QPointF(x, 10), QPointF(x, height() - 4));
  painter.setPen(QPen(c.text, 2));
  painter.drawLine(QPointF(x, 10), QPointF(x, height() - 4));
  painter.setPen(Qt::NoPen);
  painter.setBrush(c.text);
  painter.drawEllipse(QPointF(x, 15), 6, 6);
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(c.accent, 1));
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
  }
}

void FrameStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && frames_ > 0)
    emit frame_requested(frame_at(event->position().x()));
}

void FrameStrip::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton && frames_ > 0)
    emit frame_requested(frame_at(event->position().x()));
}

void FrameStrip::wheelEvent(QWheelEvent* event) {
  const int by = event->angleDelta().y() > 0 ? -1 : 1;
  emit frame_requested(std::clamp(frame_ + by, 0, std::max(0, frames_ - 1)));
  event->accept();
}

void FrameStrip::keyPressEvent(QKeyEvent* event) {
  const int last = std::max(0, frames_ - 1);
  switch (event->key()) {
  case Qt::Key_Left:
    return emit frame_requested(std::max(0, frame_ - 1));
  case Qt::Key_Right:
    return emit frame_requested(std::min(last, frame_ + 1));
  case Qt::Key_Home:
    return emit frame_requested(0);
  case Qt::Key_End:
    return emit frame_requested(last);
  default:
    QWidget::keyPressEvent(event);
  }
}

bool FrameStrip::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && frames_ > 0) {
    auto* help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), text_of(frame_at(help->pos().x())), this);
    return true;
  }
  return QWidget::event(event);
}

}
