#include "modules/view/span_strip.h"

#include "modules/view/theme.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace sensorium {
namespace {

constexpr int left = 64, right = 16, row_height = 20, most_rows = 4, margin = 2;

}

SpanStrip::SpanStrip(QWidget* parent) : QWidget(parent) {
  setAccessibleName("Findings over time");
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setVisible(false);
}

void SpanStrip::set_bars(std::vector<SpanBar> bars) {
  bars_ = std::move(bars);
  row_.assign(bars_.size(), -1);
  // Each bar goes to the first row in which nothing overlaps it; what finds none is not drawn.
  std::vector<std::vector<std::size_t>> rows(most_rows);
  for (std::size_t i = 0; i < bars_.size(); ++i)
    for (int r = 0; r < most_rows; ++r) {
      const bool free =
          std::none_of(rows[static_cast<std::size_t>(r)].begin(),
                       rows[static_cast<std::size_t>(r)].end(), [&](std::size_t k) {
                         return bars_[k].from < bars_[i].to && bars_[i].from < bars_[k].to;
                       });
      if (!free) continue;
      rows[static_cast<std::size_t>(r)].push_back(i);
      row_[i] = r;
      break;
    }
  QStringList names;
  for (const SpanBar& bar : bars_) names << bar.label + ", " + text_of(bar.look);
  setAccessibleDescription(names.isEmpty() ? "None" : names.join("; "));
  setVisible(!bars_.empty());
  setFixedHeight(sizeHint().height());
  update();
}

void SpanStrip::set_selected(const QString& id) {
  selected_ = id;
  update();
}

void SpanStrip::set_x_view(double from, double to) {
  from_ = from;
  to_ = to;
  update();
}

int SpanStrip::rows() const {
  return row_.empty() ? 0 : *std::max_element(row_.begin(), row_.end()) + 1;
}

QSize SpanStrip::sizeHint() const { return {200, rows() * row_height + 2 * margin}; }

QRectF SpanStrip::place_of(const QString& id) const {
  const double scale = (width() - left - right) / std::max(1e-300, to_ - from_);
  for (std::size_t i = 0; i < bars_.size(); ++i) {
    if (bars_[i].id != id || row_[i] < 0) continue;
    const double a = left + std::max(0.0, (bars_[i].from - from_) * scale),
                 b = std::min<double>(width() - right, left + (bars_[i].to - from_) * scale);
    if (b < left || a > width() - right) return {};
    return {a, static_cast<double>(margin + row_[i] * row_height) + 1, std::max(6.0, b - a),
            row_height - 3.0};
  }
  return {};
}

QString SpanStrip::at(QPointF point) const {
  QString found;
  for (const SpanBar& bar : bars_)
    if (place_of(bar.id).adjusted(-2, -1, 2, 1).contains(point)) found = bar.id;
  return found;
}

void SpanStrip::paintEvent(QPaintEvent*) {
  const ThemeColors& c = theme_colors();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.fillRect(rect(), c.panel);
  QFont font = p.font();
  font.setPointSize(small_text);
  p.setFont(font);
  p.setPen(c.muted);
  p.drawText(QRectF(0, margin, left - 8, row_height - 2), Qt::AlignRight | Qt::AlignVCenter,
             "findings");
  if (const auto hidden = std::count(row_.begin(), row_.end(), -1); hidden > 0)
    p.drawText(QRectF(0, height() - row_height, left - 8, row_height - 2),
               Qt::AlignRight | Qt::AlignVCenter, QString("+ %1").arg(hidden));
  for (const SpanBar& bar : bars_) {
    const QRectF place = place_of(bar.id);
    if (place.isEmpty()) continue;
    QColor fill = color_of(bar.look);
    fill.setAlphaF(bar.id == selected_ ? 0.40f : 0.16f);
    p.setBrush(fill);
    QPen pen = pen_of(bar.look, bar.id == selected_ ? 2.5 : 1.5);
    p.setPen(pen);
    p.drawRoundedRect(place, 3, 3);
    font.setStrikeOut(bar.look == FindingLook::Rejected);
    p.setFont(font);
    p.setPen(c.text);
    p.drawText(place.adjusted(6, 0, -4, 0), Qt::AlignLeft | Qt::AlignVCenter,
               p.fontMetrics().elidedText(bar.label + "  " + glyph_of(bar.look), Qt::ElideRight,
                                          static_cast<int>(place.width()) - 10));
  }
}

void SpanStrip::mousePressEvent(QMouseEvent* event) {
  const QString id = at(event->position());
  if (!id.isEmpty()) emit bar_clicked(id);
}

bool SpanStrip::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const QString id = at(help->pos());
    for (const SpanBar& bar : bars_)
      if (bar.id == id && !id.isEmpty()) QToolTip::showText(help->globalPos(), bar.text, this);
    if (id.isEmpty()) QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

}
