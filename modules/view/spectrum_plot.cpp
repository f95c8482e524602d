#include "modules/view/spectrum_plot.h"
#include "modules/view/theme.h"

#include <qcustomplot.h>

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace sensorium {

// Okabe and Ito's, lightened on dark panels and darkened on light ones (3:1 or more).
QColor spectrum_color(int index) {
  static constexpr std::array dark{"#e69f00", "#56b4e9", "#1fc795",
                                   "#ff7f50", "#cc79a7", "#f0e442"};
  static constexpr std::array light{"#a86f00", "#0072b2", "#00795a",
                                    "#c04a00", "#a3487f", "#6b6400"};
  const auto i = static_cast<std::size_t>(index) % dark.size();
  return QColor(current_theme() == Theme::Dark ? dark[i] : light[i]);
}

SpectrumPlot::SpectrumPlot(QWidget* parent)
    : QWidget(parent), plot_(new QCustomPlot), empty_(new QLabel(this)) {
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addWidget(plot_);
  setAccessibleName("Spectra");
  plot_->setObjectName("plot");
  plot_->setAccessibleName("Spectra");
  plot_->setInteraction(QCP::iRangeZoom);
  plot_->axisRect()->setRangeZoom(Qt::Horizontal);
  plot_->axisRect()->setupFullAxesBox();
  plot_->installEventFilter(this);
  plot_->setSelectionTolerance(8);
  empty_->setObjectName("muted");
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setAttribute(Qt::WA_TransparentForMouseEvents);
  style();
}

void SpectrumPlot::style() {
  const ThemeColors& c = theme_colors();
  plot_->setBackground(c.panel);
  for (QCPAxis* axis : {plot_->xAxis, plot_->yAxis, plot_->xAxis2, plot_->yAxis2}) {
    const bool main = axis == plot_->xAxis || axis == plot_->yAxis;
    axis->setTicks(main);
    axis->setBasePen(QPen(c.border));
    axis->setTickPen(QPen(c.border));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(c.muted);
    axis->setLabelColor(c.muted);
    axis->setTickLabelFont(QFont("DejaVu Sans", small_text));
    axis->setLabelFont(QFont("DejaVu Sans", small_text));
    axis->grid()->setPen(QPen(c.raised));
    axis->grid()->setZeroLinePen(QPen(c.border));
  }
  redraw();
}

void SpectrumPlot::set_axis(std::vector<double> wavelengths, const QString& x_label,
                            const QString& y_label, std::vector<std::uint8_t> bad, int bands) {
  wavelengths_ = std::move(wavelengths);
  bad_ = std::move(bad);
  bands_ = bands;
  plot_->xAxis->setLabel(x_label);
  plot_->yAxis->setLabel(y_label);
  double low = 1, high = std::max(2, bands);
  if (!wavelengths_.empty()) {
    const auto [least, most] = std::minmax_element(wavelengths_.begin(), wavelengths_.end());
    low = *least;
    high = std::max(*most, *least + 1);
  }
  const double margin = (high - low) * 0.01;
  plot_->xAxis->setRange(low - margin, high + margin);
  redraw();
}

void SpectrumPlot::set_curves(std::vector<SpectrumCurve> curves) {
  curves_ = std::move(curves);
  QStringList names;
  for (const SpectrumCurve& curve : curves_) names << curve.name;
  setAccessibleDescription(names.isEmpty() ? empty_->text() : names.join(", "));
  redraw();
}

void SpectrumPlot::set_passing(std::vector<double> values) {
  passing_ = std::move(values);
  redraw();
}

void SpectrumPlot::set_bands(std::vector<std::pair<int, QColor>> bands) {
  shown_ = std::move(bands);
  redraw();
}

void SpectrumPlot::set_empty_text(const QString& text) {
  empty_->setText(text);
  redraw();
}

int SpectrumPlot::curves_drawn() const {
  return static_cast<int>(curves_.size()) + (passing_.empty() ? 0 : 1);
}

QString SpectrumPlot::x_label() const { return plot_->xAxis->label(); }

double SpectrumPlot::x_of(int band) const {
  return wavelengths_.empty() ? band + 1 : wavelengths_[static_cast<std::size_t>(band)];
}

QPoint SpectrumPlot::place_of(int band, double value) const {
  return QPointF(plot_->xAxis->coordToPixel(x_of(band)), plot_->yAxis->coordToPixel(value))
      .toPoint();
}

int SpectrumPlot::band_at(double x) const {
  int best = 0;
  for (int b = 1; b < bands_; ++b)
    if (std::abs(x_of(b) - x) < std::abs(x_of(best) - x)) best = b;
  return best;
}

void SpectrumPlot::add_curve(const SpectrumCurve& curve) {
  std::vector<int> order(curve.mean.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return x_of(a) < x_of(b); });
  QVector<double> x, y, low, high;
  constexpr double gap = std::numeric_limits<double>::quiet_NaN();
  for (const int b : order) {
    const auto i = static_cast<std::size_t>(b);
    const bool out = !bad_.empty() && bad_[i] != 0;
    x << x_of(b);
    y << (out ? gap : curve.mean[i]);
    const double sd = curve.sd.empty() ? gap : curve.sd[i];
    low << (out ? gap : curve.mean[i] - sd);
    high << (out ? gap : curve.mean[i] + sd);
  }
  QPen pen(curve.color, curve.selected ? 2.6 : 1.4);
  if (curve.dashed) pen.setStyle(Qt::DashLine);
  if (!curve.sd.empty()) {
    QCPGraph* below = plot_->addGraph();
    QCPGraph* above = plot_->addGraph();
    below->setData(x, low, true);
    above->setData(x, high, true);
    for (QCPGraph* edge : {below, above}) edge->setPen(Qt::NoPen);
    QColor fill = curve.color;
    fill.setAlphaF(0.22F);
    above->setBrush(fill);
    above->setChannelFillGraph(below);
  }
  QCPGraph* line = plot_->addGraph();
  line->setData(x, y, true);
  line->setPen(pen);
  line->setProperty("id", curve.id);
  line->setName(curve.name);
}

