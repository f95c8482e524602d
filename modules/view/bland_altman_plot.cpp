#include "modules/view/bland_altman_plot.h"
#include "modules/view/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium {

BlandAltmanPlot::BlandAltmanPlot(QWidget* parent) : QWidget(parent) {
  setAccessibleName("Differences of the counts over their means");
}

void BlandAltmanPlot::set_values(std::vector<double> a, std::vector<double> b, double bias,
                                 double lower, double upper) {
  std::map<std::pair<double, double>, int> places;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    ++places[{(a[i] + b[i]) / 2, a[i] - b[i]}];
  dots_.clear();
  for (const auto& [place, times] : places) dots_.push_back({place.first, place.second, times});
  bias_ = bias;
  lower_ = lower;
  upper_ = upper;
  setAccessibleDescription(QString("Mean difference %1, limits %2 to %3")
                               .arg(bias, 0, 'f', 1)
                               .arg(lower, 0, 'f', 1)
                               .arg(upper, 0, 'f', 1));
  update();
}

void BlandAltmanPlot::paintEvent(QPaintEvent*) {
  const ThemeColors& c = theme_colors();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  QFont font = p.font();
  font.setPointSize(small_text);
  p.setFont(font);
  const QRectF box = QRectF(rect()).adjusted(44, 10, -44, -24);
  if (dots_.empty()) {
    p.setPen(c.muted);
    p.drawText(rect(), Qt::AlignCenter, "Nothing to compare");
    return;
  }
  double widest = 1, far = 1;
  for (const Dot& d : dots_) {
    widest = std::max(widest, d.mean);
    far = std::max(far, std::abs(d.difference));
  }
  for (const double v : {bias_, lower_, upper_})
    if (std::isfinite(v)) far = std::max(far, std::abs(v));
  far *= 1.1;
  const auto x_of = [&](double v) { return box.left() + v / (widest * 1.05) * box.width(); };
  const auto y_of = [&](double v) { return box.center().y() - v / far * box.height() / 2; };
  p.setPen(QPen(c.border, 1));
  p.drawLine(QPointF(box.left(), y_of(0)), QPointF(box.right(), y_of(0)));
  p.setPen(c.muted);
  p.drawText(QRectF(0, y_of(0) - 8, 40, 16), Qt::AlignRight | Qt::AlignVCenter, "0");
  p.drawText(QRectF(box.left(), box.bottom() + 6, box.width(), 16), Qt::AlignCenter,
             "mean count of the two per B-scan");
  const auto line = [&](double v, Qt::PenStyle style) {
    if (!std::isfinite(v)) return;
    p.setPen(QPen(c.accent, 1.5, style));
    p.drawLine(QPointF(box.left(), y_of(v)), QPointF(box.right(), y_of(v)));
    p.setPen(c.text);
    p.drawText(QRectF(box.right() + 4, y_of(v) - 8, 40, 16), Qt::AlignLeft | Qt::AlignVCenter,
               QString::number(v, 'f', 1));
  };
  line(bias_, Qt::SolidLine);
  line(lower_, Qt::DashLine);
  line(upper_, Qt::DashLine);
  p.setPen(QPen(c.panel, 1));
  p.setBrush(c.text);
  for (const Dot& d : dots_) {
    const double radius = std::min(2.5 * std::sqrt(d.times), 9.0);
    p.drawEllipse(QPointF(x_of(d.mean), y_of(d.difference)), radius, radius);
  }
}

}
