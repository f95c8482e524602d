// How every plot of the window looks. Only for the sources of modules/view: it brings
// qcustomplot.h.
#pragma once

#include <QColor>

#include <qcustomplot.h>

#include <vector>

namespace sensorium {

// Distances from the widget's border to the axes' rectangle, so that plots above each other share
// their time axis.
inline constexpr int plot_left = 64, plot_right = 16;

// Colours, fonts and grid of the current theme; to be called again after a change of theme.
void style_plot(QCustomPlot& plot);
// What stands in the middle of a plot that has nothing to draw; until clearItems().
void add_empty_text(QCustomPlot& plot, const QString& text);
// A plot as child of the parent, filling it, with fixed left and right margins.
QCustomPlot* make_plot(QWidget* parent, bool fixed_margins = true);

}
