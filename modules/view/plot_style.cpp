#include "modules/view/plot_style.h"

#include "modules/view/signal_plot.h"
#include "modules/view/theme.h"

#include <QVBoxLayout>

namespace sensorium {

QColor series_color(int index) {
  // Okabe-Ito; on white the darker ones.
  static const std::vector<QColor> dark{"#56b4e9", "#e69f00", "#2bc99a", "#cc79a7", "#f0e442"},
      light{"#0072b2", "#b85000", "#00795a", "#a4457c", "#5f5a00"};
  const auto& colors = current_theme() == Theme::Dark ? dark : light;
  return colors[static_cast<std::size_t>(index) % colors.size()];
}

void style_plot(QCustomPlot& plot) {
  const ThemeColors& c = theme_colors();
  plot.setBackground(QBrush(c.panel));
  QFont font = plot.font();
  font.setPointSize(small_text);
  QColor faint = c.border;
  faint.setAlphaF(0.6f);
  for (QCPAxis* axis : plot.axisRect()->axes()) {
    axis->setBasePen(QPen(c.border));
    axis->setTickPen(QPen(c.border));
    axis->setSubTickPen(QPen(Qt::NoPen));
    axis->setTickLabelColor(c.muted);
    axis->setTickLabelFont(font);
    axis->setLabelColor(c.muted);
    axis->setLabelFont(font);
    axis->setLabelPadding(2);
    axis->setTickLengthIn(0);
    axis->setTickLengthOut(3);
    axis->grid()->setPen(QPen(faint, 1, Qt::SolidLine));
    axis->grid()->setZeroLinePen(QPen(faint, 1, Qt::SolidLine));
  }
}

void add_empty_text(QCustomPlot& plot, const QString& words) {
  auto* text = new QCPItemText(&plot);
  text->position->setType(QCPItemPosition::ptAxisRectRatio);
  text->position->setCoords(0.5, 0.5);
  text->setText(words);
  text->setFont(plot.font());
  text->setColor(theme_colors().muted);
}

QCustomPlot* make_plot(QWidget* parent, bool fixed_margins) {
  auto* plot = new QCustomPlot(parent);
  plot->setFocusPolicy(Qt::NoFocus);
  plot->setNoAntialiasingOnDrag(true);
  if (fixed_margins) {
    plot->axisRect()->setAutoMargins(QCP::msTop | QCP::msBottom);
    plot->axisRect()->setMargins(QMargins(plot_left, 0, plot_right, 0));
    plot->axisRect()->setMinimumMargins(QMargins(0, 4, 0, 4));
  }
  auto* column = new QVBoxLayout(parent);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(plot);
  style_plot(*plot);
  return plot;
}

}
