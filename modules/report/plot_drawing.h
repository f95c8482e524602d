// Draws plots of a result on the page, as lines, not as pictures. Private to modules/report.
#pragma once

#include "modules/core/plots.h"
#include "modules/report/flow.h"

namespace sensorium {

// A finding's span over time, in samples.
struct PlotSpan {
  double from = 0, to = 0;
  QString label;
  QColor color;
};

// Each with its title, axes, legend and caption. Spans are shown in plots whose x is time.
void draw_plots(Flow& flow, const std::vector<Plot>& plots, const std::vector<PlotSpan>& spans);

}
