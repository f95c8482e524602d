#include "modules/view/locus_plot.h"

#include "modules/view/plot_style.h"
#include "modules/view/signal_plot.h"
#include "modules/view/theme.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sensorium {

LocusPlot::LocusPlot(const QString& name, QWidget* parent)
    : QWidget(parent), plot_(make_plot(this, false)) {
  setAccessibleName(name);
  setMinimumSize(120, 100);
  draw();
}

void LocusPlot::set_axes(const QString& x, const QString& y) {
  plot_->xAxis->setLabel(x);
  plot_->yAxis->setLabel(y);
}

void LocusPlot::set_curve(const std::vector<double>& x, const std::vector<double>& y) {
  x_ = x;
  y_ = y;
  double squares = 0;
  reach_ = 0;
  for (std::size_t i = 0; i < x_.size(); ++i) {
    const double square = x_[i] * x_[i] + y_[i] * y_[i];
    squares += square;
    reach_ = std::max(reach_, square);
  }
  radius_ = x_.empty() ? 0 : std::sqrt(squares / static_cast<double>(x_.size()));
  reach_ = reach_ > 0 ? 1.08 * std::sqrt(reach_) : 1;
  setAccessibleDescription(
      x_.empty() ? empty_text_ : QString("%1 points, mean radius %2").arg(x_.size()).arg(radius_));
  draw();
}

void LocusPlot::set_empty_text(const QString& text) {
  empty_text_ = text;
  draw();
}

void LocusPlot::draw() {
  const ThemeColors& c = theme_colors();
  plot_->clearPlottables();
  plot_->clearItems();
  const bool empty = x_.empty();
  plot_->xAxis->setVisible(!empty);
  plot_->yAxis->setVisible(!empty);
  if (empty) {
    add_empty_text(*plot_, empty_text_);
  } else {
    auto* circle = new QCPCurve(plot_->xAxis, plot_->yAxis);
    QVector<double> cx, cy;
    for (int k = 0; k <= 180; ++k) {
      const double a = 2 * std::numbers::pi * k / 180;
      cx << radius_ * std::cos(a);
      cy << radius_ * std::sin(a);
    }
    circle->setData(cx, cy);
    circle->setPen(QPen(c.muted, 1, Qt::DashLine));
    auto* curve = new QCPCurve(plot_->xAxis, plot_->yAxis);
    curve->setData({x_.begin(), x_.end()}, {y_.begin(), y_.end()});
    // Points: with few samples a period, lines between them would be chords.
    curve->setLineStyle(QCPCurve::lsNone);
    const QColor color = series_color(0);
    curve->setScatterStyle(
        QCPScatterStyle(QCPScatterStyle::ssDisc, color, color, x_.size() > 1500 ? 2 : 3));
  }
  fit();
}

// One unit is as long on both axes.
void LocusPlot::fit() {
  plot_->replot(QCustomPlot::rpQueuedReplot);
  const double width = std::max(1, plot_->axisRect()->width()),
               height = std::max(1, plot_->axisRect()->height()), least = std::min(width, height);
  plot_->xAxis->setRange(-reach_ * width / least, reach_ * width / least);
  plot_->yAxis->setRange(-reach_ * height / least, reach_ * height / least);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void LocusPlot::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  plot_->replot(QCustomPlot::rpImmediateRefresh);
  fit();
}

void LocusPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::StyleChange && event->type() != QEvent::PaletteChange) return;
  style_plot(*plot_);
  draw();
}

}
