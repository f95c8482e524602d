#include "modules/view/heat_plot.h"

#include "modules/view/plot_style.h"
#include "modules/view/theme.h"

#include <QWheelEvent>

#include <cmath>

namespace sensorium {
namespace {

// Cividis (Nunez, Anderton and Renslow, PLoS ONE 13(7), 2018): equally readable with colour vision
// deficiencies; eight of its colours, straight lines between.
QCPColorGradient level_colors() {
  QCPColorGradient g;
  g.clearColorStops();
  const char* const stops[] = {"#00224e", "#123570", "#3b496c", "#575d6d",
                               "#707173", "#8a8678", "#c4b56c", "#fee838"};
  for (int i = 0; i < 8; ++i) g.setColorStopAt(i / 7.0, QColor(stops[i]));
  g.setColorInterpolation(QCPColorGradient::ciRGB);
  g.setNanHandling(QCPColorGradient::nhTransparent);
  return g;
}

}

HeatPlot::HeatPlot(const QString& name, QWidget* parent) : QWidget(parent), plot_(make_plot(this)) {
  setAccessibleName(name);
  setMinimumHeight(56);
  plot_->installEventFilter(this);
}

void HeatPlot::set_axes(const QString& x, const QString& y) {
  plot_->xAxis->setLabel(x);
  plot_->yAxis->setLabel(y);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void HeatPlot::set_map(const HeatMap& m) {
  plot_->clearPlottables();
  map_ = nullptr;
  if (m.columns > 0 && m.rows > 0) {
    map_ = new QCPColorMap(plot_->xAxis, plot_->yAxis);
    map_->data()->setSize(static_cast<int>(m.columns), static_cast<int>(m.rows));
    map_->data()->setRange(QCPRange(m.x_from, m.x_to), QCPRange(m.y_from, m.y_to));
    for (std::size_t x = 0; x < m.columns; ++x)
      for (std::size_t y = 0; y < m.rows; ++y)
        map_->data()->setCell(static_cast<int>(x), static_cast<int>(y),
                              static_cast<double>(m.values[x * m.rows + y]));
    map_->setGradient(level_colors());
    map_->setDataRange(QCPRange(m.lowest, m.highest));
    map_->setInterpolate(true);
  }
  setAccessibleDescription(map_ ? QString("%1 spectra of %2 levels, %3 to %4 dB")
                                      .arg(m.columns)
                                      .arg(m.rows)
                                      .arg(m.lowest)
                                      .arg(m.highest)
                                : empty_text_);
  draw_items();
}

void HeatPlot::set_x_view(double from, double to) {
  plot_->xAxis->setRange(from, to);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

std::pair<double, double> HeatPlot::x_view() const {
  return {plot_->xAxis->range().lower, plot_->xAxis->range().upper};
}

void HeatPlot::set_y_view(double from, double to) {
  plot_->yAxis->setRange(from, to);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void HeatPlot::set_empty_text(const QString& text) {
  empty_text_ = text;
  draw_items();
}

void HeatPlot::set_chosen(double from, double to) {
  chosen_from_ = from;
  chosen_to_ = to;
  draw_items();
}

void HeatPlot::draw_items() {
  plot_->clearItems();
  if (!map_ && !empty_text_.isEmpty()) add_empty_text(*plot_, empty_text_);
  if (map_ && chosen_from_ < chosen_to_)
    for (const double x : {chosen_from_, chosen_to_}) {
      auto* edge = new QCPItemStraightLine(plot_);
      edge->point1->setCoords(x, 0);
      edge->point2->setCoords(x, 1);
      edge->setPen(QPen(QColor("#ffffff"), 1, Qt::DashLine));
    }
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

QWidget* HeatPlot::canvas() const { return plot_; }

bool HeatPlot::eventFilter(QObject* object, QEvent* event) {
  if (object != plot_ || event->type() != QEvent::Wheel) return false;
  const auto* wheel = static_cast<QWheelEvent*>(event);
  emit wheel_zoomed(plot_->xAxis->pixelToCoord(wheel->position().x()),
                    std::pow(0.8, wheel->angleDelta().y() / 120.0));
  return true;
}

void HeatPlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::StyleChange && event->type() != QEvent::PaletteChange) return;
  style_plot(*plot_);
  draw_items();
}

}