void SpectrumPlot::redraw() {
  plot_->clearItems();
  plot_->clearGraphs();
  const bool nothing = curves_.empty() && passing_.empty();
  empty_->setVisible(nothing && !empty_->text().isEmpty());
  for (const SpectrumCurve& curve : curves_)
    if (!curve.mean.empty()) add_curve(curve);
  if (!passing_.empty()) {
    SpectrumCurve passing;
    passing.color = theme_colors().text;
    passing.mean = passing_;
    add_curve(passing);
  }
  plot_->yAxis->setTickLabels(!nothing);
  if (!nothing) {
    plot_->yAxis->rescale(true);
    const QCPRange r = plot_->yAxis->range();
    const double margin = std::max(r.size() * 0.05, 1e-12);
    plot_->yAxis->setRange(r.lower - margin, r.upper + margin);
  }
  for (const auto& [band, color] : shown_) {
    if (band < 0 || band >= bands_) continue;
    auto* line = new QCPItemStraightLine(plot_);
    line->setPen(QPen(color, 1.2, Qt::DashLine));
    line->point1->setCoords(x_of(band), 0);
    line->point2->setCoords(x_of(band), 1);
    line->setSelectable(false);
  }
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

// Near a curve the pointer means it; elsewhere the band below it.
void SpectrumPlot::press(const QPoint& at, bool moved) {
  if (bands_ == 0) return;
  if (!moved)
    for (int i = plot_->graphCount() - 1; i >= 0; --i) {
      QCPGraph* graph = plot_->graph(i);
      const int id = graph->property("id").toInt();
      const double distance = id > 0 ? graph->selectTest(at, false) : -1;
      if (distance >= 0 && distance < 6) return emit curve_clicked(id);
    }
  dragging_ = true;
  emit band_clicked(band_at(plot_->xAxis->pixelToCoord(at.x())));
}

bool SpectrumPlot::eventFilter(QObject* object, QEvent* event) {
  if (object != plot_) return QWidget::eventFilter(object, event);
  const auto mouse = [event] { return static_cast<const QMouseEvent*>(event); };
  if (event->type() == QEvent::MouseButtonPress && mouse()->button() == Qt::LeftButton)
    press(mouse()->position().toPoint(), false);
  else if (event->type() == QEvent::MouseMove && dragging_)
    press(mouse()->position().toPoint(), true);
  else if (event->type() == QEvent::MouseButtonRelease)
    dragging_ = false;
  else if (event->type() == QEvent::MouseButtonDblClick)
    set_axis(wavelengths_, plot_->xAxis->label(), plot_->yAxis->label(), bad_, bands_);
  return QWidget::eventFilter(object, event);
}

void SpectrumPlot::resizeEvent(QResizeEvent*) {
  empty_->setGeometry(rect().adjusted(60, 10, -20, -40));
}

void SpectrumPlot::changeEvent(QEvent* event) {
  if (event->type() == QEvent::StyleChange || event->type() == QEvent::PaletteChange) style();
  QWidget::changeEvent(event);
}

}
